/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * A disk that remembers: crash-disk IMAGE LOG FOLDER shows, in a FUSE folder,
 *
 *     disk    the image, for a loop device. Each write and each flush is appended to the log, in the order in which the kernel sent them.
 *     mark    what is written here is appended to the log, too: what a program knew at that moment
 *     refuse  a number N: each N-th write that carries the beginning of a picture is refused (EIO) and not made; 0: none
 *
 * The log has records of a kind (W write, F flush, M mark), an offset (8 bytes), a length (4 bytes) and the bytes; see log.py. One thread, in
 * the foreground, until it is unmounted. */
#define FUSE_USE_VERSION 31
#include <errno.h>
#include <fcntl.h>
#include <fuse.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#define BLOCK_BYTES 512

enum { DISK, MARK, REFUSE, FILES };
static const char *const names[FILES] = {"/disk", "/mark", "/refuse"};

static int image, record;
static off_t size;
static unsigned every, pictures;

static int which(const char *path)
{
	for (int i = 0; i < FILES; i++)
		if (strcmp(path, names[i]) == 0)
			return i;
	return -1;
}

static void note(char kind, uint64_t offset, const char *bytes, uint32_t length)
{
	struct __attribute__((packed)) {
		char kind;
		uint64_t offset;
		uint32_t length;
	} head = {kind, offset, length};
	struct iovec parts[] = {{&head, sizeof head}, {(void *)bytes, length}};

	if (writev(record, parts, 2) != (ssize_t)(sizeof head + length)) {
		perror("log");
		abort();
	}
}

static bool is_picture(const char *bytes, size_t length)
{
	for (size_t i = 0; i + BLOCK_BYTES <= length; i += BLOCK_BYTES)
		if (memcmp(bytes + i, "\xff\xd8\xff", 3) == 0 || memcmp(bytes + i, "\x89PNG\r\n", 6) == 0)
			return true;
	return false;
}

static int get_attributes(const char *path, struct stat *status, struct fuse_file_info *info)
{
	int file = which(path);

	(void)info;
	*status = (struct stat){.st_mode = S_IFREG | 0600, .st_nlink = 1, .st_size = file == DISK ? size : 0};
	if (strcmp(path, "/") == 0)
		*status = (struct stat){.st_mode = S_IFDIR | 0700, .st_nlink = 2};
	else if (file < 0)
		return -ENOENT;
	return 0;
}

static int list(const char *path, void *buffer, fuse_fill_dir_t fill, off_t offset, struct fuse_file_info *info,
	enum fuse_readdir_flags flags)
{
	(void)path;
	(void)offset;
	(void)info;
	(void)flags;
	for (int i = 0; i < FILES; i++)
		fill(buffer, names[i] + 1, NULL, 0, 0);
	return 0;
}

static int open_file(const char *path, struct fuse_file_info *info)
{
	info->direct_io = which(path) != DISK;
	return 0;
}

static int shorten(const char *path, off_t length, struct fuse_file_info *info)
{
	(void)path;
	(void)length;
	(void)info;
	return 0;
}

static int read_file(const char *path, char *buffer, size_t length, off_t offset, struct fuse_file_info *info)
{
	(void)info;
	if (which(path) != DISK)
		return 0;
	ssize_t n = pread(image, buffer, length, offset);
	return n < 0 ? -errno : (int)n;
}

static int write_file(const char *path, const char *bytes, size_t length, off_t offset, struct fuse_file_info *info)
{
	char text[16] = "";

	(void)info;
	switch (which(path)) {
	case DISK:
		if (every && is_picture(bytes, length) && ++pictures % every == 0)
			return -EIO;
		note('W', (uint64_t)offset, bytes, (uint32_t)length);
		return pwrite(image, bytes, length, offset) == (ssize_t)length ? (int)length : -EIO;
	case REFUSE:
		memcpy(text, bytes, length < sizeof text ? length : sizeof text - 1);
		every = (unsigned)strtoul(text, NULL, 10);
		return (int)length;
	default:
		note('M', 0, bytes, (uint32_t)length);
		return (int)length;
	}
}

static int sync_file(const char *path, int data_only, struct fuse_file_info *info)
{
	(void)data_only;
	(void)info;
	if (which(path) == DISK)
		note('F', 0, NULL, 0);
	return 0;
}

static const struct fuse_operations operations = {
	.getattr = get_attributes,
	.readdir = list,
	.open = open_file,
	.truncate = shorten,
	.read = read_file,
	.write = write_file,
	.fsync = sync_file,
};

int main(int argc, char **argv)
{
	if (argc != 4) {
		fprintf(stderr, "usage: crash-disk IMAGE LOG FOLDER\n");
		return 2;
	}
	image = open(argv[1], O_RDWR | O_CLOEXEC);
	record = open(argv[2], O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0600);
	size = lseek(image, 0, SEEK_END);
	if (image < 0 || record < 0 || size <= 0) {
		perror("crash-disk");
		return 1;
	}
	char *arguments[] = {argv[0], "-f", "-s", argv[3], NULL};
	return fuse_main(4, arguments, &operations, NULL);
}

/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * A disk's errors, for any program: loaded before it (LD_PRELOAD), this library makes calls fail as DROPMILL_BADSYNC says, a file with rules
 * that all processes share. A rule is a line of
 *
 *     KIND FIRST TIMES EVERY PART
 *
 * KIND: sync (fsync, fdatasync of a file), folder (of a folder), write (write, pwrite), range (sync_file_range), close,
 * read (pread). Of the calls whose path has PART in it ("*": of all)
 * the FIRST-th (0 is the first) and those after it fail, TIMES of them; or, where EVERY is not 0, each EVERY-th. They fail with EIO. A temp file
 * of dropmill's whose fsync fails loses its bytes, as with Linux, which tells such an error once and drops the pages.
 *
 * Calls are counted in DROPMILL_BADSYNC.count, by rule: 4 bytes for those that came, 4 for those that failed. tests/e2e/badsync.py reads them. */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define RULES_MOST 256
#define PATH_BYTES 4096

enum kind { SYNC, FOLDER, WRITE, RANGE, CLOSE, READ, KINDS };
static const char *const kinds[KINDS] = {"sync", "folder", "write", "range", "close", "read"};

static struct rule {
	enum kind kind;
	unsigned first, times, every;
	char part[256];
} rules[RULES_MOST];
static unsigned count;
static bool used[KINDS];

struct counts {
	_Atomic uint32_t came, failed;
};
static struct counts *counts;

static void read_rules(FILE *file)
{
	char kind[16];

	while (count < RULES_MOST) {
		struct rule *rule = &rules[count];
		if (fscanf(file, "%15s %u %u %u %255s", kind, &rule->first, &rule->times, &rule->every, rule->part) !=
			5)
			break;
		while (rule->kind < KINDS - 1 && strcmp(kinds[rule->kind], kind) != 0)
			rule->kind++;
		used[rule->kind] = true;
		count++;
	}
}

/* Before a sandbox shuts the files away. */
__attribute__((constructor)) static void begin(void)
{
	const char *path = getenv("DROPMILL_BADSYNC");
	char name[PATH_BYTES];
	FILE *file = path ? fopen(path, "re") : NULL;

	if (!file)
		return;
	read_rules(file);
	fclose(file);
	snprintf(name, sizeof name, "%s.count", path);
	int fd = open(name, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
	void *page = fd >= 0 && ftruncate(fd, sizeof(struct counts) * RULES_MOST) == 0
			     ? mmap(NULL, sizeof(struct counts) * RULES_MOST, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0)
			     : MAP_FAILED;
	if (page != MAP_FAILED)
		counts = page;
	if (fd >= 0) {
		int (*real)(int) = (int (*)(int))dlsym(RTLD_NEXT, "close");
		real(fd);
	}
}

/* Is this call one that fails? */
static bool fails(enum kind kind, int fd)
{
	char link[64], path[PATH_BYTES];
	bool any = false;

	if (!counts || !used[kind])
		return false;
	snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
	ssize_t length = readlink(link, path, sizeof path - 2);
	if (length <= 0 || path[0] != '/')
		return false;
	path[length] = '/'; /* so that "/out/p/" is the folder, too */
	path[length + 1] = '\0';
	for (unsigned i = 0; i < count; i++) {
		const struct rule *rule = &rules[i];
		if (rule->kind != kind || (strcmp(rule->part, "*") != 0 && !strstr(path, rule->part)))
			continue;
		unsigned number = atomic_fetch_add(&counts[i].came, 1);
		bool hit = rule->every ? number % rule->every == rule->every - 1
				       : number >= rule->first && number - rule->first < rule->times;
		if (hit)
			atomic_fetch_add(&counts[i].failed, 1);
		any = any || hit;
	}
	return any;
}

/* What a later look at the disk would find. */
static void lose_bytes(int fd)
{
	char link[64], path[PATH_BYTES];
	static const char nothing[4096];
	struct stat status;

	snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
	ssize_t length = readlink(link, path, sizeof path - 1);
	path[length > 0 ? length : 0] = '\0';
	int again = strstr(path, "/.dropmill-") ? open(link, O_WRONLY | O_CLOEXEC) : -1;
	if (again < 0 || fstat(again, &status) != 0)
		return;
	ssize_t (*real)(int, const void *, size_t, off_t) =
		(ssize_t(*)(int, const void *, size_t, off_t))dlsym(RTLD_NEXT, "pwrite");
	for (off_t at = 0; at < status.st_size; at += (off_t)sizeof nothing)
		if (real(again, nothing, (size_t)(status.st_size - at < 4096 ? status.st_size - at : 4096), at) < 0)
			break;
	int (*shut)(int) = (int (*)(int))dlsym(RTLD_NEXT, "close");
	shut(again);
}

static int synced(const char *call, int fd)
{
	int (*real)(int) = (int (*)(int))dlsym(RTLD_NEXT, call);
	struct stat status;
	bool folder = fstat(fd, &status) == 0 && S_ISDIR(status.st_mode);

	if (!fails(folder ? FOLDER : SYNC, fd))
		return real(fd);
	if (!folder)
		lose_bytes(fd);
	errno = EIO;
	return -1;
}

int sync_file_range(int fd, off64_t offset, off64_t bytes, unsigned flags)
{
	int (*real)(int, off64_t, off64_t, unsigned) =
		(int (*)(int, off64_t, off64_t, unsigned))dlsym(RTLD_NEXT, "sync_file_range");

	if (!fails(RANGE, fd))
		return real(fd, offset, bytes, flags);
	errno = EIO;
	return -1;
}

int fsync(int fd)
{
	return synced("fsync", fd);
}

int fdatasync(int fd)
{
	return synced("fdatasync", fd);
}

int close(int fd)
{
	static int (*real)(int);

	if (!real)
		real = (int (*)(int))dlsym(RTLD_NEXT, "close");
	bool bad = fails(CLOSE, fd);
	int status = real(fd);
	if (!bad)
		return status;
	errno = EIO;
	return -1;
}

ssize_t write(int fd, const void *bytes, size_t length)
{
	static ssize_t (*real)(int, const void *, size_t);

	if (!real)
		real = (ssize_t(*)(int, const void *, size_t))dlsym(RTLD_NEXT, "write");
	if (!fails(WRITE, fd))
		return real(fd, bytes, length);
	errno = EIO;
	return -1;
}

static ssize_t written_at(const char *call, int fd, const void *bytes, size_t length, off_t at)
{
	ssize_t (*real)(int, const void *, size_t, off_t) =
		(ssize_t(*)(int, const void *, size_t, off_t))dlsym(RTLD_NEXT, call);

	if (!fails(WRITE, fd))
		return real(fd, bytes, length, at);
	errno = EIO;
	return -1;
}

ssize_t pwrite(int fd, const void *bytes, size_t length, off_t at)
{
	return written_at("pwrite", fd, bytes, length, at);
}

ssize_t pwrite64(int fd, const void *bytes, size_t length, off_t at)
{
	return written_at("pwrite64", fd, bytes, length, at);
}

static ssize_t read_at(const char *call, int fd, void *bytes, size_t length, off_t at)
{
	ssize_t (*real)(int, void *, size_t, off_t) = (ssize_t(*)(int, void *, size_t, off_t))dlsym(RTLD_NEXT, call);

	if (!fails(READ, fd))
		return real(fd, bytes, length, at);
	errno = EIO;
	return -1;
}

ssize_t pread(int fd, void *bytes, size_t length, off_t at)
{
	return read_at("pread", fd, bytes, length, at);
}

ssize_t pread64(int fd, void *bytes, size_t length, off_t at)
{
	return read_at("pread64", fd, bytes, length, at);
}

/* SPDX-License-Identifier: GPL-2.0-or-later
 * Shared memory and its leases: see segment.h. */
#include "base/segment.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fault.h"

gsize segment_rows_offset(guint tiles)
{
	gsize end = SEGMENT_HEAD_BYTES + (gsize)tiles * sizeof(guint64);

	return (end + SEGMENT_ALIGN - 1) / SEGMENT_ALIGN * SEGMENT_ALIGN;
}

static int open_memory(GError **error)
{
	int fd = memfd_create("dropmill", MFD_CLOEXEC);

	if (fd < 0)
		fail_errno(error, "cannot make shared memory");
	return fd;
}

/* A file that has no name from the start, so that nothing is left whatever dies. */
static int open_spool(const char *folder, GError **error)
{
	/* `once` has no state folder before it needs one. Whether it could be made is told by what follows. */
	g_mkdir_with_parents(folder, 0755);
	int fd = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

	if (fd >= 0)
		return fd;
	g_autofree char *name = g_build_filename(folder, "spool-XXXXXX", NULL);
	fd = g_mkstemp_full(name, O_RDWR | O_CLOEXEC, 0600);
	if (fd < 0)
		fail_errno(error, "%s: cannot make a spool file", folder);
	else
		unlink(name);
	return fd;
}

static struct segment *map(int fd, gsize size, bool spool, GError **error)
{
	void *bytes = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	if (bytes == MAP_FAILED) {
		fail_errno(error, "cannot map %zu bytes", size);
		close(fd);
		return NULL;
	}
	struct segment *segment = g_new0(struct segment, 1);
	segment->fd = fd;
	segment->bytes = bytes;
	segment->size = size;
	segment->spool = spool;
	segment->path = g_strdup_printf("/proc/%d/fd/%d", (int)getpid(), fd);
	return segment;
}

struct segment *segment_create(gsize size, const char *folder, GError **error)
{
	int fd = folder ? open_spool(folder, error) : open_memory(error);

	if (fd < 0)
		return NULL;
	/* A spool's blocks are reserved now: a full disk must be an error here, not a SIGBUS in a worker. Memory is only touched where it
	 * is used. */
	int number = folder ? posix_fallocate(fd, 0, (off_t)size) : ftruncate(fd, (off_t)size) == 0 ? 0 : errno;
	if (fault_is_on("segment"))
		number = ENOSPC;
	if (number != 0) {
		errno = number;
		fail_errno(error, "cannot reserve %zu bytes in %s", size, folder ? folder : "memory");
		close(fd);
		return NULL;
	}
	return map(fd, size, folder != NULL, error);
}

struct segment *segment_open(const char *path, gsize size, GError **error)
{
	int fd = open(path, O_RDWR | O_CLOEXEC);
	struct stat status;

	if (fd < 0) {
		fail_errno(error, "%s", path);
		return NULL;
	}
	if (fstat(fd, &status) != 0 || (gsize)status.st_size < size) {
		close(fd);
		fail(error, ERROR_SYSTEM, "%s: has fewer than %zu bytes", path, size);
		return NULL;
	}
	return map(fd, size, false, error);
}

void segment_free(struct segment *segment)
{
	if (!segment)
		return;
	munmap(segment->bytes, segment->size);
	close(segment->fd);
	g_free(segment->path);
	g_free(segment);
}

static _Atomic guint64 *lease(struct segment *segment, guint tile)
{
	g_assert(SEGMENT_HEAD_BYTES + ((gsize)tile + 1) * sizeof(guint64) <= segment->size);
	return (_Atomic guint64 *)(segment->bytes + SEGMENT_HEAD_BYTES) + tile;
}

static guint64 word(guint32 serial, guint attempt, enum lease_state state)
{
	return (guint64)serial << 32 | (guint64)(attempt & 0xffffff) << 8 | state;
}

void segment_clear_leases(struct segment *segment, guint tiles)
{
	for (guint tile = 0; tile < tiles; tile++)
		atomic_store(lease(segment, tile), 0);
}

void segment_offer(struct segment *segment, guint tile, guint32 serial, guint attempt)
{
	atomic_store(lease(segment, tile), word(serial, attempt, LEASE_OFFERED));
}

bool segment_revoke(struct segment *segment, guint tile, guint32 serial, guint attempt)
{
	guint64 expected = word(serial, attempt, LEASE_OFFERED);

	return atomic_compare_exchange_strong(lease(segment, tile), &expected, word(serial, attempt, LEASE_NONE));
}

bool segment_take(struct segment *segment, guint tile, guint32 serial, guint attempt)
{
	guint64 expected = word(serial, attempt, LEASE_OFFERED);

	return atomic_compare_exchange_strong(lease(segment, tile), &expected, word(serial, attempt, LEASE_TAKEN));
}

bool segment_taken(struct segment *segment, guint tile, guint32 serial, guint attempt)
{
	return atomic_load(lease(segment, tile)) == word(serial, attempt, LEASE_TAKEN);
}

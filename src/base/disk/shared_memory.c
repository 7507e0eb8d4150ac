/* SPDX-License-Identifier: GPL-2.0-or-later
 * Shared memory and its leases: see shared_memory.h. */
#include "base/disk/shared_memory.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/disk/fd_channel.h"
#include "base/disk/io.h"
#include "base/disk/spool.h"
#include "base/error.h"
#include "base/testing/fault.h"

static int open_memory(GError **error)
{
	int fd = memfd_create("dropmill", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	if (fd < 0)
		fail_errno(error, "cannot make shared memory");
	return fd;
}

/* Takes fd. */
static struct segment *segment_of(int fd, gsize size, bool spool)
{
	struct segment *segment = g_new0(struct segment, 1);

	segment->fd = fd;
	segment->size = size;
	segment->spool = spool;
	segment->path = g_strdup_printf("/proc/%d/fd/%d", (int)getpid(), fd);
	return segment;
}

static struct segment *map(int fd, gsize size, GError **error)
{
	void *bytes = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	if (bytes == MAP_FAILED) {
		fail_errno(error, "cannot map %zu bytes", size);
		close(fd);
		return NULL;
	}
	struct segment *segment = segment_of(fd, size, false);
	segment->bytes = bytes;
	return segment;
}

struct segment *segment_create(gsize size, const char *folder, GError **error)
{
	/* A spool's blocks are reserved now: a full disk must be an error here, not a SIGBUS in a worker. Memory is only touched where it
	 * is used. */
	int fd = folder ? spool_open(folder, size, error) : open_memory(error);

	if (fd < 0)
		return NULL;
	int number = folder || ftruncate(fd, (off_t)size) == 0 ? 0 : errno;
	if (fault_is_on("segment"))
		number = ENOSPC;
	if (number != 0) {
		errno = number;
		fail_errno(error, "cannot reserve %zu bytes in %s", size, folder ? folder : "memory");
		close(fd);
		return NULL;
	}
	/* Whoever gets memory may write to it, but not take it away from under the master's feet. A file they may: it is not mapped here. */
	if (!folder && fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) != 0) {
		fail_errno(error, "cannot seal shared memory");
		close(fd);
		return NULL;
	}
	struct segment *segment = folder ? segment_of(fd, size, true) : map(fd, size, error);
	g_autoptr(GError) cause = NULL;
	if (segment && !segment_write(segment, 0, (const guint8 *)SEGMENT_MARK, strlen(SEGMENT_MARK), &cause)) {
		g_propagate_error(error, g_steal_pointer(&cause));
		g_clear_pointer(&segment, segment_free);
	}
	return segment;
}

static bool is_number(const char *text)
{
	return *text && strspn(text, "0123456789") == strlen(text);
}

/* /proc/PID/fd/N and nothing else: a path that a message names. */
static bool is_descriptor(const char *path)
{
	g_auto(GStrv) parts = g_strsplit(path, "/", -1);

	return g_strv_length(parts) == 5 && !*parts[0] && strcmp(parts[1], "proc") == 0 && is_number(parts[2]) &&
	       strcmp(parts[3], "fd") == 0 && is_number(parts[4]);
}

/* Is it as segment_create() makes it: without a name, and marked? */
static bool is_segment(int fd)
{
	char mark[sizeof SEGMENT_MARK - 1];
	struct stat status;

	return fstat(fd, &status) == 0 && S_ISREG(status.st_mode) && status.st_nlink == 0 &&
	       pread(fd, mark, sizeof mark, 0) == (gssize)sizeof mark && memcmp(mark, SEGMENT_MARK, sizeof mark) == 0;
}

int segment_descriptor(const char *path, GError **error)
{
	/* O_NONBLOCK: it may be anything that this user has open, until it was looked at. */
	int fd = is_descriptor(path) ? open(path, O_RDWR | O_CLOEXEC | O_NONBLOCK | O_NOCTTY) : -1;

	if (fd < 0 && is_descriptor(path)) {
		fail_errno(error, "%s", path);
		return -1;
	}
	if (fd >= 0 && is_segment(fd))
		return fd;
	if (fd >= 0)
		close(fd);
	fail(error, ERROR_SYSTEM, "%s is not a segment of a dropmill", path);
	return -1;
}

static int server = -1;
static struct fd_channel *server_answers;

void segment_use_server(int socket)
{
	server = socket;
	server_answers = fd_channel_new(socket);
}

static int ask_server(const char *path, GError **error)
{
	g_autofree char *question = g_strconcat(path, "\n", NULL);
	int fd = -1;
	g_autofree char *answer =
		fd_channel_send(server, question, strlen(question), -1) ? fd_channel_line(server_answers, &fd) : NULL;

	if (fd < 0)
		fail(error, ERROR_SYSTEM, "%s", answer ? answer : "the supervisor has gone");
	return fd;
}

struct segment *segment_adopt(int fd, gsize size, GError **error)
{
	struct stat status;

	if (fstat(fd, &status) == 0 && status.st_size > 0 && (gsize)status.st_size >= size)
		return map(fd, size ? size : (gsize)status.st_size, error);
	close(fd);
	fail(error, ERROR_SYSTEM, "the segment has fewer than %zu bytes", size);
	return NULL;
}

struct segment *segment_open(const char *path, gsize size, GError **error)
{
	int fd = server >= 0 ? ask_server(path, error) : segment_descriptor(path, error);

	return fd < 0 ? NULL : segment_adopt(fd, size, error);
}

void segment_free(struct segment *segment)
{
	if (!segment)
		return;
	segment_free(segment->leases);
	if (segment->bytes)
		munmap(segment->bytes, segment->size);
	close(segment->fd);
	g_free(segment->path);
	g_free(segment);
}

static bool short_of_bytes(const char *verb, gssize done, GError **error)
{
	if (done < 0)
		return fail_errno(error, "cannot %s the spool file", verb);
	return fail(error, ERROR_SYSTEM, "the spool file was cut short by another process");
}

bool segment_read(const struct segment *segment, gsize offset, guint8 *bytes, gsize length, GError **error)
{
	g_assert(offset <= segment->size && length <= segment->size - offset);
	if (segment->bytes) {
		memcpy(bytes, segment->bytes + offset, length);
		return true;
	}
	gssize n = io_read_at(segment->fd, bytes, length, (gint64)offset);
	return n == (gssize)length || short_of_bytes("read", n, error);
}

bool segment_write(struct segment *segment, gsize offset, const guint8 *bytes, gsize length, GError **error)
{
	g_assert(offset <= segment->size && length <= segment->size - offset);
	if (segment->bytes) {
		memcpy(segment->bytes + offset, bytes, length);
		return true;
	}
	return io_write_at(segment->fd, bytes, length, (gint64)offset) || short_of_bytes("write", -1, error);
}

bool segment_was_kept(const struct segment *segment, GError **error)
{
	return !segment->spool || spool_was_kept(segment->fd, error);
}

bool segment_make_leases(struct segment *segment, guint tiles, GError **error)
{
	segment_end_leases(segment);
	segment->leases = segment_create(SEGMENT_HEAD_BYTES + (gsize)tiles * sizeof(guint64), NULL, error);
	return segment->leases != NULL;
}

bool segment_open_leases(struct segment *segment, const char *path, GError **error)
{
	segment->leases = segment_open(path, 0, error);
	return segment->leases != NULL;
}

static bool has_lease(const struct segment *segment, guint tile)
{
	return segment->leases && SEGMENT_HEAD_BYTES + ((gsize)tile + 1) * sizeof(guint64) <= segment->leases->size;
}

static _Atomic guint64 *lease(struct segment *segment, guint tile)
{
	g_assert(has_lease(segment, tile));
	return (_Atomic guint64 *)(segment->leases->bytes + SEGMENT_HEAD_BYTES) + tile;
}

/* A worker keeps it mapped, and what was offered in it may still come to it. */
void segment_end_leases(struct segment *segment)
{
	for (guint tile = 0; has_lease(segment, tile); tile++)
		atomic_store(lease(segment, tile), 0);
	g_clear_pointer(&segment->leases, segment_free);
}

static guint64 word(guint32 serial, guint attempt, enum lease_state state)
{
	return (guint64)serial << 32 | (guint64)(attempt & 0xffffff) << 8 | state;
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

	/* The tile's number came over the bus. */
	return has_lease(segment, tile) &&
	       atomic_compare_exchange_strong(lease(segment, tile), &expected, word(serial, attempt, LEASE_TAKEN));
}

bool segment_taken(struct segment *segment, guint tile, guint32 serial, guint attempt)
{
	return atomic_load(lease(segment, tile)) == word(serial, attempt, LEASE_TAKEN);
}

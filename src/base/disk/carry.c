/* SPDX-License-Identifier: GPL-2.0-or-later
 * A copy that is on disk: see carry.h. */
#include "base/disk/carry.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/disk/beneath.h"
#include "base/disk/files.h"
#include "base/disk/io.h"
#include "base/display.h"
#include "base/error.h"
#include "base/log.h"

#define PIECE (1 << 20)

/* By hand, where the kernel cannot. */
static bool copy_bytes(int from, int to)
{
	g_autofree guint8 *buffer = g_malloc(PIECE);

	for (;;) {
		gssize got = read(from, buffer, PIECE);
		if (got <= 0)
			return got == 0;
		if (!io_write(to, buffer, (gsize)got))
			return false;
	}
}

static bool copy_all(int from, int to)
{
	for (;;) {
		gssize n = copy_file_range(from, NULL, to, NULL, PIECE, 0);
		if (n == 0)
			return copy_bytes(from, to); /* some file systems say so of a file that is not at its end */
		if (n < 0 && (errno == EXDEV || errno == EINVAL || errno == ENOSYS || errno == EOPNOTSUPP))
			return copy_bytes(from, to);
		if (n < 0)
			return false;
	}
}

/* What a file system cannot hold stays behind; the bytes do not. */
static void copy_attributes(int from, int to)
{
	char names[4096], value[4096];
	gssize length = flistxattr(from, names, sizeof names);

	for (gssize at = 0; at < length; at += (gssize)strlen(names + at) + 1) {
		if (!g_str_has_prefix(names + at, "user."))
			continue;
		gssize size = fgetxattr(from, names + at, value, sizeof value);
		if (size >= 0 && fsetxattr(to, names + at, value, (gsize)size, 0) != 0)
			return;
	}
}

static void copy_owner_and_mode(const struct stat *status, int to)
{
	/* Only root may give a file away. */
	bool given = fchown(to, status->st_uid, status->st_gid) == 0 || fchown(to, (uid_t)-1, status->st_gid) == 0;

	/* With the group's rights for another group it would be open to others than it was. */
	if (fchmod(to, status->st_mode & (given ? 0777 : 0707)) != 0)
		return;
}

/* What was appended since the copy. 0, or errno. Source is compared with source: the copy's file system may keep other times than it was given. */
static int catch_up(struct carried *copy)
{
	struct stat status;

	if (fstat(copy->source, &status) != 0)
		return errno;
	struct stamp now = stamp_of(&status);
	if (stamp_same(&now, &copy->taken))
		return 0;
	if (now.bytes <= copy->taken.bytes)
		return EBUSY; /* written into: what was copied is not what is there */
	if (lseek(copy->source, copy->taken.bytes, SEEK_SET) < 0 ||
		lseek(copy->target, copy->taken.bytes, SEEK_SET) < 0 || !copy_bytes(copy->source, copy->target))
		return errno;
	const struct timespec times[2] = {status.st_atim, status.st_mtim};
	if (futimens(copy->target, times) != 0 || fsync(copy->target) != 0)
		return errno;
	copy->taken = now;
	return 0;
}

/* 0, or errno. The descriptor that wrote is the one that is synced. */
static int copy_file(struct carried *copy)
{
	struct stat status, after;
	int from = copy->source, to = copy->target;

	if (fstat(from, &status) != 0)
		return errno;
	if (!S_ISREG(status.st_mode))
		return EINVAL;
	if (!copy_all(from, to))
		return errno;
	copy_attributes(from, to);
	copy_owner_and_mode(&status, to);
	const struct timespec times[2] = {status.st_atim, status.st_mtim};
	if (futimens(to, times) != 0 || fsync(to) != 0 || fstat(from, &after) != 0)
		return errno;
	struct stamp ended = stamp_of(&after);
	copy->taken = stamp_of(&status);
	return stamp_same(&copy->taken, &ended) ? 0 : EBUSY; /* written to meanwhile */
}

/* A close may be the first to tell that the bytes did not arrive. 0, or errno. */
static int close_one_more(int descriptor)
{
	int other = fcntl(descriptor, F_DUPFD_CLOEXEC, 0);
	return other >= 0 && close(other) == 0 ? 0 : errno;
}

static void let_go(struct carried *copy)
{
	int number = errno;

	if (copy->target >= 0)
		close(copy->target);
	if (copy->source >= 0)
		close(copy->source);
	copy->source = copy->target = -1;
	errno = number;
}

static bool carry_file(const char *from, const char *to, struct carried *copy, GError **error)
{
	g_autofree char *shown = display_name(from);

	copy->source = beneath_open(from, O_RDONLY | O_NOFOLLOW | O_NONBLOCK, 0);
	if (copy->source < 0)
		return beneath_fail(error, from, NULL, "cannot copy %s", shown);
	copy->target = beneath_open(to, O_WRONLY | O_CREAT | O_EXCL, 0600);
	bool made = copy->target >= 0;
	int number = made ? copy_file(copy) : errno;
	if (!number)
		number = close_one_more(copy->target);
	if (!number)
		return true;
	let_go(copy);
	if (made)
		beneath_unlink(to);
	errno = number;
	return beneath_fail(error, from, to, "cannot copy %s to another file system", shown);
}

static bool carry_any(const char *from, const char *to, struct carried *copy, GError **error);

static bool carry_folder(const char *from, const char *to, GError **error)
{
	g_autoptr(GPtrArray) names = beneath_list(from);
	bool ok = names && beneath_mkdir(to, 0777) == 0;

	if (!ok)
		beneath_fail(error, from, to, "cannot copy the folder %s", from);
	for (guint i = 0; ok && i < names->len; i++) {
		g_autofree char *inner_from = g_build_filename(from, names->pdata[i], NULL);
		g_autofree char *inner_to = g_build_filename(to, names->pdata[i], NULL);
		struct carried inner = {NULL, -1, -1, STAMP_UNKNOWN};
		ok = carry_any(inner_from, inner_to, &inner, error);
		let_go(&inner);
	}
	return ok && files_sync(to, error);
}

static bool carry_any(const char *from, const char *to, struct carried *copy, GError **error)
{
	return beneath_is_folder(from) ? carry_folder(from, to, error) : carry_file(from, to, copy, error);
}

void carry_discard(const char *path)
{
	if (beneath_is_folder(path))
		files_remove_tree(path);
	else
		beneath_unlink(path);
}

/* Is it what was copied that has the name? 0, or errno. */
static int look(const char *from, int source)
{
	struct stat named, copied;

	if (beneath_stat(from, &named) != 0 || fstat(source, &copied) != 0)
		return errno;
	return named.st_dev == copied.st_dev && named.st_ino == copied.st_ino ? 0 : EBUSY;
}

/* Whoever writes to it does not know that it moves: what comes before its name goes is in the copy, and what comes in that moment as well. */
static int leave_file(const char *from, struct carried *copy)
{
	int number = catch_up(copy);

	if (!number)
		number = look(from, copy->source);
	if (number)
		return number;
	if (beneath_unlink(from) != 0)
		return errno;
	number = catch_up(copy);
	if (number)
		log_error("%s: bytes written while it was moved to another file system are lost: %s", from,
			g_strerror(number));
	return 0;
}

int carry_leave(const char *from, struct carried *copy)
{
	if (copy->source < 0) {
		files_remove_tree(from);
		return 0;
	}
	int number = leave_file(from, copy);
	errno = number;
	return number ? -1 : 0;
}

void carried_free(struct carried *copy)
{
	if (!copy)
		return;
	let_go(copy);
	g_free(copy->path);
	g_free(copy);
}

struct carried *carry(const char *from, const char *folder, GError **error)
{
	/* Always the same: a try after one that a crash cut off takes its place. */
	g_autofree char *sum = g_compute_checksum_for_string(G_CHECKSUM_SHA256, from, -1);
	g_autofree char *name = g_strdup_printf(".dropmill-%.20s.tmp", sum);
	auto_struct(carried) copy = g_new(struct carried, 1);

	*copy = (struct carried){g_build_filename(folder, name, NULL), -1, -1, STAMP_UNKNOWN};
	carry_discard(copy->path);
	if (carry_any(from, copy->path, copy, error))
		return g_steal_pointer(&copy);
	carry_discard(copy->path);
	return NULL;
}

/* SPDX-License-Identifier: GPL-2.0-or-later
 * Roots, and the way to a folder or file below one: see roots.h. The steps themselves: beneath.c. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/disk/roots.h"

#define FOLDER (O_PATH | O_DIRECTORY | O_CLOEXEC)

/* Never removed: a pointer to one stays good. */
struct beneath_root {
	char *path;
	gsize length;
	enum beneath_kind kind;
};

static GRWLock lock;
static GPtrArray *roots; /* the longest first */
static gint by_parts;    /* atomic: 0 not known yet, 1 openat2, 2 without, 3 a test says so */

static gint longest_first(gconstpointer a, gconstpointer b)
{
	const struct beneath_root *x = *(struct beneath_root *const *)a, *y = *(struct beneath_root *const *)b;

	return x->length > y->length ? -1 : x->length < y->length;
}

void beneath_add(const char *path, enum beneath_kind kind)
{
	g_autofree char *whole = g_canonicalize_filename(path, NULL);

	g_rw_lock_writer_lock(&lock);
	if (!roots)
		roots = g_ptr_array_new();
	for (guint i = 0; i < roots->len; i++) {
		struct beneath_root *root = g_ptr_array_index(roots, i);
		if (strcmp(root->path, whole) != 0)
			continue;
		root->kind = MAX(root->kind, kind);
		g_rw_lock_writer_unlock(&lock);
		return;
	}
	struct beneath_root *root = g_new(struct beneath_root, 1);
	root->length = strlen(whole);
	root->path = g_steal_pointer(&whole);
	root->kind = kind;
	g_ptr_array_add(roots, root);
	g_ptr_array_sort(roots, longest_first);
	g_rw_lock_writer_unlock(&lock);
}

bool beneath_within(const char *path, const char *folder)
{
	gsize length = strlen(folder);

	while (length > 0 && folder[length - 1] == '/')
		length--;
	return strncmp(path, folder, length) == 0 && path[length] == '/' && beneath_plain(path + length);
}

const struct beneath_root *beneath_root_of(const char *path, bool itself)
{
	const struct beneath_root *found = NULL;

	g_rw_lock_reader_lock(&lock);
	for (guint i = 0; roots && i < roots->len && !found; i++) {
		const struct beneath_root *root = g_ptr_array_index(roots, i);
		if (strncmp(path, root->path, root->length) == 0 &&
			(path[root->length] == '/' || (itself && path[root->length] == '\0')))
			found = root;
	}
	g_rw_lock_reader_unlock(&lock);
	return found;
}

const char *beneath_root_path(const struct beneath_root *root)
{
	return root->path;
}

/* What is behind the root, without the slash: "" for the root itself. */
static const char *below(const struct beneath_root *root, const char *path)
{
	path += root->length;
	while (*path == '/')
		path++;
	return path;
}

bool beneath_plain(const char *path)
{
	for (const char *part = path; part; part = strchr(part, '/')) {
		part += strspn(part, "/");
		gsize length = strcspn(part, "/");
		if ((length == 1 && part[0] == '.') || (length == 2 && part[0] == '.' && part[1] == '.'))
			return false;
	}
	return true;
}

void beneath_walk_by_parts(bool always)
{
	g_atomic_int_set(&by_parts, always ? 3 : 0);
}

static int openat2_with(int at, const char *path, int flags, mode_t mode, guint64 resolve)
{
	struct open_how how = {.flags = (guint64)flags, .resolve = resolve};

	if (flags & O_CREAT || (flags & O_TMPFILE) == O_TMPFILE)
		how.mode = mode & 07777;
	return (int)syscall(SYS_openat2, at, path, &how, sizeof how);
}

/* Asked once: later an EPERM is the file's, not that of a container which forbids the call. */
static bool has_openat2(void)
{
	gint known = g_atomic_int_get(&by_parts);

	if (known == 0) {
		int fd = openat2_with(AT_FDCWD, "/", FOLDER, 0, RESOLVE_NO_SYMLINKS);
		known = fd >= 0 || (errno != ENOSYS && errno != EPERM) ? 1 : 2;
		if (fd >= 0)
			close(fd);
		g_atomic_int_compare_and_exchange(&by_parts, 0, known);
	}
	return known == 1;
}

/* Why a part is not a folder: it is a link, or it was one a moment ago. */
static int why_no_folder(int at, const char *name)
{
	struct stat status;

	if (fstatat(at, name, &status, AT_SYMLINK_NOFOLLOW) != 0)
		return errno;
	return S_ISLNK(status.st_mode) || S_ISDIR(status.st_mode) ? ELOOP : ENOTDIR;
}

/* One part. What is a link is ELOOP, whatever the flags make of it. */
static int open_part(int at, const char *name, int flags, mode_t mode)
{
	int fd = openat(at, name, flags | O_NOFOLLOW, mode);
	int number = errno;
	struct stat status;

	if (fd < 0 && (number == ENOTDIR || number == EMLINK))
		number = why_no_folder(at, name);
	/* A link's own descriptor, which only who asked for it gets. */
	if (fd >= 0 && (flags & (O_PATH | O_NOFOLLOW)) == O_PATH && fstat(fd, &status) == 0 &&
		S_ISLNK(status.st_mode)) {
		close(fd);
		fd = -1;
		number = ELOOP;
	}
	errno = number;
	return fd;
}

static void close_quietly(int fd)
{
	int number = errno;

	close(fd);
	errno = number;
}

/* The way by hand, from `at`, which stays open. */
static int walk(int at, const char *relative, int flags, mode_t mode)
{
	int current = at;

	for (;;) {
		char name[NAME_MAX + 1];
		gsize length = strcspn(relative, "/");
		if (length > NAME_MAX) {
			errno = ENAMETOOLONG;
			break;
		}
		memcpy(name, relative, length);
		name[length] = '\0';
		relative += length;
		relative += strspn(relative, "/");
		bool last = *relative == '\0';
		int next = last ? open_part(current, name, flags, mode) : open_part(current, name, FOLDER, 0);
		if (current != at)
			close_quietly(current);
		if (last || next < 0)
			return next;
		current = next;
	}
	if (current != at)
		close_quietly(current);
	return -1;
}

static int open_without_links(int at, const char *relative, int flags, mode_t mode)
{
	if (has_openat2())
		return openat2_with(at, relative, flags, mode, RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS);
	return walk(at, relative, flags, mode);
}

/* The folder that a link leads to, when the link is of somebody who decides here anyway. The descriptor is the link's own: it cannot become
 * another's between the look at its owner and the reading. */
static int follow_trusted(int at, const char *name)
{
	struct stat holder, status;
	char target[PATH_MAX];
	int link = openat(at, name, O_PATH | O_NOFOLLOW | O_CLOEXEC), folder = -1;

	if (link < 0)
		return -1;
	bool looked = fstat(link, &status) == 0 && fstat(at, &holder) == 0;
	bool trusted = looked && (status.st_uid == 0 || status.st_uid == geteuid() || status.st_uid == holder.st_uid);
	gssize length = trusted && S_ISLNK(status.st_mode) ? readlinkat(link, "", target, sizeof target - 1) : -1;
	if (length > 0) {
		target[length] = '\0';
		folder = openat(at, target, FOLDER);
	} else if (looked) {
		errno = S_ISLNK(status.st_mode) ? ELOOP : ENOTDIR;
	}
	close_quietly(link);
	return folder;
}

/* A root's way from the one that holds it, where some part of it is a link. */
static int open_nested(int at, const char *relative)
{
	g_auto(GStrv) parts = g_strsplit(relative, "/", -1);
	int current = at;

	for (char **part = parts; *part && current >= 0; part++) {
		int next = open_part(current, *part, FOLDER, 0);
		if (next < 0 && errno == ELOOP)
			next = follow_trusted(current, *part);
		if (current != at)
			close_quietly(current);
		current = next;
	}
	return current;
}

static int open_root(const struct beneath_root *root)
{
	const struct beneath_root *outer = beneath_root_of(root->path, false);

	if (!outer)
		return open(root->path, FOLDER);
	int at = open_root(outer);
	if (at < 0)
		return -1;
	int fd = open_without_links(at, below(outer, root->path), FOLDER, 0);
	if (fd < 0 && errno == ELOOP && outer->kind != BENEATH_INBOX)
		fd = open_nested(at, below(outer, root->path));
	close_quietly(at);
	return fd;
}

int beneath_open_in(const struct beneath_root *root, const char *path, int flags, mode_t mode)
{
	const char *relative = below(root, path);

	flags |=
		flags & O_PATH ? O_CLOEXEC : O_CLOEXEC | O_NOCTTY; /* openat2 is strict about flags that mean nothing */
	if (!beneath_plain(relative)) {
		errno = EXDEV;
		return -1;
	}
	/* Mostly the whole path has no link, not even above the root. Then one call that meets none has taken the same
	 * way as the two below. */
	if (has_openat2()) {
		int fd = openat2_with(AT_FDCWD, path, flags, mode, RESOLVE_NO_SYMLINKS);
		if (fd >= 0 || errno != ELOOP)
			return fd;
	}
	int at = open_root(root);
	if (at < 0)
		return -1;
	int fd = *relative ? open_without_links(at, relative, flags, mode) : openat(at, ".", flags, mode);
	close_quietly(at);
	return fd;
}

/* SPDX-License-Identifier: GPL-2.0-or-later
 * Steps below a root: see beneath.h. */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/disk/beneath.h"
#include "base/disk/roots.h"
#include "base/display.h"
#include "base/error.h"

/* The folder that holds a path, and the path's name in it. In no root: the path as it is. */
struct place {
	int folder;
	const char *name;
};

static bool enter(const char *path, struct place *place)
{
	const struct beneath_root *root = beneath_root_of(path, false);

	*place = (struct place){AT_FDCWD, path};
	if (!root)
		return true;
	g_autofree char *folder = g_path_get_dirname(path);
	place->name = strrchr(path, '/') + 1;
	if (!*place->name || !beneath_plain(place->name)) {
		errno = EXDEV;
		return false;
	}
	place->folder = beneath_open_in(root, folder, O_PATH | O_DIRECTORY, 0);
	return place->folder >= 0;
}

static int leave(const struct place *place, int status)
{
	int number = errno;

	if (place->folder >= 0)
		close(place->folder);
	errno = number;
	return status;
}

bool beneath_known(const char *path)
{
	return beneath_root_of(path, true) && beneath_plain(path);
}

int beneath_open(const char *path, int flags, mode_t mode)
{
	const struct beneath_root *root = beneath_root_of(path, true);

	return root ? beneath_open_in(root, path, flags, mode) : open(path, flags | O_CLOEXEC | O_NOCTTY, mode);
}

int beneath_stat(const char *path, struct stat *status)
{
	const struct beneath_root *root = beneath_root_of(path, true);
	struct place place = {AT_FDCWD, path};

	if (root && strcmp(beneath_root_path(root), path) == 0) {
		place.folder = beneath_open_in(root, path, O_PATH | O_DIRECTORY, 0);
		return place.folder < 0 ? -1 : leave(&place, fstat(place.folder, status));
	}
	return enter(path, &place) ? leave(&place, fstatat(place.folder, place.name, status, AT_SYMLINK_NOFOLLOW)) : -1;
}

int beneath_mkdir(const char *path, mode_t mode)
{
	struct place place = {AT_FDCWD, path};

	return enter(path, &place) ? leave(&place, mkdirat(place.folder, place.name, mode)) : -1;
}

GPtrArray *beneath_list(const char *path)
{
	DIR *folder = beneath_opendir(path);

	if (!folder)
		return NULL;
	GPtrArray *names = g_ptr_array_new_with_free_func(g_free);
	for (struct dirent *entry; (entry = readdir(folder));)
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			g_ptr_array_add(names, g_strdup(entry->d_name));
	closedir(folder);
	return names;
}

int beneath_no_folder(const char *path)
{
	struct stat status;

	if (beneath_is_folder(path))
		return 0;
	if (beneath_stat(path, &status) != 0) {
		int number = errno;
		g_autofree char *link = number == ENOENT ? beneath_find_link(path) : NULL;
		return link ? ELOOP : number;
	}
	/* A folder, by now: somebody changes it this very moment. */
	return S_ISLNK(status.st_mode) ? ELOOP : S_ISDIR(status.st_mode) ? EAGAIN : ENOTDIR;
}

int beneath_make_folders(const char *path)
{
	if (beneath_mkdir(path, 0777) == 0)
		return 0;
	if (errno == ENOENT) {
		g_autofree char *parent = g_path_get_dirname(path);
		if (strcmp(parent, path) == 0 || beneath_make_folders(parent) != 0)
			return -1;
		if (beneath_mkdir(path, 0777) == 0)
			return 0;
	}
	if (errno != EEXIST)
		return -1;
	errno = beneath_no_folder(path);
	return errno == 0 ? 0 : -1;
}

int beneath_make_private(const char *path)
{
	struct place place = {beneath_open(path, O_PATH | O_NOFOLLOW, 0), path};
	g_autofree char *alias = beneath_alias(place.folder);
	struct stat status;

	if (place.folder < 0 || fstat(place.folder, &status) != 0)
		return leave(&place, -1);
	/* A link itself has no mode. */
	bool done = S_ISLNK(status.st_mode) || !(status.st_mode & 0077);
	return leave(&place, done ? 0 : chmod(alias, status.st_mode & 0700));
}

int beneath_unlink(const char *path)
{
	struct place place = {AT_FDCWD, path};

	return enter(path, &place) ? leave(&place, unlinkat(place.folder, place.name, 0)) : -1;
}

int beneath_rmdir(const char *path)
{
	struct place place = {AT_FDCWD, path};

	return enter(path, &place) ? leave(&place, unlinkat(place.folder, place.name, AT_REMOVEDIR)) : -1;
}

int beneath_rename(const char *from, const char *to, unsigned flags)
{
	struct place source, target;

	if (!enter(from, &source))
		return -1;
	if (!enter(to, &target))
		return leave(&source, -1);
	int status = flags ? renameat2(source.folder, source.name, target.folder, target.name, flags)
			   : renameat(source.folder, source.name, target.folder, target.name);
	return leave(&source, leave(&target, status));
}

int beneath_link(const char *from, const char *to)
{
	struct place source, target;

	if (!enter(from, &source))
		return -1;
	if (!enter(to, &target))
		return leave(&source, -1);
	return leave(&source, leave(&target, linkat(source.folder, source.name, target.folder, target.name, 0)));
}

int beneath_touch(const char *path, const struct timespec times[2])
{
	struct place place = {AT_FDCWD, path};

	return enter(path, &place) ? leave(&place, utimensat(place.folder, place.name, times, AT_SYMLINK_NOFOLLOW))
				   : -1;
}

/* A file or a folder, by a name in /proc that leads to this very one: attributes cannot be had by such a descriptor itself. */
static int open_for_attributes(const char *path, char name[64])
{
	struct stat status;
	int fd = beneath_open(path, O_PATH | O_NOFOLLOW, 0);

	if (fd < 0)
		return -1;
	if (fstat(fd, &status) != 0 || (!S_ISREG(status.st_mode) && !S_ISDIR(status.st_mode))) {
		close(fd);
		errno = ELOOP;
		return -1;
	}
	g_snprintf(name, 64, "/proc/self/fd/%d", fd);
	return fd;
}

gssize beneath_get_attribute(const char *path, const char *name, void *value, gsize size)
{
	char file[64];
	struct place place = {.folder = open_for_attributes(path, file)};

	if (place.folder < 0)
		return -1;
	gssize length = getxattr(file, name, value, size);
	leave(&place, 0);
	return length;
}

int beneath_set_attribute(const char *path, const char *name, const void *value, gsize size)
{
	char file[64];
	struct place place = {.folder = open_for_attributes(path, file)};

	return place.folder < 0 ? -1 : leave(&place, setxattr(file, name, value, size, 0));
}

int beneath_sync(const char *path)
{
	struct place place = {.folder = beneath_open(path, O_RDONLY | O_NONBLOCK, 0)};

	return place.folder < 0 ? -1 : leave(&place, fsync(place.folder));
}

DIR *beneath_opendir(const char *path)
{
	struct place place = {.folder = beneath_open(path, O_RDONLY | O_DIRECTORY, 0)};
	DIR *folder = place.folder >= 0 ? fdopendir(place.folder) : NULL;

	if (!folder)
		leave(&place, 0);
	return folder;
}

bool beneath_exists(const char *path)
{
	struct stat status;

	return beneath_stat(path, &status) == 0;
}

bool beneath_is_folder(const char *path)
{
	struct place place = {.folder = beneath_open(path, O_PATH | O_DIRECTORY, 0)};

	return place.folder >= 0 && leave(&place, 0) == 0;
}

/* A root may be a link; it is in the way when it cannot be followed. */
static bool in_the_way(const char *path, bool is_root)
{
	struct stat status;
	struct place place = {AT_FDCWD, path};

	return enter(path, &place) &&
	       leave(&place, fstatat(place.folder, place.name, &status, AT_SYMLINK_NOFOLLOW)) == 0 &&
	       S_ISLNK(status.st_mode) && !(is_root && beneath_is_folder(path));
}

char *beneath_find_link(const char *path)
{
	const struct beneath_root *root = beneath_root_of(path, true);
	gsize end = root ? strlen(beneath_root_path(root)) : 0;

	for (bool is_root = true; root; is_root = false) {
		g_autofree char *part = g_strndup(path, end);
		if (in_the_way(part, is_root))
			return g_steal_pointer(&part);
		if (path[end] == '\0')
			break;
		end += 1 + strcspn(path + end + 1, "/");
	}
	return NULL;
}

bool beneath_fail(GError **error, const char *path, const char *other, const char *format, ...)
{
	int number = errno;
	va_list arguments;

	va_start(arguments, format);
	g_autofree char *text = g_strdup_vprintf(format, arguments);
	va_end(arguments);
	g_autofree char *first = number == ELOOP ? beneath_find_link(path) : NULL;
	g_autofree char *link = first || number != ELOOP || !other ? g_steal_pointer(&first) : beneath_find_link(other);
	if (link) {
		g_autofree char *shown = display_name(link);
		return fail_number_at(error, PLACE_OUTPUT, ELOOP,
			"%s: %s is a link; dropmill does not follow links below an inbox, out/ or its state folder. Replace it with a folder",
			text, shown);
	}
	if (number == ELOOP)
		return fail_number_at(error, PLACE_OUTPUT, ELOOP,
			"%s: a part of the path was a link for a moment; dropmill does not follow links below an inbox, out/ or its state folder",
			text);
	errno = number;
	return fail_errno_at(error, PLACE_OUTPUT, "%s", text);
}

char *beneath_alias(int descriptor)
{
	return g_strdup_printf("/proc/self/fd/%d", descriptor);
}

void beneath_unalias(GError *error, const char *alias, const char *path)
{
	if (!error || !strstr(error->message, alias))
		return;
	g_auto(GStrv) pieces = g_strsplit(error->message, alias, -1);
	g_free(error->message);
	error->message = g_strjoinv(path, pieces);
}

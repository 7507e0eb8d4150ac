/* SPDX-License-Identifier: GPL-2.0-or-later
 * Durable file moves: see files.h. */
#include "base/disk/files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/disk/beneath.h"
#include "base/disk/carry.h"
#include "base/display.h"
#include "base/error.h"

/* Of one name. */
#define NUMBERS_MOST 1000000

bool files_make_folder(const char *path, GError **error)
{
	if (beneath_is_folder(path))
		return true;
	g_autofree char *parent = g_path_get_dirname(path);
	if (strcmp(parent, path) != 0 && !files_make_folder(parent, error))
		return false;
	if (beneath_mkdir(path, 0777) != 0) {
		int number = errno == EEXIST ? beneath_no_folder(path) : errno;
		if (number == 0) /* another thread was faster */
			return true;
		g_autofree char *shown = display_name(path);
		errno = number;
		return beneath_fail(error, path, NULL, "cannot make the folder %s", shown);
	}
	if (files_sync(parent, error))
		return true;
	/* The next try makes it again, and its entry is on disk then, or that one fails as well. */
	(void)!beneath_rmdir(path);
	return false;
}

static bool fail_write(GError **error, int number, const char *path)
{
	g_autofree char *shown = display_name(path);

	errno = number;
	return beneath_fail(error, path, NULL, "cannot write %s to disk", shown);
}

int files_sync_descriptor(int descriptor)
{
	/* Some network file systems have no fsync for folders; there rename is synchronous. */
	return fsync(descriptor) == 0 || errno == EINVAL ? 0 : -1;
}

bool files_sync(const char *path, GError **error)
{
	return beneath_sync(path) == 0 || errno == EINVAL || fail_write(error, errno, path);
}

bool files_finish(int descriptor, const char *path, GError **error)
{
	int number = files_sync_descriptor(descriptor) == 0 ? 0 : errno;

	if (close(descriptor) != 0 && !number)
		number = errno;
	return !number || fail_write(error, number, path);
}

int files_create(const char *path)
{
	if (!beneath_known(path))
		return beneath_open(path, O_WRONLY | O_CREAT | O_TRUNC, 0666);
	int descriptor = beneath_open(path, O_WRONLY | O_CREAT | O_EXCL, 0666);
	if (descriptor >= 0 || errno != EEXIST)
		return descriptor;
	if (beneath_unlink(path) != 0 && errno != ENOENT)
		return -1;
	return beneath_open(path, O_WRONLY | O_CREAT | O_EXCL, 0666);
}

GBytes *files_read_all(int descriptor, gsize size)
{
	g_autofree guint8 *bytes = g_try_malloc(size + 1);
	gsize length = 0;
	gssize n = 0;

	while (bytes && length < size &&
		((n = read(descriptor, bytes + length, size - length)) > 0 || (n < 0 && errno == EINTR)))
		length += (gsize)MAX(n, 0);
	return bytes && n >= 0 ? g_bytes_new_take(g_steal_pointer(&bytes), length) : NULL;
}

GBytes *files_read(const char *path, GError **error)
{
	int descriptor = beneath_open(path, O_RDONLY | O_NONBLOCK, 0);
	struct stat status;
	bool found = descriptor >= 0 && fstat(descriptor, &status) == 0;
	GBytes *bytes = found ? files_read_all(descriptor, (gsize)status.st_size) : NULL;
	int number = errno;

	if (descriptor >= 0)
		close(descriptor);
	errno = number;
	if (!bytes)
		beneath_fail(error, path, NULL, "%s", path);
	return bytes;
}

static bool write_all(int descriptor, const char *bytes, gsize size)
{
	while (size > 0) {
		gssize n = write(descriptor, bytes, size);
		if (n < 0 && errno != EINTR)
			return false;
		bytes += MAX(n, 0);
		size -= (gsize)MAX(n, 0);
	}
	return true;
}

bool files_write(const char *path, const void *bytes, gsize size, GError **error)
{
	int descriptor = beneath_open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0666);

	if (descriptor < 0)
		return fail_write(error, errno, path);
	if (!write_all(descriptor, bytes, size)) {
		fail_write(error, errno, path);
		close(descriptor);
	} else if (files_finish(descriptor, path, error)) {
		return true;
	}
	beneath_unlink(path);
	return false;
}

bool files_sync_folder_of(const char *path, GError **error)
{
	g_autofree char *folder = g_path_get_dirname(path);
	return files_sync(folder, error);
}

static bool fail_move(GError **error, int number, const char *from, const char *to)
{
	g_autofree char *shown_from = display_name(from);
	g_autofree char *shown_to = display_name(to);

	errno = number;
	return beneath_fail(error, from, to, "cannot move %s to %s", shown_from, shown_to);
}

bool files_sync_move(const char *from, const char *to, GError **error)
{
	g_autofree char *source = g_path_get_dirname(from);
	g_autofree char *target = g_path_get_dirname(to);

	return files_sync(target, error) && (strcmp(source, target) == 0 || files_sync(source, error));
}

bool files_same(const char *a, const char *b)
{
	struct stat first, second;
	return beneath_stat(a, &first) == 0 && beneath_stat(b, &second) == 0 && first.st_dev == second.st_dev &&
	       first.st_ino == second.st_ino;
}

/* A rename to another file system: a copy that is on disk under the new name, then the old name goes. */
static int rename_across(const char *from, const char *to, bool new)
{
	g_autoptr(GError) cause = NULL;
	g_autofree char *folder = g_path_get_dirname(to);
	auto_struct(carried) copy = carry(from, folder, &cause);

	if (!copy) {
		errno = error_number(cause) ? error_number(cause) : EIO;
		return -1;
	}
	const char *useless = copy->path;
	bool replaces = !new &&beneath_exists(to);
	if ((new ? files_rename_new(copy->path, to) : beneath_rename(copy->path, to, 0)) == 0) {
		useless = replaces ? NULL : to; /* without it there would be neither the older file nor this one */
		if ((beneath_sync(folder) == 0 || errno == EINVAL) && carry_leave(from, copy) == 0)
			return 0;
	}
	int number = errno;
	if (useless)
		carry_discard(useless);
	errno = number;
	return -1;
}

int files_rename(const char *from, const char *to)
{
	int result = beneath_rename(from, to, 0);

	return result != 0 && errno == EXDEV ? rename_across(from, to, false) : result;
}

bool files_move(const char *from, const char *to, GError **error)
{
	if (files_rename(from, to) != 0)
		return fail_move(error, errno, from, to);
	/* rename(2) does nothing when both names are links to the same file. */
	if (strcmp(from, to) != 0 && files_same(from, to))
		beneath_unlink(from);
	return files_sync_move(from, to, error);
}

/* Both names are links to the same file: one is to stay, and the caller gets which one. */
static int leave_link(const char *from, const char *to)
{
	if (beneath_unlink(from) == 0)
		return 0;
	int number = errno;
	beneath_unlink(to); /* where this cannot be either, the next try finds that both are one file */
	errno = number;
	return -1;
}

/* rename() that fails with EEXIST. Where the file system has no such flag, a hard link does the same; where it has no
 * links either (FAT, some FUSE), a look before has to do. */
int files_rename_new(const char *from, const char *to)
{
	struct stat status;

	if (beneath_rename(from, to, RENAME_NOREPLACE) == 0)
		return 0;
	if (errno == EXDEV && !beneath_exists(to))
		return rename_across(from, to, true);
	if (errno == EXDEV)
		errno = EEXIST;
	if (errno != EINVAL && errno != ENOSYS)
		return -1;
	if (beneath_link(from, to) == 0)
		return leave_link(from, to);
	if (errno == EEXIST && files_same(from, to)) /* by a try before, which could not end */
		return leave_link(from, to);
	if (errno == EEXIST || errno == EXDEV || errno == ENOENT || errno == ELOOP)
		return -1;
	if (beneath_stat(to, &status) == 0) {
		errno = EEXIST;
		return -1;
	}
	return beneath_rename(from, to, 0);
}

/* FOLDER/a.jpg is FOLDER/a-2.jpg; a name at its limit of 255 bytes loses bytes before the ending, never the ending. */
char *files_numbered(const char *path, unsigned number)
{
	g_autofree char *folder = g_path_get_dirname(path);
	g_autofree char *name = g_path_get_basename(path);
	g_autofree char *suffix = g_strdup_printf("-%u", number);
	const char *dot = strrchr(name, '.');
	gsize stem = dot && dot != name ? (gsize)(dot - name) : strlen(name);
	gsize ending = strlen(name) - stem;

	if (ending > 64) { /* no ending that anyone means */
		stem = strlen(name);
		ending = 0;
	}
	if (stem + strlen(suffix) + ending > NAME_MAX) {
		stem = NAME_MAX - strlen(suffix) - ending;
		while (stem > 1 && ((guchar)name[stem] & 0xc0) == 0x80) /* not within a character of UTF-8 */
			stem--;
	}
	g_autofree char *numbered_name =
		g_strdup_printf("%.*s%s%s", (int)stem, name, suffix, name + strlen(name) - ending);
	return g_build_filename(folder, numbered_name, NULL);
}

char *files_make_folder_beside(const char *path, const char *top, GError **error)
{
	if (beneath_is_folder(path))
		return g_strdup(path);
	if (strcmp(path, top) == 0 || !beneath_within(path, top))
		return files_make_folder(path, error) ? g_strdup(path) : NULL;
	g_autofree char *outer = g_path_get_dirname(path);
	g_autofree char *parent = files_make_folder_beside(outer, top, error);
	g_autofree char *name = g_path_get_basename(path);
	g_autofree char *wished = parent ? g_build_filename(parent, name, NULL) : NULL;
	for (unsigned number = 0; wished; number++) {
		g_autoptr(GError) cause = NULL;
		g_autofree char *folder = number ? files_numbered(wished, number) : g_strdup(wished);
		if (files_make_folder(folder, &cause))
			return g_steal_pointer(&folder);
		if (error_number(cause) == ENOTDIR && number < NUMBERS_MOST)
			continue;
		g_propagate_error(error, g_steal_pointer(&cause));
		return NULL;
	}
	return NULL;
}

char *files_rename_beside(const char *from, const char *to, const char *top, GError **error)
{
	g_autofree char *wished = g_path_get_dirname(to);
	g_autofree char *folder = files_make_folder_beside(wished, top ? top : wished, error);
	g_autofree char *name = g_path_get_basename(to);
	g_autofree char *place = folder ? g_build_filename(folder, name, NULL) : NULL;

	for (unsigned number = 0; place; number++) {
		g_autofree char *target = number ? files_numbered(place, number) : g_strdup(place);
		if (files_rename_new(from, target) == 0)
			return g_steal_pointer(&target);
		if (errno != EEXIST || number == NUMBERS_MOST) {
			fail_move(error, errno, from, target);
			return NULL;
		}
	}
	return NULL;
}

char *files_move_beside(const char *from, const char *to, GError **error)
{
	g_autofree char *target = files_rename_beside(from, to, NULL, error);

	return target && files_sync_move(from, target, error) ? g_steal_pointer(&target) : NULL;
}

/* What is in there, but for folders, whose names are returned. Takes the descriptor. */
static GPtrArray *remove_files(int descriptor)
{
	DIR *folder = descriptor >= 0 ? fdopendir(descriptor) : NULL;
	GPtrArray *folders = g_ptr_array_new_with_free_func(g_free);

	if (!folder && descriptor >= 0)
		close(descriptor);
	for (struct dirent *entry; folder && (entry = readdir(folder));) {
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		if (unlinkat(descriptor, entry->d_name, 0) != 0)
			g_ptr_array_add(folders, g_strdup(entry->d_name));
	}
	if (folder)
		closedir(folder);
	return folders;
}

void files_remove_tree(const char *path)
{
	g_autoptr(GPtrArray) folders =
		remove_files(beneath_open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0)); /* in no root, too */

	for (guint i = 0; i < folders->len; i++) {
		g_autofree char *inner = g_build_filename(path, folders->pdata[i], NULL);
		files_remove_tree(inner);
	}
	if (beneath_rmdir(path) != 0)
		return;
}

void files_prune(const char *path, const char *stop)
{
	g_autofree char *current = g_strdup(path);
	gsize length = strlen(stop);

	while (g_str_has_prefix(current, stop) && current[length] == '/' && current[length + 1] != '\0') {
		if (beneath_rmdir(current) != 0 && errno != ENOENT)
			return;
		char *parent = g_path_get_dirname(current);
		g_free(current);
		current = parent;
	}
}

char *files_real(const char *path)
{
	char buffer[PATH_MAX];

	if (realpath(path, buffer))
		return g_strdup(buffer);
	g_autofree char *parent = g_path_get_dirname(path);
	g_autofree char *name = g_path_get_basename(path);
	if (strcmp(parent, path) == 0)
		return g_strdup(path);
	g_autofree char *above = files_real(parent);
	return g_build_filename(above, name, NULL);
}

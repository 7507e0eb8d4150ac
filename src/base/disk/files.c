/* SPDX-License-Identifier: GPL-2.0-or-later
 * Durable files and folders: see files.h. */
#include "base/disk/files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/disk/beneath.h"
#include "base/disk/io.h"
#include "base/display.h"
#include "base/error.h"

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

bool files_write(const char *path, const void *bytes, gsize size, GError **error)
{
	int descriptor = beneath_open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0666);

	if (descriptor < 0)
		return fail_write(error, errno, path);
	if (!io_write(descriptor, bytes, size)) {
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

/* SPDX-License-Identifier: GPL-2.0-or-later
 * Durable file moves: see moves.h. */
#include "base/disk/moves.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/disk/beneath.h"
#include "base/disk/carry.h"
#include "base/disk/files.h"
#include "base/disk/roots.h"
#include "base/display.h"
#include "base/error.h"

/* The highest number that is tried for one name. */
#define NUMBERS_MOST 1000000

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
static int rename_across(const char *from, const char *to, bool fresh)
{
	g_autoptr(GError) cause = NULL;
	g_autofree char *folder = g_path_get_dirname(to);
	auto_struct(carried) copy = carry(from, folder, &cause);

	if (!copy) {
		errno = error_number(cause) ? error_number(cause) : EIO;
		return -1;
	}
	const char *useless = copy->path;
	bool replaces = !fresh && beneath_exists(to);
	if ((fresh ? files_rename_new(copy->path, to) : beneath_rename(copy->path, to, 0)) == 0) {
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

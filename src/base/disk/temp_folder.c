/* SPDX-License-Identifier: GPL-2.0-or-later
 * Temporary files: see temp_folder.h. A folder is in use as long as somebody holds its lock (flock), which ends with its holder. */
#include "base/disk/temp_folder.h"

#include <fcntl.h>
#include <glib.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/disk/files.h"
#include "base/process.h"

#define PREFIX "dropmill-tmp-"
#define TRIES 10

static char *folder;
static int held = -1;

/* The descriptor that holds the lock; -1: no folder of ours, or another process has it. */
static int lock(const char *path)
{
	struct stat status;
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0)
		return -1;
	if (fstat(fd, &status) == 0 && status.st_uid == geteuid() && flock(fd, LOCK_EX | LOCK_NB) == 0)
		return fd;
	close(fd);
	return -1;
}

static void remove_abandoned(const char *below)
{
	g_autoptr(GDir) dir = g_dir_open(below, 0, NULL);
	const char *name;

	while (dir && (name = g_dir_read_name(dir))) {
		g_autofree char *path = g_build_filename(below, name, NULL);
		int fd = g_str_has_prefix(name, PREFIX) ? lock(path) : -1;
		if (fd < 0)
			continue;
		files_remove_tree(path);
		close(fd);
	}
}

/* Another process may take it for abandoned between mkdtemp() and the lock: then it is gone, or going. */
static bool make(const char *below)
{
	g_autofree char *path = g_build_filename(below, PREFIX "XXXXXX", NULL);
	struct stat ours, there;

	if (!mkdtemp(path))
		return false;
	held = lock(path);
	if (held >= 0 && fstat(held, &ours) == 0 && stat(path, &there) == 0 && ours.st_ino == there.st_ino) {
		folder = g_steal_pointer(&path);
		return true;
	}
	if (held >= 0)
		close(held);
	held = -1;
	return false;
}

void temp_folder_open(void)
{
	const char *given = g_getenv("TMPDIR");
	g_autofree char *below = g_canonicalize_filename(given && *given ? given : "/tmp", NULL);

	g_mkdir_with_parents(below, 0700); /* TMPDIR may be in a state folder that is not there yet */
	remove_abandoned(below);
	for (int i = 0; i < TRIES && !make(below); i++) {
	}
	if (folder)
		g_setenv("TMPDIR", folder, TRUE);
}

void temp_folder_close(void)
{
	process_end_children();
	if (!folder)
		return;
	files_remove_tree(folder);
	close(held);
	held = -1;
	g_clear_pointer(&folder, g_free);
}

/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Files that a program on this machine is writing, as its events tell: IN_MODIFY, and no IN_CLOSE_WRITE since. A lease says the same and
 * more, but on another user's file it needs CAP_LEASE, which a service user does not have.
 *
 * IN_CREATE alone does not count: link() and mknod() make a file that nobody closes. Such a file is whole, or has 0 bytes and waits for
 * that reason. Opens are not counted: the kernel joins events that are equal, so a count would drift. Of two writers the first to close
 * therefore ends it, until the other writes again; what that lets through is taken again as it grows (failures.h).
 *
 * What is not known here (written since before the watch, events lost) is left to the lease and to the settle time. */
#include "master/intake/intake_writers.h"

#include <sys/inotify.h>

#include "master/intake/intake_state.h"

void writers_event(struct intake *intake, guint32 mask, guint32 cookie, const char *path)
{
	bool removed = false;

	/* Few are open at a time, and most events are of these. */
	if (mask & IN_MODIFY) {
		if (!g_hash_table_contains(intake->writers, path))
			g_hash_table_add(intake->writers, g_strdup(path));
	} else if (mask & (IN_CLOSE_WRITE | IN_DELETE | IN_MOVED_FROM | IN_CREATE)) {
		removed = g_hash_table_remove(intake->writers, path);
	}
	if (mask & IN_MOVED_FROM)
		intake->moved_open = removed ? cookie : 0;
	/* Renamed within the inboxes: its writer has it open all the same. */
	if (mask & IN_MOVED_TO) {
		g_hash_table_remove(intake->writers, path);
		if (cookie && cookie == intake->moved_open)
			g_hash_table_add(intake->writers, g_strdup(path));
	}
}

bool writers_have(const struct intake *intake, const char *path)
{
	return g_hash_table_contains(intake->writers, path);
}

void writers_forget(struct intake *intake, const char *path)
{
	GHashTableIter iterator;
	gpointer key;

	g_hash_table_iter_init(&iterator, intake->writers);
	while (g_hash_table_iter_next(&iterator, &key, NULL))
		if (inbox_path_within(key, path))
			g_hash_table_iter_remove(&iterator);
}

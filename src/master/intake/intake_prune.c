/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Folders that a drop made, and that are empty because their files were taken: removed when the drop has been quiet for the inbox's
 * prune_us. A drop is all below one folder at the top of the inbox. Only rmdir() decides whether a folder is empty, so a file that is put there
 * at the same moment keeps it.
 *
 * A folder was made by a drop when it, or one that holds it, was seen to come. What was there when the inbox was opened stays, and so does a
 * folder that stood empty for prune_us before its first file: somebody made it to drop files into. */
#include "master/intake/intake_prune.h"

#include <errno.h>
#include <string.h>

#include "base/clock.h"
#include "base/disk/beneath.h"
#include "master/intake/watched_inbox.h"

#define KNOWN_MOST 100000 /* folders of an inbox; others stay */

/* A folder that was seen to come. */
struct arrived {
	gint64 came_us;
	bool filled;   /* files were taken from it, or from below it */
	bool standing; /* it stood empty */
};

struct prune {
	GHashTable *arrived; /* relative path → struct arrived */
	GHashTable *emptied; /* relative paths of folders that files were taken from */
	GHashTable *drops;   /* top folder → gint64: when something came or was taken there last */
};

static struct prune *prune_of(struct watched_inbox *inbox)
{
	if (!inbox->prune) {
		inbox->prune = g_new0(struct prune, 1);
		inbox->prune->arrived = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
		inbox->prune->emptied = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
		inbox->prune->drops = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	}
	return inbox->prune;
}

void prune_forget(struct watched_inbox *inbox)
{
	struct prune *prune = g_steal_pointer(&inbox->prune);

	if (!prune)
		return;
	g_hash_table_destroy(prune->arrived);
	g_hash_table_destroy(prune->emptied);
	g_hash_table_destroy(prune->drops);
	g_free(prune);
}

static char *top_of(const char *relative)
{
	return g_strndup(relative, strcspn(relative, "/"));
}

/* The folder that holds it, owned; NULL: the inbox itself. */
static char *folder_of(const char *relative)
{
	const char *slash = strrchr(relative, '/');

	return slash ? g_strndup(relative, (gsize)(slash - relative)) : NULL;
}

void prune_touch(struct watched_inbox *inbox, const char *relative)
{
	if (!inbox->prune || !strchr(relative, '/'))
		return;
	g_autofree char *top = top_of(relative);
	gint64 *when = g_hash_table_lookup(inbox->prune->drops, top);
	if (when)
		*when = clock_now_us();
}

void prune_came(struct watched_inbox *inbox, const char *relative)
{
	struct prune *prune = prune_of(inbox);

	if (inbox->settings->prune_us < 0 || g_hash_table_size(prune->arrived) >= KNOWN_MOST)
		return;
	struct arrived *arrived = g_new0(struct arrived, 1);
	arrived->came_us = clock_now_us();
	g_hash_table_replace(prune->arrived, g_strdup(relative), arrived);
	prune_touch(inbox, relative);
}

static gboolean is_below(gpointer key, gpointer value, gpointer top)
{
	(void)value;
	return inbox_path_within(key, top);
}

/* Only what is moved takes along what it holds: of a folder that is deleted, those in it went before, one by one. */
void prune_gone(struct watched_inbox *inbox, const char *relative, bool moved)
{
	if (!inbox->prune)
		return;
	g_hash_table_remove(inbox->prune->arrived, relative);
	g_hash_table_remove(inbox->prune->emptied, relative);
	if (!moved)
		return;
	g_hash_table_foreach_remove(inbox->prune->arrived, is_below, (gpointer)relative);
	g_hash_table_foreach_remove(inbox->prune->emptied, is_below, (gpointer)relative);
}

void prune_taken(struct watched_inbox *inbox, const char *relative)
{
	char *folder = folder_of(relative);

	if (!folder || inbox->settings->prune_us < 0) {
		g_free(folder);
		return;
	}
	struct prune *prune = prune_of(inbox);
	gint64 *now = g_new(gint64, 1);
	*now = clock_now_us();
	g_hash_table_add(prune->emptied, g_strdup(folder));
	g_hash_table_replace(prune->drops, top_of(relative), now);
	while (folder) {
		struct arrived *arrived = g_hash_table_lookup(prune->arrived, folder);
		if (arrived)
			arrived->filled = true;
		char *parent = folder_of(folder);
		g_free(folder);
		folder = parent;
	}
}

static bool made_by_drop(const struct prune *prune, const char *relative)
{
	const struct arrived *own = g_hash_table_lookup(prune->arrived, relative);
	g_autofree char *folder = g_strdup(relative);
	bool made = false;

	if (own && own->standing)
		return false;
	while (folder && !made) {
		made = g_hash_table_contains(prune->arrived, folder);
		char *parent = folder_of(folder);
		g_free(folder);
		folder = parent;
	}
	return made;
}

static void remove_upwards(struct watched_inbox *inbox, const char *relative)
{
	struct prune *prune = inbox->prune;
	g_autofree char *folder = g_strdup(relative);

	while (folder && made_by_drop(prune, folder)) {
		g_autofree char *path = g_build_filename(inbox->settings->path, folder, NULL);
		if (beneath_rmdir(path) != 0 && errno != ENOENT)
			return; /* mostly not empty; a file that is taken from it later brings it here again */
		/* Its own entry goes last: it may be what says that those above were made by the drop, too. */
		char *parent = folder_of(folder);
		g_hash_table_remove(prune->arrived, folder);
		g_free(folder);
		folder = parent;
	}
}

/* Do folders that came and were never used stand empty? */
static void look_for_standing(struct watched_inbox *inbox, gint64 before_us)
{
	GHashTableIter iterator;
	gpointer key, value;

	g_hash_table_iter_init(&iterator, inbox->prune->arrived);
	while (g_hash_table_iter_next(&iterator, &key, &value)) {
		struct arrived *arrived = value;
		if (arrived->filled || arrived->standing || arrived->came_us > before_us)
			continue;
		g_autofree char *path = g_build_filename(inbox->settings->path, key, NULL);
		DIR *folder = beneath_opendir(path);
		guint entries = 0;
		while (folder && entries < 3 && readdir(folder)) /* "." and ".." */
			entries++;
		arrived->standing = folder && entries < 3;
		arrived->filled = !arrived->standing; /* looked at once */
		if (folder)
			closedir(folder);
	}
}

static gboolean was_quiet(gpointer top, gpointer when, gpointer before_us)
{
	(void)top;
	return *(gint64 *)when <= *(gint64 *)before_us;
}

void prune_run(struct watched_inbox *inbox)
{
	struct prune *prune = inbox->prune;
	gint64 before_us = clock_now_us() - inbox->settings->prune_us;
	GHashTableIter folders;
	gpointer folder;

	if (!prune || inbox->settings->prune_us < 0)
		return;
	look_for_standing(inbox, before_us);
	g_hash_table_iter_init(&folders, prune->emptied);
	while (g_hash_table_iter_next(&folders, &folder, NULL)) {
		g_autofree char *top = top_of(folder);
		gint64 *when = g_hash_table_lookup(prune->drops, top);
		if (when && !was_quiet(top, when, &before_us))
			continue;
		remove_upwards(inbox, folder);
		g_hash_table_iter_remove(&folders);
	}
	g_hash_table_foreach_remove(prune->drops, was_quiet, &before_us);
}

/* SPDX-License-Identifier: GPL-2.0-or-later
 * One fsync of each folder for many changes: see sync_once.h. */
#include "base/disk/sync_once.h"

#include "base/disk/files.h"

struct sync_once {
	GHashTable *answers; /* folder to GError, NULL where it is on disk */
};

static void answer_free(gpointer error)
{
	if (error)
		g_error_free(error);
}

struct sync_once *sync_once_new(void)
{
	struct sync_once *once = g_new(struct sync_once, 1);

	once->answers = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, answer_free);
	return once;
}

void sync_once_free(struct sync_once *once)
{
	if (!once)
		return;
	g_hash_table_unref(once->answers);
	g_free(once);
}

bool sync_once_folder(struct sync_once *once, const char *folder, GError **error)
{
	gpointer answer = NULL;

	if (!once)
		return files_sync(folder, error);
	if (!g_hash_table_lookup_extended(once->answers, folder, NULL, &answer)) {
		GError *cause = NULL;
		files_sync(folder, &cause);
		answer = cause;
		g_hash_table_insert(once->answers, g_strdup(folder), answer);
	}
	if (answer && error)
		*error = g_error_copy(answer);
	return !answer;
}

bool sync_once_folder_of(struct sync_once *once, const char *path, GError **error)
{
	g_autofree char *folder = g_path_get_dirname(path);

	return sync_once_folder(once, folder, error);
}

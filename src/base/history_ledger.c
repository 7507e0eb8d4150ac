/* SPDX-License-Identifier: GPL-2.0-or-later
 * The ledger in SQLite: who owns which output, numbers, originals that stay. It is never pruned. See history.h. */
#include "base/error.h"
#include "base/history_private.h"

bool history_owner(struct history *history, const char *path, char **owner, char **job, GError **error)
{
	sqlite3_stmt *s = history_prepare(history, "SELECT owner, job FROM output WHERE path = ?", error);
	g_autoptr(GError) cause = NULL;

	*owner = *job = NULL;
	if (!s)
		return false;
	history_bind(s, 1, path);
	if (history_row(history, s, &cause)) {
		*owner = g_strdup((const char *)sqlite3_column_text(s, 0));
		*job = g_strdup((const char *)sqlite3_column_text(s, 1));
	}
	sqlite3_finalize(s);
	if (!cause)
		return true;
	g_propagate_error(error, g_steal_pointer(&cause));
	return false;
}

GPtrArray *history_places(struct history *history, const char *owner, const char *wished, GError **error)
{
	sqlite3_stmt *s = history_prepare(
		history, "SELECT path FROM output WHERE owner = ? AND wished = ? ORDER BY length(path), path", error);
	g_autoptr(GPtrArray) places = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(GError) cause = NULL;

	if (!s)
		return NULL;
	history_bind(s, 1, owner);
	history_bind(s, 2, wished);
	while (history_row(history, s, &cause))
		g_ptr_array_add(places, g_strdup((const char *)sqlite3_column_text(s, 0)));
	sqlite3_finalize(s);
	if (!cause)
		return g_steal_pointer(&places);
	g_propagate_error(error, g_steal_pointer(&cause));
	return NULL;
}

bool history_own(struct history *history, const char *path, const char *owner, const char *wished, const char *job,
	GError **error)
{
	sqlite3_stmt *s = history_prepare(
		history, "INSERT OR REPLACE INTO output (path, owner, wished, job) VALUES (?,?,?,?)", error);

	if (!s)
		return false;
	history_bind(s, 1, path);
	history_bind(s, 2, owner);
	history_bind(s, 3, wished);
	history_bind(s, 4, job);
	return history_finish(history, s, error);
}

void history_disown(struct history *history, const char *path)
{
	sqlite3_stmt *s = history_prepare(history, "DELETE FROM output WHERE path = ?", NULL);

	if (!s)
		return;
	history_bind(s, 1, path);
	history_finish(history, s, NULL);
}

gint64 history_number(struct history *history, const char *pipeline, const char *source, GError **error)
{
	/* One statement that gives a number and one that tells it: also right when another connection was faster. */
	sqlite3_stmt *s = history_prepare(history,
		"INSERT OR IGNORE INTO number SELECT ?1, ?2, 1 + ifnull(max(n), 0) FROM number WHERE pipeline = ?1",
		error);
	gint64 number = 0;

	if (!s)
		return 0;
	history_bind(s, 1, pipeline);
	history_bind(s, 2, source);
	if (!history_finish(history, s, error))
		return 0;
	s = history_prepare(history, "SELECT n FROM number WHERE pipeline = ? AND source = ?", error);
	if (!s)
		return 0;
	history_bind(s, 1, pipeline);
	history_bind(s, 2, source);
	if (history_row(history, s, error))
		number = sqlite3_column_int64(s, 0);
	else if (error && !*error) /* a new database in between */
		fail(error, ERROR_RETRY, "%s was begun anew", history->store->path);
	sqlite3_finalize(s);
	return number;
}

bool history_set_number(
	struct history *history, const char *pipeline, const char *source, gint64 number, GError **error)
{
	sqlite3_stmt *s =
		history_prepare(history, "INSERT OR IGNORE INTO number (pipeline, source, n) VALUES (?,?,?)", error);

	if (!s)
		return false;
	history_bind(s, 1, pipeline);
	history_bind(s, 2, source);
	sqlite3_bind_int64(s, 3, number);
	return history_finish(history, s, error);
}

bool history_keep(struct history *history, const char *key, GError **error)
{
	sqlite3_stmt *s = history_prepare(history, "INSERT OR REPLACE INTO kept VALUES (?)", error);

	if (!s)
		return false;
	history_bind(s, 1, key);
	return history_finish(history, s, error);
}

void history_kept(struct history *history, void (*each)(const char *key, void *user), void *user)
{
	sqlite3_stmt *s = history_prepare(history, "SELECT key FROM kept", NULL);

	while (s && history_row(history, s, NULL))
		each((const char *)sqlite3_column_text(s, 0), user);
	sqlite3_finalize(s);
}

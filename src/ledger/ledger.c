/* SPDX-License-Identifier: GPL-2.0-or-later
 * The ledger in SQLite: who owns which output, numbers, originals that stay. It is never pruned. See ledger.h. */
#include <string.h>

#include "base/error.h"
#include "ledger/ledger.h"
#include "ledger/statement.h"

static struct stamp stamp_at(sqlite3_stmt *s, int column)
{
	if (sqlite3_column_type(s, column) == SQLITE_NULL)
		return STAMP_UNKNOWN;
	return (struct stamp){sqlite3_column_int64(s, column), sqlite3_column_int64(s, column + 1)};
}

bool history_owner(struct history *history, const char *path, struct history_output *output, GError **error)
{
	sqlite3_stmt *s = history_prepare(
		history, "SELECT owner, job, bytes, mtime, old_bytes, old_mtime FROM output WHERE path = ?", error);
	g_autoptr(GError) cause = NULL;

	*output = (struct history_output){.stamp = STAMP_UNKNOWN, .before = STAMP_UNKNOWN};
	if (!s)
		return false;
	history_bind(s, 1, path);
	if (history_row(history, s, &cause)) {
		output->owner = g_strdup((const char *)sqlite3_column_text(s, 0));
		output->job = g_strdup((const char *)sqlite3_column_text(s, 1));
		output->stamp = stamp_at(s, 2);
		output->before = stamp_at(s, 4);
	}
	sqlite3_finalize(s);
	if (!cause)
		return true;
	g_propagate_error(error, g_steal_pointer(&cause));
	return false;
}

void history_output_clear(struct history_output *output)
{
	g_clear_pointer(&output->owner, g_free);
	g_clear_pointer(&output->job, g_free);
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

/* What lay there stays known until its name is really another's: a crash in between leaves the old one. */
void history_have_marks(struct history *history, bool marked)
{
	history->marked = marked;
}

bool history_own(struct history *history, const char *path, const char *owner, const char *wished, const char *job,
	const struct stamp *stamp, GError **error)
{
	sqlite3_stmt *s = history_prepare(history,
		"INSERT INTO output (path, owner, wished, job, bytes, mtime) VALUES (?,?,?,?,?,?)"
		" ON CONFLICT (path) DO UPDATE SET"
		" old_bytes = CASE WHEN bytes IS excluded.bytes AND mtime IS excluded.mtime THEN old_bytes ELSE bytes END,"
		" old_mtime = CASE WHEN bytes IS excluded.bytes AND mtime IS excluded.mtime THEN old_mtime ELSE mtime END,"
		" owner = excluded.owner, wished = excluded.wished, job = excluded.job,"
		" bytes = excluded.bytes, mtime = excluded.mtime",
		error);

	if (!s)
		return false;
	history_bind(s, 1, path);
	history_bind(s, 2, owner);
	history_bind(s, 3, wished);
	history_bind(s, 4, job);
	if (stamp->bytes >= 0) {
		sqlite3_bind_int64(s, 5, stamp->bytes);
		sqlite3_bind_int64(s, 6, stamp->mtime_ns);
	}
	return (history->marked ? history_finish : history_finish_on_disk)(history, s, error);
}

/* As blobs: paths are bytes, and substr() of a text counts characters. */
bool history_relocate(struct history *history, const char *out, GError **error)
{
	sqlite3_stmt *s = history_prepare(history,
		"UPDATE OR IGNORE output SET path = CAST(substr(CAST(path AS BLOB), ?2) AS TEXT),"
		" wished = CASE WHEN wished >= ?1 || '/' AND wished < ?1 || '0'"
		" THEN CAST(substr(CAST(wished AS BLOB), ?2) AS TEXT) ELSE wished END"
		" WHERE path >= ?1 || '/' AND path < ?1 || '0'", /* '0' is the byte after '/' */
		error);

	if (!s)
		return false;
	history_bind(s, 1, out);
	sqlite3_bind_int64(s, 2, (gint64)strlen(out) + 2);
	return history_finish(history, s, error);
}

static bool remove_row(struct history *history, const char *sql, const char *key, GError **error)
{
	sqlite3_stmt *s = history_prepare(history, sql, error);

	if (!s)
		return false;
	history_bind(s, 1, key);
	return history_finish(history, s, error);
}

void history_disown(struct history *history, const char *path)
{
	remove_row(history, "DELETE FROM output WHERE path = ?", path, NULL);
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
	if (!history_finish_on_disk(history, s, error))
		return 0;
	s = history_prepare(history, "SELECT n FROM number WHERE pipeline = ? AND source = ?", error);
	if (!s)
		return 0;
	history_bind(s, 1, pipeline);
	history_bind(s, 2, source);
	if (history_row(history, s, error))
		number = sqlite3_column_int64(s, 0);
	else if (error && !*error) /* a new database in between */
		fail(error, ERROR_RETRY, "%s was replaced by a new one", history->store->path);
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

bool history_keep(struct history *history, const struct history_original *original, GError **error)
{
	sqlite3_stmt *s = history_prepare(history,
		"INSERT OR REPLACE INTO original (owner, bytes, mtime, ctime, hash) VALUES (?,?,?,?,?)", error);

	if (!s)
		return false;
	history_bind(s, 1, original->owner);
	sqlite3_bind_int64(s, 2, original->stamp.bytes);
	sqlite3_bind_int64(s, 3, original->stamp.mtime_ns);
	sqlite3_bind_int64(s, 4, original->ctime_ns);
	history_bind(s, 5, original->hash);
	return history_finish_on_disk(history, s, error);
}

bool history_unkeep(struct history *history, const char *owner, GError **error)
{
	return remove_row(history, "DELETE FROM original WHERE owner = ?", owner, error);
}

bool history_unkeep_key(struct history *history, const char *key, GError **error)
{
	return remove_row(history, "DELETE FROM kept WHERE key = ?", key, error);
}

void history_kept(
	struct history *history, void (*each)(const struct history_original *original, void *user), void *user)
{
	sqlite3_stmt *s = history_prepare(history, "SELECT owner, bytes, mtime, ctime, hash FROM original", NULL);

	while (s && history_row(history, s, NULL))
		each(
			&(struct history_original){
				.owner = (const char *)sqlite3_column_text(s, 0),
				.stamp = stamp_at(s, 1),
				.ctime_ns = sqlite3_column_int64(s, 3),
				.hash = (const char *)sqlite3_column_text(s, 4),
			},
			user);
	sqlite3_finalize(s);
}

void history_kept_keys(struct history *history, void (*each)(const char *key, void *user), void *user)
{
	sqlite3_stmt *s = history_prepare(history, "SELECT key FROM kept", NULL);

	while (s && history_row(history, s, NULL))
		each((const char *)sqlite3_column_text(s, 0), user);
	sqlite3_finalize(s);
}

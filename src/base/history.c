/* SPDX-License-Identifier: GPL-2.0-or-later
 * History and ledger in SQLite: see history.h. */
#include "base/history.h"

#include <sqlite3.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"

#define SCHEMA_VERSION 2

struct history {
	sqlite3 *db;
	char *path;
};

static const char schema[] =
	"CREATE TABLE job (id TEXT PRIMARY KEY, pipeline TEXT NOT NULL, source TEXT NOT NULL, state TEXT NOT NULL,"
	" lane TEXT NOT NULL, error TEXT, width INTEGER, height INTEGER, tiles INTEGER, attempts INTEGER,"
	" queued INTEGER, started INTEGER, finished INTEGER, outputs TEXT NOT NULL) WITHOUT ROWID;"
	"CREATE INDEX job_finished ON job (finished);"
	"CREATE INDEX job_state ON job (state);"
	"CREATE TABLE output (path TEXT PRIMARY KEY, owner TEXT NOT NULL, wished TEXT, job TEXT) WITHOUT ROWID;"
	"CREATE INDEX output_owner ON output (owner, wished);"
	"CREATE TABLE number (pipeline TEXT, source TEXT, n INTEGER NOT NULL, PRIMARY KEY (pipeline, source)) WITHOUT ROWID;"
	"CREATE INDEX number_n ON number (pipeline, n);"
	"CREATE TABLE kept (key TEXT PRIMARY KEY) WITHOUT ROWID;"
	"PRAGMA user_version = 2;";

/* Version 1 knew no wished names and no numbers. */
static const char from_1[] =
	"BEGIN;"
	"ALTER TABLE output ADD COLUMN wished TEXT;"
	"ALTER TABLE output ADD COLUMN job TEXT;"
	"UPDATE output SET wished = path;"
	"CREATE INDEX output_owner ON output (owner, wished);"
	"CREATE TABLE number (pipeline TEXT, source TEXT, n INTEGER NOT NULL, PRIMARY KEY (pipeline, source)) WITHOUT ROWID;"
	"CREATE INDEX number_n ON number (pipeline, n);"
	"PRAGMA user_version = 2;"
	"COMMIT;";

static bool run(sqlite3 *db, const char *sql, GError **error)
{
	char *message = NULL;

	if (sqlite3_exec(db, sql, NULL, NULL, &message) == SQLITE_OK)
		return true;
	fail(error, ERROR_RETRY, "history: %s", message ? message : sqlite3_errmsg(db));
	sqlite3_free(message);
	return false;
}

static int first_number(sqlite3 *db, const char *sql)
{
	sqlite3_stmt *statement;
	int number = -1;

	if (sqlite3_prepare_v2(db, sql, -1, &statement, NULL) != SQLITE_OK)
		return -1;
	if (sqlite3_step(statement) == SQLITE_ROW)
		number = sqlite3_column_int(statement, 0);
	sqlite3_finalize(statement);
	return number;
}

static bool is_whole(sqlite3 *db)
{
	sqlite3_stmt *statement;
	bool whole = false;

	if (sqlite3_prepare_v2(db, "PRAGMA quick_check(1)", -1, &statement, NULL) != SQLITE_OK)
		return false;
	if (sqlite3_step(statement) == SQLITE_ROW)
		whole = g_strcmp0((const char *)sqlite3_column_text(statement, 0), "ok") == 0;
	sqlite3_finalize(statement);
	return whole;
}

static bool connect(struct history *history, GError **error)
{
	if (sqlite3_open(history->path, &history->db) != SQLITE_OK)
		return fail(error, ERROR_SYSTEM, "%s: %s", history->path, sqlite3_errmsg(history->db));
	sqlite3_busy_timeout(history->db, 5000);
	return true;
}

/* Opens, checks, and makes the tables when there are none. False: not usable. */
static bool open_checked(struct history *history, GError **error)
{
	if (!connect(history, error))
		return false;
	if (!is_whole(history->db))
		return fail(error, ERROR_INPUT, "%s is damaged", history->path);
	if (!run(history->db, "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;", error))
		return false;
	int version = first_number(history->db, "PRAGMA user_version");
	if (version == 0)
		return run(history->db, schema, error);
	if (version == 1)
		return run(history->db, from_1, error);
	return version == SCHEMA_VERSION ||
	       fail(error, ERROR_INPUT, "%s has version %d, not %d", history->path, version, SCHEMA_VERSION);
}

struct history *history_open(const char *path, GError **error)
{
	struct history *history = g_new0(struct history, 1);
	g_autoptr(GError) cause = NULL;

	history->path = g_strdup(path);
	if (open_checked(history, &cause))
		return history;
	sqlite3_close(history->db);
	history->db = NULL;
	if (cause->code == ERROR_INPUT) {
		g_autofree char *aside =
			g_strdup_printf("%s.damaged-%" G_GINT64_FORMAT, path, clock_wall_us() / G_USEC_PER_SEC);
		g_autofree char *wal = g_strconcat(path, "-wal", NULL), *shm = g_strconcat(path, "-shm", NULL);
		log_warning("%s; it is kept as %s and a new history begins (no picture is concerned)", cause->message,
			aside);
		rename(path, aside);
		remove(wal);
		remove(shm);
		g_clear_error(&cause);
		if (open_checked(history, &cause))
			return history;
	}
	g_propagate_error(error, g_steal_pointer(&cause));
	history_close(history);
	return NULL;
}

struct history *history_open_again(const struct history *history, GError **error)
{
	struct history *again = g_new0(struct history, 1);

	again->path = g_strdup(history->path);
	if (connect(again, error) && run(again->db, "PRAGMA synchronous = NORMAL;", error))
		return again;
	history_close(again);
	return NULL;
}

void history_close(struct history *history)
{
	if (!history)
		return;
	sqlite3_close(history->db);
	g_free(history->path);
	g_free(history);
}

static bool finish(struct history *history, sqlite3_stmt *statement, GError **error)
{
	int code = sqlite3_step(statement);

	sqlite3_finalize(statement);
	return code == SQLITE_DONE || code == SQLITE_ROW ||
	       fail(error, ERROR_RETRY, "history: %s", sqlite3_errmsg(history->db));
}

static sqlite3_stmt *prepare(struct history *history, const char *sql, GError **error)
{
	sqlite3_stmt *statement = NULL;

	if (sqlite3_prepare_v2(history->db, sql, -1, &statement, NULL) != SQLITE_OK)
		fail(error, ERROR_RETRY, "history: %s", sqlite3_errmsg(history->db));
	return statement;
}

static void bind_text(sqlite3_stmt *statement, int index, const char *text)
{
	sqlite3_bind_text(statement, index, text, -1, SQLITE_TRANSIENT);
}

bool history_add(struct history *history, const struct history_job *job, GError **error)
{
	sqlite3_stmt *s = prepare(history, "INSERT OR REPLACE INTO job VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?)", error);

	if (!s)
		return false;
	bind_text(s, 1, job->id);
	bind_text(s, 2, job->pipeline);
	bind_text(s, 3, job->source);
	bind_text(s, 4, job->state);
	bind_text(s, 5, job->lane);
	bind_text(s, 6, job->error);
	sqlite3_bind_int(s, 7, job->width);
	sqlite3_bind_int(s, 8, job->height);
	sqlite3_bind_int(s, 9, job->tiles);
	sqlite3_bind_int(s, 10, job->attempts);
	sqlite3_bind_int64(s, 11, job->queued_wall_us);
	sqlite3_bind_int64(s, 12, job->started_wall_us);
	sqlite3_bind_int64(s, 13, job->finished_wall_us);
	bind_text(s, 14, job->outputs);
	return finish(history, s, error);
}

void history_recent(
	struct history *history, int limit, void (*each)(const struct history_job *job, void *user), void *user)
{
	sqlite3_stmt *s = prepare(history, "SELECT * FROM job ORDER BY finished DESC LIMIT ?", NULL);

	if (!s)
		return;
	sqlite3_bind_int(s, 1, limit);
	while (sqlite3_step(s) == SQLITE_ROW) {
		struct history_job job = {
			.id = (const char *)sqlite3_column_text(s, 0),
			.pipeline = (const char *)sqlite3_column_text(s, 1),
			.source = (const char *)sqlite3_column_text(s, 2),
			.state = (const char *)sqlite3_column_text(s, 3),
			.lane = (const char *)sqlite3_column_text(s, 4),
			.error = (const char *)sqlite3_column_text(s, 5),
			.width = sqlite3_column_int(s, 6),
			.height = sqlite3_column_int(s, 7),
			.tiles = sqlite3_column_int(s, 8),
			.attempts = sqlite3_column_int(s, 9),
			.queued_wall_us = sqlite3_column_int64(s, 10),
			.started_wall_us = sqlite3_column_int64(s, 11),
			.finished_wall_us = sqlite3_column_int64(s, 12),
			.outputs = (const char *)sqlite3_column_text(s, 13),
		};
		each(&job, user);
	}
	sqlite3_finalize(s);
}

gint64 history_count(struct history *history, const char *state)
{
	sqlite3_stmt *s = prepare(history, "SELECT count(*) FROM job WHERE state = ?", NULL);
	gint64 count = 0;

	if (!s)
		return 0;
	bind_text(s, 1, state);
	if (sqlite3_step(s) == SQLITE_ROW)
		count = sqlite3_column_int64(s, 0);
	sqlite3_finalize(s);
	return count;
}

bool history_owner(struct history *history, const char *path, char **owner, char **job)
{
	sqlite3_stmt *s = prepare(history, "SELECT owner, job FROM output WHERE path = ?", NULL);
	bool known = false;

	if (!s)
		return false;
	bind_text(s, 1, path);
	known = sqlite3_step(s) == SQLITE_ROW;
	if (known) {
		*owner = g_strdup((const char *)sqlite3_column_text(s, 0));
		*job = g_strdup((const char *)sqlite3_column_text(s, 1));
	}
	sqlite3_finalize(s);
	return known;
}

GPtrArray *history_places(struct history *history, const char *owner, const char *wished)
{
	sqlite3_stmt *s = prepare(
		history, "SELECT path FROM output WHERE owner = ? AND wished = ? ORDER BY length(path), path", NULL);
	GPtrArray *places = g_ptr_array_new_with_free_func(g_free);

	if (!s)
		return places;
	bind_text(s, 1, owner);
	bind_text(s, 2, wished);
	while (sqlite3_step(s) == SQLITE_ROW)
		g_ptr_array_add(places, g_strdup((const char *)sqlite3_column_text(s, 0)));
	sqlite3_finalize(s);
	return places;
}

bool history_own(struct history *history, const char *path, const char *owner, const char *wished, const char *job,
	GError **error)
{
	sqlite3_stmt *s = prepare(history, "INSERT OR REPLACE INTO output VALUES (?,?,?,?)", error);

	if (!s)
		return false;
	bind_text(s, 1, path);
	bind_text(s, 2, owner);
	bind_text(s, 3, wished);
	bind_text(s, 4, job);
	return finish(history, s, error);
}

void history_disown(struct history *history, const char *path)
{
	sqlite3_stmt *s = prepare(history, "DELETE FROM output WHERE path = ?", NULL);

	if (!s)
		return;
	bind_text(s, 1, path);
	finish(history, s, NULL);
}

gint64 history_number(struct history *history, const char *pipeline, const char *source, GError **error)
{
	/* One statement that gives a number and one that tells it: also right when another connection was faster. */
	sqlite3_stmt *s = prepare(history,
		"INSERT OR IGNORE INTO number SELECT ?1, ?2, 1 + ifnull(max(n), 0) FROM number WHERE pipeline = ?1",
		error);
	gint64 number = 0;

	if (!s)
		return 0;
	bind_text(s, 1, pipeline);
	bind_text(s, 2, source);
	if (!finish(history, s, error))
		return 0;
	s = prepare(history, "SELECT n FROM number WHERE pipeline = ? AND source = ?", error);
	if (!s)
		return 0;
	bind_text(s, 1, pipeline);
	bind_text(s, 2, source);
	if (sqlite3_step(s) == SQLITE_ROW)
		number = sqlite3_column_int64(s, 0);
	else
		fail(error, ERROR_RETRY, "history: %s", sqlite3_errmsg(history->db));
	sqlite3_finalize(s);
	return number;
}

bool history_keep(struct history *history, const char *key, GError **error)
{
	sqlite3_stmt *s = prepare(history, "INSERT OR REPLACE INTO kept VALUES (?)", error);

	if (!s)
		return false;
	bind_text(s, 1, key);
	return finish(history, s, error);
}

void history_kept(struct history *history, void (*each)(const char *key, void *user), void *user)
{
	sqlite3_stmt *s = prepare(history, "SELECT key FROM kept", NULL);

	while (s && sqlite3_step(s) == SQLITE_ROW)
		each((const char *)sqlite3_column_text(s, 0), user);
	sqlite3_finalize(s);
}

/* SPDX-License-Identifier: GPL-2.0-or-later
 * Finished jobs in SQLite: see history.h. */
#include "base/error.h"
#include "ledger/history_private.h"

/* Between two looks at how many jobs there are. */
#define PRUNE_EACH 128

void history_set_keep(struct history *history, gint64 jobs)
{
	history->keep = jobs;
	history->added = PRUNE_EACH; /* the bound may be lower than it was */
}

/* What goes is counted, so that totals stay what they are. */
static bool prune(struct history *history, GError **error)
{
	static const char *const statements[] = {
		"BEGIN IMMEDIATE",
		("INSERT INTO pruned SELECT state, count(*) FROM job WHERE seq <= (SELECT max(seq) FROM job) - ?"
		 " GROUP BY state ON CONFLICT (state) DO UPDATE SET n = n + excluded.n"),
		"DELETE FROM job WHERE seq <= (SELECT max(seq) FROM job) - ?",
		"COMMIT",
	};

	history->added = 0;
	for (gsize i = 0; i < G_N_ELEMENTS(statements); i++) {
		sqlite3_stmt *s = history_prepare(history, statements[i], error);
		if (s && sqlite3_bind_parameter_count(s))
			sqlite3_bind_int64(s, 1, history->keep);
		if (!s || !history_finish(history, s, error)) {
			sqlite3_exec(history->db, "ROLLBACK", NULL, NULL, NULL);
			return false;
		}
	}
	return true;
}

/* A line too many does no harm: what cannot be pruned now is at another time. */
static void prune_at_times(struct history *history)
{
	if (!history->grouped && history->keep > 0 && history->added >= PRUNE_EACH)
		prune(history, NULL);
}

bool history_begin(struct history *history, GError **error)
{
	sqlite3_stmt *s = history_prepare(history, "BEGIN IMMEDIATE", error);

	if (!s)
		return false;
	history_sync_fully(history, true);
	history->grouped = history_finish(history, s, error);
	if (!history->grouped)
		history_sync_fully(history, false);
	return history->grouped;
}

bool history_end(struct history *history, GError **error)
{
	/* Some errors undo all of a transaction at once. */
	bool whole = !sqlite3_get_autocommit(history->db) ||
		     fail(error, ERROR_RETRY, "%s: SQLite undid the transaction", history->store->path);
	sqlite3_stmt *s = whole ? history_prepare(history, "COMMIT", error) : NULL;
	bool done = s && history_finish(history, s, error);

	if (!done)
		sqlite3_exec(history->db, "ROLLBACK", NULL, NULL, NULL);
	history->grouped = false;
	history_sync_fully(history, false);
	prune_at_times(history);
	return done;
}

bool history_add(struct history *history, const struct history_job *job, GError **error)
{
	sqlite3_stmt *s = history_prepare(history,
		"INSERT OR REPLACE INTO job (id, pipeline, source, state, lane, error, width, height, tiles, attempts,"
		" queued, started, finished, outputs, bytes, out_bytes, seq)"
		" VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?, (SELECT 1 + ifnull(max(seq), 0) FROM job))",
		error);

	if (!s)
		return false;
	history_bind(s, 1, job->id);
	history_bind(s, 2, job->pipeline);
	history_bind(s, 3, job->source);
	history_bind(s, 4, job->state);
	history_bind(s, 5, job->lane);
	history_bind(s, 6, job->error);
	sqlite3_bind_int(s, 7, job->width);
	sqlite3_bind_int(s, 8, job->height);
	sqlite3_bind_int(s, 9, job->tiles);
	sqlite3_bind_int(s, 10, job->attempts);
	sqlite3_bind_int64(s, 11, job->queued_wall_us);
	sqlite3_bind_int64(s, 12, job->started_wall_us);
	sqlite3_bind_int64(s, 13, job->finished_wall_us);
	history_bind(s, 14, job->outputs);
	sqlite3_bind_int64(s, 15, job->bytes);
	sqlite3_bind_int64(s, 16, job->out_bytes);
	if (!history_finish_on_disk(history, s, error))
		return false;
	history->added++;
	prune_at_times(history);
	return true;
}

void history_recent(
	struct history *history, int limit, void (*each)(const struct history_job *job, void *user), void *user)
{
	history_find(history, &(struct history_choice){0}, 0, limit, each, user);
}

gint64 history_count(struct history *history, const char *state)
{
	sqlite3_stmt *s = history_prepare(history,
		"SELECT (SELECT count(*) FROM job WHERE state = ?1) + ifnull((SELECT n FROM pruned WHERE state = ?1), 0)",
		NULL);
	gint64 count = 0;

	if (!s)
		return 0;
	history_bind(s, 1, state);
	if (history_row(history, s, NULL))
		count = sqlite3_column_int64(s, 0);
	sqlite3_finalize(s);
	return count;
}

void history_count_pipelines(struct history *history,
	void (*each)(const char *pipeline, guint64 done, guint64 failed, void *user), void *user)
{
	sqlite3_stmt *s = history_prepare(history,
		"SELECT pipeline, sum(state = 'done'), sum(state = 'failed') FROM job GROUP BY pipeline", NULL);

	while (s && history_row(history, s, NULL))
		each((const char *)sqlite3_column_text(s, 0), (guint64)sqlite3_column_int64(s, 1),
			(guint64)sqlite3_column_int64(s, 2), user);
	sqlite3_finalize(s);
}

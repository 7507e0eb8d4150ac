/* SPDX-License-Identifier: GPL-2.0-or-later
 * Finished jobs in SQLite, page by page: see history.h. */
#include "ledger/history.h"

#include <string.h>

#include "base/error.h"
#include "ledger/statement.h"

#define COLUMNS                                                                                                         \
	"id, pipeline, source, state, lane, error, width, height, tiles, attempts, queued, started, finished, outputs," \
	" bytes, out_bytes, original, timeline, hash, (SELECT shown FROM chain WHERE chain.hash = job.hash)"

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

/* contains(text, folded_part): LIKE knows the cases of ASCII only. */
static void contains(sqlite3_context *context, int count, sqlite3_value **values)
{
	const char *text = (const char *)sqlite3_value_text(values[0]);
	const char *part = (const char *)sqlite3_value_text(values[1]);

	(void)count;
	if (!text || !part) {
		sqlite3_result_int(context, 0);
		return;
	}
	g_autofree char *valid = g_utf8_make_valid(text, -1);
	g_autofree char *folded = g_utf8_casefold(valid, -1);
	sqlite3_result_int(context, strstr(folded, part) != NULL);
}

static const char *text_at(sqlite3_stmt *s, int column)
{
	return (const char *)sqlite3_column_text(s, column);
}

static struct history_job read_job(sqlite3_stmt *s)
{
	return (struct history_job){
		.id = text_at(s, 0),
		.pipeline = text_at(s, 1),
		.source = text_at(s, 2),
		.state = text_at(s, 3),
		.lane = text_at(s, 4),
		.error = text_at(s, 5),
		.width = sqlite3_column_int(s, 6),
		.height = sqlite3_column_int(s, 7),
		.tiles = sqlite3_column_int(s, 8),
		.attempts = sqlite3_column_int(s, 9),
		.queued_wall_us = sqlite3_column_int64(s, 10),
		.started_wall_us = sqlite3_column_int64(s, 11),
		.finished_wall_us = sqlite3_column_int64(s, 12),
		.outputs = text_at(s, 13),
		.bytes = sqlite3_column_int64(s, 14),
		.out_bytes = sqlite3_column_int64(s, 15),
		.original = text_at(s, 16),
		.timeline = text_at(s, 17),
		.hash = text_at(s, 18),
		.chain = text_at(s, 19),
	};
}

static bool given(const char *text)
{
	return text && *text;
}

/* SELECT what FROM job WHERE ...; values are bound, never written in. */
static sqlite3_stmt *choose(
	struct history *history, const char *what, const struct history_choice *choice, const char *tail)
{
	g_autoptr(GString) sql = g_string_new(NULL);
	int number = 0;

	g_string_printf(sql, "SELECT %s FROM job WHERE 1", what);
	g_string_append(sql, given(choice->state) ? " AND state = ?" : "");
	g_string_append(sql, given(choice->pipeline) ? " AND pipeline = ?" : "");
	g_string_append(sql, given(choice->text) ? " AND (contains(source, ?) OR contains(id, ?))" : "");
	for (char **id = choice->but; id && *id; id++)
		g_string_append(sql, id == choice->but ? " AND id NOT IN (?" : ",?");
	g_string_append(sql, choice->but && *choice->but ? ")" : "");
	g_string_append(sql, tail);
	sqlite3_stmt *s = history_prepare(history, "SELECT 1", NULL); /* opens it again when that is needed */
	sqlite3_finalize(s);
	if (!s || !history->db)
		return NULL;
	if (given(choice->text))
		sqlite3_create_function(
			history->db, "contains", 2, SQLITE_UTF8 | SQLITE_DETERMINISTIC, NULL, contains, NULL, NULL);
	s = history_prepare(history, sql->str, NULL);
	if (!s)
		return NULL;
	if (given(choice->state))
		history_bind(s, ++number, choice->state);
	if (given(choice->pipeline))
		history_bind(s, ++number, choice->pipeline);
	for (int i = 0; given(choice->text) && i < 2; i++)
		history_bind(s, ++number, choice->text);
	for (char **id = choice->but; id && *id; id++)
		history_bind(s, ++number, *id);
	return s;
}

bool history_find(struct history *history, const struct history_choice *choice, gint64 offset, int limit,
	void (*each)(const struct history_job *job, void *user), void *user)
{
	sqlite3_stmt *s = choose(history, COLUMNS, choice, " ORDER BY seq DESC LIMIT ? OFFSET ?");

	if (!s)
		return false;
	int count = sqlite3_bind_parameter_count(s);
	sqlite3_bind_int(s, count - 1, limit);
	sqlite3_bind_int64(s, count, offset);
	while (history_row(history, s, NULL)) {
		struct history_job job = read_job(s);
		each(&job, user);
	}
	sqlite3_finalize(s);
	return true;
}

gint64 history_matching(struct history *history, const struct history_choice *choice)
{
	sqlite3_stmt *s = choose(history, "count(*)", choice, "");
	gint64 count = -1;

	if (s && history_row(history, s, NULL))
		count = sqlite3_column_int64(s, 0);
	sqlite3_finalize(s);
	return count;
}

void history_one(
	struct history *history, const char *id, void (*each)(const struct history_job *job, void *user), void *user)
{
	sqlite3_stmt *s = history_prepare(history, "SELECT " COLUMNS " FROM job WHERE id = ?", NULL);

	if (!s)
		return;
	history_bind(s, 1, id);
	if (history_row(history, s, NULL)) {
		struct history_job job = read_job(s);
		each(&job, user);
	}
	sqlite3_finalize(s);
}

bool history_since(
	struct history *history, gint64 wall_us, void (*each)(const struct history_job *job, void *user), void *user)
{
	sqlite3_stmt *s = history_prepare(history,
		"SELECT state, width, height, queued, finished, bytes, out_bytes FROM job WHERE finished > ?", NULL);

	if (!s)
		return false;
	sqlite3_bind_int64(s, 1, wall_us);
	while (history_row(history, s, NULL)) {
		struct history_job job = {
			.state = text_at(s, 0),
			.width = sqlite3_column_int(s, 1),
			.height = sqlite3_column_int(s, 2),
			.queued_wall_us = sqlite3_column_int64(s, 3),
			.finished_wall_us = sqlite3_column_int64(s, 4),
			.bytes = sqlite3_column_int64(s, 5),
			.out_bytes = sqlite3_column_int64(s, 6),
		};
		each(&job, user);
	}
	sqlite3_finalize(s);
	return true;
}

/* Kept once for each version of a definition, and for good: there are as many as somebody has written. */
static void keep_chain(struct history *history, const char *hash, const char *chain)
{
	sqlite3_stmt *s =
		hash && chain
			? history_prepare(history,
				  "INSERT INTO chain VALUES (?1, ?2) ON CONFLICT DO UPDATE SET shown = ?2 WHERE shown <> ?2",
				  NULL)
			: NULL;

	if (!s)
		return;
	history_bind(s, 1, hash);
	history_bind(s, 2, chain);
	history_finish(history, s, NULL);
}

void history_tell(struct history *history, const char *id, const struct history_story *story)
{
	sqlite3_stmt *s =
		history_prepare(history, "UPDATE job SET original = ?, timeline = ?, hash = ? WHERE id = ?", NULL);

	if (!s)
		return;
	history_bind(s, 1, story->original);
	history_bind(s, 2, story->timeline);
	history_bind(s, 3, story->hash);
	history_bind(s, 4, id);
	history_finish(history, s, NULL);
	keep_chain(history, story->hash, story->chain);
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

/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   finished jobs in history.db, newest first, page by page.
 * Thread:    see database.h.
 * Ownership: records passed in are borrowed.
 */
#pragma once

#include "ledger/database.h"

struct history_job {
	const char *id, *pipeline, *source, *state, *lane, *error; /* error may be NULL */
	int width, height, tiles, attempts;
	gint64 queued_wall_us, started_wall_us, finished_wall_us;
	gint64 bytes, out_bytes; /* of the original; of all outputs. 0: not known */
	/* Read only; see history_tell(). NULL: not known. */
	const char *original, *timeline, *hash, *chain;
	const char *outputs; /* JSON array of {"path", "bytes", "width", "height", "skipped", "note"} */
};

/* At most about so many finished jobs are kept, the newest; 0: all. They still count. */
void history_set_keep(struct history *history, gint64 jobs);
/* All statements between the two are one transaction: on disk when history_end() is true, else undone. history_end() follows
 * each history_begin() that was true. What fails in between undoes itself, and the others only when history_end() says so. */
bool history_begin(struct history *history, GError **error);
bool history_end(struct history *history, GError **error);
/* Alone: on disk when this returns true. */
bool history_add(struct history *history, const struct history_job *job, GError **error);
/* Newest first, at most limit; the record is valid during the call. */
void history_recent(
	struct history *history, int limit, void (*each)(const struct history_job *job, void *user), void *user);
/* What the page tells of a job besides, once it is over; any may be NULL. What cannot be written is lost. */
struct history_story {
	const char *original, *timeline;
	const char *hash, *chain; /* of its definition, and what that does; see pipeline_show() */
};
void history_tell(struct history *history, const char *id, const struct history_story *story);

/* Which finished jobs: NULL and "" do not choose. text: a part of the source's name or the id, case folded. but: ids to leave out. */
struct history_choice {
	const char *state, *pipeline, *text;
	char **but;
};
/* Newest first, from the offset-th on. False: they cannot be read now. */
bool history_find(struct history *history, const struct history_choice *choice, gint64 offset, int limit,
	void (*each)(const struct history_job *job, void *user), void *user);
gint64 history_matching(struct history *history, const struct history_choice *choice); /* -1: cannot be read */
/* One by its id; each is not called when there is none. */
void history_one(
	struct history *history, const char *id, void (*each)(const struct history_job *job, void *user), void *user);
/* Those that ended after this moment, in no order; without texts but the state. */
bool history_since(
	struct history *history, gint64 wall_us, void (*each)(const struct history_job *job, void *user), void *user);
/* How many jobs ended so, those that are not kept any more included. */
gint64 history_count(struct history *history, const char *state);
/* The same by pipeline, of the jobs that are remembered. */
void history_count_pipelines(struct history *history,
	void (*each)(const char *pipeline, guint64 done, guint64 failed, void *user), void *user);

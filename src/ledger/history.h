/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   finished jobs, and the ledger of which source owns which output file. SQLite; losing it loses history,
 *            never a picture.
 * Thread:    one thread at a time; the master opens it on its loop and then uses it on its commit thread only. Others open it again.
 * Ownership: history_close(). Records passed in are borrowed.
 */
#ifndef DROPMILL_LEDGER_HISTORY_H
#define DROPMILL_LEDGER_HISTORY_H

#include <glib.h>
#include <stdbool.h>

#include "base/auto.h"
#include "base/disk/stamp.h"

/* How the error of a locked database ends. */
#define HISTORY_LOCKED "is locked by another program"

struct history;

struct history_job {
	const char *id, *pipeline, *source, *state, *lane, *error; /* error may be NULL */
	int width, height, tiles, attempts;
	gint64 queued_wall_us, started_wall_us, finished_wall_us;
	gint64 bytes, out_bytes; /* of the original; of all outputs. 0: not known */
	/* Read only; see history_tell(). NULL: not known. */
	const char *original, *timeline, *hash, *chain;
	const char *outputs; /* JSON array of {"path", "bytes", "width", "height", "skipped", "note"} */
};

/* Opens or makes the database. A file that is damaged, cannot be written or is of a newer version is renamed to
 * NAME.damaged-TIME. The log says so, and a new file gets what can be read of it. The same happens later, if the file
 * turns out damaged or disappears. Error: ERROR_RETRY, what may pass: it is locked by another program, the disk is
 * full. */
struct history *history_open(const char *path, GError **error);
/* The same, but an existing file is renamed in any case: why is logged. */
struct history *history_open_anew(const char *path, const char *why, GError **error);
/* True once for each time that a database was begun, new or instead of another: what it should know has to be learnt again. */
bool history_began(struct history *history);
/* A second connection to the same database, for another thread. */
struct history *history_open_again(const struct history *history, GError **error);
void history_close(struct history *history); /* NULL is fine */
DEFINE_AUTO(history, history_close)

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

/* The ledger: which original ("pipeline/relative source") owns which output, under which name it was wished, which job wrote it last, and what it
 * was then. Paths are below the output folder, which may be moved. owner is NULL when no original owns the path; job may be NULL. Strings
 * are owned. All errors are ERROR_RETRY: not to know is not the same as to know that there is none. */
struct history_output {
	char *owner, *job;
	struct stamp stamp;  /* of the newest that was reported; it may not have got its name */
	struct stamp before; /* of the one that it was to replace */
};
bool history_owner(struct history *history, const char *path, struct history_output *output, GError **error);
void history_output_clear(struct history_output *output);
/* The paths that this original got where it wished this one, shortest first. Returns owned, possibly empty; NULL on error. */
GPtrArray *history_places(struct history *history, const char *owner, const char *wished, GError **error);
/* Do the outputs that are written down from here on carry a mark (output_xattr.h)? One without needs its line on disk before it gets its name. */
void history_have_marks(struct history *history, bool marked);
bool history_own(struct history *history, const char *path, const char *owner, const char *wished, const char *job,
	const struct stamp *stamp, GError **error);
/* A ledger of an older version has absolute paths: those below out become relative. */
bool history_relocate(struct history *history, const char *out, GError **error);

void history_disown(struct history *history, const char *path);

/* The number of an original among those of its pipeline: the one it has, or the next, from 1. On disk when this returns; 0 on error. */
gint64 history_number(struct history *history, const char *pipeline, const char *source, GError **error);

/* One that it had before, unless it has another by now. */
bool history_set_number(
	struct history *history, const char *pipeline, const char *source, gint64 number, GError **error);

/* Originals that stay in their inbox (master/commit/kept_originals.h), by owner. */
struct history_original {
	const char *owner;
	struct stamp stamp;
	gint64 ctime_ns;  /* 0: not known yet */
	const char *hash; /* SHA-256, hexadecimal; NULL: not known yet */
};
bool history_keep(struct history *history, const struct history_original *original, GError **error);
bool history_unkeep(struct history *history, const char *owner, GError **error);
void history_kept(
	struct history *history, void (*each)(const struct history_original *original, void *user), void *user);
/* Keys by device and inode, of an older version. */
void history_kept_keys(struct history *history, void (*each)(const char *key, void *user), void *user);
bool history_unkeep_key(struct history *history, const char *key, GError **error);

#endif

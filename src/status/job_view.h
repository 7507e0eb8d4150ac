/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   a job as the page shows it: its numbers, outputs, tile map and timeline. What is large is shared between snapshots as long as
 *            nothing in it changed: whole views, pieces of the tile map, entries of the timeline.
 * Thread:    immutable once a snapshot holds it; reference counted, so any thread may.
 * Ownership: job_view_ref(), job_view_unref(); everything inside belongs to it.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "base/auto.h"
#include "base/job_timings.h"

enum job_state { JOB_QUEUED, JOB_RUNNING, JOB_DONE, JOB_FAILED, JOB_STATE_COUNT };
extern const char *const job_state_names[JOB_STATE_COUNT + 1]; /* ended by NULL */
static inline const char *job_state_name(enum job_state state)
{
	return job_state_names[state];
}

/* What happens to a tile, as people see it. */
enum tile_shown { SHOWN_WAITING, SHOWN_READY, SHOWN_RUNNING, SHOWN_DONE, SHOWN_FAILED, TILE_SHOWN_COUNT };
extern const char *const tile_shown_names[TILE_SHOWN_COUNT + 1]; /* ended by NULL */
static inline const char *tile_shown_name(enum tile_shown state)
{
	return tile_shown_names[state];
}

struct tile_view {
	guint64 changed;                      /* sequence of the first snapshot that shows it so */
	char *worker;                         /* GRefString: who has it or made it; NULL: nobody yet */
	int output, left, top, width, height; /* width 0: not known yet */
	int attempt;
	float seconds; /* that it took there; 0: not done */
	enum tile_shown state;
};

/* Tiles of one run, in pieces that snapshots share. */
#define TILES_PIECE 256
struct tile_piece {
	gint ref_count;
	guint count;
	struct tile_view tiles[]; /* TILES_PIECE, or the rest */
};
struct tiles_view {
	gint ref_count;
	guint32 run;
	guint total, count; /* count: how many are listed */
	guint done;
	struct tile_piece *pieces[]; /* (count + TILES_PIECE - 1) / TILES_PIECE */
};
struct tiles_view *tiles_view_ref(struct tiles_view *tiles);
void tiles_view_unref(struct tiles_view *tiles); /* NULL is fine */
DEFINE_AUTO(tiles_view, tiles_view_unref)
static inline const struct tile_view *tiles_view_at(const struct tiles_view *tiles, guint index)
{
	return &tiles->pieces[index / TILES_PIECE]->tiles[index % TILES_PIECE];
}

enum timeline_kind {
	TIMELINE_DROPPED,
	TIMELINE_CLAIMED,
	TIMELINE_STARTED,
	TIMELINE_PLANNED,
	TIMELINE_RETRIED,
	TIMELINE_REISSUED,
	TIMELINE_WORKER_LOST,
	TIMELINE_WAITING,
	TIMELINE_RESTARTED,
	TIMELINE_LANE,
	TIMELINE_FAILED,
	TIMELINE_COMMITTED,
	TIMELINE_ARCHIVED,
	TIMELINE_DONE,
	TIMELINE_KIND_COUNT
};
extern const char *const timeline_kind_names[TIMELINE_KIND_COUNT + 1]; /* ended by NULL */
static inline const char *timeline_kind_name(enum timeline_kind kind)
{
	return timeline_kind_names[kind];
}

struct timeline_entry { /* g_atomic_rc_box */
	gint64 wall_us;
	enum timeline_kind kind;
	int tile;     /* -1: none */
	char *worker; /* NULL: none */
	char *text;
};

struct output_view {
	char *path; /* absolute; only for serving the file */
	char *name; /* as shown: below the out folder, valid UTF-8 */
	gint64 bytes;
	int width, height;
	char *type; /* MIME type */
	char *note; /* why it has not the name that its template says, or was skipped; NULL */
	bool skipped;
	bool pending; /* not there yet: planned */
	int number;   /* among its pipeline's outputs, of which a condition may have left some out; -1: not known */
};

struct tile_counts {
	int total, done, running;
	int failed; /* tries that failed in this run */
};

/* What is done for a job now, and why it stands. */
struct now_view {
	const char *doing; /* in a few words; static; NULL: it is over */
	char *waiting_for; /* why it stands; NULL: it does not, or is over */
	gint64 retry_us;   /* clock_now_us() when it is tried again; 0: that depends on something else */
	gint64 eta_us;     /* clock_now_us() when it should be done; 0: not known */
	int workers;       /* that hold a piece of it */
};

struct times_view {
	gint64 queued_wall_us, started_wall_us, finished_wall_us; /* 0: not yet */
	struct spent *spent; /* by its last run; NULL: not known. Not compared: it changes with the tiles */
};

struct job_view {
	gint ref_count;
	guint64 changed; /* sequence of the first snapshot that shows it so */
	char *id;
	char *pipeline;
	char *source; /* as shown: relative name, valid UTF-8 */
	enum job_state state;
	bool tiled;
	int width, height; /* of the source; 0: not known yet */
	struct tile_counts counts;
	int attempt;
	gint64 bytes;       /* of the original; 0: not known */
	char *original;     /* absolute; only for serving the file; NULL: gone */
	GPtrArray *outputs; /* struct output_view */
	char *error;        /* NULL when none */
	struct now_view now;
	struct times_view times;
	struct tiles_view *tiles; /* NULL: none, or no longer known */
	GPtrArray *timeline;      /* struct timeline_entry, oldest first; NULL: not known */
	char *hash;               /* of its pipeline; NULL: not known */
	char *chain; /* GRefString, JSON: what its pipeline does, for people; see pipeline_show(). NULL: not known */
};

/* With one reference, and no outputs yet. */
struct job_view *job_view_new(void);
/* With one reference; shares what is shared. */
struct job_view *job_view_copy(const struct job_view *from);
struct job_view *job_view_ref(struct job_view *view);
void job_view_unref(struct job_view *view); /* NULL is fine */
DEFINE_AUTO(job_view, job_view_unref)
void output_view_free(struct output_view *view);

/* Whether both say the same, leaving aside since when. */
bool job_view_equal(const struct job_view *a, const struct job_view *b);

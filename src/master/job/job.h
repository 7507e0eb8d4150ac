/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   struct job, one dropped picture on its way, and struct tile, one task of it. A whole job is a job of one tile.
 * Thread:    the master's loop, which owns every job.
 * Ownership: job_free(); the claim and the pipeline belong to the job.
 */
#ifndef DROPMILL_MASTER_JOB_JOB_H
#define DROPMILL_MASTER_JOB_JOB_H

#include <json-glib/json-glib.h>

#include "base/disk/shared_memory.h"
#include "base/job_timings.h"
#include "bus/protocol/wire.h"
#include "definition/pipeline.h"
#include "master/inbox/claim.h"
#include "master/job/drop.h"
#include "master/job/job_course.h"
#include "master/policy/poison_task.h"
#include "status/snapshot.h"

struct lease;
struct codec_link;
struct master;

enum tile_state { TILE_WAITING, TILE_READY, TILE_LEASED, TILE_DONE };

struct tile {
	int output;
	struct rect out, need;
	enum tile_state state;
	guint attempt;  /* of the latest lease, from 1 */
	guint reissued; /* of these, how many were given out because another was late */
	struct poison_count poison;
	struct lease *lease; /* TILE_LEASED: who has it, and how; see workers.h */
	struct lease *extra; /* who has it as well, since that one is late; NULL: nobody */
	char *who;           /* GRefString: who has it, or had it last, or made it; NULL: nobody yet */
	gint64 took_us;      /* TILE_DONE: computing, as its worker says */
	bool failed;         /* it is what the job failed of */
};

/* Rows of a ring in the segment. */
struct ring_place {
	gsize offset, stride;
	int rows, pixel_bytes;
};

/* left, top, width, height as a rectangle; false when it is none, or a row of it does not lie in a row of the ring. */
bool ring_place_rect(const struct ring_place *ring, const gint64 edges[4], struct rect *rect);
/* Where in the segment this pixel lies. */
gsize ring_place_at(const struct ring_place *ring, int left, int y);

struct job {
	struct master *master; /* whose loop owns it */
	char *id;              /* GRefString */
	char *source;          /* as shown */
	char *owner;           /* see job_owner() */
	struct drop *drop;     /* what other threads know of it; NULL: none was asked yet; see job_drop() */
	char *hash;            /* see struct found, and the next */
	gint64 number;
	struct claim *claim;
	struct pipeline *pipeline;
	bool loose;           /* `once`: the original is no claim and stays where it is */
	struct course course; /* run_effects() alone writes it */
	enum lane lane;
	bool sent_as_file;    /* its file, which could be cut, goes to one worker: see policy/placement.h */
	int threads;          /* whole: of the worker that has it; 0: one */
	char *waiting_for;    /* the fault; NULL: none */
	char *undelivered;    /* why a task of this run did not reach the broker; NULL: all did */
	guint undelivered_at; /* how many were done then: one more, and it has passed */
	gint64 send_after_us; /* until then none is given out */
	int width, height;
	struct codec_link *codec;
	gint64 codec_us; /* last word to it or from it */
	struct segment *segment;
	JsonObject *spec;   /* what tasks carry, without the segment's path */
	char *spec_text[2]; /* by plane */
	JsonObject
		*profile; /* the picture's own, as an asset (see definition/reader/assets.h); NULL: workers need none */
	struct ring_place ring;
	GArray *rings; /* struct ring_place, by output */
	struct tile *tiles;
	guint tile_count, done, leased;
	guint held; /* tiles that are done, while another worker may still write where they lie */
	struct tile_timing
		*timings; /* how long tiles took in this run, by output, see tile_timing.h; NULL: none came back yet */
	GPtrArray *failure_votes; /* struct failure_vote, see failure_votes.h; NULL: none */
	GQueue ready;             /* tile numbers (GUINT_TO_POINTER) in the order they became ready */
	GPtrArray *outputs;       /* struct job_output */
	char *error;
	enum error_shown error_kind; /* of a job that failed */
	/* The pipeline's shown and hash, where conditions left steps out or some are implied: those are marked, and named behind a slash; NULL:
	 * neither. */
	char *own_shown, *own_hash;
	struct spent *spent; /* by this run; NULL: there was none yet */
	gint64 began_us;     /* this run */
	gint64 phase_us;     /* when its codec was started, then when its commit began */
	/* What the page shows; see view.c. */
	struct job_view *view;    /* as last shown; NULL: never */
	struct tiles_view *shown; /* the map as last shown; outlives the run */
	GPtrArray *timeline;      /* struct timeline_entry; see job_note() */
	guint failed_tries;       /* of tiles, in this run */
	gint64 first_sent_us;     /* when this run's first tile went out; 0: none did */
	gint64 eta_us;            /* clock_now_us() when the last tile should be done; 0: not known */
	gint64 queued_us, queued_wall_us, started_wall_us, finished_wall_us;
};

/* Takes the claim, references the pipeline. */
struct job *job_new(struct claim *claim, struct pipeline *pipeline);
void job_free(struct job *job);
DEFINE_AUTO(job, job_free)

/* The original as the ledger knows it: "pipeline/relative"; of a loose one its path. Borrowed. */
const char *job_owner(const struct job *job);
/* A loose original: no claim, it stays where it is. */
void job_set_loose(struct job *job);

/* What other threads may know of it, made when it is asked for first. Borrowed. */
struct drop *job_drop(struct job *job);
/* What another thread found out, in place of what the job had. */
void job_take_found(struct job *job, struct found *found /* takes */);

/* Names where this run's outputs are made. Temp names carry the run, so that a late writer of an earlier one hits nothing. */
void job_name_temps(struct job *job);
void job_remove_temps(const struct job *job);
/* Every output is skipped: nothing is to be done. */
bool job_all_skipped(const struct job *job);

/* What is to be done, for a codec or a worker: path, steps, outputs, limits, names. */
void job_describe(const struct job *job, JsonObject *object);

/* As it is shown. */
enum job_state job_state(const struct job *job);

/* Forgets a run: tiles, spec, rings, segment and codec must have been let go by the caller. */
void job_reset(struct job *job);

/* By its number among the pipeline's outputs; NULL: its condition left it out, or there is none. */
struct job_output *job_output_of(const struct job *job, gint64 number);

/* The output that an entry of a report speaks of: by its number, or where it has none by its place in the list of those that are made. */
struct job_output *job_reported_output(const struct job *job, JsonObject *entry, guint place);

/* Forgets the outputs of this run with these numbers: their conditions did not hold. skipped may be NULL. */
void job_skip_outputs(struct job *job, JsonArray *skipped);

/* What this run does of its pipeline, for people: the "left_out" and "skipped" of a report or a plan, and the "implied" of its outputs. Call it
 * after job_skip_outputs(). outputs may be NULL. */
void job_show_run(struct job *job, JsonObject *report, JsonArray *outputs);
/* The run's tiles are as many as this, all waiting. */
void job_set_tiles(struct job *job, guint count);

/* Reads the codec's plan: rings and spec. False when it is malformed. */
bool job_read_plan(struct job *job, JsonObject *plan, GError **error);

/* What a whole task carries. huge_pixels: from which size the worker is to hand the job back; 0: never. */
void job_make_whole_spec(struct job *job, gint64 huge_pixels);

/* The text of the spec on this plane; made once. Borrowed. */
const char *job_spec(struct job *job, enum plane plane);

/* One more thing happened to it. tile: -1 for none; worker: NULL for none. */
void job_note(struct job *job, enum timeline_kind kind, int tile, const char *worker, const char *format, ...)
	G_GNUC_PRINTF(5, 6);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   struct job, one dropped picture on its way. Its parts: course, plan, work, times, page.
 * Thread:    the master's loop, which owns every job.
 * Ownership: job_free(); the claim and the pipeline belong to the job.
 */
#pragma once

#include <json-glib/json-glib.h>

#include "base/disk/shared_memory.h"
#include "base/job_timings.h"
#include "bus/protocol/wire.h"
#include "definition/pipeline.h"
#include "master/inbox/claim.h"
#include "master/job/drop.h"
#include "master/job/job_course.h"
#include "master/job/plan.h"
#include "master/job/tile.h"
#include "status/snapshot.h"

struct codec_link;
struct master;

/* When what happened; 0: not yet. */
struct job_times {
	gint64 queued_us, queued_wall_us, started_wall_us, finished_wall_us;
	gint64 began_us;     /* this run */
	gint64 phase_us;     /* when its codec was started, then when its commit began */
	gint64 codec_us;     /* last word to its codec or from it */
	struct spent *spent; /* by this run; NULL: there was none yet */
};

/* What the page shows; see report/view_job.c. */
struct job_page {
	struct job_view *view;    /* as last shown; NULL: never */
	struct tiles_view *tiles; /* the map as last shown; outlives the run */
	GPtrArray *timeline;      /* struct timeline_entry; see job_note() */
	char *waiting_for;        /* the fault; NULL: none */
};

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
	bool loose;           /* `once`: the original is not claimed and stays where it is */
	struct course course; /* run_effects() alone writes it */
	struct job_plan plan;
	struct job_work work;
	struct codec_link *codec;
	struct segment *segment;
	GPtrArray *outputs; /* struct job_output */
	char *error;
	enum error_shown error_kind; /* of a job that failed */
	struct job_times times;
	struct job_page page;
};

/* Takes the claim, references the pipeline. */
struct job *job_new(struct claim *claim, struct pipeline *pipeline);
void job_free(struct job *job);
DEFINE_AUTO(job, job_free)

/* The original as the ledger knows it: "pipeline/relative"; of a loose one its path. Borrowed. */
const char *job_owner(const struct job *job);
/* A loose original: no claim, it stays where it is. */
void job_set_loose(struct job *job);

/* What other threads may know of it, made at the first call. Borrowed. */
struct drop *job_drop(struct job *job);
/* What another thread found out, in place of what the job had. */
void job_take_found(struct job *job, struct found *found /* takes */);

/* Names where this run's outputs are made. Temp names carry the run, so that a late writer of an earlier one hits nothing. */
void job_name_temps(struct job *job);
void job_remove_temps(const struct job *job);
/* Every output is skipped: nothing is to be done. */
bool job_all_skipped(const struct job *job);

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

/* The run's tiles are as many as this, all waiting. */
void job_set_tiles(struct job *job, guint count);

/* One more thing happened to it. tile: -1 for none; worker: NULL for none. */
void job_note(struct job *job, enum timeline_kind kind, int tile, const char *worker, const char *format, ...)
	G_GNUC_PRINTF(5, 6);

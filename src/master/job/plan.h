/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   struct job_plan, how a run does its work: its lane, the rows in shared memory, and what its tasks say.
 * Thread:    the master's loop. Ownership: the job's; job_reset() forgets it.
 */
#pragma once

#include <json-glib/json-glib.h>

#include "bus/protocol/wire.h"
#include "master/job/job_course.h"

struct job;

/* Rows of a ring in the segment. */
struct ring_place {
	gsize offset, stride;
	int rows, pixel_bytes;
};

/* left, top, width, height as a rectangle; false when it is none, or a row of it does not lie in a row of the ring. */
bool ring_place_rect(const struct ring_place *ring, const gint64 edges[4], struct rect *rect);
/* Where in the segment this pixel lies. */
gsize ring_place_at(const struct ring_place *ring, int left, int y);

struct job_plan {
	enum lane lane;
	bool sent_as_file; /* its file, which could be cut, goes to one worker: see policy/placement.h */
	int threads;       /* whole: of the worker that has it; 0: one */
	char *group; /* tiled: the workers that may have its tiles, see fleet/worker_groups.h; a GRefString. NULL: those that rule */
	int width, height;
	JsonObject *spec;   /* what tasks carry, without the segment's path */
	char *spec_text[2]; /* by plane */
	JsonObject
		*profile; /* the picture's own, as an asset (see definition/reader/assets.h); NULL: workers need none */
	struct ring_place ring;
	GArray *rings; /* struct ring_place, by output */
	/* The pipeline's shown and hash, where conditions left steps out or some are implied: those are marked, and named behind a slash; NULL:
	 * neither. */
	char *shown, *hash;
};

/* What is to be done, for a codec or a worker: path, steps, outputs, limits, names. */
void job_describe(const struct job *job, JsonObject *object);

/* What this run does of its pipeline, for people: the "left_out" and "skipped" of a report or a plan, and the "implied" of its outputs. Call it
 * after job_skip_outputs(). outputs may be NULL. */
void job_show_run(struct job *job, JsonObject *report, JsonArray *outputs);
/* Reads the codec's plan: rings and spec. False when it is malformed. */
bool job_read_plan(struct job *job, JsonObject *plan, GError **error);

/* What a whole task carries. huge_pixels: from which size the worker is to hand the job back; 0: never. */
void job_make_whole_spec(struct job *job, gint64 huge_pixels);

/* The text of the spec on this plane; made once. Borrowed. */
const char *job_spec(struct job *job, enum plane plane);

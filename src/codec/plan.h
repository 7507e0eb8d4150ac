/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   the facts before the first pixel of a tiled job is decoded: how each output is cut, which source pixels
 *            each tile needs (asked of libvips with a recording source), in which order tiles go out, how many rows the
 *            rings hold. Or that the job is better run whole, and why.
 * Thread:    made on the codec's main thread, read-only afterwards.
 * Ownership: plan_free().
 */
#pragma once

#include <json-glib/json-glib.h>
#include <stdbool.h>
#include <vips/vips.h>

#include "base/auto.h"
#include "image/chain/grid.h"

struct plan_tile {
	int output;
	VipsRect out;  /* in the output's pixels */
	VipsRect need; /* in the source's pixels */
};

/* A ring of rows in the segment: row y lies at offset + (y % rows) * stride. */
struct ring {
	gsize offset, stride;
	int rows;
};

struct plan_output {
	struct grid grid;
	VipsImage *image; /* the chain's result on the opened file: header and metadata; no pixel of it is ever asked */
	char *format;
	JsonObject *save;
	JsonArray *steps; /* its own, and what plan_settle() adds */
	unsigned implied; /* see format_implied() */
	struct ring ring;
	int first_tile; /* its tiles are first_tile .. first_tile + grid_tiles - 1 */
};

struct plan {
	char *path;        /* of the source */
	VipsImage *source; /* opened, sequential */
	JsonArray *steps;  /* common ones */
	JsonObject *names; /* see struct build_context; NULL: none */
	struct ring ring;
	bool streams;         /* run whole, it would be read once, top to bottom, and never be in memory as a whole */
	int most_needed_rows; /* of the source at once: from the lowest that is still needed to a tile's last one */
	bool spool;           /* the source ring holds the whole picture and does not fit into the memory budget */
	GArray *tiles;        /* struct plan_tile */
	GArray *order;        /* int: tiles in the order they are given out */
	GArray *low;          /* int: low[i] is the lowest source row that tiles order[i..] need */
	GPtrArray *outputs;   /* struct plan_output: those that are made */
	JsonArray *skipped;   /* numbers in the request of those that are not, because of their conditions */
	JsonArray *
		left_out; /* [output, step] of steps that are not done, because of their conditions; see chain_tell_left_out() */
	GBytes *profile; /* the picture's, where workers need it; NULL: they do not */
	gsize segment_bytes;
	char *whole; /* why the job is better run whole; NULL: it is tiled */
	bool always; /* so is every other picture of this chain */
};

/* request: the master's "plan" message. Errors: ERROR_INPUT with the reason. Returns owned. */
struct plan *plan_make(JsonObject *request, GError **error);
void plan_free(struct plan *plan); /* NULL is fine */
DEFINE_AUTO(plan, plan_free)

static inline const struct plan_tile *plan_tile(const struct plan *plan, int index)
{
	return &g_array_index(plan->tiles, struct plan_tile, index);
}

/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   how long the tiles of a job take, measured, and what follows for those that are out: when a worker should be through with what
 *            it holds, and from when on a tile is late. Like is compared with like: tiles of one output of one run.
 *            A tile's time runs from when its worker began with it (its answer before, or the sending) to its answer, and is never less
 *            than what the worker says it computed: answers come in heaps, and only the first one of a heap has waited.
 * Thread:    the master's loop.
 * Ownership: the numbers are the job's and the worker's; gone with them.
 */
#ifndef DROPMILL_MASTER_FLEET_TILE_TIMING_H
#define DROPMILL_MASTER_FLEET_TILE_TIMING_H

#include "master/fleet/workers.h"

/* The latest ones are kept. */
#define TILE_TIMING_KEPT 63
/* Fewer measurements tell nothing. */
#define TILE_TIMING_LEAST 2

struct tile_timing {
	gint64 us[TILE_TIMING_KEPT];
	guint count;    /* ever */
	guint computed; /* at this count, these were true: */
	gint64 median_us, late_us;
};

/* A tile was answered: it counts for its like, and for the worker's slowness. compute_us: as the worker says. worker may be NULL. */
void tile_timing_answered(struct job *job, guint tile, struct worker *worker, gint64 sent_us, gint64 compute_us);
/* The median of the tile's like; 0: not known yet. */
gint64 tile_timing_usual_us(const struct job *job, guint tile);
/* Who takes longer than this for it is late: three times the median, or what is far out in the distribution (six median deviations) where
 * times vary more; twice that as long as few are measured. 0: not known yet. */
gint64 tile_timing_late_us(const struct job *job, guint tile);
/* Usual for this worker, by how slow it was so far. */
gint64 tile_timing_own_us(const struct worker *worker, gint64 usual_us);

/* For how long it has been at the first of its tasks. */
gint64 tile_timing_since_us(const struct worker *worker, gint64 now_us);
/* In how long it should have answered everything up to this lease; NULL: all. Of one that takes longer than usual nothing is known but
 * that: it is expected to take as long again. unit_us: for a task of weight 1 of which nothing else is known. */
gint64 tile_timing_until_us(const struct worker *worker, const struct lease *last, gint64 unit_us, gint64 now_us);
/* It was found to be at a tile for so long: it is at least so slow. */
void tile_timing_found_late(struct worker *worker, gint64 since_us, gint64 usual_us);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   how long the tiles of a job take, and what follows for those that are out: when a worker should be through with what it holds, and
 *            from when on a tile is late. Like is compared with like: tiles of one output of one run.
 * Thread:    any. Ownership: none.
 */
#pragma once

#include <glib.h>

/* The latest ones are kept. */
#define TILE_TIMING_KEPT 63

struct tile_timing {
	gint64 us[TILE_TIMING_KEPT];
	guint count; /* ever */
	/* The median, and from when on a tile is late: three times the median, or what is far out in the distribution (six median deviations)
	 * where times vary more. Twice that as long as few are measured. 0: too few to tell. */
	gint64 usual_us, late_us;
};

void tile_timing_add(struct tile_timing *timing, gint64 us);
/* A tile's time runs from when its worker began with it (its answer before, or the sending) to its answer. It is never less than what the worker
 * says it computed: answers come in heaps, and only the first one of a heap has waited. */
gint64 tile_time_us(gint64 sent_us, gint64 answered_us, gint64 compute_us, gint64 now_us);

/* A worker's slowness: its time for a tile in times of what is usual for its like, smoothed; at first 1. */
double slowness_after(double slowness, gint64 us, gint64 usual_us);
/* It has been at one tile for since_us: it is at least that slow. */
double slowness_at_least(double slowness, gint64 since_us, gint64 usual_us);
gint64 slowness_own_us(double slowness, gint64 usual_us);

/* What a worker has to do, in the order given to it. */
struct backlog {
	gint64 first_us, sum_us;
};
void backlog_add(struct backlog *backlog, gint64 us);
/* The time until it should have answered all of it, when it has been at the first task for since_us. A task that takes longer than usual is
 * expected to take as long again. */
gint64 backlog_until_us(const struct backlog *backlog, gint64 since_us);

/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   how long the tiles of a job take and how fast its workers are, measured: gathers the values of policy/tile_timing.h.
 * Thread:    the master's loop.
 * Ownership: the numbers are the job's and the worker's; gone with them.
 */
#pragma once

#include "master/fleet/workers.h"
#include "master/policy/tile_timing.h"

/* A tile was answered: it counts for its like, and for the worker's slowness. compute_us: as the worker says. worker may be NULL. */
void worker_timing_answered(struct job *job, guint tile, struct worker *worker, gint64 sent_us, gint64 compute_us);
/* The times of tiles like this one. Borrowed, never NULL. */
const struct tile_timing *worker_timing_of(const struct job *job, guint tile);
/* For how long it has been at the first of its tasks. */
gint64 worker_timing_since_us(const struct worker *worker, gint64 now_us);
/* In how long it should have answered everything up to this lease; NULL: all. unit_us: for a task of weight 1 of which nothing else is known. */
gint64 worker_timing_until_us(const struct worker *worker, const struct lease *last, gint64 unit_us, gint64 now_us);

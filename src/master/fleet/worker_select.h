/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   which worker gets a task: gathers the values of policy/worker_select.h.
 * Thread:    the master's loop.
 * Ownership: none.
 */
#pragma once

#include "master/config/options.h"
#include "master/fleet/workers.h"
#include "master/policy/worker_select.h"

/* Counts the members of each group of image code, and settles which one gets new pictures. Before tasks are given out. */
void workers_regroup(struct workers *workers);
/* Why none of them may get a task of this job (NULL: any), for people; static. NULL: one may. */
const char *workers_obstacle(struct workers *workers, const struct job *job);
/* The worker that should get this task, of this weight and size. job NULL: any task. NULL: none. */
struct worker *worker_select(struct workers *workers, const struct job *job, guint tile, int weight, gsize bytes,
	int window, gsize window_bytes);
/* The tiles of this job that nobody has yet are fewer than what the workers could take at once. */
bool workers_end_job(struct workers *workers, const struct job *job, int weight, int window);
/* It could be given a late worker's tile as well. */
bool worker_may_help(const struct worker *worker, const struct job *job, guint tile);
/* Is there one that has not failed it? */
bool workers_elsewhere(struct workers *workers, const struct job *job, guint tile);
/* Would this worker's tiles lie in memory that it shares with the master? */
bool worker_shares(const struct worker *worker, const struct options *options);
/* How many live workers that is true of. */
guint workers_sharing(struct workers *workers, const struct options *options);

/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   finds tasks that kill their workers, hang, or make their codec hang: acts on what policy/poison_task.h decides.
 * Thread:    the master's loop. Ownership: the job's, unless said otherwise.
 */
#pragma once

#include "master/fleet/workers.h"

struct master;

/* A worker died, or fell silent: the task that it had in hand is suspected, and its job fails when it was so often enough. */
void poison_task_worker_gone(struct master *master, struct worker *worker, bool dead);
/* True: its task is in hand for longer than its pipeline allows. The job fails then, and the worker is replaced. */
bool poison_task_stop(struct master *master, struct worker *worker);
/* Fails this job when its codec must answer and takes longer than its pipeline allows. */
void poison_task_stop_codec(const struct job *job);

/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   finds tasks that kill their workers, hang, or make their codec hang: acts on what policy/poison_task.h decides.
 * Thread:    the master's loop. Ownership: the job's, unless said otherwise.
 */
#ifndef DROPMILL_MASTER_SCHEDULE_POISON_TASK_H
#define DROPMILL_MASTER_SCHEDULE_POISON_TASK_H

#include "master/fleet/workers.h"

struct master;

/* A worker died, or fell silent: the task that it had in hand is suspected, and its job fails when it was so often enough. */
void poison_task_worker_gone(struct master *master, struct worker *worker, bool dead);
/* The clock: tasks and codecs that take longer than their pipeline allows. */
void poison_task_tick(struct master *master);

#endif

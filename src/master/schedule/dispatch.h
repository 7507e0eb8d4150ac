/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   gives ready tasks to workers that have room, and takes back those of workers that are gone.
 * Thread:    the master's loop. Ownership: the job's, unless said otherwise.
 */
#ifndef DROPMILL_MASTER_SCHEDULE_DISPATCH_H
#define DROPMILL_MASTER_SCHEDULE_DISPATCH_H

#include "master/fleet/workers.h"
#include "master/job/job.h"
#include "master/link/link.h"

struct master;

/* Why a job starts over: memory that it was lent cannot be used again, and nobody knows for how long. */
#define SILENT_HOLDER "a silent worker holds a piece of it"
/* Gives out what is ready to whoever has room. */
void dispatch(struct master *master);
/* A leased tile becomes ready again, unless another worker also has it. The caller made sure that this lease's worker cannot harm: dead, fenced,
 * or answered. The lease is gone then. */
void dispatch_take_back(struct master *master, struct lease *lease, const char *why);
/* The same of a lease whose task, or whose answer, was lost. It is counted: a task that is lost again and again starts the job over, and in the end
 * fails it. */
void dispatch_lost(struct master *master, struct lease *lease, const char *why);
/* May this lease go to another although its worker was not heard to be dead? */
bool dispatch_fenced(const struct lease *lease);
void dispatch_worker_gone(struct worker *worker, bool dead, void *user);
void dispatch_worker_changed(struct worker *worker, void *user);
/* Of struct link: back: the broker was down, and is up. */
void dispatch_broker_changed(bool back, void *user);
/* The clock: leases that were lost on the way, tasks that hang. */
void dispatch_tick(struct master *master);
/* To the dead-letter topic: a task that nobody shall try again. */
void dispatch_dead_letter(struct link *link, const struct job *job, guint tile, const char *reason);

#endif

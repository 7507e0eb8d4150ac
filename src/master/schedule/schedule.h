/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   the top of the room. Files below it post events of jobs (job_events.h); this one has them run, and then gives out work.
 * Thread:    the master's loop. Ownership: none.
 */
#pragma once

#include "master/fleet/workers.h"

/* Runs what was posted, starts jobs that have room and gives out tasks, until nothing is left to do. */
void schedule_run(struct master *master);
/* The loop does so by itself from now on, before anything else, after each turn in which something was posted or wanted. */
void schedule_attach(struct master *master);

/* Of struct workers_events. */
void schedule_worker_gone(struct worker *worker, bool dead, void *user);
void schedule_worker_changed(struct worker *worker, void *user);
bool schedule_results_unread(void *user);
/* Of struct link: back: the broker was down, and is up. */
void schedule_broker_changed(bool back, void *user);
/* The clock: leases that were lost on the way, tasks that hang, jobs whose pause is over. */
void schedule_tick(struct master *master);

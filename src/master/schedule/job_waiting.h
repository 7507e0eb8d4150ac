/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   jobs and files that wait for something to pass.
 * Thread:    the master's loop. Ownership: the job's, unless said otherwise.
 */
#pragma once

#include "master/job/job.h"
#include "master/state/job_events.h"

struct master;

/* A task did not reach the broker: its job's tasks are given out again after a pause, and the page shows why. Nothing is counted. */
void jobs_undelivered(struct master *master, struct job *job, const char *why);
/* Back to its inbox, now or as soon as that can be. */
void jobs_give_back(struct master *master, struct claim *claim /* takes */);

job_effect_fn effect_set_timer, effect_say_name_taken, effect_say_waiting, effect_say_waited;

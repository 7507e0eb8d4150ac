/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   what the commit thread answered, and the end of a job.
 * Thread:    the master's loop. Ownership: the job's, unless said otherwise.
 */
#pragma once

#include "master/commit/commit.h"
#include "master/state/job_events.h"

struct master;

void jobs_committed(struct commit_request *request, void *user);

/* After these the job is gone. */
job_effect_fn effect_finish, effect_give_back;

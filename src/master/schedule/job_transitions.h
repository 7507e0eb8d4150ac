/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   how a job's run ends.
 * Thread:    the master's loop. Ownership: the job's, unless said otherwise.
 */
#pragma once

#include "master/commit/commit.h"
#include "master/job/job.h"
#include "master/state/job_events.h"

struct master;

/* With copies of all that the commit thread needs. */
void jobs_ask_commit(struct committer *committer, struct job *job, enum commit_kind kind);
/* Lets go of a run's codec, segment and leases. */
void jobs_stop_run(struct master *master, struct job *job);
/* At the end of the process: a file given by hand leaves no temp files (a claim's are swept at the next start). */
void jobs_abandon(struct master *master, struct job *job);

job_effect_fn effect_hand_in, effect_stop_run, effect_remove_temps, effect_ask_commit, effect_say_lane,
	effect_say_restart, effect_say_bad, effect_say_given_up;

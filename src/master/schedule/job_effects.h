/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   what each effect of a job's course does: these alone touch the bus, the codec, the committer and the view for it. job_events.c
 *            has their table, and runs them.
 * Thread:    the master's loop.
 * Ownership: the event is borrowed.
 */
#ifndef DROPMILL_MASTER_SCHEDULE_JOB_EFFECTS_H
#define DROPMILL_MASTER_SCHEDULE_JOB_EFFECTS_H

#include "master/job/job.h"

typedef void job_effect_fn(struct master *master, struct job *job, const struct job_event *event);

/* job_start.c */
job_effect_fn effect_begin_run, effect_ask_names, effect_ask_plan, effect_offer_whole;
/* job_transitions.c */
job_effect_fn effect_hand_in, effect_stop_run, effect_remove_temps, effect_ask_commit, effect_say_lane,
	effect_say_restart, effect_say_bad, effect_say_given_up;
/* job_end.c. After these the job is gone. */
job_effect_fn effect_finish, effect_give_back;
/* job_waiting.c */
job_effect_fn effect_set_timer, effect_say_name_taken, effect_say_waiting, effect_say_waited;

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later
 * Events up, effects down: see run_effects.h. */
#include "master/schedule/run_effects.h"

#include "base/clock.h"
#include "master/report/view.h"
#include "master/schedule/job_end.h"
#include "master/schedule/job_start.h"
#include "master/schedule/job_transitions.h"
#include "master/schedule/job_waiting.h"
#include "master/state/state.h"

static void leave_list(struct queue *queue, struct job *job, enum job_list list)
{
	if (list == LIST_QUEUE)
		g_queue_remove(&queue->queued, job);
	else if (list == LIST_RUNNING)
		g_ptr_array_remove_fast(queue->running, job);
}

static void enter_list(struct queue *queue, struct job *job, enum job_list list)
{
	if (list == LIST_QUEUE)
		queue_add(queue, job);
	else if (list == LIST_RUNNING)
		g_ptr_array_add(queue->running, job);
}

static void enter_state(struct stats *stats, struct job *job, enum job_state left, enum job_state state)
{
	if (left != JOB_STATE_COUNT)
		stats->jobs_by_state[left]--;
	if (state != JOB_STATE_COUNT)
		stats->jobs_by_state[state]++;
	if (state == JOB_RUNNING && !job->times.started_wall_us)
		job->times.started_wall_us = clock_wall_us();
	if (state == JOB_DONE || state == JOB_FAILED)
		job->times.finished_wall_us = clock_wall_us();
}

/* The only writer of a job's course. */
static void enter(struct master *master, struct job *job, const struct course *course)
{
	const struct phase_facts *was = phase_facts(job->course.phase), *is = phase_facts(course->phase);

	if (job->course.stuck != course->stuck)
		queue_count_stuck(&master->queue, job, course->stuck);
	if (was->list != is->list)
		leave_list(&master->queue, job, was->list);
	job->course = *course;
	if (was->list != is->list)
		enter_list(&master->queue, job, is->list);
	if (was->state != is->state)
		enter_state(&master->stats, job, was->state, is->state);
}

static void make_room(struct master *master, struct job *job, const struct job_event *event)
{
	(void)job; /* it may be gone */
	(void)event;
	master->events.wanted = true;
	if (master->room_hook)
		master->room_hook(master);
}

static job_effect_fn *const effects[EFFECT_COUNT] = {
	[EFFECT_BEGIN_RUN] = effect_begin_run,
	[EFFECT_ASK_NAMES] = effect_ask_names,
	[EFFECT_ASK_PLAN] = effect_ask_plan,
	[EFFECT_OFFER_WHOLE] = effect_offer_whole,
	[EFFECT_RENEW] = effect_renew,
	[EFFECT_ASK_COMMIT] = effect_ask_commit,
	[EFFECT_SET_TIMER] = effect_set_timer,
	[EFFECT_HAND_IN] = effect_hand_in,
	[EFFECT_STOP_RUN] = effect_stop_run,
	[EFFECT_REMOVE_TEMPS] = effect_remove_temps,
	[EFFECT_SAY_LANE] = effect_say_lane,
	[EFFECT_SAY_RESTART] = effect_say_restart,
	[EFFECT_SAY_NAME_TAKEN] = effect_say_name_taken,
	[EFFECT_SAY_WAITING] = effect_say_waiting,
	[EFFECT_SAY_WAITED] = effect_say_waited,
	[EFFECT_SAY_BAD] = effect_say_bad,
	[EFFECT_SAY_GIVEN_UP] = effect_say_given_up,
	[EFFECT_FINISH] = effect_finish,
	[EFFECT_GIVE_BACK] = effect_give_back,
	[EFFECT_START_OTHERS] = make_room,
};

void run_effects(struct master *master)
{
	struct posted_event *next;

	while ((next = job_events_take(&master->events))) {
		auto_struct(posted_event) posted = next;
		struct job *job = queue_find(&master->queue, posted->job);
		struct job_step step = {.taken = false};
		if (job)
			step = job_step(&job->course, &posted->event);
		if (!step.taken)
			continue;
		enter(master, job, &step.course);
		for (guint i = 0; i < EFFECTS_MOST && step.effects[i] != EFFECT_NONE; i++)
			effects[step.effects[i]](master, job, &posted->event);
		view_changed(&master->report);
	}
}

/* SPDX-License-Identifier: GPL-2.0-or-later
 * How a job ends: see job_end.h. */
#include "master/schedule/job_end.h"

#include "base/display.h"
#include "base/error.h"
#include "base/json.h"
#include "base/log.h"
#include "base/terminal.h"
#include "master/report/view_job.h"
#include "master/report/view_pipeline.h"
#include "master/schedule/job_waiting.h"
#include "master/state/job_events.h"
#include "master/state/state.h"
#include "status/timeline.h"

/* What the page tells of it, for the history. */
static void tell_story(struct committer *committer, const struct job *job)
{
	struct commit_request *request = g_new0(struct commit_request, 1);

	request->kind = COMMIT_STORY;
	request->story[0] = g_strdup(job->id);
	request->story[1] = g_strdup(job->loose ? NULL : job->claim->left_at);
	request->story[2] = timeline_to_text(job->page.timeline);
	request->story[3] = g_strdup(job->plan.hash ? job->plan.hash : job->pipeline->hash);
	request->story[4] = g_strdup(job->plan.shown ? job->plan.shown : job->pipeline->shown);
	committer_add(committer, request);
}

/* They wait for a name that is free now. */
static void wake_waiters(struct master *master, const GPtrArray *ids)
{
	for (guint i = 0; ids && i < ids->len; i++) {
		struct job *waiter = queue_find(&master->queue, ids->pdata[i]);
		if (waiter)
			job_happens(waiter, (struct job_event){.kind = EVENT_NAME_FREE});
	}
	master->events.wanted |= ids && ids->len;
}

/* What the commit thread did. */
static void note_end(struct job *job, enum job_state state)
{
	const struct claim *claim = job->claim;

	for (guint i = 0; state == JOB_DONE && i < job->outputs->len; i++) {
		const struct job_output *output = g_ptr_array_index(job->outputs, i);
		g_autofree char *name = output->final ? display_name(output->final) : NULL;
		if (output->committed && name)
			job_note(job, TIMELINE_COMMITTED, -1, NULL, "%s is on disk", name);
	}
	if (claim->left_at) {
		g_autofree char *place = display_name(claim->left_at);
		job_note(job, TIMELINE_ARCHIVED, -1, NULL, "the original lies in %s", place);
	} else if (!job->loose) {
		job_note(job, TIMELINE_ARCHIVED, -1, NULL, "the original was deleted");
	}
	if (state == JOB_DONE)
		job_note(job, TIMELINE_DONE, -1, NULL, "done");
}

/* The next picture of this name may begin. */
static void forget(struct queue *queue, struct job *job)
{
	if (g_hash_table_lookup(queue->sources, job_owner(job)) == job)
		g_hash_table_remove(queue->sources, job_owner(job));
}

static void note_spent(struct job *job, enum job_state state, gint64 now)
{
	if (state == JOB_DONE)
		spent_add(job->times.spent, SPENT_COMMIT_US, now - job->times.phase_us);
	spent_add(job->times.spent, SPENT_TOTAL_US, now - job->times.queued_us);
	g_autoptr(JsonObject) object = spent_object(job->times.spent);
	g_autofree char *text = json_object_text(object);
	log_debug("%s spent: %s", job->id, text);
}

/* The times that the page shows: from the start to the end, and before that in the queue. */
static void say_done(const struct job *job)
{
	double took = (double)(job->times.finished_wall_us - job->times.started_wall_us) / G_USEC_PER_SEC;
	double waited = (double)(job->times.started_wall_us - job->times.queued_wall_us) / G_USEC_PER_SEC;
	g_autofree char *wait = waited >= 0.1 ? g_strdup_printf(", waited %.3f s", waited) : g_strdup("");

	log_info("%s/%s done in %.3f s (%s%s%s)", job->pipeline->name, job->source, MAX(took, 0),
		job->plan.lane == LANE_TILED ? "tiled" : "whole", wait,
		job->course.runs > 1 ? ", not at the first try" : "");
}

/* Metadata that is in the original, and in no output of a format that does not hold it. */
static void say_lost(const struct settings *settings, const struct job *job)
{
	for (guint i = 0; i < job->outputs->len; i++) {
		const struct job_output *output = g_ptr_array_index(job->outputs, i);
		if (!output->lost || !output->final)
			continue;
		g_autofree char *name = g_path_get_basename(output->final);
		g_autofree char *shown = display_name(name);
		if (settings->once)
			terminal_say("%s: %s: %s", job->source, shown, output->lost);
		else
			log_info("%s/%s: %s: %s", job->pipeline->name, job->source, shown, output->lost);
	}
}

/* What it took, so that the faster way is known: see policy/placement.h. */
static void learn_placement(struct queue *queue, struct workers *workers, const struct job *job, gint64 now_us)
{
	const gint64 *spent = job->times.spent ? job->times.spent->of : NULL;

	if (!spent || !job->times.began_us || (!job->plan.sent_as_file && job->plan.lane != LANE_TILED))
		return;
	const struct placement_run run = {
		.sent = job->plan.sent_as_file,
		.clean = !job->work.failed_tries && spent[SPENT_PACKED],
		.pixels = (gint64)job->plan.width * job->plan.height,
		.took_us = now_us - job->times.began_us,
		.decode_us = spent[SPENT_DECODE_CPU_US],
		.cpu_us = spent[SPENT_DECODE_CPU_US] + spent[SPENT_COMPUTE_CPU_US] + spent[SPENT_ENCODE_CPU_US],
		.threads = workers_idle_neighbours(workers),
	};
	struct placement_times *times = queue_placement_times(queue, job);

	*times = placement_learn(*times, &run);
}

void effect_finish(struct master *master, struct job *job, const struct job_event *event)
{
	enum job_state state = job_state(job);

	effect_say_waited(master, job, event);
	forget(&master->queue, job);
	note_end(job, state);
	if (state == JOB_DONE && job_all_skipped(job))
		log_info("%s/%s done: nothing to do", job->pipeline->name, job->source);
	else if (state == JOB_DONE)
		say_done(job);
	if (state == JOB_DONE)
		say_lost(&master->settings, job);
	note_spent(job, state, event->now_us);
	view_remember(&master->report, job);
	if (!master->settings.once)
		tell_story(master->committer, job);
	view_tally(&master->report, job);
	if (state == JOB_DONE)
		learn_placement(&master->queue, master->fleet.workers, job, event->now_us);
	if (state == JOB_FAILED)
		master->stats.errors[job->error_kind]++;
	g_hash_table_remove(master->queue.jobs, job->id);
	if (master->finished_hook)
		master->finished_hook(master, job);
	job_free(job);
}

/* Somebody still writes to it. Back to the inbox, where it settles again. */
void effect_give_back(struct master *master, struct job *job, const struct job_event *event)
{
	log_warning("%s/%s changed while it was processed; it is taken again when it is quiet", job->pipeline->name,
		job->source);
	effect_say_waited(master, job, event);
	job_remove_temps(job);
	forget(&master->queue, job);
	g_hash_table_remove(master->queue.jobs, job->id);
	jobs_give_back(master, g_steal_pointer(&job->claim));
	job_free(job);
}

static enum job_event_kind commit_event(const struct commit_request *request)
{
	if (request->ok)
		return EVENT_COMMITTED;
	if (request->refused)
		return EVENT_COMMIT_REFUSED;
	if (request->changed)
		return EVENT_COMMIT_CHANGED;
	if (request->lost)
		return error_kind(request->error) == ERROR_RETRY ? EVENT_COMMIT_SPOILT : EVENT_COMMIT_LOST;
	return EVENT_COMMIT_TROUBLE;
}

static void take_answer(struct master *master, struct commit_request *request)
{
	struct job *job = queue_find(&master->queue, request->drop->id);
	struct job_event event = {
		.kind = commit_event(request),
		.ticket = request->found->ticket,
		.why = request->error ? request->error->message : NULL,
	};

	if (!job || event.ticket != job->course.ticket)
		return;
	event.kind_of_error = event.kind == EVENT_COMMIT_LOST ? SHOWN_RETRIES : SHOWN_INPUT;
	job_take_found(job, g_steal_pointer(&request->found));
	g_free(job->claim->left_at);
	job->claim->left_at = g_steal_pointer(&request->claim->left_at);
	job_happens(job, event);
}

void jobs_committed(struct commit_request *request, void *user)
{
	struct master *master = user;

	take_answer(master, request);
	wake_waiters(master, request->next);
}

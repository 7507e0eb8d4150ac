/* SPDX-License-Identifier: GPL-2.0-or-later
 * How a job's run ends: well, badly, or in another one: see schedule_private.h. */
#include <string.h>

#include "base/clock.h"
#include "base/disk/files.h"
#include "base/disk/folder.h"
#include "base/error.h"
#include "base/json.h"
#include "base/log.h"
#include "base/terminal.h"
#include "master/fleet/failure_votes.h"
#include "master/schedule/placement.h"
#include "master/schedule/schedule_private.h"
#include "status/tile_map.h"

void jobs_stop_run(struct master *master, struct job *job)
{
	bool tainted = job->held > 0;

	for (guint i = 0; job->leased && i < job->tile_count; i++) {
		struct tile *tile = &job->tiles[i];
		while (tile->lease) {
			tainted |= !dispatch_fenced(tile->lease);
			if (job->lane == LANE_WHOLE)
				worker_will_litter(tile->lease);
			lease_end(tile->lease);
		}
	}
	view_show_tiles(master, job);
	codec_link_free(g_steal_pointer(&job->codec));
	segments_give_back(master->segments, g_steal_pointer(&job->segment), tainted);
	job_reset(job);
}

void jobs_abandon(struct master *master, struct job *job)
{
	jobs_stop_run(master, job);
	if (job->loose)
		job_remove_temps(job);
}

void jobs_back_to_queue(struct master *master, struct job *job)
{
	jobs_stop_run(master, job);
	job_remove_temps(job);
	g_ptr_array_remove_fast(master->running, job);
	jobs_enqueue(master, job);
	view_changed(master);
	/* A mill that is draining leaves it claimed, for the next start. */
	master_check_drained(master);
}

/* Again at once, in the other lane: no fault of anybody's. */
static void change_lane(struct master *master, struct job *job, bool tiled, const char *why)
{
	log_info("%s/%s runs %s: %s", job->pipeline->name, job->source, tiled ? "tiled" : "whole", why);
	job_note(job, TIMELINE_LANE, -1, NULL, "runs %s: %s", tiled ? "tiled" : "whole", why);
	job->runs--; /* nothing was tried in vain */
	job->must_be_tiled = tiled;
	job->must_be_whole = !tiled;
	jobs_back_to_queue(master, job);
	jobs_start(master);
}

void jobs_run_whole(struct master *master, struct job *job, const char *why)
{
	change_lane(master, job, false, why);
}

void jobs_run_tiled(struct master *master, struct job *job)
{
	change_lane(master, job, true, "a large picture");
}

void jobs_start_over(struct master *master, struct job *job, const char *why)
{
	if (++job->faults >= job->pipeline->attempts) {
		g_autofree char *reason = g_strdup_printf(
			"given up after %u %s: %s", job->faults, job->faults == 1 ? "try" : "tries", why);
		job->error_kind = SHOWN_RETRIES;
		jobs_fail(master, job, reason);
		return;
	}
	job_note(job, TIMELINE_RESTARTED, -1, NULL, "%s", why);
	log_warning("%s/%s: %s; it starts over", job->pipeline->name, job->source, why);
	jobs_back_to_queue(master, job);
	jobs_start(master);
}

void jobs_ask_commit(struct master *master, struct job *job, enum commit_kind kind)
{
	struct commit_request *request = g_new0(struct commit_request, 1);

	*request = (struct commit_request){
		.kind = kind,
		.drop = drop_ref(job_drop(job)),
		.claim = claim_copy(job->claim),
		.found = found_new(job->outputs, job->hash, job->number),
		.failure = g_strdup(job->error),
		.tiled = job->lane == LANE_TILED,
		.width = job->width,
		.height = job->height,
		.tiles = job->tile_count,
		.runs = job->runs,
		.started_wall_us = job->started_wall_us,
		.tries = job->commit_tries,
	};
	committer_add(master->committer, request);
}

/* What the page tells of it, for the history. */
static void tell_story(struct master *master, const struct job *job)
{
	struct commit_request *request = g_new0(struct commit_request, 1);

	request->kind = COMMIT_STORY;
	request->story[0] = g_strdup(job->id);
	request->story[1] = g_strdup(job->loose ? NULL : job->claim->left_at);
	request->story[2] = timeline_to_text(job->timeline);
	request->story[3] = g_strdup(job->own_hash ? job->own_hash : job->pipeline->hash);
	request->story[4] = g_strdup(job->own_shown ? job->own_shown : job->pipeline->shown);
	committer_add(master->committer, request);
}

void jobs_fail(struct master *master, struct job *job, const char *reason)
{
	if (job->committing)
		return;
	accuse_absolve(job);
	jobs_stop_run(master, job);
	g_free(job->error);
	job->error = g_utf8_make_valid(reason, -1);
	if (job->error_kind == SHOWN_INPUT && strstr(reason, "limits:"))
		job->error_kind = SHOWN_LIMIT;
	job_note(job, TIMELINE_FAILED, -1, NULL, "%s", job->error);
	log_warning("%s/%s failed: %s", job->pipeline->name, job->source, job->error);
	job->committing = true;
	jobs_ask_commit(master, job, COMMIT_FAILURE);
	view_changed(master);
}

void jobs_commit(struct master *master, struct job *job)
{
	jobs_waits_no_more(master, job);
	view_show_tiles(master, job);
	/* Nothing is out any more: every tile was answered, if perhaps not by everybody who has it. */
	codec_link_free(g_steal_pointer(&job->codec));
	if (job->lane == LANE_TILED)
		jobs_have_spare_codec(master);
	segments_give_back(master->segments, g_steal_pointer(&job->segment), job->leased > 0 || job->held > 0);
	job->phase_us = clock_now_us();
	job->committing = true;
	jobs_ask_commit(master, job, COMMIT_OUTPUTS);
}

/* The oldest that waits for one of its names may have it now. */
static void wake_waiter(struct master *master, const struct job *job)
{
	for (GList *link = master->queue.head; link; link = link->next) {
		struct job *waiter = link->data;
		for (guint i = 0; waiter->waits_for && i < job->outputs->len; i++)
			if (g_strcmp0(((struct job_output *)g_ptr_array_index(job->outputs, i))->final,
				    waiter->waits_for) == 0) {
				waiter->not_before_us = 0;
				return;
			}
	}
}

/* What the commit thread did. */
static void note_end(struct job *job, enum job_state state)
{
	const struct claim *claim = job->claim;

	for (guint i = 0; state == JOB_DONE && i < job->outputs->len; i++) {
		const struct job_output *output = g_ptr_array_index(job->outputs, i);
		g_autofree char *name = output->final ? files_display(output->final) : NULL;
		if (output->committed && name)
			job_note(job, TIMELINE_COMMITTED, -1, NULL, "%s is on disk", name);
	}
	if (claim->left_at) {
		g_autofree char *place = files_display(claim->left_at);
		job_note(job, TIMELINE_ARCHIVED, -1, NULL, "the original lies in %s", place);
	} else if (!job->loose) {
		job_note(job, TIMELINE_ARCHIVED, -1, NULL, "the original was deleted");
	}
	if (state == JOB_DONE)
		job_note(job, TIMELINE_DONE, -1, NULL, "done");
}

/* The next picture of this name may begin. */
static void forget(struct master *master, struct job *job)
{
	if (g_hash_table_lookup(master->sources, job_owner(job)) == job)
		g_hash_table_remove(master->sources, job_owner(job));
}

static void note_spent(struct job *job, enum job_state state, gint64 now)
{
	if (state == JOB_DONE)
		spent_add(job->spent, SPENT_COMMIT_US, now - job->phase_us);
	spent_add(job->spent, SPENT_TOTAL_US, now - job->queued_us);
	g_autoptr(JsonObject) object = spent_object(job->spent);
	g_autofree char *text = json_object_text(object);
	log_debug("%s spent: %s", job->id, text);
}

/* The times that the page shows: from the start to the end, and before that in the queue. */
static void say_done(const struct job *job)
{
	double took = (double)(job->finished_wall_us - job->started_wall_us) / G_USEC_PER_SEC;
	double waited = (double)(job->started_wall_us - job->queued_wall_us) / G_USEC_PER_SEC;
	g_autofree char *wait = waited >= 0.1 ? g_strdup_printf(", waited %.3f s", waited) : g_strdup("");

	log_info("%s/%s done in %.3f s (%s%s%s)", job->pipeline->name, job->source, MAX(took, 0),
		job->lane == LANE_TILED ? "tiled" : "whole", wait, job->runs > 1 ? ", not at the first try" : "");
}

/* Metadata that is in the original, and in no output of a format that does not hold it. */
static void say_lost(const struct master *master, const struct job *job)
{
	for (guint i = 0; i < job->outputs->len; i++) {
		const struct job_output *output = g_ptr_array_index(job->outputs, i);
		if (!output->lost || !output->final)
			continue;
		g_autofree char *name = g_path_get_basename(output->final);
		g_autofree char *shown = files_display(name);
		if (master->once)
			terminal_say("%s: %s: %s", job->source, shown, output->lost);
		else
			log_info("%s/%s: %s: %s", job->pipeline->name, job->source, shown, output->lost);
	}
}

static void finish(struct master *master, struct job *job, enum job_state state)
{
	gint64 now = clock_now_us();

	job_set_state(job, state, master->counts);
	jobs_waits_no_more(master, job);
	jobs_set_stuck(master, job, false);
	forget(master, job);
	note_end(job, state);
	if (state == JOB_DONE && job_all_skipped(job))
		log_info("%s/%s done: nothing to do", job->pipeline->name, job->source);
	else if (state == JOB_DONE)
		say_done(job);
	if (state == JOB_DONE)
		say_lost(master, job);
	note_spent(job, state, now);
	view_remember(master, job);
	if (!master->once)
		tell_story(master, job);
	view_tally(master, job);
	if (state == JOB_DONE)
		far_measured(master, job);
	if (state == JOB_FAILED)
		master->errors[job->error_kind]++;
	g_ptr_array_remove_fast(master->running, job);
	g_hash_table_remove(master->jobs, job->id);
	if (master->finished_hook)
		master->finished_hook(master, job);
	job_reset(job);
	job_free(job);
	view_changed(master);
	jobs_start(master);
	master_check_drained(master);
}

/* From its original: an output was not written whole, or somebody took it away. A disk's trouble may last, and is waited for longer each time;
 * whatever else it is, the tries are counted. */
static void mill_again(struct master *master, struct job *job, const GError *error)
{
	job->committing = false;
	job->commit_tries = 0;
	if (error_kind(error) != ERROR_RETRY) {
		jobs_start_over(master, job, error->message);
		return;
	}
	job->waits = job->lost++;
	jobs_wait(master, job, error->message);
	jobs_start(master);
}

/* Somebody still writes to it. Back to the inbox, where it settles again. */
static void take_again(struct master *master, struct job *job)
{
	log_warning("%s/%s changed while it was milled; it is taken again when it is quiet", job->pipeline->name,
		job->source);
	jobs_waits_no_more(master, job);
	jobs_set_stuck(master, job, false);
	job_remove_temps(job);
	forget(master, job);
	master->counts[job->state]--;
	job->state = JOB_STATE_COUNT;
	g_ptr_array_remove_fast(master->running, job);
	g_hash_table_remove(master->jobs, job->id);
	jobs_give_back(master, g_steal_pointer(&job->claim));
	job_free(job);
	view_changed(master);
	master_check_drained(master);
}

void jobs_committed(struct commit_request *request, void *user)
{
	struct master *master = user;
	struct job *job = jobs_find(master, request->drop->id);

	if (!job)
		return;
	job_take_found(job, g_steal_pointer(&request->found));
	g_free(job->claim->left_at);
	job->claim->left_at = g_steal_pointer(&request->claim->left_at);
	if (request->awaited)
		wake_waiter(master, job);
	if (request->ok) {
		finish(master, job, request->kind == COMMIT_OUTPUTS ? JOB_DONE : JOB_FAILED);
	} else if (request->refused) {
		job->committing = false;
		jobs_fail(master, job, request->error->message);
	} else if (request->changed) {
		take_again(master, job);
	} else if (request->lost) {
		mill_again(master, job, request->error);
	} else {
		jobs_commit_again(master, job, request->kind, request->error->message);
		view_changed(master);
		jobs_start(master);
		master_check_drained(master);
	}
}

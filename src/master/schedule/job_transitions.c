/* SPDX-License-Identifier: GPL-2.0-or-later
 * How a job's run ends: well, badly, or in another one: see job_transitions.h. */
#include "master/schedule/job_transitions.h"

#include "base/error.h"
#include "base/log.h"
#include "master/fleet/failure_votes.h"
#include "master/fleet/lease.h"
#include "master/report/view_job.h"
#include "master/schedule/job_codec.h"
#include "master/state/state.h"

void jobs_stop_run(struct master *master, struct job *job)
{
	bool tainted = job->work.held > 0;

	for (guint i = 0; job->work.leased && i < job->work.tile_count; i++) {
		struct tile *tile = &job->work.tiles[i];
		while (tile->lease) {
			tainted |= !lease_fenced(tile->lease);
			if (job->plan.lane == LANE_WHOLE)
				worker_will_litter(tile->lease);
			lease_end(tile->lease);
		}
	}
	view_show_tiles(&master->report, job);
	codec_link_free(g_steal_pointer(&job->codec));
	segments_give_back(master->fleet.segments, g_steal_pointer(&job->segment), tainted);
	job_reset(job);
}

void jobs_abandon(struct master *master, struct job *job)
{
	jobs_stop_run(master, job);
	if (job->loose)
		job_remove_temps(job);
}

void effect_stop_run(struct master *master, struct job *job, const struct job_event *event)
{
	(void)event;
	jobs_stop_run(master, job);
}

void effect_remove_temps(struct master *master, struct job *job, const struct job_event *event)
{
	(void)master;
	(void)event;
	job_remove_temps(job);
}

void effect_hand_in(struct master *master, struct job *job, const struct job_event *event)
{
	view_show_tiles(&master->report, job);
	/* Nothing is out any more: every tile was answered, if perhaps not by everybody who has it. */
	codec_link_free(g_steal_pointer(&job->codec));
	if (job->plan.lane == LANE_TILED)
		jobs_have_spare_codec(master);
	segments_give_back(
		master->fleet.segments, g_steal_pointer(&job->segment), job->work.leased > 0 || job->work.held > 0);
	job->times.phase_us = event->now_us;
}

/* Again at once, in the other lane: no fault of anybody's. */
void effect_say_lane(struct master *master, struct job *job, const struct job_event *event)
{
	const char *lane = event->lane == LANE_TILED ? "tiled" : "whole";

	(void)master;
	log_info("%s/%s runs %s: %s", job->pipeline->name, job->source, lane, event->why);
	job_note(job, TIMELINE_LANE, -1, NULL, "runs %s: %s", lane, event->why);
}

void effect_say_restart(struct master *master, struct job *job, const struct job_event *event)
{
	(void)master;
	job_note(job, TIMELINE_RESTARTED, -1, NULL, "%s", event->why);
	log_warning("%s/%s: %s; it starts over", job->pipeline->name, job->source, event->why);
}

static void set_error(struct job *job, enum error_shown kind, const char *why)
{
	char *error = g_utf8_make_valid(why, -1);

	failure_votes_drop(job);
	g_free(job->error);
	job->error = error;
	job->error_kind = kind;
	job_note(job, TIMELINE_FAILED, -1, NULL, "%s", job->error);
	log_warning("%s/%s failed: %s", job->pipeline->name, job->source, job->error);
}

void effect_say_bad(struct master *master, struct job *job, const struct job_event *event)
{
	(void)master;
	set_error(job, event->kind_of_error, event->why);
}

void effect_say_given_up(struct master *master, struct job *job, const struct job_event *event)
{
	guint faults = job->course.faults;
	g_autofree char *why =
		g_strdup_printf("given up after %u %s: %s", faults, faults == 1 ? "try" : "tries", event->why);

	(void)master;
	set_error(job, event->kind_of_error, why);
}

void jobs_ask_commit(struct committer *committer, struct job *job, enum commit_kind kind)
{
	struct commit_request *request = g_new0(struct commit_request, 1);

	*request = (struct commit_request){
		.kind = kind,
		.drop = drop_ref(job_drop(job)),
		.claim = claim_copy(job->claim),
		.found = found_new(job->outputs, job->hash, job->number),
		.failure = g_strdup(job->error),
		.tiled = job->plan.lane == LANE_TILED,
		.width = job->plan.width,
		.height = job->plan.height,
		.tiles = job->work.tile_count,
		.runs = job->course.runs,
		.started_wall_us = job->times.started_wall_us,
		.tries = job->course.commit_tries,
	};
	request->found->ticket = job->course.ticket;
	committer_add(committer, request);
}

void effect_ask_commit(struct master *master, struct job *job, const struct job_event *event)
{
	(void)event;
	jobs_ask_commit(master->committer, job, job->course.verdict == VERDICT_MADE ? COMMIT_OUTPUTS : COMMIT_FAILURE);
}

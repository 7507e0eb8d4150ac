/* SPDX-License-Identifier: GPL-2.0-or-later
 * Jobs as views: those in work, those that are over, those of the history: see view_job.h and job_view.h. */
#include "master/report/view_job.h"

#include <string.h>

#include "base/clock.h"
#include "master/fleet/worker_select.h"
#include "master/job/tile_map.h"
#include "master/report/view_pipeline.h"
#include "status/record_view.h"

/* Finished jobs that snapshots hold; older ones are in the history only. */
#define REMEMBERED 1000
/* Tiles whose maps are kept after their jobs ended. */
#define TILES_REMEMBERED 100000

static void view_outputs(const struct report *report, const struct job *job, GPtrArray *outputs)
{
	for (guint i = 0; i < job->outputs->len; i++) {
		const struct job_output *output = g_ptr_array_index(job->outputs, i);
		const char *path = output->final ? output->final : output->wished;
		bool done = job_state(job) == JOB_DONE;
		/* A plan's sizes are known before the first tile is; a name may be known at the end only. */
		if (!done && (job_state(job) != JOB_RUNNING || output->width == 0))
			continue;
		g_autofree char *note = job_output_note(output);
		struct output_view *view = output_view_new(report->of.settings->options->out, path ? path : "", note,
			output->skipped, output->bytes, output->width, output->height);
		view->pending = !done;
		view->number = (int)output->number;
		g_ptr_array_add(outputs, view);
	}
}

static int holders(const struct report *report, const struct job *job)
{
	GPtrArray *all = workers_all(report->of.fleet->workers);
	int count = 0;

	for (guint i = 0; job->work.leased && i < all->len; i++) {
		const struct worker *worker = g_ptr_array_index(all, i);
		for (GList *link = worker->leases.head; link; link = link->next)
			if (((const struct lease *)link->data)->job == job) {
				count++;
				break;
			}
	}
	return count;
}

/* Tasks of it are ready, and nobody has one. */
static bool waits_for_worker(const struct job *job)
{
	return job->course.phase == PHASE_RUNNING && !job->work.leased && !g_queue_is_empty((GQueue *)&job->work.ready);
}

/* Why one that had no fault does not go on, or NULL. */
static const char *standing(const struct report_sources *of, const struct job *job)
{
	if (job_state(job) == JOB_QUEUED && !job->course.stuck && queue_is_stuck(of->queue, job))
		return "many pictures of its pipeline wait already: it begins when one of these is finished";
	if (job_state(job) != JOB_RUNNING || phase_commits(job->course.phase))
		return NULL;
	if (!of->link->up)
		return "the broker is down";
	/* Somebody may still work on it, or its codec. */
	const char *obstacle = workers_obstacle(of->fleet->workers, job);
	if (obstacle && (waits_for_worker(job) || workers_live(of->fleet->workers) == 0))
		return obstacle;
	return job->work.done == job->work.undelivered_at ? job->work.undelivered : NULL;
}

/* What is done for one that is not over, in a few words whose subject is the mill or the picture. */
static const char *doing(const struct job *job)
{
	if (job->course.phase == PHASE_RUNNING && job->work.tile_count && job->work.done == job->work.tile_count)
		return "writes the file";
	return waits_for_worker(job) ? "waits for a free worker" : phase_facts(job->course.phase)->reason;
}

static struct job_view *make_view(struct report *report, struct job *job)
{
	struct job_view *view = job_view_new();
	const struct claim *claim = job->claim;
	bool over = job_state(job) == JOB_DONE || job_state(job) == JOB_FAILED;

	view->changed = report->sequence + 1;
	view->id = g_strdup(job->id);
	view->pipeline = g_strdup(job->pipeline->name);
	view->source = g_strdup(job->source);
	view->state = job_state(job);
	view->tiled = job->plan.lane == LANE_TILED ||
		      (job->plan.lane == LANE_UNDECIDED && job->page.tiles && job->page.tiles->total > 1);
	view->width = job->plan.width;
	view->height = job->plan.height;
	view_show_tiles(report, job);
	if (job->page.tiles) {
		view->tiles = tiles_view_ref(job->page.tiles);
		view->counts.total = (int)job->page.tiles->total;
		view->counts.done = (int)job->page.tiles->done;
	}
	view->counts.running = (int)job->work.leased;
	view->counts.failed = (int)job->work.failed_tries;
	view->attempt = (int)job->course.runs;
	view->now.workers = holders(report, job);
	view->now.eta_us = job_state(job) == JOB_RUNNING ? job->work.eta_us : 0;
	view->bytes = claim->bytes;
	view->original = g_strdup(over && !job->loose ? claim->left_at : claim->path);
	view_outputs(report, job, view->outputs);
	view->error = g_strdup(job->error);
	if (!over) {
		view->now.doing = doing(job);
		view->now.waiting_for =
			g_strdup(job->page.waiting_for ? job->page.waiting_for : standing(&report->of, job));
		view->now.retry_us = job->page.waiting_for ? job->course.not_before_us : 0;
	}
	view->times.spent = g_memdup2(job->times.spent, sizeof *job->times.spent);
	view->times.queued_wall_us = job->times.queued_wall_us;
	view->times.started_wall_us = job->times.started_wall_us;
	view->times.finished_wall_us = job->times.finished_wall_us;
	view->timeline = job->page.timeline ? g_ptr_array_ref(job->page.timeline) : NULL;
	view->hash = g_strdup(job->pipeline->hash);
	char *shown = job->plan.shown ? job->plan.shown : job->pipeline->shown;
	view->chain = shown ? g_ref_string_acquire(shown) : NULL;
	return view;
}

void view_show_tiles(struct report *report, struct job *job)
{
	/* The commit thread reads it. */
	if (phase_commits(job->course.phase) || !job->work.tiles)
		return;
	struct tiles_view *fresh = tiles_show(job, job->page.tiles, report->sequence + 1);
	tiles_view_unref(job->page.tiles);
	job->page.tiles = fresh;
}

struct job_view *view_of_job(struct report *report, struct job *job)
{
	/* One that waits says the same for as long as it waits. */
	if (job_state(job) == JOB_QUEUED && job->page.view && job->page.view->state == JOB_QUEUED &&
		job->page.view->timeline == job->page.timeline && job->page.view->now.doing == doing(job) &&
		(!job->page.waiting_for || job->page.view->now.retry_us == job->course.not_before_us) &&
		g_strcmp0(job->page.view->now.waiting_for,
			job->page.waiting_for ? job->page.waiting_for : standing(&report->of, job)) == 0)
		return job_view_ref(job->page.view);
	struct job_view *fresh = make_view(report, job);
	if (job->page.view && job_view_equal(job->page.view, fresh)) {
		job_view_unref(fresh);
		return job_view_ref(job->page.view);
	}
	job_view_unref(job->page.view);
	job->page.view = fresh;
	return job_view_ref(fresh);
}

/* The last maps stay, of as many tiles as may. Views are immutable: one without its map takes the place. */
static void drop_old_maps(struct report *report)
{
	guint tiles = 0;

	for (guint i = report->finished->len; i-- > 0;) {
		struct job_view *view = g_ptr_array_index(report->finished, i);
		if (!view->tiles)
			continue;
		tiles += view->tiles->total;
		if (tiles <= TILES_REMEMBERED || i + 1 == report->finished->len)
			continue;
		struct job_view *bare = job_view_copy(view);
		g_clear_pointer(&bare->tiles, tiles_view_unref);
		job_view_unref(view);
		report->finished->pdata[i] = bare;
	}
}

static void remember(struct report *report, struct job_view *view)
{
	g_ptr_array_add(report->finished, view);
	if (report->finished->len > REMEMBERED) {
		/* Whoever missed the snapshot that showed its end does not see it here. */
		const struct job_view *oldest = g_ptr_array_index(report->finished, 0);
		report->kept_since = MAX(report->kept_since, oldest->changed);
		g_ptr_array_remove_index(report->finished, 0);
	}
	drop_old_maps(report);
}

static void count_end(struct report *report)
{
	gint64 second = clock_now_us() / G_USEC_PER_SEC;
	gsize i = (gsize)(second % (gint64)G_N_ELEMENTS(report->of.stats->ended));

	if (report->of.stats->ended[i].second != second)
		report->of.stats->ended[i].jobs = 0;
	report->of.stats->ended[i].second = second;
	report->of.stats->ended[i].jobs++;
}

void view_remember(struct report *report, struct job *job)
{
	count_end(report);
	remember(report, view_of_job(report, job));
}

void view_forget(struct report *report, const char *id)
{
	for (guint i = report->finished->len; i-- > 0;) {
		const struct job_view *view = g_ptr_array_index(report->finished, i);
		if (strcmp(view->id, id) != 0)
			continue;
		report->of.stats->jobs_by_state[view->state]--;
		view_tally_view(report, view, false);
		g_ptr_array_remove_index(report->finished, i);
		return;
	}
}

static void remember_record(const struct history_job *record, void *user)
{
	struct report *report = user;

	struct job_view *view = record_view(record, report->of.settings->options->out);

	g_ptr_array_insert(report->finished, 0, view);
	view_tally_view(report, view, true);
}

void view_load_history(struct report *report, struct history *history)
{
	view_tally_history(report, history);
	history_recent(history, REMEMBERED, remember_record, report);
	report->of.stats->jobs_by_state[JOB_DONE] = (guint64)history_count(history, "done");
	report->of.stats->jobs_by_state[JOB_FAILED] = (guint64)history_count(history, "failed");
}

/* SPDX-License-Identifier: GPL-2.0-or-later
 * Jobs as views: those in work, those that are over, those of the history: see schedule_private.h and job_view.h. */
#include <string.h>

#include "base/clock.h"
#include "master/job/tile_map.h"
#include "master/schedule/job_waiting.h"
#include "master/schedule/schedule_private.h"
#include "status/record_view.h"

/* Finished jobs that snapshots hold; older ones are in the history only. */
#define REMEMBERED 1000
/* Tiles whose maps are kept after their jobs ended. */
#define TILES_REMEMBERED 100000

static void view_outputs(const struct master *master, const struct job *job, GPtrArray *outputs)
{
	for (guint i = 0; i < job->outputs->len; i++) {
		const struct job_output *output = g_ptr_array_index(job->outputs, i);
		const char *path = output->final ? output->final : output->wished;
		bool done = job_state(job) == JOB_DONE;
		/* A plan's sizes are known before the first tile is; a name may be known at the end only. */
		if (!done && (job_state(job) != JOB_RUNNING || output->width == 0))
			continue;
		g_autofree char *note = job_output_note(output);
		struct output_view *view = output_view_new(master->settings.options->out, path ? path : "", note,
			output->skipped, output->bytes, output->width, output->height);
		view->pending = !done;
		view->number = (int)output->number;
		g_ptr_array_add(outputs, view);
	}
}

static int holders(const struct master *master, const struct job *job)
{
	GPtrArray *all = workers_all(master->fleet.workers);
	int count = 0;

	for (guint i = 0; job->leased && i < all->len; i++) {
		const struct worker *worker = g_ptr_array_index(all, i);
		for (GList *link = worker->leases.head; link; link = link->next)
			if (((const struct lease *)link->data)->job == job) {
				count++;
				break;
			}
	}
	return count;
}

static struct job_view *make_view(struct master *master, struct job *job)
{
	struct job_view *view = job_view_new();
	const struct claim *claim = job->claim;
	bool over = job_state(job) == JOB_DONE || job_state(job) == JOB_FAILED;

	view->changed = master->report.sequence + 1;
	view->id = g_strdup(job->id);
	view->pipeline = g_strdup(job->pipeline->name);
	view->source = g_strdup(job->source);
	view->state = job_state(job);
	view->tiled = job->lane == LANE_TILED || (job->lane == LANE_UNDECIDED && job->shown && job->shown->total > 1);
	view->width = job->width;
	view->height = job->height;
	view_show_tiles(master, job);
	if (job->shown) {
		view->tiles = tiles_view_ref(job->shown);
		view->tiles_total = (int)job->shown->total;
		view->tiles_done = (int)job->shown->done;
	}
	view->tiles_running = (int)job->leased;
	view->tiles_failed = (int)job->failed_tries;
	view->attempt = (int)job->course.runs;
	view->workers = holders(master, job);
	view->eta_us = job_state(job) == JOB_RUNNING ? job->eta_us : 0;
	view->bytes = claim->bytes;
	view->original = g_strdup(over && !job->loose ? claim->left_at : claim->path);
	view_outputs(master, job, view->outputs);
	view->error = g_strdup(job->error);
	if (!over) {
		view->doing = jobs_doing(job);
		view->waiting_for = g_strdup(job->waiting_for ? job->waiting_for : jobs_standing(master, job));
		view->retry_us = job->waiting_for ? job->course.not_before_us : 0;
	}
	view->spent = g_memdup2(job->spent, sizeof *job->spent);
	view->queued_wall_us = job->queued_wall_us;
	view->started_wall_us = job->started_wall_us;
	view->finished_wall_us = job->finished_wall_us;
	view->timeline = job->timeline ? g_ptr_array_ref(job->timeline) : NULL;
	view->hash = g_strdup(job->pipeline->hash);
	char *shown = job->own_shown ? job->own_shown : job->pipeline->shown;
	view->chain = shown ? g_ref_string_acquire(shown) : NULL;
	return view;
}

void view_show_tiles(struct master *master, struct job *job)
{
	/* The commit thread reads it. */
	if (phase_commits(job->course.phase) || !job->tiles)
		return;
	struct tiles_view *fresh = tiles_show(job, job->shown, master->report.sequence + 1);
	tiles_view_unref(job->shown);
	job->shown = fresh;
}

struct job_view *view_of_job(struct master *master, struct job *job)
{
	/* One that waits says the same for as long as it waits. */
	if (job_state(job) == JOB_QUEUED && job->view && job->view->state == JOB_QUEUED &&
		job->view->timeline == job->timeline && job->view->doing == jobs_doing(job) &&
		(!job->waiting_for || job->view->retry_us == job->course.not_before_us) &&
		g_strcmp0(job->view->waiting_for, job->waiting_for ? job->waiting_for : jobs_standing(master, job)) ==
			0)
		return job_view_ref(job->view);
	struct job_view *fresh = make_view(master, job);
	if (job->view && job_view_equal(job->view, fresh)) {
		job_view_unref(fresh);
		return job_view_ref(job->view);
	}
	job_view_unref(job->view);
	job->view = fresh;
	return job_view_ref(fresh);
}

/* The last maps stay, of as many tiles as may. Views are immutable: one without its map takes the place. */
static void drop_old_maps(struct master *master)
{
	guint tiles = 0;

	for (guint i = master->report.finished->len; i-- > 0;) {
		struct job_view *view = g_ptr_array_index(master->report.finished, i);
		if (!view->tiles)
			continue;
		tiles += view->tiles->total;
		if (tiles <= TILES_REMEMBERED || i + 1 == master->report.finished->len)
			continue;
		struct job_view *bare = job_view_copy(view);
		g_clear_pointer(&bare->tiles, tiles_view_unref);
		job_view_unref(view);
		master->report.finished->pdata[i] = bare;
	}
}

static void remember(struct master *master, struct job_view *view)
{
	g_ptr_array_add(master->report.finished, view);
	if (master->report.finished->len > REMEMBERED) {
		/* Whoever missed the snapshot that showed its end does not see it here. */
		const struct job_view *oldest = g_ptr_array_index(master->report.finished, 0);
		master->report.kept_since = MAX(master->report.kept_since, oldest->changed);
		g_ptr_array_remove_index(master->report.finished, 0);
	}
	drop_old_maps(master);
}

static void count_end(struct master *master)
{
	gint64 second = clock_now_us() / G_USEC_PER_SEC;
	gsize i = (gsize)(second % (gint64)G_N_ELEMENTS(master->stats.ended));

	if (master->stats.ended[i].second != second)
		master->stats.ended[i].jobs = 0;
	master->stats.ended[i].second = second;
	master->stats.ended[i].jobs++;
}

void view_remember(struct master *master, struct job *job)
{
	count_end(master);
	remember(master, view_of_job(master, job));
}

void view_forget(struct master *master, const char *id)
{
	for (guint i = master->report.finished->len; i-- > 0;) {
		const struct job_view *view = g_ptr_array_index(master->report.finished, i);
		if (strcmp(view->id, id) != 0)
			continue;
		master->stats.jobs_by_state[view->state]--;
		view_tally_view(master, view, false);
		g_ptr_array_remove_index(master->report.finished, i);
		return;
	}
}

static void remember_record(const struct history_job *record, void *user)
{
	struct master *master = user;

	struct job_view *view = record_view(record, master->settings.options->out);

	g_ptr_array_insert(master->report.finished, 0, view);
	view_tally_view(master, view, true);
}

void view_load_history(struct master *master)
{
	view_tally_history(master);
	history_recent(master->history, REMEMBERED, remember_record, master);
	master->stats.jobs_by_state[JOB_DONE] = (guint64)history_count(master->history, "done");
	master->stats.jobs_by_state[JOB_FAILED] = (guint64)history_count(master->history, "failed");
}

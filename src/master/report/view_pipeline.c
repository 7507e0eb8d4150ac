/* SPDX-License-Identifier: GPL-2.0-or-later
 * Pipelines as views, with what their jobs came to: see view_pipeline.h and snapshot.h. */
#include "master/report/view_pipeline.h"

#include <string.h>

#include "base/clock.h"
#include "definition/keys.h"
#include "master/commit/kept_originals.h"

/* The median is of so many jobs that were done last. */
#define TIMES 200

struct tally {
	guint64 done, failed;
	gint64 times_us[TIMES]; /* from dropped to done, a ring */
	guint count;
	gint64 median_us;
};

static int by_time(gconstpointer a, gconstpointer b)
{
	gint64 x = *(const gint64 *)a, y = *(const gint64 *)b;

	return x < y ? -1 : x > y;
}

static void add_time(struct tally *tally, gint64 us)
{
	gint64 sorted[TIMES];
	guint known;

	tally->times_us[tally->count++ % TIMES] = us;
	known = MIN(tally->count, TIMES);
	memcpy(sorted, tally->times_us, sizeof *sorted * known);
	qsort(sorted, known, sizeof *sorted, by_time);
	tally->median_us = sorted[known / 2];
}

static struct tally *pipeline_tally(struct report *report, const char *pipeline)
{
	if (!report->tallies)
		report->tallies = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	struct tally *tally = g_hash_table_lookup(report->tallies, pipeline);
	if (!tally) {
		tally = g_new0(struct tally, 1);
		g_hash_table_insert(report->tallies, g_strdup(pipeline), tally);
	}
	return tally;
}

void view_tally_view(struct report *report, const struct job_view *view, bool over)
{
	struct tally *tally = pipeline_tally(report, view->pipeline);
	guint64 *count = view->state == JOB_DONE ? &tally->done : &tally->failed;

	if (!over)
		*count -= *count > 0;
	else if (view->state == JOB_DONE && tally->count < TIMES) /* they come newest first */
		add_time(tally, MAX(view->times.finished_wall_us - view->times.queued_wall_us, 0));
}

static void tally_before(const char *pipeline, guint64 done, guint64 failed, void *user)
{
	struct tally *tally = pipeline_tally(user, pipeline);

	tally->done = done;
	tally->failed = failed;
}

void view_tally_history(struct report *report, struct history *history)
{
	history_count_pipelines(history, tally_before, report);
}

void view_tally(struct report *report, const struct job *job)
{
	struct tally *tally = pipeline_tally(report, job->pipeline->name);

	if (job_state(job) == JOB_DONE) {
		tally->done++;
		add_time(tally, clock_now_us() - job->times.queued_us);
	} else {
		tally->failed++;
	}
}

static struct pipeline_view *view_pipeline(const struct report *report, const struct definition *definition)
{
	struct pipeline_view *view = g_new0(struct pipeline_view, 1);
	const struct pipeline *pipeline = definition->pipeline;
	const struct tally *tally = report->tallies ? g_hash_table_lookup(report->tallies, definition->name) : NULL;

	view->name = g_strdup(definition->name);
	view->description = g_strdup(pipeline ? pipeline->description : "");
	view->inbox =
		pipeline ? g_canonicalize_filename(pipeline->inbox, report->of.settings->options->watch) : g_strdup("");
	view->file = g_strdup(definition->file);
	view->hash = g_strdup(pipeline ? pipeline->hash : "");
	if (definition->errors[0])
		view->error = g_strdup(definition->explained ? definition->explained : definition->errors);
	view->enabled = pipeline != NULL;
	view->kept = report->of.kept ? kept_count(report->of.kept, definition->name) : 0;
	if (tally) {
		view->jobs[JOB_DONE] = tally->done;
		view->jobs[JOB_FAILED] = tally->failed;
		view->median_us = tally->median_us;
	}
	if (!pipeline)
		return view;
	view->loaded_wall_us = definition->loaded_wall_us;
	view->chain = pipeline->shown ? g_ref_string_acquire(pipeline->shown) : NULL;
	view->originals = originals_names[pipeline->originals];
	view->recursive = pipeline->recursive;
	view->priority = pipeline->priority;
	view->accept = g_strdupv(pipeline->accept);
	return view;
}

void view_pipelines(struct report *report, struct snapshot *snapshot)
{
	g_autoptr(GHashTable) by_name = g_hash_table_new(g_str_hash, g_str_equal);

	for (guint i = 0; report->of.definitions->all && i < report->of.definitions->all->len; i++) {
		struct pipeline_view *view = view_pipeline(report, g_ptr_array_index(report->of.definitions->all, i));
		g_ptr_array_add(snapshot->pipelines, view);
		g_hash_table_insert(by_name, view->name, view);
	}
	/* Running and queued ones come first. */
	for (guint i = 0; i < snapshot->jobs->len; i++) {
		const struct job_view *job = g_ptr_array_index(snapshot->jobs, i);
		if (job->state != JOB_RUNNING && job->state != JOB_QUEUED)
			break;
		struct pipeline_view *view = g_hash_table_lookup(by_name, job->pipeline);
		if (view)
			view->jobs[job->state]++;
	}
}

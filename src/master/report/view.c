/* SPDX-License-Identifier: GPL-2.0-or-later
 * The mill at one moment, for the page: see view.h and snapshot.h. */
#include "master/report/view.h"

#include <string.h>

#include "base/clock.h"
#include "bus/handle.h"
#include "bus/kafka.h"
#include "bus/protocol/heartbeat.h"
#include "master/fleet/worker_slot.h"
#include "master/intake/intake.h"
#include "master/report/view_job.h"
#include "master/report/view_pipeline.h"
#include "status/task_log.h"

/* At most four snapshots a second. */
#define PERIOD_MS 250
/* The page calls a snapshot older than this dead, so one is made at least as often. */
#define AT_LEAST_US (2 * G_USEC_PER_SEC)

static char *partitions_text(const GArray *partitions)
{
	GString *text = g_string_new(NULL);

	for (guint i = 0; i < partitions->len; i++)
		g_string_append_printf(text, "%s%d", i ? "," : "", g_array_index(partitions, gint32, i));
	return g_string_free(text, FALSE);
}

static struct worker_view *view_worker(const struct report *report, const struct worker *worker)
{
	bool shares = worker->here && worker->beat->planes[PLANE_SHM] && !worker->no_shm &&
		      strcmp(report->of.settings->options->payload, "inline") != 0;
	struct worker_view *view = g_new0(struct worker_view, 1);
	const struct heartbeat *beat = worker->beat;
	bool works = worker->state != WORKER_GONE && beat->job[0];

	view->id = g_strdup(worker->id);
	view->host = g_strdup(beat->host);
	view->pid = beat->pid;
	view->state = worker->state;
	view->heartbeat_us = worker->beat_us;
	view->plane = g_strdup(shares ? "shm" : "inline");
	view->partitions.list = partitions_text(beat->partitions);
	view->partitions.lag = beat->lag;
	view->partitions.lags = beat->lags ? g_array_copy(beat->lags) : NULL;
	view->version = beat->version[0] ? g_strdup(beat->version) : NULL;
	view->tiles_done = worker->tiles_done;
	view->failed = beat->failed;
	view->tiles_per_s = worker->state == WORKER_LIVE ? worker->rate.tiles_per_s : 0;
	view->work.text = works ? g_strdup_printf("%s tile %d", beat->job, beat->tile) : g_strdup("");
	view->work.job = works ? g_strdup(beat->job) : NULL;
	view->work.tile = beat->tile;
	view->work.busy_us = works ? beat->busy_us : 0;
	view->vips = g_strdup(beat->vips);
	view->rss_bytes = beat->rss_bytes;
	view->leases = g_queue_get_length((GQueue *)&worker->leases);
	view->taken_back = worker->taken_back;
	view->end.how = worker->state == WORKER_GONE ? g_strdup(worker->death.how) : NULL;
	view->end.gone_wall_us = worker->death.gone_wall_us;
	view->restarts = (guint64)beat->restarts;
	view->retiring = beat->retiring;
	view->breaker.state = breaker_state_name(worker->slot->breaker.state);
	view->breaker.reason = g_strdup(worker->slot->reason);
	view->breaker.until_us = worker->slot->breaker.until_us;
	view->used = worker->group->rules;
	return view;
}

static bool worker_view_equal(const struct worker_view *a, const struct worker_view *b)
{
	return a->state == b->state && a->heartbeat_us == b->heartbeat_us && a->leases == b->leases &&
	       a->tiles_done == b->tiles_done && a->taken_back == b->taken_back && a->used == b->used &&
	       g_strcmp0(a->end.how, b->end.how) == 0;
}

static void show_tiles(const struct report *report, struct snapshot *snapshot)
{
	for (guint i = 0; i < report->of.queue->running->len; i++) {
		const struct job *job = g_ptr_array_index(report->of.queue->running, i);
		snapshot->queue.tiles_running += job->work.leased;
		snapshot->queue.tiles_queued += job->work.tile_count - job->work.done - job->work.leased;
	}
	for (int i = 0; i < COUNTER_COUNT; i++)
		snapshot->counters[i] = counter_value((enum counter)i);
}

/* Over how long the numbers of now are taken. */
#define NOW_S 10

static void add_pixels(const struct task_view *task, void *user)
{
	struct snapshot *snapshot = user;

	if (task->failed || task->end_wall_us < snapshot->taken_wall_us - NOW_S * G_USEC_PER_SEC)
		return;
	snapshot->lately.tiles_per_s += 1.0 / NOW_S;
	snapshot->lately.megapixels_per_s += (double)task->pixels / 1e6 / NOW_S;
}

static void show_rates(const struct report *report, struct snapshot *snapshot)
{
	task_log_each(0, snapshot->sequence, add_pixels, snapshot);
	for (gsize i = 0; i < G_N_ELEMENTS(report->of.stats->ended); i++)
		if (report->of.stats->ended[i].second >
			clock_now_us() / G_USEC_PER_SEC - (gint64)G_N_ELEMENTS(report->of.stats->ended))
			snapshot->lately.jobs_per_min += report->of.stats->ended[i].jobs;
	snapshot->tasks.sum_us = report->of.stats->task_sum_us;
	memcpy(snapshot->tasks.buckets, report->of.stats->task_buckets, sizeof report->of.stats->task_buckets);
	memcpy(snapshot->errors, report->of.stats->errors, sizeof report->of.stats->errors);
}

static void show_jobs(struct report *report, struct snapshot *snapshot)
{
	struct job *oldest = NULL;

	for (guint i = 0; i < report->of.queue->running->len; i++)
		g_ptr_array_add(snapshot->jobs, view_of_job(report, g_ptr_array_index(report->of.queue->running, i)));
	for (GList *link = report->of.queue->queued.head; link; link = link->next) {
		struct job *job = link->data;
		if (!oldest || job->times.queued_us < oldest->times.queued_us)
			oldest = job;
		g_ptr_array_add(snapshot->jobs, view_of_job(report, job));
	}
	for (guint i = report->finished->len; i-- > 0;)
		g_ptr_array_add(snapshot->jobs, job_view_ref(g_ptr_array_index(report->finished, i)));
	snapshot->queue.oldest_us = oldest ? oldest->times.queued_us : 0;
	snapshot->queue.oldest_source = oldest ? g_strdup(oldest->source) : NULL;
	snapshot->kept_since = report->kept_since;
}

static void show_groups(const struct worker_groups *groups, struct snapshot *snapshot)
{
	const GPtrArray *all = worker_groups_all(groups);

	snapshot->mixed = worker_groups_mixed(groups);
	for (guint i = 0; i < all->len; i++) {
		const struct worker_group *group = all->pdata[i];
		if (!group->members.present)
			continue;
		struct group_view *view = g_new(struct group_view, 1);
		*view = (struct group_view){g_strdup(group->vips), g_strdup(group->version), g_strdup(group->hash),
			group->members.present, group->rules};
		g_ptr_array_add(snapshot->groups, view);
	}
}

static void show_workers(struct report *report, struct snapshot *snapshot)
{
	GPtrArray *workers = workers_all(report->of.fleet->workers);

	for (guint i = 0; i < workers->len; i++) {
		const struct worker *worker = g_ptr_array_index(workers, i);
		g_ptr_array_add(snapshot->workers, view_worker(report, worker));
		snapshot->workers_by_state[worker->state]++;
	}
	show_groups(workers_groups(report->of.fleet->workers), snapshot);
}

/* ---- since when */

static bool same_job(gconstpointer a, gconstpointer b)
{
	const struct job_view *x = a, *y = b;

	return x == y || (x->state == y->state && strcmp(x->id, y->id) == 0);
}

static bool same_worker(gconstpointer a, gconstpointer b)
{
	return strcmp(((const struct worker_view *)a)->id, ((const struct worker_view *)b)->id) == 0;
}

static bool same_pipeline(gconstpointer a, gconstpointer b)
{
	const struct pipeline_view *x = a, *y = b;

	return strcmp(x->name, y->name) == 0 && strcmp(x->file, y->file) == 0 && g_strcmp0(x->hash, y->hash) == 0 &&
	       g_strcmp0(x->error, y->error) == 0;
}

static bool same_waiting(gconstpointer a, gconstpointer b)
{
	const struct waiting_view *x = a, *y = b;

	return strcmp(x->path, y->path) == 0 && g_strcmp0(x->why, y->why) == 0;
}

static guint64 since(const GPtrArray *now, const GPtrArray *before, guint64 then, guint64 sequence,
	bool (*same)(gconstpointer a, gconstpointer b))
{
	bool kept = now->len == before->len;

	for (guint i = 0; kept && i < now->len; i++)
		kept = same(now->pdata[i], before->pdata[i]);
	return kept ? then : sequence;
}

/* Against the snapshot before: what changed in this one? */
static void compare(struct snapshot *now, const struct snapshot *before)
{
	guint64 sequence = now->sequence;

	if (!before) {
		now->lists.jobs_changed = now->lists.workers_changed = now->lists.pipelines_changed =
			now->lists.waiting_changed = sequence;
		for (guint i = 0; i < now->workers->len; i++)
			((struct worker_view *)now->workers->pdata[i])->changed = sequence;
		return;
	}
	now->lists.jobs_changed = since(now->jobs, before->jobs, before->lists.jobs_changed, sequence, same_job);
	now->lists.workers_changed =
		since(now->workers, before->workers, before->lists.workers_changed, sequence, same_worker);
	now->lists.pipelines_changed =
		since(now->pipelines, before->pipelines, before->lists.pipelines_changed, sequence, same_pipeline);
	now->lists.waiting_changed =
		since(now->waiting, before->waiting, before->lists.waiting_changed, sequence, same_waiting);
	if (now->waiting_total != before->waiting_total)
		now->lists.waiting_changed = sequence;
	/* Workers keep their order; one that goes moves those behind it, which then count as changed. */
	for (guint i = 0; i < now->workers->len; i++) {
		struct worker_view *worker = now->workers->pdata[i];
		const struct worker_view *old = i < before->workers->len ? before->workers->pdata[i] : NULL;
		bool same = old && same_worker(worker, old) && worker_view_equal(worker, old);
		worker->changed = same ? old->changed : sequence;
	}
}

void view_publish(struct report *report)
{
	static gint32 boot; /* tells this process of the master from others */
	struct snapshot *snapshot = snapshot_new();

	snapshot->sequence = report->sequence + 1;
	if (!boot)
		boot = g_random_int_range(1, G_MAXINT32);
	snapshot->boot = (guint32)boot;
	snapshot->started_us = report->of.settings->started_us;
	snapshot->broker.embedded = report->of.link->embedded != NULL;
	snapshot->broker.up = report->of.link->up;
	snapshot->ready = *report->of.ready;
	snapshot->broker.servers = g_strdup(report->of.link->bus ? bus_options(report->of.link->bus)->brokers : "");
	snapshot->broker.note = g_strdup(report->of.link->why_down ? report->of.link->why_down : "");
	memcpy(snapshot->jobs_by_state, report->of.stats->jobs_by_state, sizeof report->of.stats->jobs_by_state);
	show_tiles(report, snapshot);
	show_jobs(report, snapshot);
	show_workers(report, snapshot);
	view_pipelines(report, snapshot);
	show_rates(report, snapshot);
	waiting_view(report->of.waiting, snapshot);
	compare(snapshot, report->last);
	snapshot_unref(report->last);
	report->last = snapshot_ref(snapshot);
	report->sequence = snapshot->sequence;
	snapshot_publish(snapshot);
	report->published_us = snapshot->taken_us;
}

static gboolean publish_later(gpointer data)
{
	struct report *report = data;

	report->publish_timer = 0;
	view_publish(report);
	return G_SOURCE_REMOVE;
}

void view_changed(struct report *report)
{
	if (report->publish_timer || !report->page)
		return;
	gint64 since_ms = (clock_now_us() - report->published_us) / 1000;
	report->publish_timer = g_timeout_add((guint)CLAMP(PERIOD_MS - since_ms, 0, PERIOD_MS), publish_later, report);
}

void view_tick(struct report *report)
{
	if (report->page && clock_now_us() - report->published_us >= AT_LEAST_US)
		view_publish(report);
}

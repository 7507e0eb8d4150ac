/* SPDX-License-Identifier: GPL-2.0-or-later
 * Workers as JSON: see api_workers.h. */
#include <math.h>
#include <string.h>

#include "web/api/api_workers.h"

struct shown_task {
	struct task_view of;
	const char *worker;
	gint64 start_us;
	double seconds;
	guint result;
};
#define TASK(member) MEMBER(struct shown_task, member)
static const char *const results[] = {"done", "failed", NULL};
static const struct field task_fields[] = {
	{"worker", TASK(worker), .unknown = ABSENT_IF_NONE},
	{"start", TASK(start_us), SHOW_TIME},
	{"seconds", TASK(seconds), SHOW_EXACT},
	{"job", TASK(of.job)},
	{"source", TASK(of.source), .unknown = NULL_IF_NONE, .about = "The source of the job, as /api/jobs names it."},
	{"tile", TASK(of.tile)},
	{"result", TASK(result), SHOW_WORD, .words = results},
	{0},
};
const struct table api_task_table = {"Task", .fields = task_fields};

struct shown_worker {
	struct worker_view of;
	const char *breaker, *breaker_reason, *current;
	gint64 silent_us, retry_us, busy_us;
	int tile;
	JsonArray *partitions, *lags, *tasks;
};
#define WORKER(member) MEMBER(struct shown_worker, member)
struct shown_lag {
	gint64 partition, lag;
};
static const struct field lag_fields[] = {
	{"partition", MEMBER(struct shown_lag, partition)},
	{"lag", MEMBER(struct shown_lag, lag), .unknown = NULL_BELOW_0},
	{0},
};
static const struct table lag_table = {.fields = lag_fields};
static const char *const breaker_states[] = {"closed", "open", "half-open", NULL};
static const struct field breaker_fields[] = {
	{"state", WORKER(breaker), .words = breaker_states},
	{"reason", WORKER(breaker_reason), .unknown = NULL_IF_NONE},
	{"retry_in_s", WORKER(retry_us), SHOW_SECONDS, NULL_BELOW_0},
	{0},
};
static const struct table breaker_table = {
	.about = "Why a worker is taken out, and for how long yet.", .fields = breaker_fields};
static const char *const planes[] = {"shm", "inline", NULL};
static const struct field worker_fields[] = {
	{"id", WORKER(of.id)},
	{"host", WORKER(of.host)},
	{"pid", WORKER(of.pid)},
	{"state", WORKER(of.state), SHOW_WORD, .words = worker_state_names},
	{"last_heartbeat_s", WORKER(silent_us), SHOW_SECONDS},
	{"plane", WORKER(of.plane), .words = planes},
	{"partition_lags", WORKER(lags), .of = &lag_table},
	{"partitions", WORKER(partitions), .items = "integer"},
	{"lag", WORKER(of.partitions.lag), .unknown = NULL_BELOW_0},
	{"tiles_done", WORKER(of.tiles_done)},
	{"failed", WORKER(of.failed)},
	{"tiles_per_s", WORKER(of.tiles_per_s)},
	{"current", WORKER(current)},
	{"current_job", WORKER(of.work.job), .unknown = NULL_IF_NONE},
	{"current_tile", WORKER(tile), .unknown = NULL_BELOW_0},
	{"busy_s", WORKER(busy_us), SHOW_SECONDS, NULL_BELOW_0},
	{"leases", WORKER(of.leases), .about = "Tasks given and not answered."},
	{"taken_back", WORKER(of.taken_back), .about = "Tasks taken from it and given to others."},
	{"version", WORKER(of.version), .unknown = NULL_IF_NONE},
	{"vips", WORKER(of.vips)},
	{"used", WORKER(of.used), .about = "It gets new pictures. False: it computes otherwise than most workers do."},
	{"rss_bytes", WORKER(of.rss_bytes), .unknown = NULL_BELOW_1},
	{"restarts", WORKER(of.restarts)},
	{"retiring", WORKER(of.retiring), .about = "It finishes what it has, and another takes its place."},
	{"breaker", .of = &breaker_table},
	{"end", WORKER(of.end.how), .unknown = NULL_IF_NONE, .about = "How it ended."},
	{"gone_at", WORKER(of.end.gone_wall_us), SHOW_TIME, NULL_IF_NONE},
	{"tasks", WORKER(tasks), .unknown = ABSENT_IF_NONE, .of = &api_task_table},
	{0},
};
const struct table api_worker_table = {"Worker", .fields = worker_fields};
struct shown_workers {
	gint64 time_us;
	int late_after_s, gone_after_s, stream_s;
	JsonArray *workers;
};
#define WORKERS(member) MEMBER(struct shown_workers, member)
static const struct field workers_fields[] = {
	{"time", WORKERS(time_us), SHOW_TIME},
	{"late_after_s", WORKERS(late_after_s)},
	{"gone_after_s", WORKERS(gone_after_s)},
	{"stream_s", WORKERS(stream_s), .about = "How far the tasks reach back."},
	{"workers", WORKERS(workers), .of = &api_worker_table},
	{0},
};
const struct table api_workers_table = {"Workers", .fields = workers_fields};

/* "0,3" as [0, 3] */
static JsonArray *partitions_array(const char *text)
{
	JsonArray *array = json_array_new();
	g_auto(GStrv) parts = g_strsplit(text ? text : "", ",", -1);

	for (char **part = parts; *part; part++) {
		gint64 number = 0;
		if (g_ascii_string_to_signed(g_strstrip(*part), 10, 0, G_MAXINT32, &number, NULL))
			json_array_add_int_element(array, number);
	}
	return array;
}

static JsonArray *lags_array(const struct worker_view *view, JsonArray *partitions)
{
	JsonArray *array = json_array_new();

	for (guint i = 0;
		view->partitions.lags && i < view->partitions.lags->len && i < json_array_get_length(partitions); i++) {
		const struct shown_lag shown = {
			json_array_get_int_element(partitions, i), g_array_index(view->partitions.lags, gint64, i)};
		json_array_add_object_element(array, fields_object(&lag_table, &shown));
	}
	return array;
}

/* tasks: taken; NULL: without. */
static JsonObject *worker_object(const struct snapshot *snapshot, const struct worker_view *view, JsonArray *tasks)
{
	const char *breaker = view->breaker.state ? view->breaker.state : "closed";
	gint64 silent_us = MAX(snapshot->taken_us - view->heartbeat_us, 0);
	gint64 out_us = MAX(view->breaker.until_us - snapshot->taken_us, 0);
	struct shown_worker shown = {
		.of = *view,
		.breaker = breaker,
		.breaker_reason = strcmp(breaker, "closed") == 0 ? NULL : view->breaker.reason,
		.current = view->work.text ? view->work.text : "",
		.silent_us = silent_us,
		.retry_us = strcmp(breaker, "open") == 0 ? out_us : -1,
		.busy_us = view->work.job ? view->work.busy_us + silent_us : -1,
		.tile = view->work.job ? view->work.tile : -1,
		.partitions = partitions_array(view->partitions.list),
		.tasks = tasks,
	};

	shown.lags = lags_array(view, shown.partitions);
	return fields_object(&api_worker_table, &shown);
}

JsonObject *api_worker_object(const struct snapshot *snapshot, const struct worker_view *view)
{
	return worker_object(snapshot, view, NULL);
}

/* Tasks of one worker in /api/workers. */
#define TASKS_MOST 2000

struct wanted_tasks {
	JsonArray *list;
	const char *worker;
};

static void add_task(const struct task_view *task, void *user)
{
	struct wanted_tasks *wanted = user;

	if (wanted->worker && strcmp(wanted->worker, task->worker) != 0)
		return;
	const struct shown_task shown = {
		.of = *task,
		.worker = wanted->worker ? NULL : task->worker,
		.start_us = task->end_wall_us - task->took_us,
		.seconds = round((double)task->took_us / 10) / 1e5,
		.result = task->failed,
	};
	json_array_add_object_element(wanted->list, fields_object(&api_task_table, &shown));
	if (wanted->worker && json_array_get_length(wanted->list) > TASKS_MOST)
		json_array_remove_element(wanted->list, 0);
}

JsonArray *api_tasks_array(const char *worker, guint64 above, guint64 to)
{
	struct wanted_tasks wanted = {json_array_new(), worker};

	task_log_each(above, to, add_task, &wanted);
	return wanted.list;
}

char *api_workers(const struct snapshot *snapshot)
{
	const struct shown_workers shown = {
		.time_us = snapshot->taken_wall_us,
		.late_after_s = WORKER_LATE_US / G_USEC_PER_SEC,
		.gone_after_s = WORKER_GONE_US / G_USEC_PER_SEC,
		.stream_s = TASK_LOG_US / G_USEC_PER_SEC,
		.workers = json_array_new(),
	};

	for (guint i = 0; i < snapshot->workers->len; i++) {
		const struct worker_view *view = g_ptr_array_index(snapshot->workers, i);
		json_array_add_object_element(
			shown.workers, worker_object(snapshot, view, api_tasks_array(view->id, 0, snapshot->sequence)));
	}
	return fields_text(&api_workers_table, &shown);
}

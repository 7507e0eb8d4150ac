/* SPDX-License-Identifier: GPL-2.0-or-later
 * Workers as JSON: see api.h. */
#include <math.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "web/api/api.h"
#include "web/http/fields.h"

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

	for (guint i = 0; view->lags && i < view->lags->len && i < json_array_get_length(partitions); i++) {
		JsonObject *entry = json_object_new();
		gint64 lag = g_array_index(view->lags, gint64, i);
		json_object_set_int_member(entry, "partition", json_array_get_int_element(partitions, i));
		set_known(entry, "lag", lag, lag >= 0);
		json_array_add_object_element(array, entry);
	}
	return array;
}

/* Why a worker is taken out, and for how long yet. */
static JsonObject *breaker_object(const struct snapshot *snapshot, const struct worker_view *view)
{
	JsonObject *breaker = json_object_new();
	const char *state = view->breaker ? view->breaker : "closed";

	json_object_set_string_member(breaker, "state", state);
	set_text(breaker, "reason", strcmp(state, "closed") == 0 ? NULL : view->breaker_reason);
	set_seconds(breaker, "retry_in_s", view->breaker_until_us - snapshot->taken_us, strcmp(state, "open") == 0);
	return breaker;
}

JsonObject *api_worker_object(const struct snapshot *snapshot, const struct worker_view *view)
{
	JsonObject *worker = json_object_new();
	JsonArray *partitions = partitions_array(view->partitions);
	gint64 silent_us = snapshot->taken_us - view->heartbeat_us;

	set_text(worker, "id", view->id);
	set_text(worker, "host", view->host);
	json_object_set_int_member(worker, "pid", view->pid);
	json_object_set_string_member(worker, "state", worker_state_name(view->state));
	set_seconds(worker, "last_heartbeat_s", silent_us, true);
	set_text(worker, "plane", view->plane);
	json_object_set_array_member(worker, "partition_lags", lags_array(view, partitions));
	json_object_set_array_member(worker, "partitions", partitions);
	set_known(worker, "lag", view->lag, view->lag >= 0);
	json_object_set_int_member(worker, "tiles_done", (gint64)view->tiles_done);
	json_object_set_int_member(worker, "failed", (gint64)view->failed);
	json_object_set_double_member(worker, "tiles_per_s", tenths(view->tiles_per_s));
	set_text(worker, "current", view->current ? view->current : "");
	set_text(worker, "current_job", view->job);
	set_known(worker, "current_tile", view->tile, view->job != NULL);
	set_seconds(worker, "busy_s", view->busy_us + silent_us, view->job != NULL);
	json_object_set_int_member(worker, "leases", view->leases);
	json_object_set_int_member(worker, "taken_back", (gint64)view->taken_back);
	set_text(worker, "version", view->version);
	set_text(worker, "vips", view->vips);
	set_known(worker, "rss_bytes", view->rss_bytes, view->rss_bytes > 0);
	json_object_set_int_member(worker, "restarts", (gint64)view->restarts);
	json_object_set_boolean_member(worker, "retiring", view->retiring);
	json_object_set_object_member(worker, "breaker", breaker_object(snapshot, view));
	set_text(worker, "end", view->end);
	set_time(worker, "gone_at", view->gone_wall_us);
	return worker;
}

/* Tasks of one worker, in /api/workers. */
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
	JsonObject *object = json_object_new();
	if (!wanted->worker)
		set_text(object, "worker", task->worker);
	set_time(object, "start", task->end_wall_us - task->took_us);
	json_object_set_double_member(object, "seconds", round((double)task->took_us / 10) / 1e5);
	set_text(object, "job", task->job);
	set_text(object, "source", task->source);
	json_object_set_int_member(object, "tile", task->tile);
	json_object_set_string_member(object, "result", task->failed ? "failed" : "done");
	json_array_add_object_element(wanted->list, object);
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
	g_autoptr(JsonObject) object = json_object_new();
	JsonArray *workers = json_array_new();

	for (guint i = 0; i < snapshot->workers->len; i++) {
		const struct worker_view *view = g_ptr_array_index(snapshot->workers, i);
		JsonObject *worker = api_worker_object(snapshot, view);
		json_object_set_array_member(worker, "tasks", api_tasks_array(view->id, 0, snapshot->sequence));
		json_array_add_object_element(workers, worker);
	}
	set_time(object, "time", snapshot->taken_wall_us);
	json_object_set_int_member(object, "late_after_s", WORKER_LATE_US / G_USEC_PER_SEC);
	json_object_set_int_member(object, "gone_after_s", WORKER_GONE_US / G_USEC_PER_SEC);
	json_object_set_int_member(object, "stream_s", TASK_LOG_US / G_USEC_PER_SEC);
	json_object_set_array_member(object, "workers", workers);
	return json_object_text(object);
}

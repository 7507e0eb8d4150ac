/* SPDX-License-Identifier: GPL-2.0-or-later
 * Snapshots as JSON: see api.h. Field names are a contract: see web/page/openapi.json. */
#include "web/api/api.h"

#include <json-glib/json-glib.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/json.h"
#include "base/version.h"
#include "web/api/events.h"
#include "web/http/fields.h"

static JsonObject *broker_object(const struct snapshot *snapshot)
{
	JsonObject *broker = json_object_new();
	json_object_set_string_member(broker, "kind", snapshot->embedded ? "embedded" : "kafka");
	json_object_set_string_member(broker, "state", snapshot->broker_up ? "up" : "down");
	set_text(broker, "servers", snapshot->brokers);
	set_text(broker, "note", snapshot->broker_note ? snapshot->broker_note : "");
	gint64 lag = 0;
	bool known = false;
	for (guint i = 0; i < snapshot->workers->len; i++) {
		const struct worker_view *worker = g_ptr_array_index(snapshot->workers, i);
		known = known || (worker->state == WORKER_LIVE && worker->lag >= 0);
		lag += worker->state == WORKER_LIVE ? MAX(worker->lag, 0) : 0;
	}
	set_known(broker, "lag", lag, known);
	return broker;
}

static JsonObject *tiles_object(const struct snapshot *snapshot)
{
	JsonObject *tiles = json_object_new();
	json_object_set_int_member(tiles, "queued", (gint64)snapshot->tiles_queued);
	json_object_set_int_member(tiles, "running", (gint64)snapshot->tiles_running);
	json_object_set_int_member(tiles, "done", (gint64)snapshot->tiles_done);
	json_object_set_int_member(tiles, "retried", (gint64)snapshot->tiles_retried);
	json_object_set_int_member(tiles, "reissued", (gint64)snapshot->tiles_reissued);
	json_object_set_int_member(tiles, "duplicate", (gint64)snapshot->tiles_duplicate);
	return tiles;
}

static JsonObject *now_object(const struct snapshot *snapshot)
{
	JsonObject *now = json_object_new();

	json_object_set_double_member(now, "megapixels_per_s", tenths(snapshot->megapixels_per_s));
	json_object_set_double_member(now, "tiles_per_s", tenths(snapshot->tiles_per_s));
	json_object_set_double_member(now, "jobs_per_min", tenths(snapshot->jobs_per_min));
	return now;
}

static JsonObject *lists_object(const struct snapshot *snapshot)
{
	JsonObject *lists = json_object_new();

	json_object_set_int_member(lists, "jobs", (gint64)snapshot->jobs_changed);
	json_object_set_int_member(lists, "workers", (gint64)snapshot->workers_changed);
	json_object_set_int_member(lists, "pipelines", (gint64)snapshot->pipelines_changed);
	json_object_set_int_member(lists, "waiting", (gint64)snapshot->waiting_changed);
	return lists;
}

static JsonObject *streams_object(void)
{
	JsonObject *streams = json_object_new();

	json_object_set_int_member(streams, "open", events_open());
	json_object_set_int_member(streams, "most", EVENTS_MOST);
	return streams;
}

/* Everything is as of the snapshot, so that two requests for the same snapshot get the same answer. */
static JsonObject *counts_object(const struct snapshot *snapshot)
{
	JsonObject *counts = json_object_new();

	for (int i = 0; i < TALLY_COUNT; i++)
		json_object_set_int_member(counts, tally_name((enum tallied)i), (gint64)snapshot->tallies[i]);
	return counts;
}

struct status_key api_status_key(const struct snapshot *snapshot)
{
	return (struct status_key){.sequence = snapshot->sequence,
		.taken_us = snapshot->taken_us,
		.boot = snapshot->boot,
		.age_s = MAX(clock_now_us() - snapshot->taken_us, 0) / G_USEC_PER_SEC,
		.streams = events_open()};
}

JsonObject *api_status_object(const struct snapshot *snapshot)
{
	JsonObject *status = json_object_new();
	JsonObject *workers = json_object_new();
	JsonObject *jobs = json_object_new();
	gint64 now_us = snapshot->taken_us;
	g_autofree char *boot = g_strdup_printf("%08x", snapshot->boot);

	for (int i = 0; i < WORKER_STATE_COUNT; i++)
		json_object_set_int_member(
			workers, worker_state_name((enum worker_state)i), snapshot->workers_by_state[i]);
	for (int i = 0; i < JOB_STATE_COUNT; i++)
		json_object_set_int_member(jobs, job_state_name((enum job_state)i), (gint64)snapshot->jobs_by_state[i]);
	json_object_set_string_member(status, "version", DROPMILL_VERSION);
	json_object_set_string_member(status, "boot", boot);
	set_time(status, "time", snapshot->taken_wall_us);
	json_object_set_int_member(status, "uptime_s", MAX(now_us - snapshot->started_us, 0) / G_USEC_PER_SEC);
	json_object_set_int_member(status, "sequence", (gint64)snapshot->sequence);
	json_object_set_int_member(status, "snapshot_age_s", MAX(clock_now_us() - now_us, 0) / G_USEC_PER_SEC);
	json_object_set_boolean_member(status, "ready", snapshot->ready);
	json_object_set_object_member(status, "broker", broker_object(snapshot));
	json_object_set_object_member(status, "workers", workers);
	json_object_set_object_member(status, "jobs", jobs);
	json_object_set_object_member(status, "tiles", tiles_object(snapshot));
	json_object_set_object_member(status, "now", now_object(snapshot));
	json_object_set_object_member(status, "lists", lists_object(snapshot));
	json_object_set_object_member(status, "streams", streams_object());
	json_object_set_object_member(status, "counts", counts_object(snapshot));
	json_object_set_int_member(status, "waiting", (gint64)snapshot->waiting_total);
	json_object_set_int_member(status, "records_refused", (gint64)snapshot->records_refused);
	json_object_set_int_member(status, "inotify_overflows", (gint64)snapshot->overflows);
	set_seconds(status, "oldest_queued_s", now_us - snapshot->oldest_queued_us, snapshot->oldest_queued_us > 0);
	set_text(status, "oldest_source", snapshot->oldest_source);
	return status;
}

char *api_status(const struct snapshot *snapshot)
{
	g_autoptr(JsonObject) status = api_status_object(snapshot);
	return json_object_text(status);
}

char *api_waiting(const struct snapshot *snapshot)
{
	g_autoptr(JsonObject) object = json_object_new();
	JsonArray *list = json_array_new();

	for (guint i = 0; i < snapshot->waiting->len; i++) {
		const struct waiting_view *view = g_ptr_array_index(snapshot->waiting, i);
		JsonObject *entry = json_object_new();
		set_text(entry, "pipeline", view->pipeline);
		set_text(entry, "path", view->path);
		set_text(entry, "why", view->why);
		set_time(entry, "since", view->since_wall_us);
		json_object_set_int_member(entry, "files", (gint64)view->files);
		json_array_add_object_element(list, entry);
	}
	json_object_set_int_member(object, "total", (gint64)snapshot->waiting_total);
	json_object_set_array_member(object, "waiting", list);
	return json_object_text(object);
}

/* What it does, and with whose pictures. */
static void add_chain(JsonObject *pipeline, const struct pipeline_view *view)
{
	g_autoptr(JsonObject) chain = view->chain ? json_parse_object(view->chain, -1, NULL) : NULL;
	JsonArray *accept = json_array_new();

	for (char **word = view->accept; word && *word; word++)
		json_array_add_string_element(accept, *word);
	json_object_set_array_member(pipeline, "accept", accept);
	set_text(pipeline, "originals", view->originals);
	json_object_set_boolean_member(pipeline, "recursive", view->recursive);
	json_object_set_int_member(pipeline, "priority", view->priority);
	static const char *const lists[] = {"steps", "outputs", "allow"};
	for (gsize i = 0; i < G_N_ELEMENTS(lists); i++) {
		const char *name = lists[i];
		JsonNode *node = chain ? json_object_get_member(chain, name) : NULL;
		if (node)
			json_object_set_member(pipeline, name, json_node_copy(node));
		else
			json_object_set_array_member(pipeline, name, json_array_new());
	}
}

static void add_counts(JsonObject *pipeline, const struct pipeline_view *view)
{
	JsonObject *jobs = json_object_new();

	for (int i = 0; i < JOB_STATE_COUNT; i++)
		json_object_set_int_member(jobs, job_state_name((enum job_state)i), (gint64)view->jobs[i]);
	json_object_set_object_member(pipeline, "jobs", jobs);
	json_object_set_int_member(pipeline, "kept", (gint64)view->kept);
	set_seconds(pipeline, "median_s", view->median_us, view->median_us > 0);
}

char *api_pipelines(const struct snapshot *snapshot)
{
	g_autoptr(JsonObject) object = json_object_new();
	JsonArray *pipelines = json_array_new();

	for (guint i = 0; i < snapshot->pipelines->len; i++) {
		const struct pipeline_view *view = g_ptr_array_index(snapshot->pipelines, i);
		JsonObject *pipeline = json_object_new();
		set_text(pipeline, "name", view->name);
		set_text(pipeline, "description", view->description);
		set_text(pipeline, "inbox", view->inbox);
		set_text(pipeline, "file", view->file);
		set_text(pipeline, "hash", view->hash);
		json_object_set_boolean_member(pipeline, "enabled", view->enabled);
		set_text(pipeline, "error", view->error);
		set_time(pipeline, "loaded_at", view->loaded_wall_us);
		add_chain(pipeline, view);
		add_counts(pipeline, view);
		json_array_add_object_element(pipelines, pipeline);
	}
	json_object_set_array_member(object, "pipelines", pipelines);
	return json_object_text(object);
}

/* SPDX-License-Identifier: GPL-2.0-or-later
 * Snapshots as JSON: see api.h. Field names are a contract: see "HTTP" in README.md. */
#include "web/api.h"

#include <json-glib/json-glib.h>
#include <math.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/json.h"
#include "base/version.h"

/* null for NULL; made valid, since a reason may quote a file's bytes. */
static void set_text(JsonObject *object, const char *name, const char *text)
{
	if (!text) {
		json_object_set_null_member(object, name);
		return;
	}
	g_autofree char *valid = g_utf8_make_valid(text, -1);
	json_object_set_string_member(object, name, valid);
}

static void set_time(JsonObject *object, const char *name, gint64 wall_us)
{
	g_autofree char *iso = clock_iso(wall_us);
	set_text(object, name, iso);
}

/* A measure that may be unknown. */
static void set_known(JsonObject *object, const char *name, gint64 value, bool known)
{
	if (known)
		json_object_set_int_member(object, name, value);
	else
		json_object_set_null_member(object, name);
}

static double tenths(double value)
{
	return isfinite(value) ? round(value * 10) / 10 : 0;
}

static double seconds_since(gint64 now_us, gint64 then_us)
{
	return tenths((double)MAX(now_us - then_us, 0) / G_USEC_PER_SEC);
}

static JsonObject *broker_object(const struct snapshot *snapshot)
{
	JsonObject *broker = json_object_new();
	json_object_set_string_member(broker, "kind", snapshot->embedded ? "embedded" : "kafka");
	json_object_set_string_member(broker, "state", snapshot->broker_up ? "up" : "down");
	set_text(broker, "servers", snapshot->brokers);
	set_text(broker, "note", snapshot->broker_note ? snapshot->broker_note : "");
	return broker;
}

static JsonObject *tiles_object(const struct snapshot *snapshot)
{
	JsonObject *tiles = json_object_new();
	json_object_set_int_member(tiles, "queued", (gint64)snapshot->tiles_queued);
	json_object_set_int_member(tiles, "running", (gint64)snapshot->tiles_running);
	json_object_set_int_member(tiles, "done", (gint64)snapshot->tiles_done);
	json_object_set_int_member(tiles, "retried", (gint64)snapshot->tiles_retried);
	json_object_set_int_member(tiles, "duplicate", (gint64)snapshot->tiles_duplicate);
	return tiles;
}

char *api_status(const struct snapshot *snapshot)
{
	g_autoptr(JsonObject) status = json_object_new();
	JsonObject *workers = json_object_new();
	JsonObject *jobs = json_object_new();
	gint64 now_us = clock_now_us();

	for (int i = 0; i < WORKER_STATE_COUNT; i++)
		json_object_set_int_member(
			workers, worker_state_name((enum worker_state)i), snapshot->workers_by_state[i]);
	for (int i = 0; i < JOB_STATE_COUNT; i++)
		json_object_set_int_member(jobs, job_state_name((enum job_state)i), (gint64)snapshot->jobs_by_state[i]);
	json_object_set_string_member(status, "version", DROPMILL_VERSION);
	set_time(status, "time", clock_wall_us());
	json_object_set_int_member(status, "uptime_s", MAX(now_us - snapshot->started_us, 0) / G_USEC_PER_SEC);
	json_object_set_int_member(status, "sequence", (gint64)snapshot->sequence);
	json_object_set_double_member(status, "snapshot_age_s", seconds_since(now_us, snapshot->taken_us));
	json_object_set_boolean_member(status, "ready", snapshot->ready);
	json_object_set_object_member(status, "broker", broker_object(snapshot));
	json_object_set_object_member(status, "workers", workers);
	json_object_set_object_member(status, "jobs", jobs);
	json_object_set_object_member(status, "tiles", tiles_object(snapshot));
	json_object_set_int_member(status, "waiting", snapshot->waiting_total);
	json_object_set_int_member(status, "records_refused", (gint64)snapshot->records_refused);
	json_object_set_int_member(status, "inotify_overflows", (gint64)snapshot->overflows);
	if (snapshot->oldest_queued_us > 0)
		json_object_set_double_member(
			status, "oldest_queued_s", seconds_since(now_us, snapshot->oldest_queued_us));
	else
		json_object_set_null_member(status, "oldest_queued_s");
	return json_object_text(status);
}

static JsonArray *outputs_array(const struct job_view *job)
{
	JsonArray *outputs = json_array_new();

	for (guint i = 0; job->outputs && i < job->outputs->len; i++) {
		const struct output_view *view = g_ptr_array_index(job->outputs, i);
		g_autofree char *id = g_uri_escape_string(job->id ? job->id : "", NULL, FALSE);
		g_autofree char *url = g_strdup_printf("/jobs/%s/output/%u", id, i);
		JsonObject *output = json_object_new();
		set_text(output, "path", view->name);
		json_object_set_int_member(output, "bytes", view->bytes);
		set_known(output, "width", view->width, view->width > 0);
		set_known(output, "height", view->height, view->height > 0);
		set_text(output, "type", view->type);
		set_text(output, "note", view->note);
		json_object_set_boolean_member(output, "skipped", view->skipped);
		json_object_set_string_member(output, "url", url);
		json_array_add_object_element(outputs, output);
	}
	return outputs;
}

static JsonObject *job_object(const struct job_view *job)
{
	JsonObject *object = json_object_new();
	JsonObject *tiles = json_object_new();

	json_object_set_int_member(tiles, "total", job->tiles_total);
	json_object_set_int_member(tiles, "done", job->tiles_done);
	json_object_set_int_member(tiles, "running", job->tiles_running);
	set_text(object, "id", job->id);
	set_text(object, "pipeline", job->pipeline);
	set_text(object, "source", job->source);
	json_object_set_string_member(object, "state", job_state_name(job->state));
	json_object_set_string_member(object, "lane", job->tiled ? "tiled" : "whole");
	set_known(object, "width", job->width, job->width > 0);
	set_known(object, "height", job->height, job->height > 0);
	json_object_set_object_member(object, "tiles", tiles);
	json_object_set_int_member(object, "attempt", job->attempt);
	json_object_set_array_member(object, "outputs", outputs_array(job));
	set_text(object, "error", job->error);
	set_time(object, "queued_at", job->queued_wall_us);
	set_time(object, "started_at", job->started_wall_us);
	set_time(object, "finished_at", job->finished_wall_us);
	return object;
}

char *api_job(const struct job_view *job)
{
	g_autoptr(JsonObject) object = job_object(job);
	return json_object_text(object);
}

const struct job_view *api_find_job(const struct snapshot *snapshot, const char *id)
{
	for (guint i = 0; i < snapshot->jobs->len; i++) {
		const struct job_view *job = g_ptr_array_index(snapshot->jobs, i);
		if (g_strcmp0(job->id, id) == 0)
			return job;
	}
	return NULL;
}

static int state_by_name(const char *name)
{
	for (int i = 0; i < JOB_STATE_COUNT; i++)
		if (strcmp(job_state_name((enum job_state)i), name) == 0)
			return i;
	return -1;
}

bool jobs_query_parse(const char *query, struct jobs_query *parsed, GError **error)
{
	g_autoptr(GError) cause = NULL;
	g_autoptr(GHashTable) given = g_uri_parse_params(query ? query : "", -1, "&", G_URI_PARAMS_WWW_FORM, &cause);

	*parsed = (struct jobs_query){.state = -1, .page = 1};
	if (!given)
		return fail(error, ERROR_INPUT, "the query cannot be read: %s", cause->message);
	const char *state = g_hash_table_lookup(given, "state");
	const char *pipeline = g_hash_table_lookup(given, "pipeline");
	const char *text = g_hash_table_lookup(given, "q");
	const char *page = g_hash_table_lookup(given, "page");
	guint64 number = 1;
	if (state && *state && (parsed->state = state_by_name(state)) < 0)
		return fail(error, ERROR_INPUT, "state is one of queued, running, done, failed; not '%s'", state);
	if (page && *page && !g_ascii_string_to_unsigned(page, 10, 1, 1000000, &number, NULL))
		return fail(error, ERROR_INPUT, "page is a number from 1; not '%s'", page);
	parsed->page = (guint)number;
	parsed->pipeline = pipeline && *pipeline ? g_strdup(pipeline) : NULL;
	parsed->text = text && *text ? g_utf8_casefold(text, -1) : NULL;
	return true;
}

void jobs_query_clear(struct jobs_query *query)
{
	g_clear_pointer(&query->pipeline, g_free);
	g_clear_pointer(&query->text, g_free);
}

static bool contains_folded(const char *text, const char *folded_part)
{
	if (!text)
		return false;
	g_autofree char *valid = g_utf8_make_valid(text, -1);
	g_autofree char *folded = g_utf8_casefold(valid, -1);
	return strstr(folded, folded_part) != NULL;
}

static bool matches(const struct job_view *job, const struct jobs_query *query)
{
	if (query->state >= 0 && (int)job->state != query->state)
		return false;
	if (query->pipeline && g_strcmp0(job->pipeline, query->pipeline) != 0)
		return false;
	return !query->text || contains_folded(job->source, query->text) || contains_folded(job->id, query->text);
}

char *api_jobs(const struct snapshot *snapshot, const struct jobs_query *query)
{
	g_autoptr(JsonObject) object = json_object_new();
	JsonArray *jobs = json_array_new();
	guint total = 0;
	guint first = (query->page - 1) * API_PAGE_SIZE;

	for (guint i = 0; i < snapshot->jobs->len; i++) {
		const struct job_view *job = g_ptr_array_index(snapshot->jobs, i);
		if (!matches(job, query))
			continue;
		if (total >= first && total < first + API_PAGE_SIZE)
			json_array_add_object_element(jobs, job_object(job));
		total++;
	}
	json_object_set_int_member(object, "total", total);
	json_object_set_int_member(object, "page", query->page);
	json_object_set_int_member(object, "pages", MAX((total + API_PAGE_SIZE - 1) / API_PAGE_SIZE, 1));
	json_object_set_array_member(object, "jobs", jobs);
	return json_object_text(object);
}

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

char *api_workers(const struct snapshot *snapshot)
{
	g_autoptr(JsonObject) object = json_object_new();
	JsonArray *workers = json_array_new();
	gint64 now_us = clock_now_us();

	for (guint i = 0; i < snapshot->workers->len; i++) {
		const struct worker_view *view = g_ptr_array_index(snapshot->workers, i);
		JsonObject *worker = json_object_new();
		set_text(worker, "id", view->id);
		set_text(worker, "host", view->host);
		json_object_set_int_member(worker, "pid", view->pid);
		json_object_set_string_member(worker, "state", worker_state_name(view->state));
		json_object_set_double_member(worker, "last_heartbeat_s", seconds_since(now_us, view->heartbeat_us));
		set_text(worker, "plane", view->plane);
		json_object_set_array_member(worker, "partitions", partitions_array(view->partitions));
		set_known(worker, "lag", view->lag, view->lag >= 0);
		json_object_set_int_member(worker, "tiles_done", (gint64)view->tiles_done);
		json_object_set_int_member(worker, "failed", (gint64)view->failed);
		json_object_set_double_member(worker, "tiles_per_s", tenths(view->tiles_per_s));
		set_text(worker, "current", view->current ? view->current : "");
		set_text(worker, "vips", view->vips);
		set_known(worker, "rss_bytes", view->rss_bytes, view->rss_bytes > 0);
		json_array_add_object_element(workers, worker);
	}
	json_object_set_array_member(object, "workers", workers);
	return json_object_text(object);
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
		json_array_add_object_element(list, entry);
	}
	json_object_set_int_member(object, "total", snapshot->waiting_total);
	json_object_set_array_member(object, "waiting", list);
	return json_object_text(object);
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
		json_array_add_object_element(pipelines, pipeline);
	}
	json_object_set_array_member(object, "pipelines", pipelines);
	return json_object_text(object);
}

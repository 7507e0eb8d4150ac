/* SPDX-License-Identifier: GPL-2.0-or-later
 * Paths and their handlers: see routes.h. */
#include "web/routes.h"

#include <gio/gio.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "web/api/api.h"
#include "web/api/api_job.h"
#include "web/api/api_jobs.h"
#include "web/api/api_pipelines.h"
#include "web/api/api_throughput.h"
#include "web/api/api_workers.h"
#include "web/api/archive.h"
#include "web/api/events.h"
#include "web/api/metrics.h"
#include "web/api/thumbs.h"
#include "web/http/files.h"
#include "web/openapi.h"
#include "web/pictures/pictures.h"
#include "web/static_file.h"

#define STALE_US (10 * G_USEC_PER_SEC) /* the master publishes at least every 2 s */

static int answer_json(struct request *request, char *text)
{
	g_autofree char *owned = text;
	return answer_content(request, "application/json", owned, strlen(owned));
}

static int get_page(struct request *request, const struct snapshot *snapshot)
{
	(void)snapshot;
	return static_file_send(request, "index.html");
}

static int get_asset(struct request *request, const struct snapshot *snapshot)
{
	(void)snapshot;
	return static_file_send(request, request->parts[request->count - 1]);
}

/* Asked for by everybody, all the time: made once for each that would read otherwise. */
static int get_status(struct request *request, const struct snapshot *snapshot)
{
	static GMutex lock;
	static GBytes *made;
	static char tag[32];
	static struct status_key key;
	struct status_key now = api_status_key(snapshot);

	g_mutex_lock(&lock);
	if (!made || memcmp(&now, &key, sizeof key) != 0) {
		g_clear_pointer(&made, g_bytes_unref);
		char *fresh = api_status(snapshot);
		g_autofree char *etag = content_etag(fresh, strlen(fresh));
		g_strlcpy(tag, etag, sizeof tag);
		made = g_bytes_new_take(fresh, strlen(fresh));
		key = now;
	}
	g_autoptr(GBytes) text = g_bytes_ref(made);
	char etag[sizeof tag];
	memcpy(etag, tag, sizeof tag);
	g_mutex_unlock(&lock);
	return answer_tagged(request, "application/json", g_bytes_get_data(text, NULL), g_bytes_get_size(text), etag);
}

static int get_jobs(struct request *request, const struct snapshot *snapshot)
{
	struct jobs_query query;
	g_autoptr(GError) error = NULL;

	if (!jobs_query_parse(request->query, &query, &error))
		return answer_error(request, 400, "%s", error->message);
	char *text = api_jobs(snapshot, &query, request->archive);
	jobs_query_clear(&query);
	return answer_json(request, text);
}

static int get_throughput(struct request *request, const struct snapshot *snapshot)
{
	g_autoptr(GHashTable) given =
		g_uri_parse_params(request->query ? request->query : "", -1, "&", G_URI_PARAMS_WWW_FORM, NULL);
	const char *span = given ? g_hash_table_lookup(given, "span") : NULL;
	bool day = g_strcmp0(span, "day") == 0;

	(void)snapshot;
	if (span && !day && strcmp(span, "hour") != 0)
		return answer_error(request, 400, "span is hour or day");
	char *text = api_throughput(request->archive, day);
	return text ? answer_json(request, text) : answer_error(request, 503, "the history cannot be read now");
}

static int get_job(struct request *request, const struct snapshot *snapshot)
{
	auto_struct(job_view) job = api_any_job(snapshot, request->archive, request->parts[2]);

	if (!job)
		return answer_error(request, 404, "no job has this id; /api/jobs lists them");
	return answer_json(request, api_job(snapshot, job));
}

static int get_workers(struct request *request, const struct snapshot *snapshot)
{
	return answer_json(request, api_workers(snapshot));
}

static int get_pipelines(struct request *request, const struct snapshot *snapshot)
{
	return answer_json(request, api_pipelines(snapshot));
}

static int get_events(struct request *request, const struct snapshot *snapshot)
{
	(void)snapshot;
	return events_answer(request);
}

static int get_waiting(struct request *request, const struct snapshot *snapshot)
{
	return answer_json(request, api_waiting(snapshot));
}

static int get_output(struct request *request, const struct snapshot *snapshot)
{
	auto_struct(job_view) job = api_any_job(snapshot, request->archive, request->parts[1]);
	guint64 number = 0;

	if (!job)
		return answer_error(request, 404, "no job has this id; /api/jobs lists them");
	if (!job->outputs || !g_ascii_string_to_unsigned(request->parts[3], 10, 0, G_MAXUINT32, &number, NULL) ||
		number >= job->outputs->len)
		return answer_error(
			request, 404, "this job has %u outputs, counted from 0", job->outputs ? job->outputs->len : 0);
	return files_send(request, g_ptr_array_index(job->outputs, number));
}

static int get_original(struct request *request, const struct snapshot *snapshot)
{
	auto_struct(job_view) job = api_any_job(snapshot, request->archive, request->parts[1]);

	if (!job)
		return answer_error(request, 404, "no job has this id; /api/jobs lists them");
	return files_send_original(request, job);
}

static int answer_text(struct request *request, const char *text)
{
	return answer_content(request, "text/plain; charset=utf-8", text, strlen(text));
}

static int get_health(struct request *request, const struct snapshot *snapshot)
{
	gint64 age_us = clock_now_us() - snapshot->taken_us;

	if (age_us >= STALE_US)
		return answer_error(request, 503, "the mill's loop has not moved for %" G_GINT64_FORMAT " s",
			age_us / G_USEC_PER_SEC);
	return answer_text(request, "ok\n");
}

static int get_metrics(struct request *request, const struct snapshot *snapshot)
{
	g_autofree char *text = metrics_text(snapshot);
	return answer_content(request, "text/plain; version=0.0.4; charset=utf-8", text, strlen(text));
}

static int get_ready(struct request *request, const struct snapshot *snapshot)
{
	if (!snapshot->broker.up)
		return answer_error(request, 503, "the broker is down%s%s",
			snapshot->broker.note && *snapshot->broker.note ? ": " : "",
			snapshot->broker.note ? snapshot->broker.note : "");
	if (!snapshot->ready)
		return answer_error(request, 503, "not ready yet");
	return answer_text(request, "ready\n");
}

static int get_description(struct request *request, const struct snapshot *snapshot);

static const char *const spans[] = {"hour", "day", NULL}, *const one[] = {"1", NULL};
static const struct parameter jobs_parameters[] = {
	{"state", "query", "string", "Only those.", job_state_names},
	{"pipeline", "query", "string", "Only those of this pipeline.", NULL},
	{"q", "query", "string", "A part of the source's name or of the id, in any case.", NULL},
	{"page", "query", "integer", "From 1.", NULL},
	{0},
};
static const struct parameter throughput_parameters[] = {
	{"span", "query", "string", "The default is hour.", spans},
	{0},
};
static const struct parameter pictures_parameters[] = {
	{"url", "query", "array", "The address of a thumbnail with its size, again for each, at most 100.", NULL},
	{0},
};
static const struct parameter thumb_parameters[] = {
	{"size", "query", "integer", "Fits in so many pixels: 160, 320 (the default), 640 or 1600.", NULL},
	{0},
};
static const struct parameter events_parameters[] = {
	{"job", "query", "string", "Adds this job and its tiles.", NULL},
	{"jobs", "query", "string", "Ids with commas between, at most 32: adds these jobs and their tiles.", NULL},
	{"tasks", "query", "string", "Adds the tasks that ended.", one},
	{"pictures", "query", "string", "Adds events of the kind pictures (schema Pictures) when thumbnails were made.",
		one},
	{"Last-Event-ID", "header", "string", "The last event that was seen.", NULL},
	{0},
};

static const struct route routes[] = {
	{"/", true, .handle = get_page},
	{"/assets/{}", true, .handle = get_asset},
	{"/icon.svg", true, .handle = get_asset},
	{"/api/status", false, .handle = get_status, .about = "The numbers of now", &api_status_table},
	{"/api/jobs", false, .handle = get_jobs,
		.about = "Jobs: running, queued, then finished, newest first, over the whole history; 50 a page",
		&api_jobs_table, NULL, jobs_parameters, {{400, "a parameter is wrong"}}},
	{"/api/jobs/{id}", false, .handle = get_job, .about = "One job, with its tiles, steps and timeline",
		&api_job_detail_table, .others = {{404, "no such job"}}},
	{"/api/workers", false, .handle = get_workers, .about = "Workers, with what they did in the last minute",
		&api_workers_table},
	{"/api/pipelines", false, .handle = get_pipelines, .about = "Definitions, as they are live",
		&api_pipelines_table},
	{"/api/waiting", false, .handle = get_waiting,
		.about = "Files and inboxes that are seen and cannot be taken, and why", &api_waiting_table},
	{"/api/throughput", false, .handle = get_throughput,
		.about = "Jobs, pixels, bytes and latency of the last hour or day", &api_throughput_table, NULL,
		throughput_parameters, {{400, "span is hour or day"}}},
	{"/api/events", true, .handle = get_events,
		.about =
			"Server-sent events, one for each snapshot, at most four a second; the id is boot.sequence, and Last-Event-ID "
			"continues from there",
		&events_table, "text/event-stream", events_parameters,
		{{503, "as many streams as there may be are open: poll /api/status"}}},
	{"/api/pictures", false, .handle = thumbs_states,
		.about = "Which thumbnails are made; the others are made now, and the stream of events reports when",
		&pictures_table, NULL, pictures_parameters, {{400, "the query cannot be read"}}},
	{"/api/openapi.json", true, .handle = get_description, .about = "This description"},
	{"/jobs/{id}/output/{n}", false, .handle = get_output, .about = "An output as a download; n counts from 0",
		NULL, "application/octet-stream",
		.others = {{206, "a range of it"}, {404, "no such job or output, or it is no longer there"},
			{416, "no such range"}}},
	{"/jobs/{id}/original", false, .handle = get_original, .about = "The original, where it lies now", NULL,
		"application/octet-stream",
		.others = {{206, "a range of it"}, {404, "no such job, or it is no longer there"},
			{416, "no such range"}}},
	{"/jobs/{id}/thumb/{n}", false, .handle = thumbs_one,
		.about = "A small version of an output (n from 0), or of the original (n: original)", NULL,
		"image/jpeg,image/webp", thumb_parameters,
		{{400, "no such size"}, {404, "there is none: the reason is the body"},
			{503, "it is being made: ask again"}}},
	{"/metrics", false, .handle = get_metrics, .about = "Prometheus, text format 0.0.4", NULL, "text/plain"},
	{"/healthz", false, .handle = get_health, .about = "Whether the loop turns", NULL, "text/plain",
		.others = {{503, "it has not moved for 10 s"}}},
	{"/readyz", false, .handle = get_ready, .about = "Whether broker and inboxes are up", NULL, "text/plain",
		.others = {{503, "not yet, or not now: the reason is the body"}}},
};

char *routes_description(void)
{
	return openapi_text(routes, G_N_ELEMENTS(routes), metrics_list());
}

static int get_description(struct request *request, const struct snapshot *snapshot)
{
	(void)snapshot;
	return answer_json(request, routes_description());
}

static bool route_matches(const char *pattern, const struct request *request)
{
	g_auto(GStrv) parts = g_strsplit(pattern + 1, "/", -1);

	if (g_strv_length(parts) != request->count && !(strcmp(pattern, "/") == 0 && request->count == 1))
		return false;
	if (strcmp(pattern, "/") == 0)
		return request->parts[0][0] == '\0';
	for (guint i = 0; i < request->count; i++)
		if (parts[i][0] != '{' && strcmp(parts[i], request->parts[i]) != 0)
			return false;
	return true;
}

int routes_answer(struct request *request)
{
	for (size_t i = 0; i < G_N_ELEMENTS(routes); i++) {
		if (!route_matches(routes[i].pattern, request))
			continue;
		if (routes[i].is_static)
			return routes[i].handle(request, NULL);
		auto_struct(snapshot) snapshot = snapshot_get();
		if (!snapshot)
			return answer_error(request, 503, "the mill is starting");
		return routes[i].handle(request, snapshot);
	}
	return answer_error(request, 404, "nothing is here; the page is at /");
}

/* SPDX-License-Identifier: GPL-2.0-or-later
 * Paths and their handlers: see routes.h. */
#include "web/routes.h"

#include <gio/gio.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "web/api/api.h"
#include "web/api/archive.h"
#include "web/api/events.h"
#include "web/api/metrics.h"
#include "web/http/files.h"
#include "web/pictures/thumbs.h"
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
	return asset_send(request, "index.html");
}

static int get_asset(struct request *request, const struct snapshot *snapshot)
{
	(void)snapshot;
	return asset_send(request, request->parts[request->count - 1]);
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

static int get_description(struct request *request, const struct snapshot *snapshot)
{
	(void)snapshot;
	return asset_send(request, "openapi.json");
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
	if (!snapshot->broker_up)
		return answer_error(request, 503, "the broker is down%s%s",
			snapshot->broker_note && *snapshot->broker_note ? ": " : "",
			snapshot->broker_note ? snapshot->broker_note : "");
	if (!snapshot->ready)
		return answer_error(request, 503, "not ready yet");
	return answer_text(request, "ready\n");
}

/* {} stands for any one part. Without a snapshot (the first moments) only the static ones answer. */
static const struct route {
	const char *pattern;
	bool is_static;
	int (*handle)(struct request *request, const struct snapshot *snapshot);
} routes[] = {
	{"/", true, get_page},
	{"/assets/{}", true, get_asset},
	{"/icon.svg", true, get_asset},
	{"/api/status", false, get_status},
	{"/api/jobs", false, get_jobs},
	{"/api/jobs/{}", false, get_job},
	{"/api/workers", false, get_workers},
	{"/api/pipelines", false, get_pipelines},
	{"/api/waiting", false, get_waiting},
	{"/api/throughput", false, get_throughput},
	{"/api/events", true, get_events},
	{"/api/pictures", false, thumbs_states},
	{"/api/openapi.json", true, get_description},
	{"/jobs/{}/output/{}", false, get_output},
	{"/jobs/{}/original", false, get_original},
	{"/jobs/{}/thumb/{}", false, thumbs_one},
	{"/metrics", false, get_metrics},
	{"/healthz", false, get_health},
	{"/readyz", false, get_ready},
};

static bool route_matches(const char *pattern, const struct request *request)
{
	g_auto(GStrv) parts = g_strsplit(pattern + 1, "/", -1);

	if (g_strv_length(parts) != request->count && !(strcmp(pattern, "/") == 0 && request->count == 1))
		return false;
	if (strcmp(pattern, "/") == 0)
		return request->parts[0][0] == '\0';
	for (guint i = 0; i < request->count; i++)
		if (strcmp(parts[i], "{}") != 0 && strcmp(parts[i], request->parts[i]) != 0)
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

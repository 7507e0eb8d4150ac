/* SPDX-License-Identifier: GPL-2.0-or-later
 * libFuzzer: any bytes as what strangers put into answers: names of files, reasons, hosts, what a decoder mumbled. Lines fill the
 * fields one after the other. Whatever they hold, an answer is JSON that a strict reader takes, and says the same. */
#include <string.h>

#include "base/display.h"
#include "base/json.h"
#include "web/api/api.h"
#include "web/api/api_jobs.h"
#include "web/api/api_pipelines.h"
#include "web/api/api_workers.h"

#define FIELDS 8

int LLVMFuzzerTestOneInput(const guint8 *data, size_t size);

static void add_views(struct snapshot *snapshot, char *const texts[FIELDS], const guint8 *data, size_t size)
{
	struct job_view *job = job_view_new();
	struct worker_view *worker = g_new0(struct worker_view, 1);
	struct pipeline_view *pipeline = g_new0(struct pipeline_view, 1);
	struct waiting_view *waiting = g_new0(struct waiting_view, 1);

	job->id = g_strdup("fuzz-1");
	job->pipeline = g_strdup(texts[0]);
	job->source = g_strdup(texts[1]);
	job->error = g_strdup(texts[2]);
	job->outputs = g_ptr_array_new_with_free_func((GDestroyNotify)output_view_free);
	worker->id = g_strdup(texts[3]);
	worker->host = g_strdup(texts[4]);
	worker->work.text = g_strdup(texts[5]);
	worker->partitions.list = g_strdup(texts[6]);
	memcpy(&worker->tiles_per_s, data, MIN(size, sizeof worker->tiles_per_s));
	pipeline->name = g_strdup(texts[0]);
	pipeline->error = g_strdup(texts[7]);
	waiting->path = g_strdup(texts[1]);
	waiting->why = g_strdup(texts[2]);
	snapshot->broker.note = g_strdup(texts[4]);
	g_ptr_array_add(snapshot->jobs, job);
	g_ptr_array_add(snapshot->workers, worker);
	g_ptr_array_add(snapshot->pipelines, pipeline);
	g_ptr_array_add(snapshot->waiting, waiting);
}

/* Takes text. */
static JsonObject *read_back(char *text)
{
	g_autofree char *owned = text;
	g_autoptr(GError) error = NULL;
	JsonObject *object = json_parse_object(owned, -1, &error);

	g_assert_no_error(error);
	g_assert_true(g_utf8_validate(owned, -1, NULL));
	return object;
}

static void check_text(JsonObject *object, const char *name, const char *text)
{
	g_autofree char *valid = g_utf8_make_valid(text, -1);

	g_assert_cmpstr(json_string(object, name, NULL), ==, valid);
}

static void check_shown(const char *text)
{
	g_autofree char *shown = display_name(text);

	g_assert_true(g_utf8_validate(shown, -1, NULL));
	for (const char *c = shown; *c; c++)
		g_assert_true((guchar)*c >= ' ' && *c != '\x7f');
}

int LLVMFuzzerTestOneInput(const guint8 *data, size_t size)
{
	g_autofree char *copy = g_strndup((const char *)data, size); /* up to the first NUL: names have none */
	g_auto(GStrv) lines = g_strsplit(copy, "\n", FIELDS);
	char *texts[FIELDS];
	const struct jobs_query all = {.state = -1, .page = 1};
	auto_struct(snapshot) snapshot = snapshot_new();

	for (guint i = 0; i < FIELDS; i++)
		texts[i] = i < g_strv_length(lines) ? lines[i] : (char *)"";
	add_views(snapshot, texts, data, size);
	g_autoptr(JsonObject) jobs = read_back(api_jobs(snapshot, &all, NULL));
	JsonObject *job = json_object_at(json_array(jobs, "jobs"), 0);
	check_text(job, "source", texts[1]);
	check_text(job, "error", texts[2]);
	g_autoptr(JsonObject) workers = read_back(api_workers(snapshot));
	check_text(json_object_at(json_array(workers, "workers"), 0), "host", texts[4]);
	g_autoptr(JsonObject) waiting = read_back(api_waiting(snapshot));
	check_text(json_object_at(json_array(waiting, "waiting"), 0), "why", texts[2]);
	g_autoptr(JsonObject) pipelines = read_back(api_pipelines(snapshot));
	check_text(json_object_at(json_array(pipelines, "pipelines"), 0), "error", texts[7]);
	g_autoptr(JsonObject) status = read_back(api_status(snapshot));
	check_text(json_object(status, "broker"), "note", texts[4]);
	for (guint i = 0; i < FIELDS; i++)
		check_shown(texts[i]);
	return 0;
}

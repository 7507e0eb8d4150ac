/* SPDX-License-Identifier: GPL-2.0-or-later
 * Addresses of thumbnails: see thumbs.h. */
#include "web/api/thumbs.h"

#include <string.h>

#include "base/json.h"
#include "web/api/api_jobs.h"
#include "web/api/archive.h"
#include "web/pictures/pictures.h"

#define URLS_MOST 100

/* What the job's pipeline allows, as JSON text, owned; a job that only the history knows uses what its pipeline allows
 * now. */
static char *allowed_for(const struct snapshot *snapshot, const struct job_view *job)
{
	const char *chain = job->chain;

	for (guint i = 0; !chain && i < snapshot->pipelines->len; i++) {
		const struct pipeline_view *pipeline = g_ptr_array_index(snapshot->pipelines, i);
		if (g_strcmp0(pipeline->name, job->pipeline) == 0)
			chain = pipeline->chain;
	}
	g_autoptr(JsonObject) shown = chain ? json_parse_object(chain, -1, NULL) : NULL;
	JsonNode *allow = shown ? json_object_get_member(shown, "allow") : NULL;
	return allow ? json_to_string(allow, FALSE) : NULL;
}

/* The file behind a thumbnail of the job: of "original", or of the output with this number. False: the job has no such output. */
static bool file_of(const struct job_view *job, const char *part, const char **path)
{
	guint64 number = 0;

	if (strcmp(part, "original") == 0) {
		*path = job->original;
		return true;
	}
	if (!job->outputs || !g_ascii_string_to_unsigned(part, 10, 0, G_MAXUINT32, &number, NULL) ||
		number >= job->outputs->len)
		return false;
	const struct output_view *output = g_ptr_array_index(job->outputs, number);
	*path = output->pending ? NULL : output->path;
	return true;
}

int thumbs_one(struct request *request, const struct snapshot *snapshot)
{
	auto_struct(job_view) job = api_any_job(snapshot, request->archive, request->parts[1]);
	struct picture picture = {.query = request->query};

	if (!job)
		return answer_error(request, 404, "no job has this id; /api/jobs lists them");
	if (!file_of(job, request->parts[3], &picture.path))
		return answer_error(
			request, 404, "this job has %u outputs, counted from 0", job->outputs ? job->outputs->len : 0);
	g_autofree char *allow = allowed_for(snapshot, job);
	picture.allow = allow;
	return pictures_answer(request->pictures, request, &picture);
}

/* "/jobs/ID/thumb/N?size=160" */
static JsonObject *state_of(struct request *request, const struct snapshot *snapshot, const char *url)
{
	g_auto(GStrv) halves = g_strsplit(url, "?", 2);
	g_auto(GStrv) parts = g_strsplit(halves[0] ? halves[0] : "", "/", -1);
	struct picture picture = {.query = halves[0] ? halves[1] : NULL};
	bool thumb = g_strv_length(parts) == 5 && strcmp(parts[1], "jobs") == 0 && strcmp(parts[3], "thumb") == 0;
	g_autofree char *id = thumb ? g_uri_unescape_string(parts[2], "/") : NULL;
	auto_struct(job_view) job = id ? api_any_job(snapshot, request->archive, id) : NULL;
	g_autofree char *allow = job ? allowed_for(snapshot, job) : NULL;

	picture.allow = allow;
	if (job)
		file_of(job, parts[4], &picture.path);
	return pictures_state(request->pictures, &picture, url);
}

int thumbs_states(struct request *request, const struct snapshot *snapshot)
{
	g_autoptr(JsonArray) pictures = json_array_new();
	g_autoptr(GError) error = NULL;
	GUriParamsIter at;
	char *name, *value;

	g_uri_params_iter_init(&at, request->query ? request->query : "", -1, "&", G_URI_PARAMS_WWW_FORM);
	while (g_uri_params_iter_next(&at, &name, &value, &error)) {
		if (strcmp(name, "url") == 0 && json_array_get_length(pictures) < URLS_MOST)
			json_array_add_object_element(pictures, state_of(request, snapshot, value));
		g_free(name);
		g_free(value);
	}
	if (error)
		return answer_error(request, 400, "the query cannot be read: %s", error->message);
	g_autofree char *text =
		fields_text(&pictures_table, &(const struct shown_pictures){g_steal_pointer(&pictures)});
	return answer_content(request, "application/json", text, strlen(text));
}

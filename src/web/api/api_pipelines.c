/* SPDX-License-Identifier: GPL-2.0-or-later
 * Definitions, and what a chain does, as JSON: see api_pipelines.h. */
#include "web/api/api_pipelines.h"
#include "base/json.h"

/* Written by status/pipeline_show.c; described here only. */
struct shown_chain {
	const char *name, *text, *value, *format, *when, *why;
	bool left_out, implied;
	JsonArray *list;
};
#define CHAIN(member) MEMBER(struct shown_chain, member)
/* clang-format off */
#define CONDITION                                                                                                      \
	{"when", CHAIN(when), .unknown = NULL_IF_NONE, .about = "Its condition as it was written."},                   \
		{"left_out", CHAIN(left_out), .unknown = ABSENT_IF_NONE,                                               \
			.about = "In a job: the condition did not hold, so it was not done."}
/* clang-format on */
static const struct field parameter_fields[] = {
	{"name", CHAIN(name)},
	{"value", CHAIN(value)},
	{0},
};
static const struct table parameter_table = {.fields = parameter_fields};
static const struct field step_fields[] = {
	{"name", CHAIN(name)},
	{"text", CHAIN(text)},
	CONDITION,
	{"implied", CHAIN(implied), .unknown = ABSENT_IF_NONE,
		.about = "In a job: nobody wrote this step; it was done because of the output's format or options."},
	{"why", CHAIN(why), .unknown = ABSENT_IF_NONE, .about = "Why an implied step was done."},
	{"parameters", CHAIN(list), .of = &parameter_table},
	{0},
};
const struct table api_step_table = {"Step", .fields = step_fields};
static const struct field chain_output_fields[] = {
	{"name", CHAIN(name)},
	{"format", CHAIN(format), .unknown = NULL_IF_NONE},
	{"text", CHAIN(text)},
	CONDITION,
	{"steps", CHAIN(list), .of = &api_step_table},
	{0},
};
const struct table api_chain_output_table = {"ChainOutput", .fields = chain_output_fields};

struct shown_pipeline {
	struct pipeline_view of;
	gint64 median_us;
	JsonArray *accept, *steps, *outputs, *allow;
};
#define PIPELINE(member) MEMBER(struct shown_pipeline, member)
static const struct field counts_fields[] = {
	{"queued", PIPELINE(of.jobs[JOB_QUEUED])},
	{"running", PIPELINE(of.jobs[JOB_RUNNING])},
	{"done", PIPELINE(of.jobs[JOB_DONE])},
	{"failed", PIPELINE(of.jobs[JOB_FAILED])},
	{0},
};
static const struct table counts_table = {.fields = counts_fields};
static const struct field pipeline_fields[] = {
	{"name", PIPELINE(of.name)},
	{"description", PIPELINE(of.description)},
	{"inbox", PIPELINE(of.inbox)},
	{"file", PIPELINE(of.file)},
	{"hash", PIPELINE(of.hash)},
	{"enabled", PIPELINE(of.enabled)},
	{"error", PIPELINE(of.error), .unknown = NULL_IF_NONE, .about = "What is wrong with the newest version."},
	{"loaded_at", PIPELINE(of.loaded_wall_us), SHOW_TIME, NULL_IF_NONE},
	{"accept", PIPELINE(accept), .items = "string"},
	{"originals", PIPELINE(of.originals), .unknown = NULL_IF_NONE},
	{"recursive", PIPELINE(of.recursive)},
	{"priority", PIPELINE(of.priority)},
	{"steps", PIPELINE(steps), .of = &api_step_table},
	{"outputs", PIPELINE(outputs), .of = &api_chain_output_table},
	{"allow", PIPELINE(allow), .items = "string",
		.about = "Loaders that may read this pipeline's files, though libvips does not vouch for them."},
	{"jobs", .of = &counts_table},
	{"kept", PIPELINE(of.kept),
		.about = "originals: keep: how many originals stay in the inbox, already processed."},
	{"median_s", PIPELINE(median_us), SHOW_SECONDS, NULL_BELOW_0,
		.about = "From dropped to done, of the last ones."},
	{0},
};
static const struct table pipeline_table = {"Pipeline", .fields = pipeline_fields};
struct shown_pipelines {
	JsonArray *list;
};
static const struct field pipelines_fields[] = {
	{"pipelines", MEMBER(struct shown_pipelines, list), .of = &pipeline_table},
	{0},
};
const struct table api_pipelines_table = {"Pipelines", .fields = pipelines_fields};

/* A copy of the chain's list of this name, or an empty one. */
static JsonArray *list_of(JsonObject *chain, const char *name)
{
	JsonArray *from = chain ? json_array(chain, name) : NULL;

	return from ? json_array_ref(from) : json_array_new();
}

static JsonObject *pipeline_object(const struct pipeline_view *view)
{
	g_autoptr(JsonObject) chain = view->chain ? json_parse_object(view->chain, -1, NULL) : NULL;
	const struct shown_pipeline shown = {
		.of = *view,
		.median_us = view->median_us > 0 ? view->median_us : -1,
		.accept = json_array_new(),
		.steps = list_of(chain, "steps"),
		.outputs = list_of(chain, "outputs"),
		.allow = list_of(chain, "allow"),
	};

	for (char **word = view->accept; word && *word; word++)
		json_array_add_string_element(shown.accept, *word);
	return fields_object(&pipeline_table, &shown);
}

char *api_pipelines(const struct snapshot *snapshot)
{
	const struct shown_pipelines shown = {json_array_new()};

	for (guint i = 0; i < snapshot->pipelines->len; i++)
		json_array_add_object_element(shown.list, pipeline_object(snapshot->pipelines->pdata[i]));
	return fields_text(&api_pipelines_table, &shown);
}

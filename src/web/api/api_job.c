/* SPDX-License-Identifier: GPL-2.0-or-later
 * A job as JSON, in a list and in full: see api_job.h. */
#include <math.h>

#include "base/disk/beneath.h"
#include "base/json.h"
#include "web/api/api_job.h"
#include "web/api/api_pipelines.h"

struct shown_output {
	struct output_view of;
	gint64 bytes;
	const char *url, *thumb, *text;
	JsonArray *steps;
};
#define OUTPUT(member) MEMBER(struct shown_output, member)
static const struct field output_fields[] = {
	{"path", OUTPUT(of.name)},
	{"bytes", OUTPUT(bytes), .unknown = NULL_BELOW_0},
	{"width", OUTPUT(of.width), .unknown = NULL_BELOW_1},
	{"height", OUTPUT(of.height), .unknown = NULL_BELOW_1},
	{"type", OUTPUT(of.type)},
	{"note", OUTPUT(of.note), .unknown = NULL_IF_NONE, .about = "Why it has another name, or was skipped."},
	{"skipped", OUTPUT(of.skipped)},
	{"url", OUTPUT(url), .unknown = NULL_IF_NONE},
	{"thumb", OUTPUT(thumb), .unknown = NULL_IF_NONE},
	{"text", OUTPUT(text), .unknown = ABSENT_IF_NONE},
	{"steps", OUTPUT(steps), .unknown = ABSENT_IF_NONE, .of = &api_step_table},
	{0},
};
static const struct table output_table = {"Output", .fields = output_fields};

struct shown_original {
	const char *url, *thumb;
};
static const struct field original_fields[] = {
	{"url", MEMBER(struct shown_original, url)},
	{"thumb", MEMBER(struct shown_original, thumb)},
	{0},
};
static const struct table original_table = {.fields = original_fields};

struct shown_job {
	struct job_view of;
	guint lane;
	double megapixels;
	gint64 retry_us, elapsed_us, eta_us, run;
	JsonArray *outputs, *steps, *left_out, *timeline, *tiles;
	JsonObject *original, *spent;
	bool complete;
};
#define JOB(member) MEMBER(struct shown_job, member)
static const char *const lanes[] = {"whole", "tiled", NULL};
static const struct field job_tiles_fields[] = {
	{"total", JOB(of.counts.total)},
	{"done", JOB(of.counts.done)},
	{"running", JOB(of.counts.running)},
	{"failed", JOB(of.counts.failed), .about = "Tries of tiles that failed in this run."},
	{0},
};
static const struct table job_tiles_table = {.fields = job_tiles_fields};
static const struct field job_fields[] = {
	{"id", JOB(of.id)},
	{"pipeline", JOB(of.pipeline)},
	{"source", JOB(of.source)},
	{"state", JOB(of.state), SHOW_WORD, .words = job_state_names},
	{"lane", JOB(lane), SHOW_WORD, .words = lanes},
	{"width", JOB(of.width), .unknown = NULL_BELOW_1},
	{"height", JOB(of.height), .unknown = NULL_BELOW_1},
	{"megapixels", JOB(megapixels), SHOW_EXACT, NULL_BELOW_0},
	{"bytes", JOB(of.bytes), .unknown = NULL_BELOW_1},
	{"tiles", .of = &job_tiles_table},
	{"attempt", JOB(of.attempt)},
	{"workers", JOB(of.now.workers), .about = "That hold a piece of it now."},
	{"outputs", JOB(outputs), .of = &output_table},
	{"original", JOB(original), .unknown = NULL_IF_NONE, .of = &original_table},
	{"error", JOB(of.error), .unknown = NULL_IF_NONE},
	{"doing", JOB(of.now.doing), .unknown = NULL_IF_NONE,
		.about = "What is done for it now, in a few words; null: it is over."},
	{"waiting_for", JOB(of.now.waiting_for), .unknown = NULL_IF_NONE,
		.about = "Why a queued or running job stands; null: it does not."},
	{"retry_in_s", JOB(retry_us), SHOW_SECONDS, NULL_BELOW_0,
		"When it is tried again; null: that depends on something else."},
	{"queued_at", JOB(of.times.queued_wall_us), SHOW_TIME, NULL_IF_NONE},
	{"started_at", JOB(of.times.started_wall_us), SHOW_TIME, NULL_IF_NONE},
	{"finished_at", JOB(of.times.finished_wall_us), SHOW_TIME, NULL_IF_NONE},
	{"elapsed_s", JOB(elapsed_us), SHOW_SECONDS, NULL_BELOW_0},
	{"eta_s", JOB(eta_us), SHOW_SECONDS, NULL_BELOW_0},
	{0},
};
const struct table api_job_table = {"Job", .fields = job_fields};

struct shown_tile {
	struct tile_view of;
	guint number;
	int width, height;
	double seconds;
};
#define TILE(member) MEMBER(struct shown_tile, member)
static const struct field tile_fields[] = {
	{"n", TILE(number)},
	{"output", TILE(of.output)},
	{"left", TILE(of.left)},
	{"top", TILE(of.top)},
	{"width", TILE(width)},
	{"height", TILE(height)},
	{"state", TILE(of.state), SHOW_WORD, .words = tile_shown_names},
	{"worker", TILE(of.worker), .unknown = NULL_IF_NONE},
	{"seconds", TILE(seconds), SHOW_EXACT, NULL_BELOW_0},
	{"attempt", TILE(of.attempt)},
	{0},
};
const struct table api_tile_table = {"Tile", .fields = tile_fields};

#define ENTRY(member) MEMBER(struct timeline_entry, member)
static const struct field timeline_fields[] = {
	{"at", ENTRY(wall_us), SHOW_TIME, NULL_IF_NONE},
	{"kind", ENTRY(kind), SHOW_WORD, .words = timeline_kind_names},
	{"text", ENTRY(text)},
	{"tile", ENTRY(tile), .unknown = NULL_BELOW_0},
	{"worker", ENTRY(worker), .unknown = NULL_IF_NONE},
	{0},
};
static const struct table timeline_table = {"TimelineEntry", .fields = timeline_fields};
static const struct field job_story_fields[] = {
	{"run", JOB(run), .unknown = NULL_BELOW_0},
	{"tile_list_complete", JOB(complete)},
	{"steps", JOB(steps), .unknown = NULL_IF_NONE, .of = &api_step_table},
	{"left_out", JOB(left_out), .of = &api_chain_output_table, .about = "Outputs that their conditions left out."},
	{"timeline", JOB(timeline), .of = &timeline_table},
	{"pipeline_hash", JOB(of.hash), .unknown = NULL_IF_NONE},
	{0},
};
const struct table api_job_story_table = {"JobStory", .base = &api_job_table, .fields = job_story_fields};
static const struct field job_detail_fields[] = {
	{"spent", JOB(spent), .unknown = NULL_IF_NONE, .about = "Where its time went, by process."},
	{"tile_list", JOB(tiles), .unknown = NULL_IF_NONE, .of = &api_tile_table},
	{0},
};
const struct table api_job_detail_table = {"JobDetail", .base = &api_job_story_table, .fields = job_detail_fields};

/* Of what a thumbnail can be made: see worker/thumbnail.c. Results are for people to move away: one that is gone has none. */
static bool is_picture(const struct output_view *view)
{
	struct stat status;

	return !view->skipped && !view->pending && g_str_has_prefix(view->type ? view->type : "", "image/") &&
	       view->path && beneath_stat(view->path, &status) == 0 && S_ISREG(status.st_mode);
}

static JsonArray *outputs_array(const struct job_view *job, const char *id, JsonArray *chains)
{
	JsonArray *outputs = json_array_new();

	for (guint i = 0; job->outputs && i < job->outputs->len; i++) {
		const struct output_view *view = g_ptr_array_index(job->outputs, i);
		g_autofree char *url = g_strdup_printf("/jobs/%s/output/%u", id, i);
		g_autofree char *thumb = g_strdup_printf("/jobs/%s/thumb/%u", id, i);
		JsonObject *chain = chains && i < json_array_get_length(chains) ? json_object_at(chains, i) : NULL;
		JsonArray *steps = chain ? json_array(chain, "steps") : NULL;
		const struct shown_output shown = {
			.of = *view,
			.bytes = view->pending ? -1 : view->bytes,
			.url = view->pending ? NULL : url,
			.thumb = is_picture(view) ? thumb : NULL,
			.text = chain ? json_string(chain, "text", "") : NULL,
			.steps = steps ? json_array_ref(steps) : NULL,
		};
		json_array_add_object_element(outputs, fields_object(&output_table, &shown));
	}
	return outputs;
}

static JsonObject *original_object(const struct job_view *job, const char *id)
{
	if (!job->original)
		return NULL;
	g_autofree char *url = g_strdup_printf("/jobs/%s/original", id);
	g_autofree char *thumb = g_strdup_printf("/jobs/%s/thumb/original", id);
	return fields_object(&original_table, &(const struct shown_original){url, thumb});
}

static gint64 elapsed_us(const struct snapshot *snapshot, const struct job_view *job)
{
	gint64 from = job->times.started_wall_us ? job->times.started_wall_us : job->times.queued_wall_us;
	gint64 to = job->times.finished_wall_us ? job->times.finished_wall_us : snapshot->taken_wall_us;

	return MAX(to - from, 0);
}

/* chains: of its outputs, or NULL in a list. */
static struct shown_job shown_job(const struct snapshot *snapshot, const struct job_view *job, JsonArray *chains)
{
	g_autofree char *id = g_uri_escape_string(job->id ? job->id : "", NULL, FALSE);
	bool sized = job->width > 0 && job->height > 0;
	bool expected = job->now.eta_us > 0 && job->state == JOB_RUNNING && job->counts.done < job->counts.total;

	return (struct shown_job){
		.of = *job,
		.lane = job->tiled,
		.megapixels = sized ? round((double)job->width * job->height / 1e4) / 100 : -1,
		.retry_us = job->now.retry_us > 0 ? MAX(job->now.retry_us - snapshot->taken_us, 0) : -1,
		.elapsed_us = job->times.queued_wall_us > 0 ? elapsed_us(snapshot, job) : -1,
		.eta_us = expected ? MAX(job->now.eta_us - snapshot->taken_us, 0) : -1,
		.outputs = outputs_array(job, id, chains),
		.original = original_object(job, id),
	};
}

JsonObject *api_job_object(const struct snapshot *snapshot, const struct job_view *job)
{
	const struct shown_job shown = shown_job(snapshot, job, NULL);

	return fields_object(&api_job_table, &shown);
}

JsonArray *api_tiles_array(const struct job_view *job, guint64 above)
{
	/* What one worker did in one go covers all of its outputs. */
	const struct output_view *whole = !job->tiled && job->outputs->len ? job->outputs->pdata[0] : NULL;
	JsonArray *list = json_array_new();

	for (guint i = 0; job->tiles && i < job->tiles->count; i++) {
		const struct tile_view *tile = tiles_view_at(job->tiles, i);
		if (tile->changed <= above)
			continue;
		const struct shown_tile shown = {
			.of = *tile,
			.number = i,
			.width = whole ? whole->width : tile->width,
			.height = whole ? whole->height : tile->height,
			.seconds = tile->state == SHOWN_DONE ? round((double)tile->seconds * 1e5) / 1e5 : -1,
		};
		json_array_add_object_element(list, fields_object(&api_tile_table, &shown));
	}
	return list;
}

static JsonArray *timeline_array(const GPtrArray *timeline)
{
	JsonArray *list = json_array_new();

	for (guint i = 0; timeline && i < timeline->len; i++)
		json_array_add_object_element(list, fields_object(&timeline_table, timeline->pdata[i]));
	return list;
}

/* Into those that are made, which are the job's in this order, and those that their conditions left out. */
static void split_outputs(JsonObject *chain, JsonArray *made, JsonArray *left_out)
{
	JsonArray *all = chain ? json_array(chain, "outputs") : NULL;

	for (guint i = 0; all && i < json_array_get_length(all); i++) {
		JsonObject *output = json_object_at(all, i);
		JsonArray *list = output && json_bool(output, "left_out", false) ? left_out : made;
		json_array_add_element(list, json_node_copy(json_array_get_element(all, i)));
	}
}

static struct shown_job shown_story(const struct snapshot *snapshot, const struct job_view *job)
{
	g_autoptr(JsonObject) chain = job->chain ? json_parse_object(job->chain, -1, NULL) : NULL;
	g_autoptr(JsonArray) made = json_array_new(), left_out = json_array_new();
	split_outputs(chain, made, left_out);
	struct shown_job shown = shown_job(snapshot, job, chain ? made : NULL);
	JsonArray *steps = chain ? json_array(chain, "steps") : NULL;

	shown.run = job->tiles ? (gint64)job->tiles->run : -1;
	shown.complete = !job->tiles || job->tiles->count == job->tiles->total;
	shown.steps = steps ? json_array_ref(steps) : NULL;
	shown.left_out = g_steal_pointer(&left_out);
	shown.timeline = timeline_array(job->timeline);
	return shown;
}

JsonObject *api_job_details(const struct snapshot *snapshot, const struct job_view *job)
{
	const struct shown_job shown = shown_story(snapshot, job);

	return fields_object(&api_job_story_table, &shown);
}

char *api_job(const struct snapshot *snapshot, const struct job_view *job)
{
	struct shown_job shown = shown_story(snapshot, job);

	shown.spent = job->times.spent ? spent_object(job->times.spent) : NULL;
	shown.tiles = job->tiles ? api_tiles_array(job, 0) : NULL;
	return fields_text(&api_job_detail_table, &shown);
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

/* SPDX-License-Identifier: GPL-2.0-or-later
 * How a run does its work: see plan.h. */
#include "master/job/plan.h"

#include <string.h>

#include "base/error.h"
#include "base/json.h"
#include "definition/implied.h"
#include "definition/template/template.h"
#include "master/job/job.h"
#include "status/pipeline_show.h"

static bool has_word(JsonArray *words, const char *word)
{
	for (guint i = 0; words && i < json_array_get_length(words); i++) {
		JsonNode *node = json_array_get_element(words, i);
		if (JSON_NODE_HOLDS_VALUE(node) && g_strcmp0(json_node_get_string(node), word) == 0)
			return true;
	}
	return false;
}

/* [output, enum implied]: a worker's words are not shown, only known ones. Returns owned. */
static JsonArray *implied_of(const struct job *job, JsonArray *outputs)
{
	JsonArray *all = json_array_new();

	for (guint i = 0; outputs && i < json_array_get_length(outputs); i++) {
		JsonObject *entry = json_object_at(outputs, i);
		const struct job_output *output = job_reported_output(job, entry, i);
		for (guint which = 0; output && which < IMPLIED_COUNT; which++) {
			if (!has_word(json_array(entry, "implied"), implied_steps[which].word))
				continue;
			JsonArray *pair = json_array_new();
			json_array_add_int_element(pair, output->number);
			json_array_add_int_element(pair, which);
			json_array_add_array_element(all, pair);
		}
	}
	return all;
}

void job_show_run(struct job *job, JsonObject *report, JsonArray *outputs)
{
	g_autoptr(JsonArray) implied = implied_of(job, outputs);
	const struct shown_run run = {json_array(report, "left_out"), json_array(report, "skipped"), implied};
	JsonArray *const lists[] = {run.left_out, run.skipped, run.implied};
	g_autoptr(GString) which = g_string_new(NULL);

	for (guint i = 0; i < G_N_ELEMENTS(lists); i++) {
		g_autofree char *text = lists[i] ? json_array_text(lists[i]) : g_strdup("[]");
		g_string_append(which, text);
	}
	g_clear_pointer(&job->plan.shown, g_ref_string_release);
	g_clear_pointer(&job->plan.hash, g_free);
	if (g_str_equal(which->str, "[][][]") || !job->pipeline->shown)
		return;
	job->plan.shown = pipeline_show_run(job->pipeline->shown, &run);
	job->plan.hash = g_strdup_printf("%s/%s", job->pipeline->hash, which->str);
}

/* libvips' own bound for an edge of a picture. */
#define MOST_PX 10000000
/* What the master keeps of each is allocated: two gigabytes. */
#define MOST_TILES (1 << 24)

static bool read_ring(struct ring_place *ring, JsonObject *object, gint64 segment_bytes)
{
	gint64 offset = json_int(object, "offset", -1), stride = json_int(object, "stride", -1),
	       rows = json_int(object, "rows", -1), pixel = json_int(object, "pixel_bytes", -1);

	if (offset < 0 || offset > segment_bytes || stride < 1 || rows < 1 || rows > G_MAXINT || pixel < 1 ||
		pixel > MIN(stride, G_MAXINT) || rows > (segment_bytes - offset) / stride)
		return false;
	*ring = (struct ring_place){(gsize)offset, (gsize)stride, (int)rows, (int)pixel};
	return true;
}

bool ring_place_rect(const struct ring_place *ring, const gint64 edges[4], struct rect *rect)
{
	for (guint i = 0; i < 4; i++)
		if (edges[i] < (i < 2 ? 0 : 1) || edges[i] > MOST_PX)
			return false;
	*rect = (struct rect){(int)edges[0], (int)edges[1], (int)edges[2], (int)edges[3]};
	return edges[3] <= ring->rows && (gsize)(edges[0] + edges[2]) * (gsize)ring->pixel_bytes <= ring->stride;
}

gsize ring_place_at(const struct ring_place *ring, int left, int y)
{
	return ring->offset + (gsize)(y % ring->rows) * ring->stride + (gsize)left * (gsize)ring->pixel_bytes;
}

bool job_read_plan(struct job *job, JsonObject *plan, GError **error)
{
	gint64 tiles = json_int(plan, "tiles", 0), bytes = json_int(plan, "segment_bytes", 0);
	JsonObject *task = json_object(plan, "task");
	JsonArray *outputs = json_array(task, "outputs");
	bool good = tiles > 0 && tiles <= MOST_TILES && bytes > SEGMENT_ROWS && outputs &&
		    json_array_get_length(outputs) == job->outputs->len &&
		    read_ring(&job->plan.ring, json_object(task, "source"), bytes);

	for (guint i = 0; good && i < json_array_get_length(outputs); i++) {
		struct ring_place ring;
		good = read_ring(&ring, json_object_at(outputs, i), bytes);
		g_array_append_val(job->plan.rings, ring);
	}
	if (!good)
		return fail(error, ERROR_SYSTEM, "the codec's plan makes no sense");
	job->plan.spec = json_object_ref(task);
	job_set_tiles(job, (guint)tiles);
	return true;
}

/* The files of a pyramid are named after its folder. */
static void set_title(JsonObject *entry, const struct job *job, const struct job_output *place)
{
	g_autofree char *name = g_path_get_basename(place->final ? place->final : job->claim->relative);
	g_autofree char *title = g_utf8_make_valid(name, -1);
	char *dot = strrchr(title, '.');

	if (dot && dot != title)
		*dot = '\0';
	json_object_set_string_member(entry, "title", title);
}

void job_describe(const struct job *job, JsonObject *object)
{
	json_set_path(object, "path", job->claim->path);
	pipeline_describe_job(job->pipeline, object);
	JsonArray *outputs = json_array(object, "outputs");
	for (guint i = 0; i < job->outputs->len; i++) {
		const struct job_output *place = g_ptr_array_index(job->outputs, i);
		const struct output *output = g_ptr_array_index(job->pipeline->outputs, place->number);
		if (g_strcmp0(output->format, "dz") == 0)
			set_title(json_object_at(outputs, place->number), job, place);
	}
	json_object_set_object_member(
		object, "names", template_names(job->claim->relative, job->pipeline->name, job->times.queued_wall_us));
}

void job_make_whole_spec(struct job *job, gint64 huge_pixels)
{
	JsonObject *spec = json_object_new();

	job_describe(job, spec);
	JsonArray *outputs = json_array(spec, "outputs");
	for (guint i = 0; i < job->outputs->len; i++) {
		const struct job_output *place = g_ptr_array_index(job->outputs, i);
		json_set_path(json_object_at(outputs, place->number), "temp", place->temp);
	}
	json_object_set_int_member(spec, "huge_pixels", huge_pixels);
	if (job->plan.threads)
		json_object_set_int_member(spec, "threads", job->plan.threads);
	g_clear_pointer(&job->plan.spec, json_object_unref);
	job->plan.spec = spec;
}

const char *job_spec(struct job *job, enum plane plane)
{
	if (!job->plan.spec_text[plane]) {
		/* A worker elsewhere does not get the segment's path. */
		if (plane == PLANE_SHM && job->segment) {
			json_object_set_string_member(job->plan.spec, "segment", job->segment->path);
			json_object_set_string_member(job->plan.spec, "leases", job->segment->leases->path);
		} else if (json_object_has_member(job->plan.spec, "segment")) {
			json_object_remove_member(job->plan.spec, "segment");
			json_object_remove_member(job->plan.spec, "leases");
		}
		job->plan.spec_text[plane] = json_object_text(job->plan.spec);
	}
	return job->plan.spec_text[plane];
}

/* SPDX-License-Identifier: GPL-2.0-or-later
 * One dropped picture on its way: see job.h. */
#include "master/job/job.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/display.h"
#include "base/error.h"
#include "base/json.h"
#include "definition/implied.h"
#include "definition/template/template.h"
#include "status/pipeline_show.h"
#include "status/timeline.h"

struct job *job_new(struct claim *claim, struct pipeline *pipeline)
{
	struct job *job = g_new0(struct job, 1);

	job->id = g_ref_string_new(claim->id);
	job->source = display_name(claim->relative);
	job->owner = g_strconcat(pipeline->name, "/", claim->relative, NULL);
	job->claim = claim;
	job->pipeline = pipeline_ref(pipeline);
	job->course.attempts = pipeline->attempts;
	job->queued_us = clock_now_us();
	job->queued_wall_us = claim->dropped_wall_us ? claim->dropped_wall_us : clock_wall_us();
	job->outputs = job_outputs_new();
	job->rings = g_array_new(FALSE, TRUE, sizeof(struct ring_place));
	g_queue_init(&job->ready);
	return job;
}

void job_free(struct job *job)
{
	if (!job)
		return;
	g_assert(!job->codec && !job->segment);
	job_reset(job);
	claim_free(job->claim);
	pipeline_unref(job->pipeline);
	g_ptr_array_unref(job->outputs);
	g_array_unref(job->rings);
	g_ref_string_release(job->id);
	job_view_unref(job->view);
	tiles_view_unref(job->shown);
	g_clear_pointer(&job->timeline, g_ptr_array_unref);
	g_free(job->source);
	g_free(job->owner);
	drop_unref(job->drop);
	g_free(job->hash);
	g_free(job->error);
	g_free(job->waiting_for);
	g_free(job->spent);
	g_clear_pointer(&job->own_shown, g_ref_string_release);
	g_free(job->own_hash);
	g_free(job);
}

const char *job_owner(const struct job *job)
{
	return job->owner;
}

void job_set_loose(struct job *job)
{
	g_assert(!job->drop);
	job->loose = true;
	g_free(job->owner);
	job->owner = g_strconcat(job->pipeline->name, "/", job->claim->path, NULL);
}

struct drop *job_drop(struct job *job)
{
	if (!job->drop)
		job->drop = drop_new(&(struct drop){
			.id = job->id,
			.source = job->source,
			.owner = job->owner,
			.claim = job->claim,
			.pipeline = job->pipeline,
			.queued_us = job->queued_us,
			.queued_wall_us = job->queued_wall_us,
			.loose = job->loose,
		});
	return job->drop;
}

void job_take_found(struct job *job, struct found *found)
{
	g_ptr_array_unref(job->outputs);
	job->outputs = g_steal_pointer(&found->outputs);
	g_free(job->hash);
	job->hash = g_steal_pointer(&found->hash);
	job->number = found->number;
	g_free(found);
}

void job_name_temps(struct job *job)
{
	for (guint i = 0; i < job->outputs->len; i++) {
		struct job_output *output = g_ptr_array_index(job->outputs, i);
		g_autofree char *name =
			g_strdup_printf(".dropmill-%s-%u-%u.tmp", job->id, job->course.run, output->number);
		/* A skipped output is made all the same where others of its picture are not, and thrown away. */
		const char *folder = output->folder;
		for (guint o = 0; !folder && o < job->outputs->len; o++)
			folder = ((struct job_output *)g_ptr_array_index(job->outputs, o))->folder;
		g_free(output->temp);
		output->temp = folder ? g_build_filename(folder, name, NULL) : NULL;
	}
}

void job_remove_temps(const struct job *job)
{
	for (guint i = 0; i < job->outputs->len; i++)
		job_remove_temp(g_ptr_array_index(job->outputs, i));
}

bool job_all_skipped(const struct job *job)
{
	for (guint i = 0; i < job->outputs->len; i++)
		if (!((struct job_output *)g_ptr_array_index(job->outputs, i))->skipped)
			return false;
	return job->outputs->len > 0;
}

enum job_state job_state(const struct job *job)
{
	return phase_facts(job->course.phase)->state;
}

static void free_tiles(struct job *job)
{
	for (guint i = 0; i < job->tile_count; i++)
		if (job->tiles[i].who)
			g_ref_string_release(job->tiles[i].who);
	g_clear_pointer(&job->tiles, g_free);
	job->tile_count = 0;
}

void job_reset(struct job *job)
{
	g_clear_pointer(&job->profile, json_object_unref);
	g_clear_pointer(&job->spec, json_object_unref);
	g_clear_pointer(&job->spec_text[PLANE_SHM], g_free);
	g_clear_pointer(&job->spec_text[PLANE_INLINE], g_free);
	free_tiles(job);
	g_clear_pointer(&job->failure_votes, g_ptr_array_unref);
	g_clear_pointer(&job->timings, g_free);
	g_clear_pointer(&job->undelivered, g_free);
	job->send_after_us = 0;
	g_array_set_size(job->rings, 0);
	g_queue_clear(&job->ready);
	job->done = job->leased = job->held = job->failed_tries = 0;
	job->first_sent_us = job->eta_us = 0;
	job->lane = LANE_UNDECIDED;
}

void job_set_tiles(struct job *job, guint count)
{
	free_tiles(job);
	job->tiles = g_new0(struct tile, count);
	job->tile_count = count;
	job->done = job->leased = 0;
}

struct job_output *job_output_of(const struct job *job, gint64 number)
{
	for (guint i = 0; i < job->outputs->len; i++) {
		struct job_output *output = g_ptr_array_index(job->outputs, i);
		if (output->number == number)
			return output;
	}
	return NULL;
}

struct job_output *job_reported_output(const struct job *job, JsonObject *entry, guint place)
{
	gint64 number = json_int(entry, "output", -1);

	if (number >= 0)
		return job_output_of(job, number);
	return place < job->outputs->len ? g_ptr_array_index(job->outputs, place) : NULL;
}

void job_skip_outputs(struct job *job, JsonArray *skipped)
{
	for (guint i = 0; skipped && i < json_array_get_length(skipped); i++) {
		struct job_output *output = job_output_of(job, json_array_get_int_element(skipped, i));
		/* Others are made, whatever a worker says. */
		if (output && ((struct output *)g_ptr_array_index(job->pipeline->outputs, output->number))->when)
			g_ptr_array_remove(job->outputs, output);
	}
}

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
	g_clear_pointer(&job->own_shown, g_ref_string_release);
	g_clear_pointer(&job->own_hash, g_free);
	if (g_str_equal(which->str, "[][][]") || !job->pipeline->shown)
		return;
	job->own_shown = pipeline_show_run(job->pipeline->shown, &run);
	job->own_hash = g_strdup_printf("%s/%s", job->pipeline->hash, which->str);
}

/* libvips' own bound for an edge of a picture. */
#define MOST_PX 10000000

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
	return (gsize)(edges[0] + edges[2]) * (gsize)ring->pixel_bytes <= ring->stride;
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
	bool good = tiles > 0 && tiles < G_MAXINT32 && bytes > SEGMENT_ROWS && outputs &&
		    json_array_get_length(outputs) == job->outputs->len &&
		    read_ring(&job->ring, json_object(task, "source"), bytes);

	for (guint i = 0; good && i < json_array_get_length(outputs); i++) {
		struct ring_place ring;
		good = read_ring(&ring, json_object_at(outputs, i), bytes);
		g_array_append_val(job->rings, ring);
	}
	if (!good)
		return fail(error, ERROR_SYSTEM, "the codec's plan makes no sense");
	job->spec = json_object_ref(task);
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
		object, "names", template_names(job->claim->relative, job->pipeline->name, job->queued_wall_us));
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
	if (job->threads)
		json_object_set_int_member(spec, "threads", job->threads);
	g_clear_pointer(&job->spec, json_object_unref);
	job->spec = spec;
}

const char *job_spec(struct job *job, enum plane plane)
{
	if (!job->spec_text[plane]) {
		/* The segment's path is no business of a worker elsewhere. */
		if (plane == PLANE_SHM && job->segment) {
			json_object_set_string_member(job->spec, "segment", job->segment->path);
			json_object_set_string_member(job->spec, "leases", job->segment->leases->path);
		} else if (json_object_has_member(job->spec, "segment")) {
			json_object_remove_member(job->spec, "segment");
			json_object_remove_member(job->spec, "leases");
		}
		job->spec_text[plane] = json_object_text(job->spec);
	}
	return job->spec_text[plane];
}

void job_note(struct job *job, enum timeline_kind kind, int tile, const char *worker, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	g_autofree char *text = g_strdup_vprintf(format, arguments);
	va_end(arguments);
	timeline_add(&job->timeline, kind == TIMELINE_DROPPED ? job->queued_wall_us : clock_wall_us(), kind, tile,
		worker, text);
}

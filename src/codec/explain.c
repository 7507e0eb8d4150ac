/* SPDX-License-Identifier: GPL-2.0-or-later
 * What would happen to a picture: see explain.h. */
#include "codec/explain.h"

#include <sys/stat.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/file_format.h"
#include "base/json.h"
#include "codec/plan.h"
#include "definition/implied.h"
#include "definition/keys.h"
#include "definition/lanes.h"
#include "definition/template/template.h"
#include "image/chain/chain.h"
#include "image/chain/tilesource.h"
#include "image/encode/format_saver.h"
#include "image/operations/operations.h"
#include "image/read/allow.h"
#include "image/read/format.h"
#include "image/read/page_frames.h"
#include "image/read/pages.h"
#include "image/write/format_changes.h"
#include "image/write/format_save.h"

/* Lines that libvips keeps of a picture that it reads once: two buffers of its sink, and as much behind the loader. */
#define STREAM_LINES 512

struct explaining {
	const struct pipeline *pipeline;
	const struct explain_options *options;
	const char *file;
	JsonObject *request, *answer;
	struct plan *plan;
	VipsImage *source;
};

static JsonArray *joined(JsonArray *common, JsonArray *own)
{
	JsonArray *all = json_array_new();

	for (guint i = 0; i < json_array_get_length(common); i++)
		json_array_add_element(all, json_array_dup_element(common, i));
	for (guint i = 0; own && i < json_array_get_length(own); i++)
		json_array_add_element(all, json_array_dup_element(own, i));
	return all;
}

static struct image_limits limits_of(const struct pipeline *pipeline)
{
	return (struct image_limits){pipeline->limits.megapixels, pipeline->limits.frames};
}

static JsonObject *describe_source(const struct explaining *e)
{
	JsonObject *object = json_object_new();
	struct stat status = {0};

	stat(e->file, &status);
	json_object_set_int_member(object, "width", e->source->Xsize);
	json_object_set_int_member(object, "height", e->source->Ysize);
	json_object_set_int_member(object, "bands", e->source->Bands);
	json_object_set_int_member(object, "bits", (gint64)vips_format_sizeof(e->source->BandFmt) * 8);
	json_object_set_string_member(object, "format", format_of_image(e->source));
	json_object_set_int_member(object, "pages", pages_count(e->source));
	json_object_set_int_member(object, "bytes", status.st_size);
	return object;
}

/* Why this step, at the end of these, keeps the picture from being cut; NULL: it does not. */
static const char *step_fault(struct explaining *e, struct tilesource *recorder, JsonArray *steps)
{
	const struct build_context context = {.names = json_object(e->request, "names")};
	guint last = json_array_get_length(steps) - 1;
	g_autoptr(JsonArray) alone = json_array_new();
	g_autoptr(VipsImage) image = NULL;
	VipsRect box;

	json_array_add_element(alone, json_array_dup_element(steps, last));
	unsigned flags = chain_flags(alone);
	if (last == 0 && flags & OPERATION_LOADS)
		return "it opens the file itself, shrinking as it loads";
	if (flags & OPERATION_READS_METADATA)
		return "it needs more of the file than its pixels";
	tilesource_record(recorder);
	bool built = chain_build(steps, 0, tilesource_image(recorder), &context, &image, NULL);
	return tilesource_recorded(recorder, &box) || !built
		       ? "it looks at the whole picture before the first pixel is made"
		       : NULL;
}

/* The first step of this output's that keeps the picture from being cut goes into the answer. False: there is none. */
static bool report_step(struct explaining *e, struct tilesource *recorder, guint number)
{
	const struct output *output = g_ptr_array_index(e->pipeline->outputs, number);
	JsonObject *wanted = json_object_at(json_array(e->request, "outputs"), number);
	g_autoptr(JsonArray) all = joined(json_array(e->request, "steps"), json_array(wanted, "steps"));
	g_autoptr(JsonArray) so_far = json_array_new();

	for (guint i = 0; i < json_array_get_length(all); i++) {
		json_array_add_element(so_far, json_array_dup_element(all, i));
		const char *why = step_fault(e, recorder, so_far);
		if (!why)
			continue;
		bool own = i >= e->pipeline->steps->len;
		const struct step *step = own ? g_ptr_array_index(output->steps, i - e->pipeline->steps->len)
					      : g_ptr_array_index(e->pipeline->steps, i);
		JsonObject *fault = json_object_new();
		json_object_set_string_member(fault, "op", step->operation);
		json_object_set_int_member(fault, "number", own ? i - e->pipeline->steps->len + 1 : i + 1);
		if (own)
			json_object_set_string_member(fault, "output", output->name);
		json_object_set_int_member(fault, "line", step->line);
		json_object_set_string_member(fault, "why", why);
		json_object_set_object_member(e->answer, "step", fault);
		return true;
	}
	return false;
}

static void find_global_step(struct explaining *e)
{
	auto_struct(tilesource) recorder = tilesource_new_like(e->source, NULL);

	for (guint i = 0; recorder && i < e->pipeline->outputs->len; i++)
		if (report_step(e, recorder, i))
			return;
	vips_error_clear();
}

static char *hash_of(const char *file)
{
	g_autoptr(GMappedFile) mapped = g_mapped_file_new(file, FALSE, NULL);
	g_autoptr(GBytes) bytes = mapped ? g_mapped_file_get_bytes(mapped) : NULL;
	g_autofree char *digits = bytes ? g_compute_checksum_for_bytes(G_CHECKSUM_SHA256, bytes) : NULL;

	return digits ? g_strndup(digits, TEMPLATE_HASH_DIGITS) : NULL;
}

static bool name_output(struct explaining *e, const struct output *output, JsonObject *entry, GError **error)
{
	g_autofree char *base = g_path_get_basename(e->file);
	g_autofree char *hash = template_uses(output->name) & TEMPLATE_HASH ? hash_of(e->file) : NULL;
	const struct template_values values = {
		.relative = base,
		.pipeline = e->pipeline->name,
		.format_ext = file_format_ending(json_string(entry, "format", "")),
		.kept_ext = output->format ? NULL : pipeline_kept_ending(format_of_image(e->source)),
		.dropped_wall_us = clock_wall_us(),
		.hash = hash,
		.width = (int)json_int(entry, "width", 0),
		.height = (int)json_int(entry, "height", 0),
	};
	g_autofree char *relative = template_expand(output->name, &values, error);

	if (!relative)
		return false;
	g_autofree char *path = e->options->once ? g_build_filename(e->options->out, relative, NULL)
						 : g_build_filename(e->options->out, e->pipeline->name, relative, NULL);
	json_set_path(entry, "path", path);
	json_object_set_boolean_member(entry, "exists", g_file_test(path, G_FILE_TEST_EXISTS));
	return true;
}

/* What a tile needs of the source at most, and how much of it lies around what it makes. */
static void describe_tiles(const struct explaining *e, const struct plan_output *output, JsonObject *entry)
{
	const struct grid *grid = &output->grid;
	double scale_x = (double)e->source->Xsize / grid->width, scale_y = (double)e->source->Ysize / grid->height;
	JsonObject *tiles = json_object_new();
	int width = 0, height = 0;
	double margin = 0;

	for (int i = 0; i < grid_tiles(grid); i++) {
		const struct plan_tile *tile = plan_tile(e->plan, output->first_tile + i);
		width = VIPS_MAX(width, tile->need.width);
		height = VIPS_MAX(height, tile->need.height);
		margin = VIPS_MAX(margin, tile->need.width - tile->out.width * scale_x);
		margin = VIPS_MAX(margin, tile->need.height - tile->out.height * scale_y);
	}
	json_object_set_int_member(tiles, "total", grid_tiles(grid));
	json_object_set_int_member(tiles, "columns", grid->columns);
	json_object_set_int_member(tiles, "rows", grid->rows);
	json_object_set_int_member(tiles, "width", grid->tile_width);
	json_object_set_int_member(tiles, "height", grid->tile_height);
	json_object_set_int_member(tiles, "need_width", width);
	json_object_set_int_member(tiles, "need_height", height);
	json_object_set_int_member(tiles, "margin", (gint64)((margin + 1) / 2));
	json_object_set_object_member(entry, "tiles", tiles);
}

/* The picture of one output, built and not computed. */
static bool build_output(struct explaining *e, JsonObject *wanted, VipsImage **image, bool *holds, GError **error)
{
	const struct build_context context = {.names = json_object(e->request, "names"), .source_path = e->file};
	g_autoptr(JsonArray) all = joined(json_array(e->request, "steps"), json_array(wanted, "steps"));
	const char *when = json_string(wanted, "when", NULL);
	g_autoptr(VipsImage) common = NULL;

	*holds = true;
	if (when && (!chain_open(json_array(e->request, "steps"), e->source, &context, &common, error) ||
			    !chain_holds(when, common, &context, holds, error)))
		return false;
	return !*holds || chain_open(all, e->source, &context, image, error);
}

/* Would all pages go into this format? Those of an animation are of one kind; others are opened, and the chain built on each: what is implied
 * for them together. */
static bool check_pages(struct explaining *e, const char *format, JsonObject *save, JsonObject *wanted,
	unsigned *implied, GError **error)
{
	static const char *const animations[] = {"gif", "webp", "heif", "avif", NULL};
	const struct build_context context = {.names = json_object(e->request, "names"), .source_path = e->file};
	const struct image_limits bounds = limits_of(e->pipeline);

	if (!page_frames_allowed(e->source, e->file, NULL, &bounds, error))
		return false;
	if (g_str_equal(format, "tiff") || g_strv_contains(animations, format_of_image(e->source)))
		return true;
	g_autoptr(JsonArray) all = joined(json_array(e->request, "steps"), json_array(wanted, "steps"));
	auto_struct(page_frames) frames = page_frames_open(e->file, NULL, &bounds, error);
	g_autoptr(GPtrArray) finished = frames ? chain_build_pages(all, frames->images, &context, error) : NULL;
	g_autoptr(VipsImage) strip = NULL;
	if (!finished || !page_frames_join(frames, finished, &strip, error))
		return false;
	*implied = format_implied(strip, format, save);
	return true;
}

/* What the file gets of the chain's result, and the steps that nobody wrote. */
static void describe_file(VipsImage *image, const char *format, unsigned implied, JsonObject *entry)
{
	const unsigned to_rgb = 1u << IMPLIED_PAGES | 1u << IMPLIED_PROFILE | 1u << IMPLIED_INK;
	const unsigned flat = 1u << IMPLIED_BLACK | 1u << IMPLIED_WHITE;
	const unsigned to_8 = 1u << IMPLIED_SPACE | 1u << IMPLIED_DEPTH;
	bool ink = vips_image_guess_interpretation(image) == VIPS_INTERPRETATION_CMYK;
	int bits = implied & to_8 ? 8 : (int)vips_format_sizeof(image->BandFmt) * 8;
	JsonArray *steps = json_array_new();

	json_object_set_string_member(entry, "format", format);
	json_object_set_int_member(entry, "width", image->Xsize);
	json_object_set_int_member(entry, "height", image->Ysize);
	json_object_set_int_member(
		entry, "bands", image->Bands - (ink && implied & to_rgb ? 1 : 0) - (implied & flat ? 1 : 0));
	json_object_set_int_member(entry, "bits", bits);
	if (implied & to_rgb)
		json_object_set_string_member(entry, "colours", "srgb");
	for (guint i = 0; i < IMPLIED_COUNT; i++) {
		JsonObject *step = implied & 1u << i ? json_object_new() : NULL;
		if (!step)
			continue;
		g_autofree char *text = implied_text((enum implied)i);
		json_object_set_string_member(step, "text", text);
		json_object_set_string_member(step, "why", implied_steps[i].why);
		json_array_add_object_element(steps, step);
	}
	json_object_set_array_member(entry, "implied", steps);
}

static bool describe_output(struct explaining *e, guint number, guint *planned, JsonArray *list, GError **error)
{
	const struct output *output = g_ptr_array_index(e->pipeline->outputs, number);
	JsonObject *wanted = json_object_at(json_array(e->request, "outputs"), number);
	const char *format = output->format ? output->format : format_kept(e->source);
	g_autoptr(JsonObject) entry = json_object_new();
	g_autoptr(JsonObject) save = format_save_options(format, wanted);
	g_autoptr(VipsImage) image = NULL;
	bool holds;

	if (!build_output(e, wanted, &image, &holds, error))
		return false;
	json_object_set_string_member(entry, "template", output->name);
	json_object_set_boolean_member(entry, "made", holds);
	if (!holds) {
		json_object_set_string_member(entry, "when", output->when);
		json_array_add_object_element(list, g_steal_pointer(&entry));
		return true;
	}
	bool several = page_frames_wanted(e->source, format, save);
	unsigned implied = format_implied(image, format, save);
	if (several ? !check_pages(e, format, save, wanted, &implied, error) : !format_fits(image, format, save, error))
		return false;
	describe_file(image, format, implied, entry);
	if (several)
		json_object_set_int_member(entry, "pages", pages_count(e->source));
	if (!name_output(e, output, entry, error))
		return false;
	if (!e->plan->whole)
		describe_tiles(e, g_ptr_array_index(e->plan->outputs, (*planned)++), entry);
	json_array_add_object_element(list, g_steal_pointer(&entry));
	return true;
}

static void describe_memory(struct explaining *e)
{
	JsonObject *memory = json_object_new();
	gint64 line = (gint64)VIPS_IMAGE_SIZEOF_LINE(e->source), lines = e->source->Ysize;
	JsonArray *outputs = json_array(e->request, "outputs");
	bool once = false;

	json_object_set_object_member(e->answer, "memory", memory);
	if (!e->plan->whole) {
		json_object_set_int_member(memory, "bytes", (gint64)e->plan->segment_bytes);
		json_object_set_string_member(memory, "kind", e->plan->spool ? "spool" : "rings");
		json_object_set_int_member(memory, "source_rows", e->plan->ring.rows);
		return;
	}
	if (json_array_get_length(outputs) == 1) {
		g_autoptr(JsonArray) all =
			joined(json_array(e->request, "steps"), json_array(json_object_at(outputs, 0), "steps"));
		once = json_array_get_length(all) == 0 || chain_flags(all) & (OPERATION_SEQUENTIAL | OPERATION_LOADS);
	}
	json_object_set_int_member(memory, "bytes", line * (once ? VIPS_MIN(lines, STREAM_LINES) : lines));
	json_object_set_string_member(memory, "kind", once ? "stream" : "decoded");
}

static bool explain_into(struct explaining *e, GError **error)
{
	JsonArray *outputs = json_array_new();
	const struct image_limits bounds = limits_of(e->pipeline);
	guint planned = 0;

	json_object_set_string_member(e->answer, "pipeline", e->pipeline->name);
	json_set_path(e->answer, "file", e->file);
	e->plan = plan_make(e->request, error);
	if (!e->plan || !format_open(e->file, NULL, false, &bounds, &e->source, error))
		return false;
	chain_name_source(e->request, e->source);
	json_object_set_object_member(e->answer, "source", describe_source(e));
	json_object_set_string_member(e->answer, "lane", e->plan->whole ? "whole" : "tiled");
	json_object_set_string_member(
		e->answer, "why", e->plan->whole ? e->plan->whole : "large, and every step can be cut");
	json_object_set_int_member(e->answer, "tiles", e->plan->whole ? 1 : e->plan->tiles->len);
	find_global_step(e);
	describe_memory(e);
	json_object_set_string_member(e->answer, "on_conflict", on_conflict_names[e->pipeline->on_conflict]);
	json_object_set_array_member(e->answer, "outputs", outputs);
	for (guint i = 0; i < e->pipeline->outputs->len; i++)
		if (!describe_output(e, i, &planned, outputs, error))
			return false;
	return true;
}

static JsonObject *make_request(const struct pipeline *pipeline, const char *file, int tile)
{
	JsonObject *request = json_object_new();
	g_autofree char *base = g_path_get_basename(file);

	json_set_path(request, "path", file);
	json_object_set_int_member(request, "tile", tile ? tile : DEFAULT_TILE);
	json_object_set_boolean_member(request, "tile_fixed", tile > 0);
	/* As a master does that has started its workers. */
	json_object_set_int_member(request, "tile_most", tile ? 0 : LARGE_TILE);
	json_object_set_int_member(request, "workers", g_get_num_processors());
	json_object_set_int_member(request, "min_pixels", tile ? (gint64)tile * tile + 1 : TILED_PIXELS);
	json_object_set_int_member(request, "budget", DEFAULT_MEMORY / TILED_JOBS);
	pipeline_describe_job(pipeline, request);
	json_object_set_object_member(request, "names", template_names(base, pipeline->name, clock_wall_us()));
	return request;
}

JsonObject *explain(
	const struct pipeline *pipeline, const char *file, const struct explain_options *options, GError **error)
{
	g_autofree char *path = g_canonicalize_filename(file, NULL);
	g_autoptr(JsonObject) request = make_request(pipeline, path, options->tile);
	g_autoptr(JsonObject) answer = json_object_new();
	struct explaining e = {
		.pipeline = pipeline, .options = options, .file = path, .request = request, .answer = answer};

	bool done = allow_open(request, error) && explain_into(&e, error);
	g_clear_object(&e.source);
	plan_free(e.plan);
	allow_shut();
	return done ? g_steal_pointer(&answer) : NULL;
}

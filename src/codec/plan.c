/* SPDX-License-Identifier: GPL-2.0-or-later
 * Everything before the first pixel is decoded: see plan.h. */
#include "codec/plan.h"

#include <limits.h>

#include "base/disk/shared_memory.h"
#include "base/error.h"
#include "base/json.h"
#include "codec/plan_profile.h"
#include "codec/search.h"
#include "codec/shape.h"
#include "image/chain/chain.h"
#include "image/chain/sink_pieces.h"
#include "image/chain/tilesource.h"
#include "image/encode/format_saver.h"
#include "image/operations/operations.h"
#include "image/read/format.h"
#include "image/read/header.h"
#include "image/read/page_frames.h"
#include "image/write/format_save.h"

/* Rows that the decoder runs ahead, where there is room: pieces of a packed file are as high. */
#define AHEAD_ROWS 512

/* The request's parts that planning needs. */
struct wish {
	int edge, edge_most;
	bool edge_fixed; /* people asked for it */
	int workers;
	int outputs; /* at most */
	gint64 tile_bytes, min_pixels, budget;
};

static void output_free(struct plan_output *output)
{
	g_clear_object(&output->image);
	g_free(output->format);
	g_clear_pointer(&output->save, json_object_unref);
	g_clear_pointer(&output->steps, json_array_unref);
	g_free(output);
}

void plan_free(struct plan *plan)
{
	if (!plan)
		return;
	g_clear_pointer(&plan->outputs, g_ptr_array_unref);
	g_clear_object(&plan->source);
	g_clear_pointer(&plan->steps, json_array_unref);
	g_clear_pointer(&plan->names, json_object_unref);
	g_clear_pointer(&plan->skipped, json_array_unref);
	g_clear_pointer(&plan->left_out, json_array_unref);
	g_clear_pointer(&plan->profile, g_bytes_unref);
	g_array_unref(plan->tiles);
	g_array_unref(plan->order);
	g_array_unref(plan->low);
	g_free(plan->whole);
	g_free(plan->path);
	g_free(plan);
}

/* Colour spaces whose conversions need nothing but the pixels and the profile. */
static bool plain_colour(const VipsImage *image)
{
	return image->Coding == VIPS_CODING_NONE &&
	       (header_has_levels(image) || image->Type == VIPS_INTERPRETATION_CMYK);
}

/* Why the picture cannot be cut whatever its chain, or NULL. */
static const char *whole_by_header(const struct plan *plan, const struct wish *wish)
{
	gint64 pixels = (gint64)plan->source->Xsize * plan->source->Ysize;

	if (pixels < wish->min_pixels)
		return "small picture";
	if (format_needs_leave(plan->source))
		return "formats that need allow: are not cut";
	if (!plain_colour(plan->source))
		return "pictures of its colour space are not cut";
	return NULL;
}

/* Cuts one output; when it cannot be cut, plan->whole says why. */
static void plan_output(struct plan *plan, struct plan_output *output, struct tilesource *recorder, VipsImage *recorded,
	unsigned flags, const struct wish *wish, const struct build_context *context)
{
	gsize pixel = VIPS_MAX(VIPS_IMAGE_SIZEOF_PEL(output->image), VIPS_IMAGE_SIZEOF_PEL(plan->source));

	int edge = shape_edge((gint64)recorded->Xsize * recorded->Ysize, wish->edge, wish->edge_most, wish->workers);
	int most_rows =
		wish->edge_fixed ? 0 : shape_most_rows(plan, wish->outputs, wish->budget, edge, recorder, recorded);

	grid_make(&output->grid, recorded, edge, flags & OPERATION_ON_GRID,
		wish->tile_bytes ? wish->tile_bytes / (gint64)pixel : 0, most_rows);
	output->first_tile = (int)plan->tiles->len;
	if (!search_tiles(plan, output, recorder, recorded, context))
		plan->whole = g_strdup("the chain cannot be evaluated in parts");
}

/* Why a chain of these flags needs more than pixels that are sent to it, or NULL. */
static const char *reads_more(unsigned flags, bool first)
{
	if (first && flags & OPERATION_LOADS)
		return "its first step reads the file itself";
	return flags & OPERATION_READS_METADATA ? "a step looks at the whole picture or at the file's metadata" : NULL;
}

/* Appends steps to the recorder's image. When one of them reads a pixel while it is built, it needs the whole picture.
 * plan->whole says so. There is no error, because the pixels were zeros. */
static bool record_steps(struct plan *plan, struct tilesource *recorder, JsonArray *steps, VipsImage *in,
	const struct build_context *context, VipsImage **out, GError **error)
{
	GError *cause = NULL;
	VipsRect box;

	tilesource_record(recorder);
	bool built = chain_build(steps, 0, in, context, out, &cause);
	if (tilesource_recorded(recorder, &box)) {
		if (!plan->whole)
			plan->whole = g_strdup("a step looks at the whole picture");
		g_clear_error(&cause);
		return true;
	}
	if (cause)
		g_propagate_error(error, cause);
	return built;
}

/* Pieces that libvips' own sink does not compute by themselves cannot be cut. */
static bool check_pieces(struct plan *plan, const struct plan_output *output, VipsImage *in,
	const struct build_context *context, GError **error)
{
	g_autoptr(JsonArray) all = json_array_new();
	JsonArray *const lists[] = {plan->steps, output->steps};
	bool leans;

	for (guint l = 0; l < G_N_ELEMENTS(lists); l++)
		for (guint i = 0; i < json_array_get_length(lists[l]); i++)
			json_array_add_element(all, json_array_dup_element(lists[l], i));
	if (!sink_pieces_lean(all, in, context, &output->grid, &leans, error))
		return false;
	if (leans)
		plan->whole = g_strdup(
			"a step after one that resamples reads so far around that the last piece depends on the one before");
	return true;
}

static bool reads_downwards(JsonArray *steps)
{
	return json_array_get_length(steps) == 0 || chain_flags(steps) & OPERATION_SEQUENTIAL;
}

/* The only output: several share their common steps in memory. */
static bool streams(const struct plan *plan, const struct plan_output *output)
{
	return plan->outputs->len == 0 && reads_downwards(plan->steps) && reads_downwards(output->steps);
}

/* Builds one output's chain twice: on the recorder, and on the file's header, for the encoder. The recorder comes first: a step that
 * looks at the whole picture would read the file here, which is for one reader only, and in vain. An output whose condition
 * does not hold is not added. */
static bool plan_chain(struct plan *plan, guint number, JsonObject *wanted, struct tilesource *recorder,
	const struct wish *wish, GError **error)
{
	g_autoptr(VipsImage) common = NULL, recorded_common = NULL, recorded = NULL;
	JsonArray *own = json_array(wanted, "steps");
	g_autoptr(GArray) left_out = g_array_new(FALSE, FALSE, sizeof(guint));
	const struct build_context context = {.names = plan->names};
	const struct build_context telling = {.names = plan->names, .left_out = left_out};
	const char *when = json_string(wanted, "when", NULL);
	bool holds = true;

	if (!record_steps(plan, recorder, plan->steps, tilesource_image(recorder), &context, &recorded_common, error))
		return false;
	if (plan->whole)
		return true;
	if (!chain_build(plan->steps, 0, plan->source, &telling, &common, error) ||
		(when && !chain_holds(when, common, &context, &holds, error)))
		return false;
	chain_tell_left_out(left_out, 1, json_array_get_length(plan->steps), -1, plan->left_out);
	if (!holds) {
		json_array_add_int_element(plan->skipped, number);
		return true;
	}
	if (!record_steps(plan, recorder, own, recorded_common, &context, &recorded, error))
		return false;
	if (plan->whole)
		return true;
	struct plan_output *output = g_new0(struct plan_output, 1);
	output->steps = own ? json_array_ref(own) : json_array_new();
	const char *format = json_string(wanted, "format", NULL);
	output->format = g_strdup(format ? format : format_kept(plan->source));
	output->save = format_save_options(output->format, wanted);
	if (page_frames_wanted(plan->source, output->format, output->save))
		plan->whole = g_strdup("several pages");
	bool built = chain_build(output->steps, 0, common, &telling, &output->image, error) &&
		     page_frames_single(&output->image, error) &&
		     (plan->whole || (format_fits(output->image, output->format, output->save, error) &&
					     plan_settle(output, &recorded, error)));
	chain_tell_left_out(left_out, 1, 0, (int)number, plan->left_out);
	unsigned flags = chain_flags(plan->steps) | chain_flags(output->steps);
	plan->streams = streams(plan, output);
	if (built && !plan->whole)
		plan_output(plan, output, recorder, recorded, flags, wish, &context);
	if (built && !plan->whole && flags & OPERATION_ON_GRID)
		built = check_pieces(plan, output, tilesource_image(recorder), &context, error);
	g_ptr_array_add(plan->outputs, output);
	return built;
}

/* Tiles of each output go in their own order, row by row; outputs are merged by the source row that they wait for. */
static void plan_order(struct plan *plan)
{
	guint total = plan->tiles->len;
	g_autofree int *next = g_new0(int, plan->outputs->len);
	g_autofree int *bottom = g_new0(int, plan->outputs->len);

	for (guint i = 0; i < total; i++) {
		int best = -1, best_bottom = INT_MAX;
		for (guint o = 0; o < plan->outputs->len; o++) {
			struct plan_output *output = g_ptr_array_index(plan->outputs, o);
			if (next[o] == grid_tiles(&output->grid))
				continue;
			const struct plan_tile *tile = plan_tile(plan, output->first_tile + next[o]);
			int wait = VIPS_MAX(bottom[o], VIPS_RECT_BOTTOM(&tile->need));
			if (wait < best_bottom) {
				best = (int)o;
				best_bottom = wait;
			}
		}
		g_assert(best >= 0);
		struct plan_output *output = g_ptr_array_index(plan->outputs, best);
		int index = output->first_tile + next[best]++;
		bottom[best] = best_bottom;
		g_array_append_val(plan->order, index);
	}
	g_array_set_size(plan->low, total);
	int low = plan->source->Ysize;
	for (guint i = total; i-- > 0;) {
		low = VIPS_MIN(low, plan_tile(plan, g_array_index(plan->order, int, i))->need.top);
		g_array_index(plan->low, int, i) = low;
	}
}

static gsize round_up(gsize value, gsize step)
{
	return (value + step - 1) / step * step;
}

/* How many rows the rings hold. For each tile in order, the source ring must hold everything from the lowest row that
 * is still needed to the tile's last row. With less, the decoder and the tile would wait for each other. */
static void plan_rings(struct plan *plan, const struct wish *wish)
{
	int must = 1, height = plan->source->Ysize;
	gsize offset = SEGMENT_ROWS, out_bytes = 0;

	for (guint i = 0; i < plan->order->len; i++) {
		const struct plan_tile *tile = plan_tile(plan, g_array_index(plan->order, int, i));
		must = VIPS_MAX(must, VIPS_RECT_BOTTOM(&tile->need) - g_array_index(plan->low, int, i));
	}
	for (guint o = 0; o < plan->outputs->len; o++) {
		struct plan_output *output = g_ptr_array_index(plan->outputs, o);
		gsize stride = shape_stride(output->image);
		gint64 share =
			wish->budget / 3 / (gint64)plan->outputs->len / (gint64)stride / output->grid.tile_height;
		int bands = (int)VIPS_CLIP(1, share, RING_BANDS);
		output->ring = (struct ring){0, stride, VIPS_MIN(bands, output->grid.rows) * output->grid.tile_height};
		out_bytes += round_up(stride * (gsize)output->ring.rows, SEGMENT_ALIGN);
	}
	gsize stride = shape_stride(plan->source);
	gint64 room = VIPS_MAX(0, wish->budget - (gint64)out_bytes) / (gint64)stride;
	struct plan_output *first = g_ptr_array_index(plan->outputs, 0);
	int per_band = (int)((gint64)height * first->grid.tile_height / first->grid.height) + 1;
	gint64 ahead = VIPS_MAX((gint64)(RING_BANDS - 1) * per_band, AHEAD_ROWS);
	gint64 rows = VIPS_MIN(must + ahead, VIPS_MAX(room, must));
	if (must > room) {
		/* Does not fit into memory: the whole picture goes to a file. */
		plan->spool = true;
		rows = height;
	}
	plan->most_needed_rows = must;
	plan->ring = (struct ring){offset, stride, (int)VIPS_MIN(rows, height)};
	offset += round_up(stride * (gsize)plan->ring.rows, SEGMENT_ALIGN);
	for (guint o = 0; o < plan->outputs->len; o++) {
		struct plan_output *output = g_ptr_array_index(plan->outputs, o);
		output->ring.offset = offset;
		offset += round_up(output->ring.stride * (gsize)output->ring.rows, SEGMENT_ALIGN);
	}
	plan->segment_bytes = offset;
}

static struct plan *plan_whole(struct plan *plan, const char *why)
{
	g_free(plan->whole);
	plan->whole = g_strdup(why);
	return plan;
}

/* It is the chain, whatever the picture. */
static struct plan *plan_always_whole(struct plan *plan, const char *why)
{
	plan->always = true;
	return plan_whole(plan, why);
}

static struct plan *make(JsonObject *request, GError **error)
{
	auto_struct(plan) plan = g_new0(struct plan, 1);
	JsonObject *limits = json_object(request, "limits");
	struct image_limits bounds = {json_double(limits, "megapixels", 0), (unsigned)json_int(limits, "frames", 0)};
	struct wish wish = {
		.edge = (int)json_int(request, "tile", 512),
		.edge_most = (int)json_int(request, "tile_most", 0),
		.workers = (int)json_int(request, "workers", 1),
		.edge_fixed = json_bool(request, "tile_fixed", false),
		.tile_bytes = json_int(request, "tile_bytes", 0),
		.min_pixels = json_int(request, "min_pixels", 0),
		.budget = json_int(request, "budget", 128 << 20),
	};

	plan->tiles = g_array_new(FALSE, FALSE, sizeof(struct plan_tile));
	plan->order = g_array_new(FALSE, FALSE, sizeof(int));
	plan->low = g_array_new(FALSE, FALSE, sizeof(int));
	plan->outputs = g_ptr_array_new_with_free_func((GDestroyNotify)output_free);
	JsonArray *steps = json_array(request, "steps"), *outputs = json_array(request, "outputs");
	wish.outputs = outputs ? VIPS_MAX(1, (int)json_array_get_length(outputs)) : 1;
	plan->steps = steps ? json_array_ref(steps) : json_array_new();
	plan->path = json_path(request, "path");
	if (!format_open(plan->path ? plan->path : "", NULL, true, &bounds, &plan->source, error))
		return NULL;
	chain_name_source(request, plan->source);
	plan->names = json_object_ref(json_object(request, "names"));
	plan->skipped = json_array_new();
	plan->left_out = json_array_new();
	const char *header = whole_by_header(plan, &wish);
	if (header)
		return plan_whole(g_steal_pointer(&plan), header);
	const char *reads = reads_more(chain_flags(plan->steps), true);
	if (reads)
		return plan_always_whole(g_steal_pointer(&plan), reads);

	auto_struct(tilesource) recorder = tilesource_new_like(plan->source, error);
	if (!recorder)
		return NULL;
	for (guint i = 0; outputs && i < json_array_get_length(outputs) && !plan->whole; i++) {
		JsonObject *wanted = json_object_at(outputs, i);
		unsigned flags = wanted && json_array(wanted, "steps") ? chain_flags(json_array(wanted, "steps")) : 0;
		reads = reads_more(flags, json_array_get_length(plan->steps) == 0);
		if (reads)
			return plan_always_whole(g_steal_pointer(&plan), reads);
		if (!plan_chain(plan, i, wanted, recorder, &wish, error))
			return NULL;
	}
	if (plan->whole)
		return g_steal_pointer(&plan);
	if (!plan->outputs->len)
		return chain_none_made(plan->source, plan->names, error), NULL;
	if (plan->tiles->len <= plan->outputs->len)
		return plan_whole(g_steal_pointer(&plan), "fits into one tile");
	if (!plan_take_profile(plan))
		return plan_whole(g_steal_pointer(&plan), "its profile is too large to be sent");
	plan_order(plan);
	plan_rings(plan, &wish);
	return g_steal_pointer(&plan);
}

struct making {
	JsonObject *request;
	struct plan *plan;
	GError *error;
};

static gpointer make_in_thread(gpointer data)
{
	struct making *making = data;

	making->plan = make(making->request, &making->error);
	return NULL;
}

/* In a thread of libvips: elsewhere the branches of a graph do not share what they compute, and each fork doubles the work. */
struct plan *plan_make(JsonObject *request, GError **error)
{
	struct making making = {.request = request};

	g_thread_join(image_thread_new("plan", make_in_thread, &making));
	if (making.error)
		g_propagate_error(error, making.error);
	return making.plan;
}

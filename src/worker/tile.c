/* SPDX-License-Identifier: GPL-2.0-or-later
 * Computes tiles: see tile.h. */
#include "worker/tile.h"

#include <string.h>

#include "base/clock.h"
#include "base/disk/shared_memory.h"
#include "base/error.h"
#include "base/json.h"
#include "base/testing/ordered_failure.h"
#include "image/asset/asset.h"
#include "image/chain/chain.h"
#include "image/chain/check_task.h"
#include "image/chain/tilesource.h"
#include "image/operations/operations.h"
#include "image/quirks/quirks.h"
#include "image/table/auto.h"
#include "image/table/vips_error.h"

/* Runs of jobs whose chains are kept; more at once are rare, and building one again costs milliseconds. */
#define KEPT_RUNS 4

struct ring_view {
	gsize offset, stride;
	int rows;
};

struct output_view {
	VipsImage *image;
	struct ring_view ring;
	int piece_width, piece_height;
};

/* One run of one job. */
struct run {
	char *job;
	guint32 serial;
	JsonObject *spec;
	struct tilesource *source;
	struct segment *segment; /* shm only */
	struct ring_view ring;
	GArray *outputs; /* struct output_view */
};

struct tiles {
	GQueue runs; /* struct run, most recently used first */
	struct work_spent spent;
};

static void output_clear(struct output_view *output)
{
	g_clear_object(&output->image);
}

static void run_free(struct run *run)
{
	g_clear_pointer(&run->outputs, g_array_unref);
	tilesource_free(run->source);
	segment_free(run->segment);
	g_clear_pointer(&run->spec, json_object_unref);
	g_free(run->job);
	g_free(run);
}
DEFINE_AUTO(run, run_free)

struct tiles *tiles_new(void)
{
	struct tiles *tiles = g_new0(struct tiles, 1);
	g_queue_init(&tiles->runs);
	return tiles;
}

void tiles_free(struct tiles *tiles)
{
	g_queue_clear_full(&tiles->runs, (GDestroyNotify)run_free);
	g_free(tiles);
}

static void read_ring(struct ring_view *ring, JsonObject *object)
{
	ring->offset = (gsize)json_int(object, "offset", 0);
	ring->stride = (gsize)json_int(object, "stride", 0);
	ring->rows = (int)json_int(object, "rows", 0);
}

/* Is all of a ring inside the segment, and each row inside its stride? The spec came over the network. */
static bool ring_fits(const struct ring_view *ring, const VipsImage *image, gsize segment_bytes)
{
	return ring->rows > 0 && ring->stride >= VIPS_IMAGE_SIZEOF_LINE(image) && ring->offset <= segment_bytes &&
	       ring->stride <= (segment_bytes - ring->offset) / (gsize)ring->rows;
}

static bool add_output(struct run *run, JsonObject *wanted, VipsImage *common, GError **error)
{
	JsonArray *own = json_array(wanted, "steps");
	struct output_view output = {
		.piece_width = (int)json_int(wanted, "piece_width", 0),
		.piece_height = (int)json_int(wanted, "piece_height", 0),
	};

	if (!own || output.piece_width < 1 || output.piece_height < 1 || output.piece_width > SIDE_MOST_PX ||
		output.piece_height > SIDE_MOST_PX)
		return fail(error, ERROR_INPUT, "the task's spec has an output without steps or pieces");
	read_ring(&output.ring, wanted);
	const struct build_context context = {.names = json_object(run->spec, "names")};
	if (!chain_build(own, 0, common, &context, &output.image, error))
		return false;
	g_array_append_val(run->outputs, output);
	if (output.image->Xsize != json_int(wanted, "width", 0) ||
		output.image->Ysize != json_int(wanted, "height", 0) ||
		(gint64)VIPS_IMAGE_SIZEOF_PEL(output.image) != json_int(wanted, "pixel_bytes", 0))
		return fail(error, ERROR_SYSTEM,
			"this worker's libvips makes another picture of the chain than the master's");
	return true;
}

/* NULL with the reason in *status and error. */
static struct run *run_new(const struct task *task, enum result_status *status, GError **error)
{
	auto_struct(run) run = g_new0(struct run, 1);
	g_autoptr(VipsImage) common = NULL;

	run->job = g_strdup(task->job);
	run->serial = task->serial;
	run->outputs = g_array_new(FALSE, TRUE, sizeof(struct output_view));
	g_array_set_clear_func(run->outputs, (GDestroyNotify)output_clear);
	run->spec = json_parse_object(task->spec, -1, error);
	*status = RESULT_FAILED;
	if (!run->spec || !check_task(run->spec, error))
		return NULL;
	const char *lacking = asset_lacking(run->spec);
	if (lacking) {
		*status = RESULT_LACKS;
		fail(error, ERROR_RETRY, "%s", lacking);
		return NULL;
	}
	JsonObject *source = json_object(run->spec, "source");
	JsonArray *steps = json_array(run->spec, "steps"), *outputs = json_array(run->spec, "outputs");
	if (!source || !steps || !outputs) {
		fail(error, ERROR_INPUT, "the task's spec lacks source, steps or outputs");
		return NULL;
	}
	const struct build_context context = {.names = json_object(run->spec, "names")};
	run->source = tilesource_new(source, error);
	if (!run->source || !chain_build(steps, 0, tilesource_image(run->source), &context, &common, error))
		return NULL;
	read_ring(&run->ring, source);
	for (guint i = 0; i < json_array_get_length(outputs); i++)
		if (!add_output(run, json_object_at(outputs, i), common, error))
			return NULL;
	return g_steal_pointer(&run);
}

/* The run of this task, built when it is not kept. */
static struct run *run_of(struct tiles *tiles, const struct task *task, enum result_status *status, GError **error)
{
	for (GList *link = tiles->runs.head; link; link = link->next) {
		struct run *run = link->data;
		if (run->serial == task->serial && strcmp(run->job, task->job) == 0) {
			g_queue_unlink(&tiles->runs, link);
			g_queue_push_head_link(&tiles->runs, link);
			return run;
		}
	}
	gint64 began = clock_now_us();
	struct run *run = run_new(task, status, error);
	if (!run)
		return NULL;
	tiles->spent.build_us = clock_now_us() - began;
	tiles->spent.chains++;
	g_queue_push_head(&tiles->runs, run);
	while (g_queue_get_length(&tiles->runs) > KEPT_RUNS)
		run_free(g_queue_pop_tail(&tiles->runs));
	return run;
}

static bool open_segment(struct run *run, GError **error)
{
	gsize size = (gsize)json_int(run->spec, "segment_bytes", 0);

	if (run->segment)
		return true;
	auto_struct(segment) segment = segment_open(json_string(run->spec, "segment", ""), size, error);
	if (!segment || !segment_open_leases(segment, json_string(run->spec, "leases", ""), error))
		return false;
	bool fits = ring_fits(&run->ring, tilesource_image(run->source), size);
	for (guint i = 0; fits && i < run->outputs->len; i++) {
		struct output_view *output = &g_array_index(run->outputs, struct output_view, i);
		fits = ring_fits(&output->ring, output->image, size);
	}
	if (!fits)
		return fail(error, ERROR_SYSTEM, "the task's rows lie outside its segment");
	run->segment = g_steal_pointer(&segment);
	return true;
}

/* Where a result goes: into the ring, or packed. */
struct sink {
	guint8 *rows;
	gsize stride;
	int ring_rows;
	int left, top;
	struct work_spent *spent;
};

static void copy_piece(const struct sink *sink, VipsRegion *region, const VipsRect *piece)
{
	gsize pixel = VIPS_IMAGE_SIZEOF_PEL(region->im);
	gint64 began = clock_now_us();

	for (int y = piece->top; y < VIPS_RECT_BOTTOM(piece); y++) {
		int row = sink->ring_rows ? y % sink->ring_rows : y - sink->top;
		memcpy(sink->rows + (gsize)row * sink->stride + (gsize)(piece->left - sink->left) * pixel,
			VIPS_REGION_ADDR(region, piece->left, y), (gsize)piece->width * pixel);
	}
	sink->spent->copy_us += clock_now_us() - began;
	sink->spent->copied_bytes += (gint64)((gsize)piece->width * pixel) * piece->height;
}

/* Each piece through a region of its own: its pixels must depend on the piece alone. A reused region may hold more
 * pixels than requested, so the result of a resize would depend on earlier tiles. (vips_image_invalidate_all() would do
 * it too, but makes the branches of a graph compute everything again for each other.) */
static bool compute_piece(struct output_view *output, const VipsRect *piece, const struct sink *sink, GError **error)
{
	g_autoptr(VipsRegion) region = vips_region_new(output->image);

	if (vips_region_prepare(region, piece) != 0)
		return vips_failed(error, "tile");
	copy_piece(sink, region, piece);
	return true;
}

static enum result_status compute(
	struct run *run, struct output_view *output, const VipsRect *out, const struct sink *sink, GError **error)
{
	ORDERED_FAILURE("tile", run->spec);
	for (int y = out->top; y < VIPS_RECT_BOTTOM(out); y += output->piece_height)
		for (int x = out->left; x < VIPS_RECT_RIGHT(out); x += output->piece_width) {
			VipsRect piece = {x, y, output->piece_width, output->piece_height};
			vips_rect_intersectrect(&piece, out, &piece);
			if (!compute_piece(output, &piece, sink, error))
				return tilesource_missed(run->source)                         ? RESULT_MISSING
				       : g_error_matches(*error, DROPMILL_ERROR, ERROR_RETRY) ? RESULT_RETRY
											      : RESULT_FAILED;
		}
	return RESULT_OK;
}

static VipsRect to_rect(const struct rect *rect)
{
	return (VipsRect){rect->left, rect->top, rect->width, rect->height};
}

static enum result_status compute_shared(
	struct run *run, struct output_view *output, const struct task *task, struct work_spent *spent, GError **error)
{
	VipsRect need = to_rect(&task->need), out = to_rect(&task->out);

	if (!open_segment(run, error))
		return RESULT_REFUSED;
	if (!segment_take(run->segment, (guint)task->tile, task->serial, (guint)task->attempt)) {
		fail(error, ERROR_RETRY, "the lease has passed on");
		return RESULT_STALE;
	}
	struct backing backing = {run->segment->bytes + run->ring.offset, run->ring.stride, 0, 0, run->ring.rows, need};
	tilesource_set(run->source, &backing);
	struct sink sink = {
		run->segment->bytes + output->ring.offset, output->ring.stride, output->ring.rows, 0, 0, spent};
	return compute(run, output, &out, &sink, error);
}

static enum result_status compute_inline(struct run *run, struct output_view *output, const struct task *task,
	struct work_spent *spent, GBytes **payload, GError **error)
{
	VipsRect need = to_rect(&task->need), out = to_rect(&task->out);
	gsize length, stride = (gsize)need.width * VIPS_IMAGE_SIZEOF_PEL(tilesource_image(run->source));
	const guint8 *bytes = g_bytes_get_data(task->payload, &length);
	gsize out_stride = (gsize)out.width * VIPS_IMAGE_SIZEOF_PEL(output->image);

	if (length != stride * (gsize)need.height) {
		fail(error, ERROR_RETRY, "%zu bytes of pixels came, %zu were announced", length,
			stride * (gsize)need.height);
		return RESULT_RETRY;
	}
	struct backing backing = {bytes, stride, need.left, need.top, 0, need};
	tilesource_set(run->source, &backing);
	/* The rectangle came over the bus; a failed allocation must not end the process. */
	guint8 *pixels = g_try_malloc(out_stride * (gsize)out.height);
	if (!pixels) {
		fail(error, ERROR_RETRY, "no memory for %dx%d pixels", out.width, out.height);
		return RESULT_RETRY;
	}
	struct sink sink = {pixels, out_stride, 0, out.left, out.top, spent};
	enum result_status status = compute(run, output, &out, &sink, error);
	if (status == RESULT_OK)
		*payload = g_bytes_new_take(pixels, out_stride * (gsize)out.height);
	else
		g_free(pixels);
	/* The payload is the caller's: nothing may point to it when this returns. */
	struct backing none = {0};
	tilesource_set(run->source, &none);
	return status;
}

enum result_status tiles_compute(struct tiles *tiles, const struct task *task, GBytes **payload, GError **error)
{
	enum result_status status;

	tiles->spent = (struct work_spent){0};
	struct run *run = run_of(tiles, task, &status, error);

	if (!run)
		return status;
	if ((guint)task->output >= run->outputs->len) {
		fail(error, ERROR_INPUT, "the task names output %d of %u", task->output, run->outputs->len);
		return RESULT_FAILED;
	}
	struct output_view *output = &g_array_index(run->outputs, struct output_view, task->output);
	VipsRect whole = {0, 0, output->image->Xsize, output->image->Ysize}, out = to_rect(&task->out),
		 need = to_rect(&task->need);
	VipsImage *image = tilesource_image(run->source);
	VipsRect picture = {0, 0, image->Xsize, image->Ysize};
	if (!vips_rect_includesrect(&whole, &out) || !vips_rect_includesrect(&picture, &need)) {
		fail(error, ERROR_INPUT, "the task's rectangles lie outside the picture");
		return RESULT_FAILED;
	}
	status = task->plane == PLANE_SHM ? compute_shared(run, output, task, &tiles->spent, error)
					  : compute_inline(run, output, task, &tiles->spent, payload, error);
	/* libvips' caches in a chain (tilecache, linecache) keep black for what could not be computed, and give it to the next that asks. */
	if (status != RESULT_OK && status != RESULT_STALE)
		run_free(g_queue_pop_head(&tiles->runs));
	return status;
}

const struct work_spent *tiles_spent(const struct tiles *tiles)
{
	return &tiles->spent;
}

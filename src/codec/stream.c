/* SPDX-License-Identifier: GPL-2.0-or-later
 * Decoder and encoder ends of the row flow: see stream.h. */
#include "codec/stream.h"

#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "image/auto.h"
#include "image/format.h"
#include "image/operations.h"

/* Rows decoded at a time: a few MCU rows, small enough that tiles start early. */
#define BAND_ROWS 64

static void put_rows(const struct plan *plan, struct rows *rows, VipsRegion *region, const VipsRect *band,
	struct stream_spent *spent)
{
	gint64 began = clock_now_us();
	guint8 *to = rows_source(rows) + (gsize)(band->top % plan->ring.rows) * plan->ring.stride;

	for (int y = 0; y < band->height; y++)
		memcpy(to + (gsize)y * plan->ring.stride, VIPS_REGION_ADDR(region, 0, band->top + y),
			VIPS_REGION_SIZEOF_LINE(region));
	spent->copy_us += clock_now_us() - began;
	spent->copied_bytes += (gint64)VIPS_REGION_SIZEOF_LINE(region) * band->height;
}

bool stream_decode(const struct plan *plan, struct rows *rows, struct stream_spent *spent, GError **error)
{
	int width = plan->source->Xsize, height = plan->source->Ysize, ring = plan->ring.rows;
	g_autoptr(VipsRegion) region = vips_region_new(plan->source);

	for (int top = 0; top < height;) {
		int count = VIPS_MIN(VIPS_MIN(BAND_ROWS, height - top), ring - top % ring);
		gint64 began = clock_now_us();
		count = rows_wait_room(rows, top, count);
		spent->wait_us += clock_now_us() - began;
		if (count == 0)
			return true;
		VipsRect band = {0, top, width, count};
		if (vips_region_prepare(region, &band) != 0)
			return vips_failed(error, "decode");
		if (rows_wanted(rows))
			put_rows(plan, rows, region, &band, spent);
		top += count;
		rows_decoded(rows, top);
	}
	return true;
}

struct encoder {
	const struct plan *plan;
	struct rows *rows;
	int index;
	bool again; /* it asked for a row that was given back */
	struct stream_spent *spent;
};

/* Blocks until the rows are complete. The saver asks from top to bottom (concurrency 1, strip hint); a row asked for again after it was
 * given back would be another row's pixels, so that is an error. */
static int generate(VipsRegion *out, void *sequence, void *client, void *unused, gboolean *stop)
{
	struct encoder *encoder = client;
	VipsRect *want = &out->valid;
	gsize pixel = VIPS_IMAGE_SIZEOF_PEL(out->im);

	(void)sequence;
	(void)unused;
	(void)stop;
	if (want->top < rows_encoded_until(encoder->rows, encoder->index)) {
		encoder->again = true;
		vips_error("dropmill", "the encoder asked for row %d again", want->top);
		return -1;
	}
	gint64 began = clock_now_us();
	bool complete = rows_wait_complete(encoder->rows, encoder->index, VIPS_RECT_BOTTOM(want));
	encoder->spent->wait_us += clock_now_us() - began;
	if (!complete) {
		vips_error("dropmill", "stopped");
		return -1;
	}
	began = clock_now_us();
	for (int y = want->top; y < VIPS_RECT_BOTTOM(want); y++)
		memcpy(VIPS_REGION_ADDR(out, want->left, y),
			rows_result(encoder->rows, encoder->index, y) + (gsize)want->left * pixel,
			(gsize)want->width * pixel);
	encoder->spent->copy_us += clock_now_us() - began;
	encoder->spent->copied_bytes += (gint64)((gsize)want->width * pixel) * want->height;
	if (VIPS_RECT_RIGHT(want) == out->im->Xsize)
		rows_encoded(encoder->rows, encoder->index, VIPS_RECT_BOTTOM(want));
	return 0;
}

static void *start(VipsImage *out, void *a, void *b)
{
	(void)out;
	(void)b;
	return a;
}

static int finish(void *sequence, void *a, void *b)
{
	(void)sequence;
	(void)a;
	(void)b;
	return 0;
}

bool stream_encode(const struct plan *plan, struct rows *rows, int index, const char *path, struct stream_spent *spent,
	GError **error)
{
	struct plan_output *output = g_ptr_array_index(plan->outputs, index);
	struct encoder encoder = {plan, rows, index, false, spent};
	g_autoptr(VipsImage) image = vips_image_new();

	/* Full-width strips, whatever the chain would have liked: the rows lie so. */
	if (vips_image_pipelinev(image, VIPS_DEMAND_STYLE_THINSTRIP, output->image, NULL) != 0)
		return vips_failed(error, "encoder");
	image->dhint = VIPS_DEMAND_STYLE_THINSTRIP;
	if (vips_image_generate(image, start, generate, finish, &encoder, NULL) != 0)
		return vips_failed(error, "encoder");
	if (format_save(image, path, output->format, output->save, error))
		return true;
	if (encoder.again) {
		g_clear_error(error);
		fail(error, ERROR_SYSTEM, "%s cannot be written row by row", output->format);
	}
	return false;
}

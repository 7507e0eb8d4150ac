/* SPDX-License-Identifier: GPL-2.0-or-later
 * The row flow's beginning: see decoder.h. */
#include "codec/decoder.h"

#include <string.h>

#include "base/clock.h"
#include "image/read/tiff_pieces.h"
#include "image/table/auto.h"
#include "image/table/vips_error.h"

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

/* libvips' loader, which reads from top to bottom. */
static bool read_rows(const struct plan *plan, struct rows *rows, struct stream_spent *spent, GError **error)
{
	int width = plan->source->Xsize, height = plan->source->Ysize, ring = plan->ring.rows;
	g_autoptr(VipsRegion) region = vips_region_new(plan->source);

	for (int top = 0; top < height;) {
		int count = VIPS_MIN(VIPS_MIN(BAND_ROWS, height - top), ring - top % ring);
		gint64 began = clock_now_us();
		count = rows_wait_room(rows, top, 1, count);
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

/* Whole pieces at a time, straight into the ring. */
static bool read_pieces(const struct plan *plan, struct rows *rows, struct tiff_pieces *pieces,
	struct stream_spent *spent, GError **error)
{
	int height = plan->source->Ysize;

	for (int top = 0; top < height;) {
		int count = VIPS_MIN(tiff_pieces_rows(pieces), height - top);
		gint64 began = clock_now_us();
		int room = rows_wait_room(rows, top, count, count);
		spent->wait_us += clock_now_us() - began;
		if (room == 0)
			return true;
		/* What no tile needs is still read: a file that is damaged there is not well. */
		if (!tiff_pieces_read(pieces, top, count, rows_wanted(rows) ? rows_source(rows) : NULL,
			    plan->ring.stride, plan->ring.rows, error))
			return false;
		tiff_pieces_spent(pieces, &spent->parts, &spent->helpers_cpu_us);
		top += count;
		rows_decoded(rows, top);
	}
	return true;
}

bool decoder_run(const struct plan *plan, struct rows *rows, struct stream_spent *spent, GError **error)
{
	auto_struct(tiff_pieces) pieces =
		tiff_pieces_open(plan->path, plan->source, (int)g_get_num_processors(), rows_spare(rows));

	return pieces ? read_pieces(plan, rows, pieces, spent, error) : read_rows(plan, rows, spent, error);
}

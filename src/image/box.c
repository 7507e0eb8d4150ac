/* SPDX-License-Identifier: GPL-2.0-or-later
 * The mean of a window: see box.h. */
#include "image/box.h"

#include "image/neighbours.h"

struct box {
	int width, height;
};

/* Adds a row to the sums of its columns, or takes it out. */
#define ADD_ROW(TYPE, SIGN)                                                                                            \
	{                                                                                                              \
		const TYPE *p = (const TYPE *)(const void *)row;                                                       \
		for (gsize i = 0; i < elements; i++)                                                                   \
			sums[i] = SIGN > 0 ? sums[i] + p[i] : sums[i] - p[i];                                          \
	}

static void add_row(const VipsPel *row, bool deep, guint64 *sums, gsize elements)
{
	if (deep)
		ADD_ROW(guint16, 1)
	else
		ADD_ROW(guint8, 1)
}

static void remove_row(const VipsPel *row, bool deep, guint64 *sums, gsize elements)
{
	if (deep)
		ADD_ROW(guint16, -1)
	else
		ADD_ROW(guint8, -1)
}

/* One row of means from the sums of columns. */
static void slide(const struct box *box, const guint64 *sums, int bands, int pixels, bool deep, VipsPel *row)
{
	const guint64 count = (guint64)box->width * (guint64)box->height, half = count / 2;
	const gsize ahead = (gsize)box->width * (gsize)bands;

	for (int band = 0; band < bands; band++) {
		guint64 sum = 0;
		gsize at = (gsize)band;
		for (int i = 0; i < box->width; i++)
			sum += sums[(gsize)i * (gsize)bands + (gsize)band];
		for (int x = 0; x < pixels; x++, at += (gsize)bands) {
			guint64 mean = (sum + half) / count;
			if (deep)
				((guint16 *)(void *)row)[at] = (guint16)mean;
			else
				row[at] = (guint8)mean;
			if (x + 1 < pixels)
				sum += sums[at + ahead] - sums[at];
		}
	}
}

static void fill(VipsRegion *out, VipsRegion *in, void *scratch, const void *data)
{
	const struct box *box = data;
	const VipsRect *r = &out->valid;
	int bands = in->im->Bands;
	bool deep = in->im->BandFmt == VIPS_FORMAT_USHORT;
	gsize elements = ((gsize)r->width + (gsize)box->width - 1) * (gsize)bands;
	g_autofree guint64 *sums = g_new0(guint64, elements);

	(void)scratch;
	for (int y = 0; y < box->height - 1; y++)
		add_row(VIPS_REGION_ADDR(in, r->left, r->top + y), deep, sums, elements);
	for (int y = r->top; y < VIPS_RECT_BOTTOM(r); y++) {
		add_row(VIPS_REGION_ADDR(in, r->left, y + box->height - 1), deep, sums, elements);
		slide(box, sums, bands, r->width, deep, VIPS_REGION_ADDR(out, r->left, y));
		remove_row(VIPS_REGION_ADDR(in, r->left, y), deep, sums, elements);
	}
}

bool box_mean(VipsImage *in, int width, int height, VipsImage **out, GError **error)
{
	const struct box box = {width, height};
	const struct window window = {
		.width = width, .height = height, .fill = fill, .data = &box, .data_bytes = sizeof box};

	return window_run(in, &window, out, error);
}

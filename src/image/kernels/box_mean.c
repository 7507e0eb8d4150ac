/* SPDX-License-Identifier: GPL-2.0-or-later
 * The mean of a window: see box_mean.h. */
#include "image/kernels/box_mean.h"

#include <math.h>

#include "image/kernels/neighbours.h"

struct box {
	int width, height;
};

/* Fractions are counted in steps of 1/65536, so that their sums are the same in whatever order they are added. */
#define STEPS 65536.0
/* No level is larger, and no sum of a window's fits not. */
#define MOST (1 << 24)

static gint64 steps_of(float level)
{
	return llrintf((level > -MOST ? MIN(level, MOST) : -MOST) * (float)STEPS);
}

/* Adds a row to the sums of its columns (SIGN is +), or takes it out. Sums of fractions wrap round below 0. */
#define ADD_ROW(TYPE, SIGN, LEVEL)                                                                                     \
	{                                                                                                              \
		const TYPE *p = (const TYPE *)(const void *)row;                                                       \
		for (gsize i = 0; i < elements; i++)                                                                   \
			sums[i] = sums[i] SIGN(guint64) LEVEL(p[i]);                                                   \
	}

static void add_row(const VipsPel *row, VipsBandFormat format, guint64 *sums, gsize elements)
{
	if (format == VIPS_FORMAT_FLOAT)
		ADD_ROW(float, +, steps_of)
	else if (format == VIPS_FORMAT_USHORT)
		ADD_ROW(guint16, +, )
	else
		ADD_ROW(guint8, +, )
}

static void remove_row(const VipsPel *row, VipsBandFormat format, guint64 *sums, gsize elements)
{
	if (format == VIPS_FORMAT_FLOAT)
		ADD_ROW(float, -, steps_of)
	else if (format == VIPS_FORMAT_USHORT)
		ADD_ROW(guint16, -, )
	else
		ADD_ROW(guint8, -, )
}

/* One row of means from the sums of columns. */
static void slide(
	const struct box *box, const guint64 *sums, int bands, int pixels, VipsBandFormat format, VipsPel *row)
{
	const guint64 count = (guint64)box->width * (guint64)box->height, half = count / 2;
	const gsize ahead = (gsize)box->width * (gsize)bands;

	for (int band = 0; band < bands; band++) {
		guint64 sum = 0;
		gsize at = (gsize)band;
		for (int i = 0; i < box->width; i++)
			sum += sums[(gsize)i * (gsize)bands + (gsize)band];
		for (int x = 0; x < pixels; x++, at += (gsize)bands) {
			if (format == VIPS_FORMAT_FLOAT)
				((float *)(void *)row)[at] = (float)((double)(gint64)sum / (STEPS * (double)count));
			else if (format == VIPS_FORMAT_USHORT)
				((guint16 *)(void *)row)[at] = (guint16)((sum + half) / count);
			else
				row[at] = (guint8)((sum + half) / count);
			if (x + 1 < pixels)
				sum += sums[at + ahead] - sums[at];
		}
	}
}

static void fill(VipsRegion *out, VipsRegion *in, void *scratch, const void *data)
{
	const struct box *box = data;
	const VipsRect *r = &out->valid;
	VipsBandFormat format = in->im->BandFmt;
	int bands = in->im->Bands;
	gsize elements = ((gsize)r->width + (gsize)box->width - 1) * (gsize)bands;
	g_autofree guint64 *sums = g_new0(guint64, elements);

	(void)scratch;
	for (int y = 0; y < box->height - 1; y++)
		add_row(VIPS_REGION_ADDR(in, r->left, r->top + y), format, sums, elements);
	for (int y = r->top; y < VIPS_RECT_BOTTOM(r); y++) {
		add_row(VIPS_REGION_ADDR(in, r->left, y + box->height - 1), format, sums, elements);
		slide(box, sums, bands, r->width, format, VIPS_REGION_ADDR(out, r->left, y));
		remove_row(VIPS_REGION_ADDR(in, r->left, y), format, sums, elements);
	}
}

bool box_mean(VipsImage *in, int width, int height, VipsImage **out, GError **error)
{
	const struct box box = {width, height};
	const struct window window = {
		.width = width, .height = height, .fill = fill, .data = &box, .data_bytes = sizeof box};

	return window_run(in, &window, out, error);
}

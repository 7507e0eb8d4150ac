/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   one row of pixels, shrunk across: bytes by SSE2, floats by AVX.
 * Thread:    any. Ownership: borrows.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <vips/vips.h>

struct reduce {
	double shrink, offset;
	int points;      /* weights of a position; odd */
	double *exact;   /* by position between two pixels */
	gint16 *weights; /* the same in integers, and a zero behind each position's */
};

/* Where the sum of an output pixel begins, of the region's first; of the next it is shrink further. Their rounding is a part of the result. */
static inline double reduce_start(const struct reduce *reduce, int first)
{
	return (first + 0.5) * reduce->shrink - 0.5 - reduce->offset;
}

/* The number of the position between two pixels. */
static inline int reduce_phase(double position)
{
	const int fine = (int)(position * VIPS_TRANSFORM_SCALE * 2) & (VIPS_TRANSFORM_SCALE * 2 - 1);

	return (fine + 1) >> 1;
}

/* Has the processor what this takes? */
bool reduce_row_available(void);

/* width pixels from left on. from: the pixel of the source at from_left, and those right of it. bands: 3 or 4. */
void reduce_row(
	const struct reduce *reduce, guint8 *out, int left, int width, const guint8 *from, int from_left, int bands);
/* The same of floats, at out and from; any number of bands. reduce_sum_available() is needed. */
void reduce_row_of_floats(
	const struct reduce *reduce, guint8 *out, int left, int width, const guint8 *from, int from_left, int bands);

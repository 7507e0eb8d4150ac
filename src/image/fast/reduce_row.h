/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   one row of pixels, shrunk across by SSE2.
 * Thread:    any. Ownership: borrows.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

struct reduce {
	double shrink, offset;
	int points;      /* weights of a position; odd */
	gint16 *weights; /* by position between two pixels: those, and a zero */
};

/* Has the processor what this takes? */
bool reduce_row_available(void);

/* width pixels from left on. from: the pixel of the source at from_left, and those right of it. bands: 3 or 4. */
void reduce_row(
	const struct reduce *reduce, guint8 *out, int left, int width, const guint8 *from, int from_left, int bands);

/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   how high a band of tiles may be: of a wide picture only as high as the rings hold several of, or decoder, workers and encoders
 *            would wait for each other.
 * Thread:    the plan's. Ownership: borrows everything.
 */
#pragma once

#include "codec/plan.h"
#include "image/chain/tilesource.h"

/* Bands of tiles that a ring holds beyond what must fit: the decoder runs ahead while workers compute (measured:
 * two bands stall, six gain nothing over four). */
#define RING_BANDS 4

/* The edge of tiles (px) for an output of so many pixels: at least `edge`, at most `most`, so that each of the workers has many. */
int shape_edge(gint64 pixels, int edge, int most, int workers);

/* Bytes from one row in a ring to the next. */
gsize shape_stride(const VipsImage *image);

/* The shape of one of so many outputs, whose chain is recorded: rows, at most `edge`; with rings that share `budget`
 * bytes. Not so few that what tiles need around them (their margins) would weigh. */
int shape_most_rows(const struct plan *plan, int outputs, gint64 budget, int edge, struct tilesource *recorder,
	VipsImage *recorded);

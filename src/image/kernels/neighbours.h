/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   what filters share: colours apart from alpha and back in the depth that came in, and pixels computed from a window
 *            around them. A result is a function of its window alone, in whole numbers or in a fixed order, so it is the same
 *            however the picture is cut. Beyond the edge the nearest pixel is repeated, as libvips' own filters do.
 *            Private to image/.
 * Thread:    build functions on the thread that owns the images; a fill function on any thread of libvips, with scratch of its own.
 * Ownership: images are returned owned in *out.
 */
#pragma once

#include <json-glib/json-glib.h>
#include <stdbool.h>

#include "image/table/auto.h"
#include "image/table/params.h"

/* 8 or 16 bits a band, any colour space; anything else is refused with the step that helps. */
bool filter_takes(VipsImage *in, GError **error);
/* The brightest level: 255 or 65535. */
double filter_most(VipsImage *in);

/* What a filter does to a picture without alpha. The result may be floating point. */
typedef bool (*colour_filter)(VipsImage *colours, const struct args *args, VipsImage **out, GError **error);

/* Runs it on the bands of colour and puts the result, rounded, together with the alpha that came in. */
bool filter_colours(VipsImage *in, colour_filter filter, const struct args *args, VipsImage **out, GError **error);
/* The same for every band, alpha too; of premultiplied colours, which are floating point, the result is not rounded. */
bool filter_bands(VipsImage *in, colour_filter filter, const struct args *args, VipsImage **out, GError **error);

/* Fills out->valid. The window of pixel (x, y) of out lies in `in` at (x, y), width x height; those pixels are there. */
typedef void (*window_fill)(VipsRegion *out, VipsRegion *in, void *scratch, const void *data);

struct window {
	int width, height; /* the pixel itself is at (width / 2, height / 2), as in libvips */
	window_fill fill;
	gsize scratch_bytes; /* a thread's own memory, zero at first */
	const void *data;    /* copied */
	gsize data_bytes;
};
bool window_run(VipsImage *in, const struct window *window, VipsImage **out, GError **error);

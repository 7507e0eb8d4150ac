/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   what operations that change a picture's size share. Private to image/.
 * Thread:    the thread that owns the images. Ownership: images are returned owned.
 */
#pragma once

#include <stdbool.h>
#include <vips/vips.h>

/* Is a picture of this size possible? libvips does not say so before it computes. */
bool extent_possible(gint64 width, gint64 height, GError **error);

/* Cuts out at most width x height, where gravity draws to. */
bool extent_cut(VipsImage *in, const char *gravity, int width, int height, VipsImage **out, GError **error);

/* Lays in on width x height of the colour, where gravity draws it to. A side that is smaller than the picture's is taken as that. */
bool extent_fill(
	VipsImage *in, const char *gravity, int width, int height, const char *colour, VipsImage **out, GError **error);

/* vips_smartcrop(), of at most width x height. strategy: attention, entropy, centre, low, high. */
bool extent_smart(VipsImage *in, const char *strategy, int width, int height, VipsImage **out, GError **error);

/* Does this strategy look at pixels? A word of gravity does not. */
bool extent_looks(const char *strategy);

/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   what watermark, text, mask and composite share: a second picture made alike to the first (colours, depth, size), where it
 *            goes, and how it is blended in. A picture keeps its bands, depth and colour space. Private to image/.
 * Thread:    any; the store of rendered pictures is one for the process.
 * Ownership: images are returned owned.
 */
#pragma once

#include "image/kernels/gravity.h"
#include "image/table/params.h"

/* What a picture's pixels are: grey, RGB or CMYK, with or without alpha, 8 or 16 bits. */
struct kind {
	int colours; /* 1, 3 or 4 */
	bool alpha;
	bool deep;   /* 16 bits */
	double most; /* 255 or 65535 */
};

/* False with a message for pictures of other kinds. */
bool kind_of(VipsImage *image, struct kind *kind, GError **error);

/* The asset's picture in the colours and depth of kind, always with alpha, without metadata, width x height (0: its own size). Rendered once
 * and kept for the next. */
bool overlay_open(JsonObject *asset, const struct kind *kind, int width, int height, VipsImage **out, GError **error);

/* The same, as one band of 8 bits: how bright it is where it shows. */
bool overlay_open_mask(JsonObject *asset, int width, int height, VipsImage **out, GError **error);

/* How wide and high the asset's picture is, upright. */
bool overlay_size(JsonObject *asset, int *width, int *height, GError **error);

/* The modes of vips_composite(), as definitions spell them; the first blend_opaque_count leave an opaque picture opaque. */
extern const char *const blend_names[];        /* all; ends with NULL */
extern const char *const blend_opaque_names[]; /* those that leave an opaque picture opaque; ends with NULL */

/* Lays overlay (made for this picture's kind) at left, top, which may be outside in part. An opaque picture gets an alpha band only by a mode that
 * is not in blend_opaque_names. */
bool overlay_blend(VipsImage *in, VipsImage *overlay, int left, int top, double opacity, const char *mode,
	VipsImage **out, GError **error);

/* The alpha of a picture, which gets one when it has none, times mask (one band of 8 bits, of its size). */
bool overlay_cut(VipsImage *in, VipsImage *mask, VipsImage **out, GError **error);

/* Pixels alone, in memory, without metadata. */
VipsImage *overlay_to_memory(VipsImage *image, VipsInterpretation type, GError **error);

/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   how a picture is blended over another one: modes, and the kinds of pixels that can be.
 * Thread:    any. Ownership: images are returned owned.
 */
#pragma once

#include <stdbool.h>
#include <vips/vips.h>

/* What a picture's pixels are: grey, RGB or CMYK, with or without alpha, 8 or 16 bits. */
struct kind {
	int colours; /* 1, 3 or 4 */
	bool alpha;
	bool deep;   /* 16 bits */
	double most; /* 255 or 65535 */
};

/* False with a message for pictures of other kinds. */
bool kind_of(VipsImage *image, struct kind *kind, GError **error);

/* The modes of vips_composite(), as definitions spell them; the first blend_opaque_count leave an opaque picture opaque. */
extern const char *const blend_names[];        /* all; ends with NULL */
extern const char *const blend_opaque_names[]; /* those that leave an opaque picture opaque; ends with NULL */

/* Lays overlay (made for this picture's kind) at left, top, which may be outside in part. An opaque picture gets an alpha band only by a mode that
 * is not in blend_opaque_names. */
bool overlay_blend(VipsImage *in, VipsImage *overlay, int left, int top, double opacity, const char *mode,
	VipsImage **out, GError **error);

/* The alpha of a picture, which gets one when it has none, times mask (one band of 8 bits, of its size). */
bool overlay_cut(VipsImage *in, VipsImage *mask, VipsImage **out, GError **error);

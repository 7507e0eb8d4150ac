/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   the level of a pyramid (TIFF, JPEG 2000, slides) that a thumbnail is made of. libvips' own choice is wrong in three ways
 *            (thumbnail.c): with size=down it takes the smallest level; of a pyramid in sub-directories it never takes the full picture; and
 *            it takes a document for a pyramid whose pages halve.
 * Thread:    the thread that owns the image. Ownership: *out is owned.
 */
#pragma once

#include <stdbool.h>
#include <vips/vips.h>

/* The box of a thumbnail, as libvips' thumbnail has it. */
struct level_box {
	int width, height;
	bool covers; /* the smaller side reaches the box */
	bool fills;  /* each side by itself */
	bool no_rotate;
};

/* The smallest level that need not be enlarged, or else the full picture, opened to be read once from top to bottom. *out NULL: the
 * file has no levels, and libvips' thumbnail opens it best by itself. source: the file at path, or, not NULL, its bytes. */
bool levels_open(VipsSource *source, const char *path, GBytes *bytes, const struct level_box *box, VipsImage **out,
	GError **error);

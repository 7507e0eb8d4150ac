/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   the pixels of a PNG file by libdeflate, which inflates in one go, in half the time of zlib. It takes files that are whole and
 *            of the plain kind: 8 bits a channel, no palette, no transparent colour, not interlaced.
 * Thread:    any. Ownership: borrows the file, gives the pixels.
 */
#pragma once

#include <glib.h>

struct png_shape {
	int width, height, bands;
};

/* The pixels, rows without gaps, to be freed with g_free(). NULL: the file is of another kind or another shape, is damaged, or there is no
 * memory; libvips is to read it and to say what is wrong. */
guint8 *png_data_read(const guint8 *file, gsize length, const struct png_shape *shape);

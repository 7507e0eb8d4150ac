/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   what a file says of its pages, read from its own structure. Does an animation or a document end too early? libvips
 *            leaves out pages that are cut off without a word, so that the output would have fewer. Which directories of a TIFF are pages?
 *            Is a HEIF file an animation? Private to image/.
 * Thread:    any. Ownership: borrows the bytes.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

/* True when a block that began has no end. A missing trailer behind a whole block is common, and no fault. *frames: whole ones until there. */
bool gif_is_cut(const guint8 *data, gsize length, guint *frames);

/* True when the chain of directories leads out of the file. */
bool tiff_is_cut(const guint8 *data, gsize length);

struct tiff_page {
	guint32 width, height;
	guint32 compression, photometric, samples;
	guint64 data; /* where its first strip or tile begins */
	/* Where the low byte of these numbers is; 0: the directory has none. */
	guint64 compression_at, photometric_at;
	guint32 kind; /* NewSubfileType, a set of these bits: */
};
enum tiff_page_kind { TIFF_REDUCED = 1, TIFF_PAGE = 2 };
enum tiff_photometric {
	TIFF_RGB = 2,
	TIFF_CMYK = 5,
	TIFF_YCBCR = 6,
	TIFF_YCCK = 0x10000 /* only tiff_jpeg_colours() */
};
enum tiff_compression { TIFF_OLD_JPEG = 6, TIFF_JPEG = 7 };

/* JPEG 2000 by one of its numbers, which libvips decodes, not libtiff. */
bool tiff_is_jp2k(guint compression);

/* The directories of a TIFF in their order, those in sub-directories left out; none of another file.
 * Returns owned (struct tiff_page). */
GArray *tiff_directories(const guint8 *data, gsize length);

/* What the JPEG in this directory says of its colours: YCbCr by its subsampling or the marker of JFIF, others by Adobe's, whose 0 means RGB of
 * three colours. 0: nothing, or it is not a JPEG. */
guint tiff_jpeg_colours(const struct tiff_page *page, const guint8 *data, gsize length);

/* Where a HEIF or AVIF whose items are all grey has its matrix coefficients (nclx: 2 bytes, and a byte whose highest bit says full range);
 * none of another file. Returns owned (guint64). */
GArray *heif_grey_colours(const guint8 *data, gsize length);

/* Frames of an image sequence (AVIF, HEIC) in its longest track; 0: the file has no sequence. */
guint heif_frames(const guint8 *data, gsize length);

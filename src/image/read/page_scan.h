/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   what a file says of its pages, read from its own structure. Does an animation or a document end too early? libvips (8.14.1)
 *            leaves out pages that are cut off without a word, so that the output would have fewer. Which directories of a TIFF are pages?
 *            Is a HEIF file an animation? Private to image/.
 * Thread:    any. Ownership: borrows the bytes.
 */
#ifndef DROPMILL_IMAGE_READ_PAGE_SCAN_H
#define DROPMILL_IMAGE_READ_PAGE_SCAN_H

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
	guint32 kind; /* NewSubfileType, a set of these bits: */
};
enum tiff_page_kind { TIFF_REDUCED = 1, TIFF_PAGE = 2 };

/* The directories of a TIFF in their order, those in sub-directories left out; none of another file.
 * Returns owned (struct tiff_page). */
GArray *tiff_directories(const guint8 *data, gsize length);

/* Are all items of it grey, and of limited range (16 to 235)? By their properties. */
bool heif_is_limited_grey(const guint8 *data, gsize length);

/* Frames of an image sequence (AVIF, HEIC) in its longest track; 0: the file has no sequence. */
guint heif_frames(const guint8 *data, gsize length);

#endif

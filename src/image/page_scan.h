/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   does an animation or a document of pages end too early? libvips (8.14.1) leaves out pages that are cut off without a word,
 *            so that the output would have fewer. Private to image/.
 * Thread:    any.
 */
#ifndef DROPMILL_IMAGE_PAGE_SCAN_H
#define DROPMILL_IMAGE_PAGE_SCAN_H

#include <glib.h>
#include <stdbool.h>

/* True when a block that began has no end. A missing trailer behind a whole block is common, and no fault. */
bool gif_is_cut(const guint8 *data, gsize length);

/* True when the chain of directories leads out of the file. */
bool tiff_is_cut(const guint8 *data, gsize length);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   does a GIF end in the middle of something? libvips (8.14.1, libnsgif) drops a last frame that is cut off without a word, so
 *            that an animation would come out shorter. Private to image/.
 * Thread:    any.
 */
#ifndef DROPMILL_IMAGE_GIF_SCAN_H
#define DROPMILL_IMAGE_GIF_SCAN_H

#include <glib.h>
#include <stdbool.h>

/* True when a block that began has no end. A missing trailer behind a whole block is common, and no fault. */
bool gif_is_cut(const guint8 *data, gsize length);

#endif

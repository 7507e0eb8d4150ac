/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   what a tile needs of the source: asked of libvips with a recording source, never derived from what an operation is
 *            said to do.
 * Thread:    the recorder's. Ownership: borrows everything.
 */
#ifndef DROPMILL_IMAGE_NEED_H
#define DROPMILL_IMAGE_NEED_H

#include <stdbool.h>
#include <vips/vips.h>

#include "image/grid.h"
#include "image/tilesource.h"

/* recorded is the chain built on the recorder, tile one of the grid's. need is never empty: a tile that is all background
 * gets one pixel from where it lies. False when the chain cannot be evaluated. */
bool need_find(struct tilesource *recorder, VipsImage *recorded, const struct grid *grid, const VipsRect *tile,
	VipsRect *need);

/* What these pixels ask for, when they are asked for at once; added to box (empty at first). Nothing is added to it for safety. False when
 * they cannot be evaluated. */
bool need_exactly(struct tilesource *recorder, VipsImage *recorded, const VipsRect *pixels, VipsRect *box);

#endif

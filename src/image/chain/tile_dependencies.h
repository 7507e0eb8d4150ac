/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   what a tile needs of the source: asked of libvips with a recording source, never derived from what an operation is
 *            said to do.
 * Thread:    the recorder's. Ownership: borrows everything.
 */
#ifndef DROPMILL_IMAGE_CHAIN_TILE_DEPENDENCIES_H
#define DROPMILL_IMAGE_CHAIN_TILE_DEPENDENCIES_H

#include <stdbool.h>
#include <vips/vips.h>

#include "base/auto.h"
#include "image/chain/grid.h"
#include "image/chain/tilesource.h"

/* Finds the needs of the tiles of one grid. recorded is the chain built on the recorder. Both are borrowed until
 * needs_free(). learnt: another of the same grid and chain, whose knowledge is taken over; or NULL. */
struct needs;
struct needs *needs_new(
	struct tilesource *recorder, VipsImage *recorded, const struct grid *grid, const struct needs *learnt);
/* For a large grid: probes a part of its places, and answers whether columns and rows alone decide. Not asked for,
 * needs_find() asks each place. */
void needs_learn(struct needs *needs);
void needs_free(struct needs *needs);
DEFINE_AUTO(needs, needs_free)

/* Of tile number index. need is never empty: a tile that is all background gets one pixel from where it lies. False when the chain cannot be
 * evaluated. */
bool needs_find(struct needs *needs, int index, VipsRect *need);

/* The pixels that a request for all of these needs; added to box (empty at first). Nothing is added to it for safety.
 * False when they cannot be evaluated. */
bool need_exactly(struct tilesource *recorder, VipsImage *recorded, const VipsRect *pixels, VipsRect *box);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   what a tile needs of the source: asked of libvips with a recording source, never derived from what an operation is
 *            said to do.
 * Thread:    the recorder's. Ownership: borrows everything.
 */
#pragma once

#include <stdbool.h>
#include <vips/vips.h>

#include "base/auto.h"
#include "image/chain/grid.h"
#include "image/chain/tilesource.h"

/* Finds the needs of the tiles of one grid. recorded is the chain built on the recorder. Both are borrowed until
 * tile_dependencies_free(). learnt: another of the same grid and chain, whose knowledge is taken over; or NULL. */
struct tile_dependencies;
struct tile_dependencies *tile_dependencies_new(struct tilesource *recorder, VipsImage *recorded,
	const struct grid *grid, const struct tile_dependencies *learnt);
/* For a large grid: probes a part of its places, and answers whether columns and rows alone decide. Not asked for,
 * tile_dependencies_find() asks each place. */
void tile_dependencies_learn(struct tile_dependencies *needs);
void tile_dependencies_free(struct tile_dependencies *needs);
DEFINE_AUTO(tile_dependencies, tile_dependencies_free)

/* Of tile number index. need is never empty: a tile that is all background gets one pixel from where it lies. False when the chain cannot be
 * evaluated. */
bool tile_dependencies_find(struct tile_dependencies *needs, int index, VipsRect *need);

/* The pixels that a request for all of these needs; added to box (empty at first). Nothing is added to it for safety.
 * False when they cannot be evaluated. */
bool tile_dependencies_exactly(struct tilesource *recorder, VipsImage *recorded, const VipsRect *pixels, VipsRect *box);

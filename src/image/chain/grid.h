/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   how an output is cut. Tiles are what workers are given; pieces are the rectangles in which a worker asks libvips for the
 *            pixels of its tile. A chain whose arithmetic depends on the region asked for (OPERATION_ON_GRID) is asked in
 *            exactly the pieces that libvips' own sink would use, so that its pixels are the same.
 * Thread:    any. Ownership: plain values.
 */
#pragma once

#include <stdbool.h>
#include <vips/vips.h>

struct grid {
	int width, height;           /* of the output, px */
	int tile_width, tile_height; /* px; the last column and row may be smaller */
	int piece_width,
		piece_height; /* px; pieces are anchored at their tile (on the sink's grid tiles are whole pieces) */
	int columns, rows;    /* of tiles */
};

/* For this output image. edge_px: the requested tile edge. on_grid: the chain's flag. max_pixels: upper bound of a
 * tile's area (0: none). max_rows: upper bound of its height (0: none); the tile becomes wider for it. Both are kept as
 * far as the sink's grid allows. */
void grid_make(struct grid *grid, VipsImage *output, int edge_px, bool on_grid, gint64 max_pixels, int max_rows);

int grid_tiles(const struct grid *grid);
/* Tile number index, row by row from the top left; clipped to the output. */
VipsRect grid_tile(const struct grid *grid, int index);

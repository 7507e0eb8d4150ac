/* SPDX-License-Identifier: GPL-2.0-or-later
 * How an output is cut: see grid.h. */
#include "image/chain/grid.h"

/* Measured: a 512-pixel tile asked for in pieces of 128 rows; with 16 rows the blur's margin is computed twice over. */
#define FREE_PIECE_ROWS 128
/* Edges of tiles that are not square; rows of JPEG's largest blocks go into it. */
#define FREE_STEP 64

static int round_up(int value, int step)
{
	return (value + step - 1) / step * step;
}

/* Whole steps; at least one. */
static int round_down(gint64 value, int step)
{
	return (int)VIPS_MAX(1, value / step) * step;
}

static void cut_free(struct grid *grid, int edge, int max_rows)
{
	int width = edge, height = edge;

	if (max_rows && max_rows < edge) {
		height = round_down(max_rows, VIPS_MIN(FREE_STEP, edge));
		width = round_down((gint64)edge * edge / height, VIPS_MIN(FREE_STEP, edge));
	}
	grid->tile_width = VIPS_MIN(width, grid->width);
	grid->tile_height = VIPS_MIN(height, grid->height);
	grid->piece_width = grid->tile_width;
	grid->piece_height = VIPS_MIN(FREE_PIECE_ROWS, grid->tile_height);
}

/* libvips' sink asks for tile_width x tile_height rectangles anchored at 0,0 (vips_get_tile_size(), iofuncs/thread.c); for the strip
 * hints that is the full width. */
static void cut_on_sink(struct grid *grid, VipsImage *output, gint64 pixels, int edge, int max_rows)
{
	int width, height, lines;

	vips_get_tile_size(output, &width, &height, &lines);
	grid->piece_width = VIPS_MIN(width, grid->width);
	grid->piece_height = height;
	if (width >= grid->width) {
		grid->tile_width = grid->width;
		grid->tile_height = (int)VIPS_MAX(height, pixels / grid->width / height * height);
	} else {
		grid->tile_width = round_up(edge, width);
		grid->tile_height = round_up(edge, height);
		while ((gint64)grid->tile_width * grid->tile_height > pixels && grid->tile_height > height)
			grid->tile_height -= height;
		while (max_rows && grid->tile_height > max_rows && grid->tile_height > height) {
			grid->tile_height -= height;
			grid->tile_width = round_down(pixels / grid->tile_height, width);
		}
	}
}

void grid_make(struct grid *grid, VipsImage *output, int edge_px, bool on_grid, gint64 max_pixels, int max_rows)
{
	gint64 pixels = (gint64)edge_px * edge_px;

	grid->width = output->Xsize;
	grid->height = output->Ysize;
	if (on_grid) {
		gint64 wished = edge_px % 128 ? (gint64)round_up(edge_px, 128) * round_up(edge_px, 128) : pixels;
		cut_on_sink(grid, output, max_pixels ? VIPS_MIN(wished, max_pixels) : wished, edge_px, max_rows);
	} else {
		while (max_pixels && (gint64)edge_px * edge_px > max_pixels && edge_px > 32)
			edge_px -= VIPS_MAX(1, edge_px / 16);
		cut_free(grid, edge_px, max_rows);
	}
	grid->columns = (grid->width + grid->tile_width - 1) / grid->tile_width;
	grid->rows = (grid->height + grid->tile_height - 1) / grid->tile_height;
}

int grid_tiles(const struct grid *grid)
{
	return grid->columns * grid->rows;
}

VipsRect grid_tile(const struct grid *grid, int index)
{
	VipsRect tile = {index % grid->columns * grid->tile_width, index / grid->columns * grid->tile_height,
		grid->tile_width, grid->tile_height};
	VipsRect whole = {0, 0, grid->width, grid->height};

	vips_rect_intersectrect(&tile, &whole, &tile);
	return tile;
}

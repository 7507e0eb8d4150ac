/* SPDX-License-Identifier: GPL-2.0-or-later
 * What a tile needs of the source: see tile_dependencies.h. */
#include "image/chain/tile_dependencies.h"

#include <stdlib.h>

bool tile_dependencies_exactly(struct tilesource *recorder, VipsImage *recorded, const VipsRect *pixels, VipsRect *box)
{
	VipsRect asked;

	/* A new region, so that no buffer of an earlier question answers. (Not vips_image_invalidate_all(): after it the branches of
	 * a graph no longer find what another has just computed, and their work doubles with each that joins.) */
	VipsRegion *region = vips_region_new(recorded);
	tilesource_record(recorder);
	bool prepared = vips_region_prepare(region, pixels) == 0;
	bool any = tilesource_recorded(recorder, &asked);
	g_object_unref(region);
	if (any && vips_rect_isempty(box))
		*box = asked;
	else if (any)
		vips_rect_unionrect(box, &asked, box);
	if (!prepared)
		vips_error_clear();
	return prepared;
}

/* The corners of a tile, the middles of its edges and its middle, row by row. */
enum { PROBES = 9 };

/* Neighbours share their probes. Places across are the left edge and the middle of each tile, and at the end the last
 * pixel of the picture. So a tile's right probe is the first pixel beyond it. The same holds down. */
struct tile_dependencies {
	struct tilesource *recorder;
	VipsImage *recorded;
	struct grid grid;
	VipsRect *asked; /* of each place, row by row; the width of one that was not probed is UNKNOWN */
	/* In most chains the requested pixels across depend only on the column, and down only on the row. Then these
	 * probes stand for all places. */
	VipsRect *across, *down; /* of each column's places, of each row's; NULL: not so, or not known */
};

#define UNKNOWN (-1)
/* Fewer places than this are asked one by one: to learn of columns and rows takes about five times as many as there are of both. */
#define LEARN_FROM 5

static int places(int tiles)
{
	return 2 * tiles + 1;
}

static int place_at(int number, int tile_size, int size)
{
	int start = number / 2 * tile_size, length = VIPS_MIN(tile_size, size - start);

	return VIPS_MIN(number % 2 ? start + length / 2 : start, size - 1);
}

struct tile_dependencies *tile_dependencies_new(struct tilesource *recorder, VipsImage *recorded,
	const struct grid *grid, const struct tile_dependencies *learnt)
{
	struct tile_dependencies *needs = g_new(struct tile_dependencies, 1);
	gsize across = (gsize)places(grid->columns), down = (gsize)places(grid->rows);

	*needs = (struct tile_dependencies){recorder, recorded, *grid, g_new(VipsRect, across * down), NULL, NULL};
	for (gsize i = 0; i < across * down; i++)
		needs->asked[i].width = UNKNOWN;
	if (learnt && learnt->across) {
		needs->across = g_memdup2(learnt->across, across * sizeof(VipsRect));
		needs->down = g_memdup2(learnt->down, down * sizeof(VipsRect));
	}
	return needs;
}

void tile_dependencies_free(struct tile_dependencies *needs)
{
	if (!needs)
		return;
	g_free(needs->across);
	g_free(needs->down);
	g_free(needs->asked);
	g_free(needs);
}

static bool ask_place(struct tile_dependencies *needs, int column, int row, VipsRect *box)
{
	const struct grid *grid = &needs->grid;
	VipsRect *asked = &needs->asked[(gsize)row * (gsize)places(grid->columns) + (gsize)column];

	if (asked->width == UNKNOWN) {
		VipsRect pixel = {place_at(column, grid->tile_width, grid->width),
			place_at(row, grid->tile_height, grid->height), 1, 1};
		VipsRect found = {0, 0, 0, 0};
		if (!tile_dependencies_exactly(needs->recorder, needs->recorded, &pixel, &found))
			return false;
		*asked = found;
	}
	*box = *asked;
	return true;
}

/* Does this place ask for what its column and its row are known to ask for? What is not known of them it tells. */
static bool agrees(struct tile_dependencies *needs, int column, int row, VipsRect *across, VipsRect *down)
{
	VipsRect box;

	if (!ask_place(needs, column, row, &box) || vips_rect_isempty(&box))
		return false;
	if (across[column].width == UNKNOWN)
		across[column] = box;
	if (down[row].width == UNKNOWN)
		down[row] = box;
	return box.left == across[column].left && box.width == across[column].width && box.top == down[row].top &&
	       box.height == down[row].height;
}

/* Three rows, three columns, and a diagonal. */
static bool all_agree(struct tile_dependencies *needs, int columns, int rows, VipsRect *across, VipsRect *down)
{
	for (int i = 0; i < 9; i++) /* ends soon where it is not so */
		if (!agrees(needs, i % 3 * (columns - 1) / 2, i / 3 * (rows - 1) / 2, across, down))
			return false;
	for (int third = 0; third < 3; third++) {
		for (int column = 0; column < columns; column++)
			if (!agrees(needs, column, third * (rows - 1) / 2, across, down))
				return false;
		for (int row = 0; row < rows; row++)
			if (!agrees(needs, third * (columns - 1) / 2, row, across, down))
				return false;
	}
	for (int i = 0; i < MAX(columns, rows); i++)
		if (!agrees(needs, i % columns, i % rows, across, down))
			return false;
	return true;
}

void tile_dependencies_learn(struct tile_dependencies *needs)
{
	int columns = places(needs->grid.columns), rows = places(needs->grid.rows);

	if ((gint64)columns * rows < LEARN_FROM * ((gint64)columns + rows))
		return;
	g_autofree VipsRect *across = g_new0(VipsRect, columns);
	g_autofree VipsRect *down = g_new0(VipsRect, rows);
	for (int i = 0; i < columns; i++)
		across[i].width = UNKNOWN;
	for (int i = 0; i < rows; i++)
		down[i].width = UNKNOWN;
	if (!all_agree(needs, columns, rows, across, down))
		return;
	needs->across = g_steal_pointer(&across);
	needs->down = g_steal_pointer(&down);
}

static bool probe_place(struct tile_dependencies *needs, int column, int row, VipsRect *box)
{
	if (!needs->across)
		return ask_place(needs, column, row, box);
	*box = (VipsRect){
		needs->across[column].left, needs->down[row].top, needs->across[column].width, needs->down[row].height};
	return true;
}

static bool probe(struct tile_dependencies *needs, int index, VipsRect boxes[PROBES])
{
	int column = index % needs->grid.columns * 2, row = index / needs->grid.columns * 2;

	for (int i = 0; i < PROBES; i++)
		if (!probe_place(needs, column + i % 3, row + i / 3, &boxes[i]))
			return false;
	return true;
}

/* Is the one in the middle asked midway between its neighbours? Places are doubled, to stay whole. */
static bool midway(const VipsRect *a, const VipsRect *middle, const VipsRect *b, int margin)
{
	int x = 2 * middle->left + middle->width, y = 2 * middle->top + middle->height;
	int ax = 2 * a->left + a->width, ay = 2 * a->top + a->height;
	int bx = 2 * b->left + b->width, by = 2 * b->top + b->height;
	int wide = VIPS_MAX(a->width, VIPS_MAX(b->width, middle->width));
	int high = VIPS_MAX(a->height, VIPS_MAX(b->height, middle->height));

	/* At the picture's edge a neighbourhood is cut, and its middle moves by less than half of it. */
	return abs(2 * x - ax - bx) <= 4 * margin + 2 * wide && abs(2 * y - ay - by) <= 4 * margin + 2 * high;
}

/* Does what the probes ask for tell what lies between? Not where one of them is background (pad, the corners of a
 * rotation). Not where the picture repeats or is mirrored within the tile (tile, wrap, pad with mode: mirror). */
static bool regular(const VipsRect boxes[PROBES], int margin)
{
	for (int i = 0; i < PROBES; i++)
		if (vips_rect_isempty(&boxes[i]))
			return false;
	for (int i = 0; i < 3; i++)
		if (!midway(&boxes[3 * i], &boxes[3 * i + 1], &boxes[3 * i + 2], margin) ||
			!midway(&boxes[i], &boxes[i + 3], &boxes[i + 6], margin))
			return false;
	return true;
}

/* As a worker computes it: costs as much as computing the tile. */
static bool ask_all(struct tile_dependencies *needs, const VipsRect *tile, VipsRect *box)
{
	const struct grid *grid = &needs->grid;

	for (int y = tile->top; y < VIPS_RECT_BOTTOM(tile); y += grid->piece_height)
		for (int x = tile->left; x < VIPS_RECT_RIGHT(tile); x += grid->piece_width) {
			VipsRect piece = {x, y, grid->piece_width, grid->piece_height};
			vips_rect_intersectrect(&piece, tile, &piece);
			if (!tile_dependencies_exactly(needs->recorder, needs->recorded, &piece, box))
				return false;
		}
	return true;
}

/* One pixel of the source, as far across and down as the tile is: so it is at hand when its neighbours' are. */
static VipsRect pixel_near(const struct grid *grid, const VipsRect *tile, const VipsImage *image)
{
	return (VipsRect){(int)((gint64)tile->left * image->Xsize / grid->width),
		(int)((gint64)tile->top * image->Ysize / grid->height), 1, 1};
}

bool tile_dependencies_find(struct tile_dependencies *needs, int index, VipsRect *need)
{
	const VipsImage *image = tilesource_image(needs->recorder);
	VipsRect picture = {0, 0, image->Xsize, image->Ysize}, tile = grid_tile(&needs->grid, index);
	/* Operations round outwards for larger pieces. */
	int margin = 2 + 2 * (int)(((gint64)image->Xsize + needs->grid.width - 1) / needs->grid.width);
	VipsRect boxes[PROBES], box = {0, 0, 0, 0};

	if (!probe(needs, index, boxes))
		return false;
	for (int i = 0; i < PROBES; i++)
		if (vips_rect_isempty(&box))
			box = boxes[i];
		else if (!vips_rect_isempty(&boxes[i]))
			vips_rect_unionrect(&box, &boxes[i], &box);
	if (!regular(boxes, margin) && !ask_all(needs, &tile, &box))
		return false;
	if (vips_rect_isempty(&box))
		box = pixel_near(&needs->grid, &tile, image);
	else
		vips_rect_marginadjust(&box, margin);
	vips_rect_intersectrect(&box, &picture, need);
	return true;
}

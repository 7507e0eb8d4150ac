/* SPDX-License-Identifier: GPL-2.0-or-later
 * Pieces that the sink does not compute by themselves: see sink_pieces.h. */
#include "image/chain/sink_pieces.h"

#include "image/chain/tile_dependencies.h"
#include "image/operations/operations.h"
#include "image/table/auto.h"

static JsonArray *part(JsonArray *steps, guint first, guint end)
{
	JsonArray *list = json_array_new();

	for (guint i = first; i < end; i++)
		json_array_add_element(list, json_array_dup_element(steps, i));
	return list;
}

static VipsRect piece_at(const struct grid *grid, int column, int row)
{
	VipsRect all = {0, 0, grid->width, grid->height};
	VipsRect piece = {column * grid->piece_width, row * grid->piece_height, grid->piece_width, grid->piece_height};

	vips_rect_intersectrect(&piece, &all, &piece);
	return piece;
}

/* Is what the second piece asks for a true part of what the first one did? When both ask for the same it is computed alike. */
static bool lies_within(struct tilesource *recorder, VipsImage *recorded, const VipsRect *first, const VipsRect *second)
{
	VipsRect a = {0, 0, 0, 0}, b = {0, 0, 0, 0};

	return tile_dependencies_exactly(recorder, recorded, first, &a) &&
	       tile_dependencies_exactly(recorder, recorded, second, &b) && !vips_rect_isempty(&b) &&
	       vips_rect_includesrect(&a, &b) && !vips_rect_equalsrect(&a, &b);
}

/* The sink goes row by row; only next to an edge, where margins are cut, can one lie within another. */
static bool grid_leans(struct tilesource *recorder, VipsImage *recorded, const struct grid *grid)
{
	int columns = (grid->width + grid->piece_width - 1) / grid->piece_width;
	int rows = (grid->height + grid->piece_height - 1) / grid->piece_height;
	const int pairs[][4] = {{columns - 2, 0, columns - 1, 0}, {columns - 2, rows - 1, columns - 1, rows - 1},
		{columns - 1, 0, 0, 1}, {columns - 1, rows - 2, 0, rows - 1}};

	for (guint i = 0; i < G_N_ELEMENTS(pairs); i++) {
		const int *p = pairs[i];
		if (p[0] < 0 || p[1] < 0 || p[3] >= rows)
			continue;
		VipsRect first = piece_at(grid, p[0], p[1]), second = piece_at(grid, p[2], p[3]);
		if (lies_within(recorder, recorded, &first, &second))
			return true;
	}
	return false;
}

/* in is the picture as it comes to step `first`; do the steps from there on make a piece lean on the one before? */
static bool tail_leans(JsonArray *steps, guint first, VipsImage *in, const struct build_context *context,
	const struct grid *grid, bool *leans, GError **error)
{
	g_autoptr(JsonArray) tail = part(steps, first, json_array_get_length(steps));
	g_autoptr(VipsImage) out = NULL;
	auto_struct(tilesource) recorder = tilesource_new_like(in, error);

	if (!recorder)
		return false;
	tilesource_record(recorder);
	if (!chain_build(tail, 0, tilesource_image(recorder), context, &out, error))
		return false;
	*leans = grid_leans(recorder, out, grid);
	return true;
}

bool sink_pieces_lean(JsonArray *steps, VipsImage *in, const struct build_context *context, const struct grid *grid,
	bool *leans, GError **error)
{
	guint count = json_array_get_length(steps);

	*leans = false;
	for (guint i = 0; i + 1 < count && !*leans; i++) {
		g_autoptr(JsonArray) step = part(steps, i, i + 1);
		g_autoptr(JsonArray) head = part(steps, 0, i + 1);
		g_autoptr(VipsImage) there = NULL;
		if (!(chain_flags(step) & OPERATION_ON_GRID))
			continue;
		if (!chain_build(head, 0, in, context, &there, error) ||
			!tail_leans(steps, i + 1, there, context, grid, leans, error))
			return false;
	}
	return true;
}

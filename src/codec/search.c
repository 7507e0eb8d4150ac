/* SPDX-License-Identifier: GPL-2.0-or-later
 * The needs of tiles, side by side: see search.h. */
#include "codec/search.h"

#include "image/chain/tile_dependencies.h"
#include "image/operations/operations.h"
#include "image/read/format.h"
#include "image/table/auto.h"

/* For fewer tiles than this (some 5 ms) a thread and a chain of its own cost more than they save. */
#define TILES_A_THREAD 128
#define THREADS_MOST 16

/* Some rows of tiles. */
struct share {
	const struct grid *grid;
	struct tilesource *recorder;
	VipsImage *recorded;
	const struct tile_dependencies *learnt;
	struct plan_tile *tiles; /* all of the output's */
	int first, end;
	bool found;
};

static gpointer search(gpointer data)
{
	struct share *share = data;
	auto_struct(tile_dependencies) needs =
		tile_dependencies_new(share->recorder, share->recorded, share->grid, share->learnt);

	share->found = true;
	for (int i = share->first; share->found && i < share->end; i++)
		share->found = tile_dependencies_find(needs, i, &share->tiles[i].need);
	return NULL;
}

/* A recorder remembers one question at a time, so each thread has its own, with the chain on it. */
static bool record_again(
	struct plan *plan, const struct plan_output *output, const struct build_context *context, struct share *share)
{
	g_autoptr(VipsImage) common = NULL;

	share->recorder = tilesource_new_like(plan->source, NULL);
	if (!share->recorder)
		return false;
	tilesource_record(share->recorder);
	return chain_build(plan->steps, 0, tilesource_image(share->recorder), context, &common, NULL) &&
	       chain_build(output->steps, 0, common, context, &share->recorded, NULL);
}

static void share_clear(struct share *share)
{
	g_clear_object(&share->recorded);
	tilesource_free(share->recorder);
}

/* How many rows of tiles the first of so many threads takes from those that are left. */
static int rows_for(int rows, int threads)
{
	return (rows + threads - 1) / threads;
}

static int threads_for(const struct grid *grid)
{
	int most = MIN((int)g_get_num_processors(), THREADS_MOST);

	return MIN(CLAMP(grid_tiles(grid) / TILES_A_THREAD, 1, most), grid->rows);
}

bool search_tiles(struct plan *plan, const struct plan_output *output, struct tilesource *recorder, VipsImage *recorded,
	const struct build_context *context)
{
	const struct grid *grid = &output->grid;
	int count = grid_tiles(grid), threads = threads_for(grid), row = 0;
	g_autofree struct plan_tile *tiles = g_new0(struct plan_tile, count);
	struct share shares[THREADS_MOST] = {{0}};
	GThread *started[THREADS_MOST] = {0};
	auto_struct(tile_dependencies) learnt = tile_dependencies_new(recorder, recorded, grid, NULL);
	bool found = true;

	tile_dependencies_learn(learnt);
	for (int i = 0; i < count; i++) {
		tiles[i].output = (int)plan->outputs->len;
		tiles[i].out = grid_tile(grid, i);
	}
	for (int t = 0; t < threads; t++) {
		struct share *share = &shares[t];
		int end = row + rows_for(grid->rows - row, threads - t);
		*share = (struct share){.grid = grid,
			.learnt = learnt,
			.tiles = tiles,
			.first = row * grid->columns,
			.end = end * grid->columns};
		row = end;
		/* The last share is this thread's, and so is one for which no chain can be built again. */
		if (t < threads - 1 && record_again(plan, output, context, share))
			started[t] = image_thread_new("needs", search, share);
	}
	for (int t = threads - 1; t >= 0; t--) {
		struct share *share = &shares[t];
		if (started[t]) {
			g_thread_join(started[t]);
			share_clear(share);
		} else {
			share_clear(share);
			share->recorder = recorder;
			share->recorded = recorded;
			search(share);
		}
		found = found && share->found;
	}
	g_array_append_vals(plan->tiles, tiles, (guint)count);
	return found;
}

/* SPDX-License-Identifier: GPL-2.0-or-later
 * Tile maps: see tile_map.h. */
#include "master/job/tile_map.h"

/* A picture has fewer tiles unless somebody asks for tiny ones; the map of those ends here. */
#define TILES_MOST 65536

static enum tile_shown shown_state(const struct tile *tile)
{
	switch (tile->state) {
	case TILE_WAITING:
		return tile->failed ? SHOWN_FAILED : SHOWN_WAITING;
	case TILE_READY:
		return SHOWN_READY;
	case TILE_LEASED:
		return SHOWN_RUNNING;
	case TILE_DONE:
		return SHOWN_DONE;
	}
	return SHOWN_WAITING;
}

/* A whole picture is one tile as large as it is. */
static int shown_width(const struct job *job, const struct tile *tile)
{
	return job->plan.lane == LANE_WHOLE ? job->plan.width : tile->out.width;
}

static bool says(const struct job *job, const struct tile_view *view, const struct tile *tile)
{
	return view->state == shown_state(tile) && view->worker == tile->who && view->attempt == (int)tile->attempt &&
	       view->width == shown_width(job, tile) && view->left == tile->out.left && view->top == tile->out.top;
}

static struct tile_view show_tile(const struct job *job, const struct tile *tile, guint64 sequence)
{
	return (struct tile_view){
		.changed = sequence,
		.worker = tile->who ? g_ref_string_acquire(tile->who) : NULL,
		.output = tile->output,
		.left = tile->out.left,
		.top = tile->out.top,
		.width = shown_width(job, tile),
		.height = job->plan.lane == LANE_WHOLE ? job->plan.height : tile->out.height,
		.attempt = (int)tile->attempt,
		.seconds = (float)tile->took_us / G_USEC_PER_SEC,
		.state = shown_state(tile),
	};
}

static struct tile_piece *show_piece(const struct job *job, guint first, struct tile_piece *before, guint64 sequence)
{
	guint count = MIN(MIN(job->work.tile_count, TILES_MOST) - first, TILES_PIECE), same = 0;

	while (before && same < count && says(job, &before->tiles[same], &job->work.tiles[first + same]))
		same++;
	if (before && same == count) {
		g_atomic_int_inc(&before->ref_count);
		return before;
	}
	struct tile_piece *piece = g_malloc0(sizeof *piece + count * sizeof piece->tiles[0]);
	piece->ref_count = 1;
	piece->count = count;
	for (guint i = 0; i < count; i++) {
		bool kept = before && says(job, &before->tiles[i], &job->work.tiles[first + i]);
		piece->tiles[i] =
			show_tile(job, &job->work.tiles[first + i], kept ? before->tiles[i].changed : sequence);
	}
	return piece;
}

struct tiles_view *tiles_show(const struct job *job, struct tiles_view *before, guint64 sequence)
{
	if (!job->work.tiles || job->work.tile_count == 0)
		return NULL;
	guint count = MIN(job->work.tile_count, TILES_MOST), pieces = (count + TILES_PIECE - 1) / TILES_PIECE;
	bool comparable = before && before->run == job->course.run && before->total == job->work.tile_count;
	bool same = comparable;
	struct tiles_view *view = g_malloc0(sizeof *view + pieces * sizeof view->pieces[0]);

	view->ref_count = 1;
	view->run = job->course.run;
	view->total = job->work.tile_count;
	view->count = count;
	view->done = job->work.done;
	for (guint i = 0; i < pieces; i++) {
		struct tile_piece *old = comparable ? before->pieces[i] : NULL;
		view->pieces[i] = show_piece(job, i * TILES_PIECE, old, sequence);
		same = same && view->pieces[i] == old;
	}
	if (!same)
		return view;
	tiles_view_unref(view);
	return tiles_view_ref(before);
}

/* SPDX-License-Identifier: GPL-2.0-or-later
 * The flow of rows through a tiled job: see rows.h. */
#include "codec/rows.h"

struct flow {
	int *missing; /* by row of tiles: how many are not done */
	int *held;    /* by row of tiles: how many are written by a second worker, perhaps */
	int complete; /* rows of tiles complete from the top */
	int encoded;  /* px rows the encoder has given back */
};

enum tile_flow { TILE_OUT, TILE_HELD, TILE_OVER };

struct rows {
	const struct plan *plan;
	struct segment *segment;
	rows_ready_fn ready;
	void *user;
	GMutex mutex;
	GMutex announcing; /* ready() is called in order */
	GCond changed;
	int decoded;
	bool stopped;
	guint8 *tiles;      /* enum tile_flow, by tile */
	guint unfinished;   /* position in plan->order of the first tile that is not over */
	guint given;        /* tiles of plan->order given out */
	guint held;         /* tiles */
	struct flow *flows; /* by output */
};

struct rows *rows_new(const struct plan *plan, struct segment *segment, rows_ready_fn ready, void *user)
{
	struct rows *rows = g_new0(struct rows, 1);

	rows->plan = plan;
	rows->segment = segment;
	rows->ready = ready;
	rows->user = user;
	g_mutex_init(&rows->mutex);
	g_mutex_init(&rows->announcing);
	g_cond_init(&rows->changed);
	rows->tiles = g_new0(guint8, plan->tiles->len);
	rows->flows = g_new0(struct flow, plan->outputs->len);
	for (guint o = 0; o < plan->outputs->len; o++) {
		const struct grid *grid = &((struct plan_output *)g_ptr_array_index(plan->outputs, o))->grid;
		rows->flows[o].missing = g_new(int, grid->rows);
		rows->flows[o].held = g_new0(int, grid->rows);
		for (int i = 0; i < grid->rows; i++)
			rows->flows[o].missing[i] = grid->columns;
	}
	return rows;
}

void rows_free(struct rows *rows)
{
	if (!rows)
		return;
	for (guint o = 0; o < rows->plan->outputs->len; o++) {
		g_free(rows->flows[o].missing);
		g_free(rows->flows[o].held);
	}
	g_free(rows->flows);
	g_free(rows->tiles);
	g_mutex_clear(&rows->mutex);
	g_mutex_clear(&rows->announcing);
	g_cond_clear(&rows->changed);
	g_free(rows);
}

static const struct plan_output *output_at(const struct rows *rows, int output)
{
	return g_ptr_array_index(rows->plan->outputs, output);
}

/* Rows above this may be written over: the encoder has them, and no worker writes to them any more. */
static int free_until(const struct rows *rows, int output)
{
	const struct flow *flow = &rows->flows[output];
	int height = output_at(rows, output)->grid.tile_height, until = flow->encoded;

	/* What is held is complete, and seldom any of it is. */
	for (int row = 0; rows->held > 0 && row < flow->complete && row * height < until; row++)
		if (flow->held[row] > 0)
			until = row * height;
	return until;
}

static bool may_go(const struct rows *rows, const struct plan_tile *tile)
{
	const struct ring *ring = &output_at(rows, tile->output)->ring;

	return VIPS_RECT_BOTTOM(&tile->need) <= rows->decoded &&
	       VIPS_RECT_BOTTOM(&tile->out) <= free_until(rows, tile->output) + ring->rows;
}

/* A tile that was given out has its rows; while others were not, more are needed. */
static bool wanted(const struct rows *rows)
{
	return rows->given < rows->plan->order->len;
}

/* Gives out what may go, strictly in order, so that nothing can wait for a tile that was not given out. */
static void announce(struct rows *rows)
{
	g_autoptr(GArray) tiles = g_array_new(FALSE, FALSE, sizeof(int));

	g_mutex_lock(&rows->announcing);
	g_mutex_lock(&rows->mutex);
	while (!rows->stopped && rows->given < rows->plan->order->len) {
		int index = g_array_index(rows->plan->order, int, rows->given);
		if (!may_go(rows, plan_tile(rows->plan, index)))
			break;
		g_array_append_val(tiles, index);
		rows->given++;
	}
	if (!wanted(rows))
		g_cond_broadcast(&rows->changed);
	g_mutex_unlock(&rows->mutex);
	if (tiles->len)
		rows->ready((const int *)(void *)tiles->data, tiles->len, rows->user);
	g_mutex_unlock(&rows->announcing);
}

/* The lowest source row that an unfinished tile needs; tiles may ask again for theirs until they are done. */
static int lowest_needed(const struct rows *rows)
{
	return rows->unfinished < rows->plan->low->len ? g_array_index(rows->plan->low, int, rows->unfinished)
						       : rows->plan->source->Ysize;
}

int rows_spare(const struct rows *rows)
{
	const struct plan *plan = rows->plan;

	return plan->ring.rows >= plan->source->Ysize ? plan->ring.rows : plan->ring.rows - plan->most_needed_rows;
}

int rows_wait_room(struct rows *rows, int top, int least, int most)
{
	g_mutex_lock(&rows->mutex);
	while (!rows->stopped && wanted(rows) && top + least > lowest_needed(rows) + rows->plan->ring.rows)
		g_cond_wait(&rows->changed, &rows->mutex);
	int room = wanted(rows) ? VIPS_MIN(most, lowest_needed(rows) + rows->plan->ring.rows - top) : most;
	if (rows->stopped)
		room = 0;
	g_mutex_unlock(&rows->mutex);
	return room;
}

bool rows_wanted(struct rows *rows)
{
	g_mutex_lock(&rows->mutex);
	bool more = wanted(rows);
	g_mutex_unlock(&rows->mutex);
	return more;
}

void rows_decoded(struct rows *rows, int until)
{
	g_mutex_lock(&rows->mutex);
	rows->decoded = until;
	g_mutex_unlock(&rows->mutex);
	announce(rows);
}

guint8 *rows_source(struct rows *rows)
{
	return rows->segment->bytes + rows->plan->ring.offset;
}

/* With the mutex held: the decoder may go on behind what is over from the top. */
static void advance(struct rows *rows)
{
	while (rows->unfinished < rows->plan->order->len &&
		rows->tiles[g_array_index(rows->plan->order, int, rows->unfinished)] == TILE_OVER)
		rows->unfinished++;
	g_cond_broadcast(&rows->changed);
}

void rows_tile_done(struct rows *rows, int index, bool held)
{
	const struct plan_tile *tile = plan_tile(rows->plan, index);
	const struct grid *grid = &output_at(rows, tile->output)->grid;
	struct flow *flow = &rows->flows[tile->output];
	int row = tile->out.top / grid->tile_height;

	g_mutex_lock(&rows->mutex);
	if (rows->tiles[index] == TILE_OUT) {
		rows->tiles[index] = held ? TILE_HELD : TILE_OVER;
		rows->held += held;
		flow->held[row] += held;
		flow->missing[row]--;
		while (flow->complete < grid->rows && flow->missing[flow->complete] == 0)
			flow->complete++;
		advance(rows);
	}
	g_mutex_unlock(&rows->mutex);
}

void rows_tile_free(struct rows *rows, int index)
{
	const struct plan_tile *tile = plan_tile(rows->plan, index);

	g_mutex_lock(&rows->mutex);
	if (rows->tiles[index] == TILE_HELD) {
		rows->tiles[index] = TILE_OVER;
		rows->held--;
		rows->flows[tile->output].held[tile->out.top / output_at(rows, tile->output)->grid.tile_height]--;
		advance(rows);
	}
	g_mutex_unlock(&rows->mutex);
	announce(rows);
}

bool rows_wait_complete(struct rows *rows, int output, int until)
{
	const struct grid *grid = &output_at(rows, output)->grid;
	struct flow *flow = &rows->flows[output];

	g_mutex_lock(&rows->mutex);
	while (!rows->stopped && flow->complete < grid->rows && flow->complete * grid->tile_height < until)
		g_cond_wait(&rows->changed, &rows->mutex);
	bool go = !rows->stopped;
	g_mutex_unlock(&rows->mutex);
	return go;
}

void rows_encoded(struct rows *rows, int output, int until)
{
	g_mutex_lock(&rows->mutex);
	rows->flows[output].encoded = VIPS_MAX(rows->flows[output].encoded, until);
	g_mutex_unlock(&rows->mutex);
	announce(rows);
}

int rows_encoded_until(struct rows *rows, int output)
{
	g_mutex_lock(&rows->mutex);
	int until = rows->flows[output].encoded;
	g_mutex_unlock(&rows->mutex);
	return until;
}

const guint8 *rows_result(struct rows *rows, int output, int y)
{
	const struct ring *ring = &output_at(rows, output)->ring;

	return rows->segment->bytes + ring->offset + (gsize)(y % ring->rows) * ring->stride;
}

void rows_stop(struct rows *rows)
{
	g_mutex_lock(&rows->mutex);
	rows->stopped = true;
	g_cond_broadcast(&rows->changed);
	g_mutex_unlock(&rows->mutex);
}

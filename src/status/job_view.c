/* SPDX-License-Identifier: GPL-2.0-or-later
 * A job as the page shows it: see job_view.h. */
#include "status/job_view.h"

const char *const job_state_names[] = {
	[JOB_QUEUED] = "queued", [JOB_RUNNING] = "running", [JOB_DONE] = "done", [JOB_FAILED] = "failed", NULL};
const char *const tile_shown_names[] = {[SHOWN_WAITING] = "waiting",
	[SHOWN_READY] = "ready",
	[SHOWN_RUNNING] = "running",
	[SHOWN_DONE] = "done",
	[SHOWN_FAILED] = "failed",
	NULL};
const char *const timeline_kind_names[] = {[TIMELINE_DROPPED] = "dropped",
	[TIMELINE_CLAIMED] = "claimed",
	[TIMELINE_STARTED] = "started",
	[TIMELINE_PLANNED] = "planned",
	[TIMELINE_RETRIED] = "retried",
	[TIMELINE_REISSUED] = "reissued",
	[TIMELINE_WORKER_LOST] = "worker_lost",
	[TIMELINE_WAITING] = "waiting",
	[TIMELINE_RESTARTED] = "restarted",
	[TIMELINE_LANE] = "lane",
	[TIMELINE_FAILED] = "failed",
	[TIMELINE_COMMITTED] = "committed",
	[TIMELINE_ARCHIVED] = "archived",
	[TIMELINE_DONE] = "done",
	NULL};

struct tiles_view *tiles_view_ref(struct tiles_view *tiles)
{
	g_atomic_int_inc(&tiles->ref_count);
	return tiles;
}

static void piece_unref(struct tile_piece *piece)
{
	if (!piece || !g_atomic_int_dec_and_test(&piece->ref_count))
		return;
	for (guint i = 0; i < piece->count; i++)
		g_clear_pointer(&piece->tiles[i].worker, g_ref_string_release);
	g_free(piece);
}

void tiles_view_unref(struct tiles_view *tiles)
{
	if (!tiles || !g_atomic_int_dec_and_test(&tiles->ref_count))
		return;
	for (guint i = 0; i * TILES_PIECE < tiles->count; i++)
		piece_unref(tiles->pieces[i]);
	g_free(tiles);
}

void output_view_free(struct output_view *view)
{
	if (!view)
		return;
	g_free(view->path);
	g_free(view->name);
	g_free(view->type);
	g_free(view->note);
	g_free(view);
}

struct job_view *job_view_new(void)
{
	struct job_view *view = g_new0(struct job_view, 1);

	view->ref_count = 1;
	view->outputs = g_ptr_array_new_with_free_func((GDestroyNotify)output_view_free);
	return view;
}

struct job_view *job_view_copy(const struct job_view *from)
{
	struct job_view *view = g_new(struct job_view, 1);

	*view = *from;
	view->ref_count = 1;
	view->id = g_strdup(from->id);
	view->pipeline = g_strdup(from->pipeline);
	view->source = g_strdup(from->source);
	view->original = g_strdup(from->original);
	view->error = g_strdup(from->error);
	view->now.waiting_for = g_strdup(from->now.waiting_for);
	view->hash = g_strdup(from->hash);
	view->times.spent = g_memdup2(from->times.spent, sizeof *from->times.spent);
	view->chain = from->chain ? g_ref_string_acquire(from->chain) : NULL;
	view->outputs = g_ptr_array_ref(from->outputs);
	view->timeline = from->timeline ? g_ptr_array_ref(from->timeline) : NULL;
	view->tiles = from->tiles ? tiles_view_ref(from->tiles) : NULL;
	return view;
}

struct job_view *job_view_ref(struct job_view *view)
{
	g_atomic_int_inc(&view->ref_count);
	return view;
}

void job_view_unref(struct job_view *view)
{
	if (!view || !g_atomic_int_dec_and_test(&view->ref_count))
		return;
	g_free(view->id);
	g_free(view->pipeline);
	g_free(view->source);
	g_free(view->original);
	g_free(view->error);
	g_free(view->now.waiting_for);
	g_free(view->hash);
	g_free(view->times.spent);
	g_clear_pointer(&view->chain, g_ref_string_release);
	g_clear_pointer(&view->outputs, g_ptr_array_unref);
	g_clear_pointer(&view->timeline, g_ptr_array_unref);
	tiles_view_unref(view->tiles);
	g_free(view);
}

static bool outputs_equal(const GPtrArray *a, const GPtrArray *b)
{
	for (guint i = 0; a->len == b->len && i < a->len; i++) {
		const struct output_view *x = a->pdata[i], *y = b->pdata[i];
		if (x->bytes != y->bytes || x->width != y->width || x->height != y->height ||
			x->skipped != y->skipped || x->pending != y->pending || g_strcmp0(x->path, y->path) != 0 ||
			g_strcmp0(x->note, y->note) != 0)
			return false;
	}
	return a->len == b->len;
}

bool job_view_equal(const struct job_view *a, const struct job_view *b)
{
	return a->state == b->state && a->tiled == b->tiled && a->width == b->width && a->height == b->height &&
	       a->counts.total == b->counts.total && a->counts.done == b->counts.done &&
	       a->counts.running == b->counts.running && a->counts.failed == b->counts.failed &&
	       a->attempt == b->attempt && a->now.workers == b->now.workers && a->now.eta_us == b->now.eta_us &&
	       a->bytes == b->bytes && a->times.queued_wall_us == b->times.queued_wall_us &&
	       a->times.started_wall_us == b->times.started_wall_us &&
	       a->times.finished_wall_us == b->times.finished_wall_us && a->tiles == b->tiles &&
	       a->timeline == b->timeline && g_strcmp0(a->id, b->id) == 0 && g_strcmp0(a->pipeline, b->pipeline) == 0 &&
	       g_strcmp0(a->source, b->source) == 0 && g_strcmp0(a->original, b->original) == 0 &&
	       g_strcmp0(a->error, b->error) == 0 && g_strcmp0(a->hash, b->hash) == 0 &&
	       a->now.retry_us == b->now.retry_us && g_strcmp0(a->now.waiting_for, b->now.waiting_for) == 0 &&
	       a->now.doing == b->now.doing && outputs_equal(a->outputs, b->outputs);
}

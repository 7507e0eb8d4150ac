/* SPDX-License-Identifier: GPL-2.0-or-later
 * Tiles whose worker is late, and who could help: see speculative.h. */
#include "master/fleet/speculative.h"

#include "master/fleet/tile_timing.h"
#include "master/fleet/worker_select.h"

/* Whatever is usual, to be late by less than this is nothing that anybody notices; a message there and back takes some of it. */
#define LEAST_US (50 * (gint64)1000)
/* A second worker must be likely to be through in half the time. */
#define TIMES_FASTER 2

static bool is_fresh(const struct lease *lease)
{
	const struct job *job = lease->job;

	return lease->plane == PLANE_SHM && job->segment && !lease->begun &&
	       !segment_taken(job->segment, lease->tile, job->course.run, lease->attempt);
}

static void consider(struct speculative_task *found, struct lease *lease, const struct worker *helper, gint64 now)
{
	const struct tile *tile = &lease->job->tiles[lease->tile];
	gint64 usual = tile_timing_usual_us(lease->job, lease->tile);

	if (usual == 0 || tile->extra || lease->job->send_after_us > now || lease->job->lane != LANE_TILED ||
		!worker_may_help(helper, lease->job, lease->tile))
		return;
	gint64 until = tile_timing_until_us(lease->worker, lease, usual, now);
	gint64 limit = TIMES_FASTER * tile_timing_own_us(helper, usual);
	bool fresh = is_fresh(lease);
	/* What was begun is done twice, so that it has to be worth it. */
	if (!fresh)
		limit = MAX(limit, tile_timing_late_us(lease->job, lease->tile));
	limit += LEAST_US;
	if (until > limit && until > found->until_us) {
		gint64 since = tile_timing_since_us(lease->worker, now);
		*found = (struct speculative_task){lease, until, since, usual, fresh, 0};
	} else if (until <= limit) {
		/* It grows no faster than time goes. */
		found->due_us = MIN(found->due_us, limit - until);
	}
}

struct speculative_task speculative_find(struct workers *workers, const struct worker *helper, gint64 now_us)
{
	GPtrArray *all = workers_all(workers);
	struct speculative_task found = {.due_us = G_MAXINT64};

	for (guint i = 0; i < all->len; i++) {
		const struct worker *worker = g_ptr_array_index(all, i);
		for (GList *link = worker->leases.head; worker != helper && link; link = link->next)
			consider(&found, link->data, helper, now_us);
	}
	return found;
}

struct worker *speculative_helper(struct workers *workers, const GPtrArray *tried)
{
	GPtrArray *all = workers_all(workers);
	struct worker *best = NULL;

	for (guint i = 0; i < all->len; i++) {
		struct worker *worker = g_ptr_array_index(all, i);
		if (worker->weight == 0 && worker->state == WORKER_LIVE &&
			!g_ptr_array_find((GPtrArray *)tried, worker, NULL) &&
			(!best ||
				tile_timing_own_us(worker, G_USEC_PER_SEC) < tile_timing_own_us(best, G_USEC_PER_SEC)))
			best = worker;
	}
	return best;
}

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

static void consider(struct straggler *found, struct lease *lease, const struct worker *helper, gint64 now)
{
	const struct tile *tile = &lease->job->tiles[lease->tile];
	gint64 usual = pace_usual_us(lease->job, lease->tile);

	if (usual == 0 || tile->extra || lease->job->give_after_us > now || lease->job->lane != LANE_TILED ||
		!worker_may_help(helper, lease->job, lease->tile))
		return;
	gint64 until = pace_until_us(lease->worker, lease, usual, now);
	gint64 limit = TIMES_FASTER * pace_own_us(helper, usual);
	bool fresh = is_fresh(lease);
	/* What was begun is done twice, so that it has to be worth it. */
	if (!fresh)
		limit = MAX(limit, pace_late_us(lease->job, lease->tile));
	limit += LEAST_US;
	if (until > limit && until > found->until_us) {
		gint64 since = pace_since_us(lease->worker, now);
		*found = (struct straggler){lease, until, since, usual, fresh, 0};
	} else if (until <= limit) {
		/* It grows no faster than time goes. */
		found->due_us = MIN(found->due_us, limit - until);
	}
}

struct straggler straggler_for(struct workers *workers, const struct worker *helper, gint64 now_us)
{
	GPtrArray *all = workers_all(workers);
	struct straggler found = {.due_us = G_MAXINT64};

	for (guint i = 0; i < all->len; i++) {
		const struct worker *worker = g_ptr_array_index(all, i);
		for (GList *link = worker->leases.head; worker != helper && link; link = link->next)
			consider(&found, link->data, helper, now_us);
	}
	return found;
}

struct worker *straggle_helper(struct workers *workers, const GPtrArray *tried)
{
	GPtrArray *all = workers_all(workers);
	struct worker *best = NULL;

	for (guint i = 0; i < all->len; i++) {
		struct worker *worker = g_ptr_array_index(all, i);
		if (worker->weight == 0 && worker->state == WORKER_LIVE &&
			!g_ptr_array_find((GPtrArray *)tried, worker, NULL) &&
			(!best || pace_own_us(worker, G_USEC_PER_SEC) < pace_own_us(best, G_USEC_PER_SEC)))
			best = worker;
	}
	return best;
}

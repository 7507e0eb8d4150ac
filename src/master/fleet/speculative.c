/* SPDX-License-Identifier: GPL-2.0-or-later
 * Tiles whose worker is late, and who could help: see speculative.h. */
#include "master/fleet/speculative.h"

#include "master/fleet/lease.h"
#include "master/fleet/worker_select.h"
#include "master/fleet/worker_timing.h"

static struct speculative_facts facts_of(const struct lease *lease, const struct worker *helper, gint64 now)
{
	const struct job *job = lease->job;
	const struct tile_timing *timing = worker_timing_of(job, lease->tile);

	return (struct speculative_facts){
		.barred = job->work.tiles[lease->tile].extra || job->work.send_after_us > now ||
			  job->plan.lane != LANE_TILED || !worker_may_help(helper, job, lease->tile),
		.fresh = lease->plane == PLANE_SHM && job->segment && !lease_begun(lease),
		.usual_us = timing->usual_us,
		.late_us = timing->late_us,
		.until_us = worker_timing_until_us(lease->worker, lease, timing->usual_us, now),
		.helper_us = slowness_own_us(helper->slowness, timing->usual_us),
	};
}

struct speculative_task speculative_find(struct workers *workers, const struct worker *helper, gint64 now_us)
{
	GPtrArray *all = workers_all(workers);
	struct speculative_task found = {.choice = SPECULATIVE_NOTHING};

	for (guint i = 0; i < all->len; i++) {
		const struct worker *worker = g_ptr_array_index(all, i);
		for (GList *link = worker->leases.head; worker != helper && link; link = link->next) {
			struct lease *lease = link->data;
			const struct speculative_facts facts = facts_of(lease, helper, now_us);
			if (speculative_consider(&found.choice, &facts)) {
				found.lease = lease;
				found.facts = facts;
			}
		}
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
			(!best || worker->slowness < best->slowness))
			best = worker;
	}
	return best;
}

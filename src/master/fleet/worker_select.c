/* SPDX-License-Identifier: GPL-2.0-or-later
 * Who gets a task: see worker_select.h. */
#include "master/fleet/worker_select.h"

#include <string.h>

#include "base/clock.h"
#include "master/fleet/breaker.h"
#include "master/fleet/failure_votes.h"
#include "master/fleet/lease.h"
#include "master/fleet/tile_timing.h"

#define NOBODY "no worker takes tasks: the newest one "

/* Why it may not get a task, as people read it when nobody may; NULL: it may. */
static const char *obstacle(const struct worker *worker)
{
	return worker->state == WORKER_GONE             ? "no worker is running"
	       : worker->state == WORKER_LATE           ? NOBODY "is late with its heartbeat"
	       : worker->mixed                          ? NOBODY "has another libvips than the first one"
	       : worker->stuck_job                      ? NOBODY "hangs on an earlier task"
	       : worker->beat->retiring                 ? NOBODY "is ending"
	       : worker->beat->partitions->len == 0     ? NOBODY "has no partition of the topic yet"
	       : worker->breaker->state == BREAKER_OPEN ? NOBODY
		       "is taken out for a while, because it failed what others managed"
							: NULL;
}

static bool usable(const struct worker *worker)
{
	return !obstacle(worker);
}

const char *workers_obstacle(struct workers *workers)
{
	GPtrArray *all = workers_all(workers);
	const char *found = "no worker is running";

	for (guint i = 0; i < all->len; i++) {
		const struct worker *worker = g_ptr_array_index(all, i);
		if (usable(worker))
			return NULL;
		if (worker->state != WORKER_GONE)
			found = obstacle(worker);
	}
	return found;
}

/* The least suspected that could do it, whether they have room or not; 3: nobody. */
static int least_rank(struct workers *workers, const struct job *job, guint tile)
{
	GPtrArray *all = workers_all(workers);
	int least = 3;

	for (guint i = 0; i < all->len; i++) {
		const struct worker *worker = g_ptr_array_index(all, i);
		if (usable(worker))
			least = MIN(least, failure_votes_suspicion(job, tile, worker));
	}
	return least;
}

bool workers_elsewhere(struct workers *workers, const struct job *job, guint tile)
{
	return least_rank(workers, job, tile) < 2;
}

/* One that has nothing to do may have one task, however large. */
static bool has_room(const struct worker *worker, int weight, gsize bytes, int window, gsize window_bytes)
{
	return worker->weight == 0 || (worker->weight + weight <= window && worker->bytes + bytes <= window_bytes);
}

bool workers_end_job(struct workers *workers, const struct job *job, int weight, int window)
{
	GPtrArray *all = workers_all(workers);

	if (!job || job->lane != LANE_TILED)
		return false;
	guint left = job->tile_count - job->done - job->leased, room = 0;
	for (guint i = 0; i < all->len && room < left; i++)
		room += usable(g_ptr_array_index(all, i)) ? (guint)(window / weight) : 0;
	return left <= room;
}

/* When the task should be ready at this worker's. As long as no tile of the job came back, in weights instead of time. */
static gint64 ready_us(const struct worker *worker, const struct job *job, guint tile, int weight, gint64 now)
{
	gint64 usual = tile_timing_usual_us(job, tile);

	if (usual == 0)
		return tile_timing_own_us(worker, (worker->weight + weight) * (gint64)G_USEC_PER_SEC);
	return tile_timing_until_us(worker, NULL, usual / weight, now) + tile_timing_own_us(worker, usual);
}

struct worker *worker_select(struct workers *workers, const struct job *job, guint tile, int weight, gsize bytes,
	int window, gsize window_bytes)
{
	GPtrArray *all = workers_all(workers);
	struct worker *best = NULL;
	int least = job && job->failure_votes ? least_rank(workers, job, tile) : 0;
	bool ends = workers_end_job(workers, job, weight, window);
	gint64 now = ends ? clock_now_us() : 0, best_cost = 0, full_cost = G_MAXINT64;

	for (guint i = 0; i < all->len; i++) {
		struct worker *worker = g_ptr_array_index(all, i);
		if (!usable(worker) || failure_votes_suspicion(job, tile, worker) > least)
			continue;
		bool on_trial = worker->breaker->state == BREAKER_HALF_OPEN;
		if (on_trial && worker->weight > 0)
			continue;
		/* A trial comes first, or it would never come to a worker that the others leave nothing for. */
		if (on_trial)
			return worker;
		gint64 cost = ends ? ready_us(worker, job, tile, weight, now) : worker->weight;
		if (!has_room(worker, weight, bytes, window, window_bytes))
			full_cost = MIN(full_cost, cost);
		else if (!best || cost < best_cost) {
			best = worker;
			best_cost = cost;
		}
	}
	return ends && full_cost < best_cost ? NULL : best;
}

bool worker_may_help(const struct worker *worker, const struct job *job, guint tile)
{
	return usable(worker) && worker->weight == 0 && worker->breaker->state == BREAKER_CLOSED &&
	       failure_votes_suspicion(job, tile, worker) == 0 && !lease_of(worker, job, tile);
}

bool worker_shares(const struct worker *worker, const struct options *options)
{
	return worker->here && !worker->no_shm && worker->beat->planes[PLANE_SHM] &&
	       strcmp(options->payload, "inline") != 0;
}

guint workers_sharing(struct workers *workers, const struct options *options)
{
	GPtrArray *all = workers_all(workers);
	guint count = 0;

	for (guint i = 0; i < all->len; i++) {
		const struct worker *worker = all->pdata[i];
		count += worker->state == WORKER_LIVE && worker_shares(worker, options);
	}
	return count;
}

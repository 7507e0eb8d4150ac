/* SPDX-License-Identifier: GPL-2.0-or-later
 * Who gets a task, and the leases that a worker holds: see workers.h. */
#include "base/clock.h"
#include "master/accuse.h"
#include "master/breaker.h"

/* Files remembered of one that lives long and is robbed often: with what is older it has had time to finish, or to give up. */
#define LITTER_MOST 256

static bool usable(const struct worker *worker)
{
	return worker->state == WORKER_LIVE && !worker->mixed && !worker->stuck_job && !worker->beat->retiring &&
	       worker->beat->partitions->len > 0 && worker->breaker->state != BREAKER_OPEN;
}

/* The least suspected that could do it, whether they have room or not; 3: nobody. */
static int least_rank(struct workers *workers, const struct job *job, guint tile)
{
	GPtrArray *all = workers_all(workers);
	int least = 3;

	for (guint i = 0; i < all->len; i++) {
		const struct worker *worker = g_ptr_array_index(all, i);
		if (usable(worker))
			least = MIN(least, accuse_rank(job, tile, worker));
	}
	return least;
}

bool workers_elsewhere(struct workers *workers, const struct job *job, guint tile)
{
	return least_rank(workers, job, tile) < 2;
}

struct worker *workers_choose(struct workers *workers, const struct job *job, guint tile, int weight, gsize bytes,
	int window, gsize window_bytes)
{
	GPtrArray *all = workers_all(workers);
	struct worker *best = NULL;
	int least = job && job->accusations ? least_rank(workers, job, tile) : 0;

	for (guint i = 0; i < all->len; i++) {
		struct worker *worker = g_ptr_array_index(all, i);
		if (!usable(worker) || accuse_rank(job, tile, worker) > least)
			continue;
		if (worker->weight > 0 && (worker->weight + weight > window || worker->bytes + bytes > window_bytes ||
						  worker->breaker->state == BREAKER_HALF_OPEN))
			continue;
		/* A trial comes first, or it would never come to a worker that the others leave nothing for. */
		if (worker->breaker->state == BREAKER_HALF_OPEN)
			return worker;
		if (!best || worker->weight < best->weight)
			best = worker;
	}
	return best;
}

void worker_add_lease(struct worker *worker, struct job *job, guint tile, int weight)
{
	struct lease *lease = g_new(struct lease, 1);

	*lease = (struct lease){job, tile, weight};
	if (g_queue_is_empty(&worker->leases))
		worker->answered_us = clock_now_us();
	g_queue_push_tail(&worker->leases, lease);
	worker->weight += weight;
	worker->bytes += job->tiles[tile].bytes;
	worker->idle_beats = 0;
}

static GList *find_lease(const struct worker *worker, const struct job *job, guint tile)
{
	for (GList *link = worker->leases.head; link; link = link->next) {
		const struct lease *lease = link->data;
		if (lease->job == job && lease->tile == tile)
			return link;
	}
	return NULL;
}

bool worker_drop_lease(struct worker *worker, const struct job *job, guint tile)
{
	GList *link = find_lease(worker, job, tile);

	if (!link)
		return false;
	struct lease *lease = link->data;
	worker->weight -= lease->weight;
	worker->bytes -= MIN(worker->bytes, job->tiles[tile].bytes);
	g_queue_delete_link(&worker->leases, link);
	g_free(lease);
	return true;
}

void worker_will_litter(struct worker *worker, const struct job *job)
{
	if (worker->dead || job->tiles[0].plane != PLANE_SHM)
		return;
	if (!worker->litter)
		worker->litter = g_ptr_array_new_with_free_func(g_free);
	for (guint i = 0; i < job->outputs->len; i++)
		g_ptr_array_add(
			worker->litter, g_strdup(((struct job_output *)g_ptr_array_index(job->outputs, i))->temp));
	while (worker->litter->len > LITTER_MOST)
		g_ptr_array_remove_index(worker->litter, 0);
}

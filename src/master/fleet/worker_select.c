/* SPDX-License-Identifier: GPL-2.0-or-later
 * Who gets a task: see worker_select.h. */
#include "master/fleet/worker_select.h"

#include <string.h>

#include "base/clock.h"
#include "master/fleet/failure_votes.h"
#include "master/fleet/lease.h"
#include "master/fleet/worker_slot.h"
#include "master/fleet/worker_timing.h"

/* Kafka takes all partitions from a group's members, and gives them out again, in less. */
#define HAND_OVER_US (30 * (gint64)G_USEC_PER_SEC)

/* Whatever its group. */
static enum obstacle own_obstacle(const struct worker *worker)
{
	return worker->state == WORKER_GONE                  ? OBSTACLE_GONE
	       : worker->state == WORKER_LATE                ? OBSTACLE_LATE
	       : worker->stuck.job                           ? OBSTACLE_STUCK
	       : worker->beat->retiring                      ? OBSTACLE_RETIRING
	       : worker->beat->partitions->len == 0          ? OBSTACLE_NO_PARTITION
	       : worker->slot->breaker.state == BREAKER_OPEN ? OBSTACLE_TAKEN_OUT
							     : OBSTACLE_NONE;
}

/* A picture that was cut stays with its group; others go to the one that rules. job NULL: any other. */
static enum obstacle obstacle_of(const struct worker *worker, const struct job *job)
{
	enum obstacle own = own_obstacle(worker);
	bool its = job && job->plan.group ? g_str_equal(worker->group->key, job->plan.group) : worker->group->rules;

	return own == OBSTACLE_NONE && !its ? OBSTACLE_OTHER_VIPS : own;
}

static bool usable(const struct worker *worker, const struct job *job)
{
	return obstacle_of(worker, job) == OBSTACLE_NONE;
}

/* Partitions go from hand to hand whenever a worker comes or goes. */
static bool may_soon(const struct worker *worker, gint64 now_us)
{
	enum obstacle own = own_obstacle(worker);

	return own == OBSTACLE_NONE ||
	       (own == OBSTACLE_NO_PARTITION && worker->held_us && now_us - worker->held_us < HAND_OVER_US);
}

void workers_regroup(struct workers *workers)
{
	GPtrArray *all = workers_all(workers);
	gint64 now_us = clock_now_us();

	worker_groups_begin(workers_groups(workers));
	for (guint i = 0; i < all->len; i++) {
		const struct worker *worker = g_ptr_array_index(all, i);
		worker_group_count(worker->group, worker->state != WORKER_GONE, may_soon(worker, now_us));
	}
	worker_groups_settle(workers_groups(workers));
}

const char *workers_obstacle(struct workers *workers, const struct job *job)
{
	GPtrArray *all = workers_all(workers);
	enum obstacle found = OBSTACLE_GONE;

	for (guint i = 0; i < all->len; i++) {
		enum obstacle obstacle = obstacle_of(g_ptr_array_index(all, i), job);
		if (obstacle == OBSTACLE_NONE)
			return NULL;
		if (obstacle != OBSTACLE_GONE)
			found = obstacle;
	}
	return obstacle_text(found);
}

/* The least suspected that could do it, whether they have room or not; 3: nobody. */
static int least_suspicion(struct workers *workers, const struct job *job, guint tile)
{
	GPtrArray *all = workers_all(workers);
	int least = 3;

	for (guint i = 0; i < all->len; i++) {
		const struct worker *worker = g_ptr_array_index(all, i);
		if (usable(worker, job))
			least = MIN(least, failure_votes_suspicion(job, tile, worker));
	}
	return least;
}

bool workers_elsewhere(struct workers *workers, const struct job *job, guint tile)
{
	return least_suspicion(workers, job, tile) < 2;
}

bool workers_end_job(struct workers *workers, const struct job *job, int weight, int window)
{
	GPtrArray *all = workers_all(workers);

	if (!job || job->plan.lane != LANE_TILED)
		return false;
	guint left = job->work.tile_count - job->work.done - job->work.leased, room = 0;
	for (guint i = 0; i < all->len && room < left; i++)
		room += usable(g_ptr_array_index(all, i), job) ? (guint)(window / weight) : 0;
	return left <= room;
}

/* When the task should be ready at this worker's. As long as no tile of the job came back, in weights instead of time. */
static gint64 ready_us(const struct worker *worker, const struct job *job, guint tile, int weight, gint64 now)
{
	gint64 usual = worker_timing_of(job, tile)->usual_us;

	if (usual == 0)
		return slowness_own_us(worker->slowness, (worker->weight + weight) * (gint64)G_USEC_PER_SEC);
	return worker_timing_until_us(worker, NULL, usual / weight, now) + slowness_own_us(worker->slowness, usual);
}

static struct candidate candidate_of(const struct worker *worker, const struct job *job, guint tile)
{
	return (struct candidate){
		.obstacle = obstacle_of(worker, job),
		.suspicion = failure_votes_suspicion(job, tile, worker),
		.on_trial = worker->slot->breaker.state == BREAKER_HALF_OPEN,
		.weight = worker->weight,
		.bytes = worker->bytes,
		.cost = worker->weight,
	};
}

struct worker *worker_select(struct workers *workers, const struct job *job, guint tile, int weight, gsize bytes,
	int window, gsize window_bytes)
{
	GPtrArray *all = workers_all(workers);
	struct selection selection = SELECTION_NONE;
	const struct wanted wanted = {weight, bytes, window, window_bytes,
		job && job->work.failure_votes ? least_suspicion(workers, job, tile) : 0,
		workers_end_job(workers, job, weight, window)};
	gint64 now = wanted.ends ? clock_now_us() : 0;

	for (guint i = 0; i < all->len; i++) {
		const struct worker *worker = g_ptr_array_index(all, i);
		struct candidate candidate = candidate_of(worker, job, tile);
		if (wanted.ends)
			candidate.cost = ready_us(worker, job, tile, weight, now);
		selection_consider(&selection, &wanted, &candidate, (int)i);
	}
	int selected = selection_of(&selection, &wanted);
	return selected < 0 ? NULL : g_ptr_array_index(all, selected);
}

bool worker_may_help(const struct worker *worker, const struct job *job, guint tile)
{
	const struct candidate candidate = candidate_of(worker, job, tile);

	return candidate_may_help(&candidate, lease_of(worker, job, tile) != NULL);
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

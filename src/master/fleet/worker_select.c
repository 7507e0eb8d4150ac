/* SPDX-License-Identifier: GPL-2.0-or-later
 * Who gets a task, and the leases that a worker holds: see workers.h. */
#include <string.h>

#include "base/clock.h"
#include "master/fleet/breaker.h"
#include "master/fleet/failure_votes.h"
#include "master/fleet/tile_timing.h"

/* Files remembered of one that lives long and is robbed often: with what is older it has had time to finish, or to give up. */
#define LITTER_MOST 256

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
			least = MIN(least, accuse_rank(job, tile, worker));
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
	gint64 usual = pace_usual_us(job, tile);

	if (usual == 0)
		return pace_own_us(worker, (worker->weight + weight) * (gint64)G_USEC_PER_SEC);
	return pace_until_us(worker, NULL, usual / weight, now) + pace_own_us(worker, usual);
}

struct worker *workers_choose(struct workers *workers, const struct job *job, guint tile, int weight, gsize bytes,
	int window, gsize window_bytes)
{
	GPtrArray *all = workers_all(workers);
	struct worker *best = NULL;
	int least = job && job->accusations ? least_rank(workers, job, tile) : 0;
	bool ends = workers_end_job(workers, job, weight, window);
	gint64 now = ends ? clock_now_us() : 0, best_cost = 0, full_cost = G_MAXINT64;

	for (guint i = 0; i < all->len; i++) {
		struct worker *worker = g_ptr_array_index(all, i);
		if (!usable(worker) || accuse_rank(job, tile, worker) > least)
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
	       accuse_rank(job, tile, worker) == 0 && !lease_of(worker, job, tile);
}

static bool lease_on_its_way(const struct lease *lease)
{
	return lease->on_its_way && g_atomic_int_get(lease->on_its_way);
}

bool worker_awaits(const struct worker *worker)
{
	for (GList *link = worker->leases.head; link; link = link->next)
		if (lease_on_its_way(link->data))
			return true;
	return false;
}

void worker_sends(struct worker *worker)
{
	worker->idle_beats = 0;
}

struct lease *lease_of(const struct worker *worker, const struct job *job, guint tile)
{
	for (GList *link = worker->leases.head; link; link = link->next) {
		struct lease *lease = link->data;
		if (lease->job == job && lease->tile == tile)
			return lease;
	}
	return NULL;
}

struct lease *lease_attempt(const struct job *job, guint index, guint attempt)
{
	const struct tile *tile = &job->tiles[index];

	if (tile->lease && tile->lease->attempt == attempt)
		return tile->lease;
	return tile->extra && tile->extra->attempt == attempt ? tile->extra : NULL;
}

struct lease *lease_begin(
	struct worker *worker, struct job *job, guint index, int weight, enum plane plane, gsize bytes)
{
	struct tile *tile = &job->tiles[index];
	struct lease *lease = g_new(struct lease, 1);
	gint64 now = clock_now_us();

	g_assert(!tile->extra && !lease_of(worker, job, index));
	*lease = (struct lease){worker, job, index, tile->attempt, weight, plane, bytes, now, NULL, false};
	if (worker->weight == 0)
		worker->answered_us = now;
	g_queue_push_tail(&worker->leases, lease);
	worker->weight += weight;
	worker->bytes += bytes;
	worker->idle_beats = 0;
	if (tile->lease)
		tile->extra = lease;
	else {
		tile->lease = lease;
		tile->state = TILE_LEASED;
		job->leased++;
	}
	return lease;
}

/* The lease without what it weighs, which the caller settles. */
static bool unlink_lease(struct lease *lease)
{
	struct job *job = lease->job;
	struct tile *tile = &job->tiles[lease->tile];

	g_queue_remove(&lease->worker->leases, lease);
	if (tile->lease == lease)
		tile->lease = tile->extra;
	tile->extra = NULL;
	if (tile->lease)
		return false;
	tile->state = TILE_WAITING;
	job->leased--;
	return true;
}

static void lease_free(struct lease *lease)
{
	if (lease->on_its_way)
		g_atomic_rc_box_release(lease->on_its_way);
	g_free(lease);
}

static void lighten(struct worker *worker, int weight, gsize bytes)
{
	worker->weight -= weight;
	worker->bytes -= MIN(worker->bytes, bytes);
}

bool lease_end(struct lease *lease)
{
	if (!lease)
		return false;
	bool last = unlink_lease(lease);
	/* What was not sent of its task is not needed. */
	if (lease->on_its_way)
		g_atomic_int_set(lease->on_its_way, 0);
	lighten(lease->worker, lease->weight, lease->bytes);
	lease_free(lease);
	return last;
}

bool lease_lose(struct lease *lease, bool writes)
{
	struct late *late = g_new(struct late, 1);

	*late = (struct late){g_ref_string_acquire(lease->job->id), lease->job->course.run, lease->tile, lease->attempt,
		lease->weight, lease->bytes, lease->sent_us, writes};
	g_queue_push_tail(&lease->worker->late, late);
	bool last = unlink_lease(lease);
	lease_free(lease);
	return last;
}

static void late_free(struct late *late)
{
	g_ref_string_release(late->job);
	g_free(late);
}

bool worker_forget_late(
	struct worker *worker, const char *job, guint32 serial, guint tile, guint attempt, struct late *found)
{
	for (GList *link = worker->late.head; link; link = link->next) {
		struct late *late = link->data;
		if (late->serial != serial || late->tile != tile || late->attempt != attempt || strcmp(late->job, job))
			continue;
		lighten(worker, late->weight, late->bytes);
		if (found) {
			*found = *late;
			found->job = NULL;
		}
		g_queue_delete_link(&worker->late, link);
		late_free(late);
		return true;
	}
	return false;
}

void worker_forget_all_late(struct worker *worker)
{
	const struct late *late;

	while ((late = g_queue_peek_head(&worker->late)))
		worker_forget_late(worker, late->job, late->serial, late->tile, late->attempt, NULL);
}

void worker_will_litter(const struct lease *lease)
{
	struct worker *worker = lease->worker;
	const struct job *job = lease->job;

	if (worker->dead || lease->plane != PLANE_SHM)
		return;
	if (!worker->litter)
		worker->litter = g_ptr_array_new_with_free_func(g_free);
	for (guint i = 0; i < job->outputs->len; i++)
		g_ptr_array_add(
			worker->litter, g_strdup(((struct job_output *)g_ptr_array_index(job->outputs, i))->temp));
	while (worker->litter->len > LITTER_MOST)
		g_ptr_array_remove_index(worker->litter, 0);
}

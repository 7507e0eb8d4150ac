/* SPDX-License-Identifier: GPL-2.0-or-later
 * The tasks that a worker holds: see lease.h. */
#include "master/fleet/lease.h"

#include <string.h>

#include "base/clock.h"

/* Files remembered of a worker that lives long and loses many tasks: it has finished older ones, or given them up. */
#define LITTER_MOST 256

static bool lease_on_its_way(const struct lease *lease)
{
	return lease->on_its_way && g_atomic_int_get(lease->on_its_way);
}

bool lease_begun(const struct lease *lease)
{
	const struct job *job = lease->job;

	return lease->begun || (job->segment && lease->plane == PLANE_SHM &&
				       segment_taken(job->segment, lease->tile, job->course.run, lease->attempt));
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
	idle_worker_stirs(&worker->idle);
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
	const struct tile *tile = &job->work.tiles[index];

	if (tile->lease && tile->lease->attempt == attempt)
		return tile->lease;
	return tile->extra && tile->extra->attempt == attempt ? tile->extra : NULL;
}

struct lease *lease_begin(
	struct worker *worker, struct job *job, guint index, int weight, enum plane plane, gsize bytes)
{
	struct tile *tile = &job->work.tiles[index];
	struct lease *lease = g_new(struct lease, 1);
	gint64 now = clock_now_us();

	g_assert(!tile->extra && !lease_of(worker, job, index));
	*lease = (struct lease){worker, job, index, tile->attempt, weight, plane, bytes, now, NULL, false};
	if (worker->weight == 0)
		worker->answered_us = now;
	g_queue_push_tail(&worker->leases, lease);
	worker->weight += weight;
	worker->bytes += bytes;
	idle_worker_stirs(&worker->idle);
	if (tile->lease)
		tile->extra = lease;
	else {
		tile->lease = lease;
		tile->state = TILE_LEASED;
		job->work.leased++;
	}
	return lease;
}

/* The lease without what it weighs, which the caller settles. */
static bool unlink_lease(struct lease *lease)
{
	struct job *job = lease->job;
	struct tile *tile = &job->work.tiles[lease->tile];

	g_queue_remove(&lease->worker->leases, lease);
	if (tile->lease == lease)
		tile->lease = tile->extra;
	tile->extra = NULL;
	if (tile->lease)
		return false;
	tile->state = TILE_WAITING;
	job->work.leased--;
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

bool lease_fenced(const struct lease *lease)
{
	const struct job *job = lease->job;

	return !job->segment || lease->plane == PLANE_INLINE ||
	       segment_revoke(job->segment, lease->tile, job->course.run, lease->attempt);
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

	if (worker->death.known || lease->plane != PLANE_SHM)
		return;
	if (!worker->death.litter)
		worker->death.litter = g_ptr_array_new_with_free_func(g_free);
	for (guint i = 0; i < job->outputs->len; i++)
		g_ptr_array_add(worker->death.litter,
			g_strdup(((struct job_output *)g_ptr_array_index(job->outputs, i))->temp));
	while (worker->death.litter->len > LITTER_MOST)
		g_ptr_array_remove_index(worker->death.litter, 0);
}

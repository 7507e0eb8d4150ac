/* SPDX-License-Identifier: GPL-2.0-or-later
 * A task whose worker does not answer: see retry_task.h. */
#include "master/schedule/retry_task.h"

#include "base/counters.h"
#include "base/log.h"
#include "bus/send.h"
#include "master/fleet/lease.h"
#include "master/state/job_events.h"
#include "master/state/state.h"

void task_take_back(struct lease *lease, const char *why)
{
	struct job *job = lease->job;
	struct worker *worker = lease->worker;
	guint index = lease->tile;
	bool alone = !job->work.tiles[index].extra;

	worker->taken_back++;
	job->work.failed_tries++;
	if (job->plan.lane == LANE_WHOLE)
		job_note(job, TIMELINE_RETRIED, -1, worker->id, "given to another worker: %s", why);
	else if (alone)
		job_note(job, TIMELINE_RETRIED, (int)index, worker->id, "tile %u is tried again: %s", index, why);
	else
		job_note(job, TIMELINE_RETRIED, (int)index, worker->id,
			"tile %u is left to the other worker that has it: %s", index, why);
	if (job->plan.lane == LANE_WHOLE)
		worker_will_litter(lease);
	if (!lease_end(lease))
		return;
	counter_add(COUNTER_TILES_RETRIED);
	job->work.tiles[index].state = TILE_READY;
	if (job->plan.lane == LANE_WHOLE) {
		/* Its next run writes to other temp files: the old worker may still be writing to these. */
		job_renewed(job);
		return;
	}
	g_queue_push_head(&job->work.ready, GUINT_TO_POINTER(index));
}

void task_lost(struct lease *lease, const char *why)
{
	struct tile *tile = &lease->job->work.tiles[lease->tile];

	if (poison_task_lost(&tile->poison, tile->extra != NULL))
		job_broken(lease->job, why);
	else
		task_take_back(lease, why);
}

void task_dead_letter(struct link *link, const struct job *job, guint index, const char *reason)
{
	struct record *record = record_new(TOPIC_DEAD, -1, NULL);
	g_autoptr(GError) error = NULL;

	record_add(record, "job", job->id);
	record_addf(record, "tile", "%u", index);
	record_add(record, "pipeline", job->pipeline->name);
	record_add(record, "source", job->source);
	record_add(record, "reason", reason);
	if (!bus_ship(link->bus, record, NULL, NULL, &error))
		log_warning("dead letter: %s", error->message);
}

void task_take_others_back(struct worker *worker)
{
	guint count = g_queue_get_length(&worker->leases);

	for (; count > 0 && !g_queue_is_empty(&worker->leases); count--) {
		struct lease *lease = g_queue_peek_head(&worker->leases);
		if (lease_fenced(lease))
			task_take_back(lease, "its worker hangs on another task");
		else
			g_queue_push_tail(&worker->leases, g_queue_pop_head(&worker->leases));
	}
}

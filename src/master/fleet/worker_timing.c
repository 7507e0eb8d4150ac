/* SPDX-License-Identifier: GPL-2.0-or-later
 * How long tiles take: see worker_timing.h. */
#include "master/fleet/worker_timing.h"

#include "base/clock.h"

const struct tile_timing *worker_timing_of(const struct job *job, guint tile)
{
	static const struct tile_timing unknown;

	return job->work.timings ? &job->work.timings[job->work.tiles[tile].output] : &unknown;
}

void worker_timing_answered(struct job *job, guint tile, struct worker *worker, gint64 sent_us, gint64 compute_us)
{
	if (job->plan.lane != LANE_TILED)
		return;
	if (!job->work.timings)
		job->work.timings = g_new0(struct tile_timing, job->plan.rings->len);
	struct tile_timing *timing = &job->work.timings[job->work.tiles[tile].output];
	gint64 us = worker ? tile_time_us(sent_us, worker->answered_us, compute_us, clock_now_us()) : compute_us;
	/* Against those before it: the first ones of a run build their chains. */
	if (worker)
		worker->slowness = slowness_after(worker->slowness, us, timing->usual_us);
	tile_timing_add(timing, us);
}

/* The moment from which on it works at the first of what it holds. */
static gint64 began_us(const struct worker *worker)
{
	const struct lease *lease = g_queue_peek_head((GQueue *)&worker->leases);
	const struct late *late = g_queue_peek_head((GQueue *)&worker->late);
	gint64 sent = lease ? lease->sent_us : G_MAXINT64;

	if (late)
		sent = MIN(sent, late->sent_us);
	return MAX(sent, worker->answered_us);
}

gint64 worker_timing_since_us(const struct worker *worker, gint64 now_us)
{
	return MAX(now_us - began_us(worker), 0);
}

gint64 worker_timing_until_us(const struct worker *worker, const struct lease *last, gint64 unit_us, gint64 now_us)
{
	struct backlog backlog = {0};

	for (GList *link = worker->late.head; link; link = link->next) {
		const struct late *late = link->data;
		if (!last || late->sent_us <= last->sent_us)
			backlog_add(&backlog, slowness_own_us(worker->slowness, unit_us * late->weight));
	}
	for (GList *link = worker->leases.head; link; link = link->next) {
		const struct lease *lease = link->data;
		gint64 usual = worker_timing_of(lease->job, lease->tile)->usual_us;
		backlog_add(&backlog, slowness_own_us(worker->slowness, usual ? usual : unit_us * lease->weight));
		if (lease == last)
			break;
	}
	return backlog_until_us(&backlog, worker_timing_since_us(worker, now_us));
}

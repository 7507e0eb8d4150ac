/* SPDX-License-Identifier: GPL-2.0-or-later
 * Tiles whose worker is late are given to a second one: see reissue.h.
 *
 * A tile that is late is given to a second worker, which has nothing to do. The first good answer counts; the other is dropped as a
 * duplicate. No worker is suspected: the slower worker must still answer (struct late), and its task counts as work that it has.
 *
 * Through shared memory both write to the same place. A worker that has not begun cannot any more once its offer is revoked, and then the
 * tile is simply another's. One that has begun may go on: it computes the same bytes from the same rows. Until it has ended, the codec
 * uses neither its rows of the source nor its place in the result for anything else (codec/rows.h). Nor does the master lend the
 * segment again (segment_pool.h). Whole pictures are not given twice: their workers write files. */
#include "master/schedule/reissue.h"

#include "base/clock.h"
#include "base/counters.h"
#include "base/log.h"
#include "master/fleet/lease.h"
#include "master/fleet/speculative.h"
#include "master/fleet/worker_timing.h"
#include "master/report/view.h"
#include "master/schedule/retry_task.h"
#include "master/schedule/send_task.h"
#include "master/state/state.h"

#define TIMER_LEAST_MS 10

static void note(const struct speculative_task *late, const char *to, gint64 since_us, bool taken)
{
	struct lease *lease = late->lease;
	struct job *job = lease->job;
	guint tile = lease->tile;
	const char *from = lease->worker->id;
	double usual = (double)late->facts.usual_us / G_USEC_PER_SEC, since = (double)since_us / G_USEC_PER_SEC,
	       until = (double)late->facts.until_us / G_USEC_PER_SEC;

	if (taken)
		job_note(job, TIMELINE_REISSUED, (int)tile, to,
			"tile %u is given to %s: %s would not have begun for long (%.2f s to go; others took %.2f s)",
			tile, to, from, until, usual);
	else if (lease == g_queue_peek_head(&lease->worker->leases))
		job_note(job, TIMELINE_REISSUED, (int)tile, to,
			"tile %u is given to %s as well: %s has been at it for %.2f s, others took %.2f s", tile, to,
			from, since, usual);
	else
		job_note(job, TIMELINE_REISSUED, (int)tile, to,
			"tile %u is given to %s as well: %s is late (%.2f s to go; others took %.2f s)", tile, to, from,
			until, usual);
}

/* To the helper, and away from its worker where that can be made sure. False: it may not go there, or could not be sent. */
static bool help(struct master *master, const struct speculative_task *late, struct worker *helper)
{
	struct lease *lease = late->lease;
	struct worker *worker = lease->worker;
	struct job *job = lease->job;
	guint index = lease->tile;
	enum plane plane;

	if (!send_task_plane(master, helper, job, index, &plane))
		return false;
	gint64 since = worker_timing_since_us(worker, clock_now_us());
	bool shared = job->segment && lease->plane == PLANE_SHM;
	bool taken = shared && late->facts.fresh && lease_fenced(lease);
	note(late, helper->id, since, taken);
	log_debug("%s tile %u: %s is late (%" G_GINT64_FORMAT " us to go), %s gets it%s", job->id, index, worker->id,
		late->facts.until_us, helper->id, taken ? "" : " as well");
	worker->slowness = slowness_at_least(worker->slowness, since, late->facts.usual_us);
	worker->taken_back++;
	counter_add(COUNTER_TILES_REISSUED);
	job->work.tiles[index].reissued++;
	if (taken)
		lease_lose(lease, false);
	else
		lease->begun = shared;
	return send_task(master, job, index, helper, plane);
}

static gboolean look_again(gpointer data)
{
	struct master *master = data;

	master->fleet.timer = 0;
	master->events.wanted = true;
	return G_SOURCE_REMOVE;
}

void reissue_late(struct master *master)
{
	g_autoptr(GPtrArray) tried = g_ptr_array_new();
	gint64 due = G_MAXINT64;
	struct worker *helper;

	while ((helper = speculative_helper(master->fleet.workers, tried))) {
		struct speculative_task late = speculative_find(master->fleet.workers, helper, clock_now_us());
		if (late.lease && help(master, &late, helper)) {
			view_changed(&master->report);
			continue;
		}
		due = MIN(due, late.choice.due_us);
		g_ptr_array_add(tried, helper);
	}
	if (due < G_MAXINT64 && !master->fleet.timer)
		master->fleet.timer =
			g_timeout_add((guint)CLAMP(due / 1000, TIMER_LEAST_MS, MASTER_TICK_MS), look_again, master);
}

bool reissue_over(struct job *job, guint index)
{
	struct lease *lease = job->work.tiles[index].lease;

	if (!lease)
		return false;
	bool writes = !lease_fenced(lease);
	job->work.held += writes;
	lease_lose(lease, writes);
	return writes;
}

/* Nobody writes there any more. */
static void release(struct job *job, const struct late *late)
{
	if (!late->writes || job->work.held == 0)
		return;
	job->work.held--;
	job->times.codec_us = clock_now_us();
	if (job->codec)
		codec_link_free_tile(job->codec, late->tile);
}

bool reissue_answered(struct queue *queue, struct worker *worker, const struct result *result)
{
	struct job *job = queue_find_run(queue, result->job, result->serial);
	struct late late;

	if (result->tile < 0 || result->attempt < 0 ||
		!worker_forget_late(
			worker, result->job, result->serial, (guint)result->tile, (guint)result->attempt, &late))
		return false;
	if (job && result->status == RESULT_OK)
		worker_timing_answered(job, late.tile, worker, late.sent_us, result->compute_us);
	worker->answered_us = clock_now_us();
	if (job)
		release(job, &late);
	return true;
}

void reissue_forget(struct queue *queue, struct worker *worker)
{
	for (GList *link = worker->late.head; link; link = link->next) {
		const struct late *late = link->data;
		struct job *job = queue_find_run(queue, late->job, late->serial);
		if (job)
			release(job, late);
	}
	worker_forget_all_late(worker);
}

void reissue_worker_gone(struct master *master, struct worker *worker, bool dead)
{
	if (dead) {
		reissue_forget(&master->queue, worker);
		return;
	}
	/* It may yet come back: what it writes must find its place as it was, and nobody knows for how long. */
	for (GList *link = worker->late.head; link; link = link->next) {
		const struct late *late = link->data;
		struct job *job = late->writes ? queue_find_run(&master->queue, late->job, late->serial) : NULL;
		if (job && job->codec)
			job_broken(job, SILENT_HOLDER);
	}
}

/* SPDX-License-Identifier: GPL-2.0-or-later
 * Tasks out: which job's task goes next, and to whom: see dispatch.h. */
#include "master/schedule/dispatch.h"

#include <string.h>

#include "base/clock.h"
#include "master/fleet/worker_select.h"
#include "master/report/view.h"
#include "master/schedule/reissue.h"
#include "master/schedule/send_task.h"
#include "master/state/state.h"

/* The window of each worker: all that is on its way to workers stays within the budget. */
static gsize cluster_window(const struct master *master)
{
	return MIN(WINDOW_CLUSTER_BYTES,
		(gsize)master->settings.options->memory / MAX(workers_live(master->fleet.workers), 1));
}

/* One of its tasks did not reach the broker just now. */
static bool pauses(const struct job *job)
{
	return job->work.send_after_us > 0 && clock_now_us() < job->work.send_after_us;
}

/* The next task of this job to whoever has room. One that some worker has failed waits for another, and those behind it do not. */
static bool send_one(struct master *master, struct job *job)
{
	gsize window_bytes = master->link.embedded ? EMBEDDED_WINDOW_BYTES : cluster_window(master);
	int weight = job->plan.lane == LANE_WHOLE ? WEIGHT_WHOLE : WEIGHT_TILE;
	bool all_inline = strcmp(master->settings.options->payload, "inline") == 0 && job->plan.lane == LANE_TILED;

	if (pauses(job))
		return false;
	for (GList *link = job->work.ready.head; link; link = link->next) {
		guint index = GPOINTER_TO_UINT(link->data);
		gsize bytes = all_inline ? send_task_bytes(job, index) : 0;
		struct worker *worker =
			worker_select(master->fleet.workers, job, index, weight, bytes, WINDOW_WEIGHT, window_bytes);
		enum plane plane;
		if (worker && send_task_plane(master, worker, job, index, &plane)) {
			g_queue_delete_link(&job->work.ready, link);
			return send_task(master, job, index, worker, plane);
		}
		if (!job->work.failure_votes)
			break;
	}
	return false;
}

/* The running job whose turn it is among those of the highest priority that have something ready. */
static struct job *next_job(struct queue *queue)
{
	struct job *best = NULL;

	for (guint i = 0; i < queue->running->len; i++) {
		struct job *job = g_ptr_array_index(queue->running, (queue->turn + i) % queue->running->len);
		if (!g_queue_is_empty(&job->work.ready) && !pauses(job) &&
			(!best || job->pipeline->priority > best->pipeline->priority))
			best = job;
	}
	queue->turn++;
	return best;
}

/* A task of the job whose turn it is; where that may not go to those who have room, of another. */
static bool send_any(struct master *master)
{
	struct job *first = next_job(&master->queue);

	/* What could not be sent pauses, and others go on. */
	if (!first || send_one(master, first) || pauses(first))
		return first != NULL;
	bool picky = first->work.failure_votes || worker_groups_mixed(workers_groups(master->fleet.workers)) ||
		     workers_end_job(master->fleet.workers, first, WEIGHT_TILE, WINDOW_WEIGHT);
	for (guint i = 0; picky && i < master->queue.running->len; i++)
		if (send_one(master, g_ptr_array_index(master->queue.running, i)))
			return true;
	return false;
}

void dispatch(struct master *master)
{
	/* What could not be sent may be its job's end: first that. */
	while (master->link.up && g_queue_is_empty(&master->events.posted) && send_any(master))
		view_changed(&master->report);
	if (master->link.up && g_queue_is_empty(&master->events.posted))
		reissue_late(master);
}

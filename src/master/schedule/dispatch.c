/* SPDX-License-Identifier: GPL-2.0-or-later
 * Tasks out: which job's task goes next, to whom, and what becomes of it when its worker does not answer: see dispatch.h. */
#include "master/schedule/dispatch.h"

#include <string.h>

#include "base/clock.h"
#include "base/counters.h"
#include "base/log.h"
#include "master/fleet/lease.h"
#include "master/fleet/worker_select.h"
#include "master/report/view.h"
#include "master/schedule/job_start.h"
#include "master/schedule/poison_task.h"
#include "master/schedule/reissue.h"
#include "master/schedule/schedule_private.h"
#include "master/schedule/send_task.h"

/* Heartbeats in a row that say "idle" while a task is out: its message was lost on the way. */
#define IDLE_BEATS 3
#define UNANSWERED "it was sent and never answered: its message, or the answer's, was lost on the way"

/* Of each worker: what is on its way to all of them stays within the budget. */
static gsize cluster_window(const struct master *master)
{
	return MIN(WINDOW_CLUSTER_BYTES,
		(gsize)master->settings.options->memory / MAX(workers_live(master->fleet.workers), 1));
}

/* One of its tasks did not reach the broker just now. */
static bool pauses(const struct job *job)
{
	return job->send_after_us > 0 && clock_now_us() < job->send_after_us;
}

/* The next task of this job to whoever has room. One that some worker has failed waits for another, and those behind it do not. */
static bool send_one(struct master *master, struct job *job)
{
	gsize window_bytes = master->link.embedded ? EMBEDDED_WINDOW_BYTES : cluster_window(master);
	int weight = job->lane == LANE_WHOLE ? WEIGHT_WHOLE : WEIGHT_TILE;
	bool all_inline = strcmp(master->settings.options->payload, "inline") == 0 && job->lane == LANE_TILED;

	if (pauses(job))
		return false;
	for (GList *link = job->ready.head; link; link = link->next) {
		guint index = GPOINTER_TO_UINT(link->data);
		gsize bytes = all_inline ? send_task_bytes(job, index) : 0;
		struct worker *worker =
			worker_select(master->fleet.workers, job, index, weight, bytes, WINDOW_WEIGHT, window_bytes);
		enum plane plane;
		if (worker && send_task_plane(master, worker, job, index, &plane)) {
			g_queue_delete_link(&job->ready, link);
			return send_task(master, job, index, worker, plane);
		}
		if (!job->failure_votes)
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
		if (!g_queue_is_empty(&job->ready) && !pauses(job) &&
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
	bool picky = first->failure_votes || workers_end_job(master->fleet.workers, first, WEIGHT_TILE, WINDOW_WEIGHT);
	for (guint i = 0; picky && i < master->queue.running->len; i++)
		if (send_one(master, g_ptr_array_index(master->queue.running, i)))
			return true;
	return false;
}

void dispatch(struct master *master)
{
	while (master->link.up && send_any(master))
		view_changed(&master->report);
	if (master->link.up)
		reissue_late(master);
}

void dispatch_take_back(struct master *master, struct lease *lease, const char *why)
{
	struct job *job = lease->job;
	struct worker *worker = lease->worker;
	guint index = lease->tile;
	bool alone = !job->tiles[index].extra;

	worker->taken_back++;
	job->failed_tries++;
	if (job->lane == LANE_WHOLE)
		job_note(job, TIMELINE_RETRIED, -1, worker->id, "given to another worker: %s", why);
	else if (alone)
		job_note(job, TIMELINE_RETRIED, (int)index, worker->id, "tile %u is tried again: %s", index, why);
	else
		job_note(job, TIMELINE_RETRIED, (int)index, worker->id, "tile %u is left to the other worker that has it: %s",
			index, why);
	if (job->lane == LANE_WHOLE)
		worker_will_litter(lease);
	if (!lease_end(lease))
		return;
	counter_add(COUNTER_TILES_RETRIED);
	job->tiles[index].state = TILE_READY;
	if (job->lane == LANE_WHOLE) {
		/* Its next run writes to other temp files: the old worker may still be writing to these. */
		jobs_renew_whole(master, job);
		return;
	}
	g_queue_push_head(&job->ready, GUINT_TO_POINTER(index));
}

void dispatch_lost(struct master *master, struct lease *lease, const char *why)
{
	struct job *job = lease->job;
	struct tile *tile = &job->tiles[lease->tile];

	if (poison_task_lost(&tile->poison, tile->extra != NULL))
		job_broken(master, job, why);
	else
		dispatch_take_back(master, lease, why);
}

bool dispatch_fenced(const struct lease *lease)
{
	const struct job *job = lease->job;

	return !job->segment || lease->plane == PLANE_INLINE ||
	       segment_revoke(job->segment, lease->tile, job->course.run, lease->attempt);
}

/* Each job that the worker worked for gets one line in its story, also one whose tile another worker has by now. */
static void tell_lost(struct queue *queue, struct worker *worker, const char *why)
{
	g_autoptr(GHashTable) told = g_hash_table_new(NULL, NULL);

	for (GList *link = worker->leases.head; link; link = link->next) {
		const struct lease *lease = link->data;
		if (g_hash_table_add(told, lease->job))
			job_note(lease->job, TIMELINE_WORKER_LOST, (int)lease->tile, worker->id, "%s", why);
	}
	for (GList *link = worker->late.head; link; link = link->next) {
		const struct late *late = link->data;
		struct job *job = queue_find_run(queue, late->job, late->serial);
		if (job && g_hash_table_add(told, job))
			job_note(job, TIMELINE_WORKER_LOST, (int)late->tile, worker->id, "%s", why);
	}
}

void dispatch_worker_gone(struct worker *worker, bool dead, void *user)
{
	struct master *master = user;
	struct lease *lease;
	bool stopping = strcmp(worker->beat->state, "stopping") == 0;
	g_autofree char *why = g_strdup_printf("worker %s is gone (%s)", worker->id,
		worker->death.how ? worker->death.how
		: stopping        ? "it was stopped"
				  : "no heartbeat");

	/* A child of ours that is silent is killed; its death comes back here and frees its leases for certain. */
	if (!dead && !stopping && worker->here && master->fleet.supervisor &&
		supervisor_kill(master->fleet.supervisor, worker->beat->pid)) {
		if (!worker->death.how)
			worker->death.how = g_strdup("no heartbeat for 10 s");
		return;
	}
	poison_task_worker_gone(master, worker, dead);
	tell_lost(&master->queue, worker, why);
	while ((lease = g_queue_peek_head(&worker->leases))) {
		struct job *job = lease->job;
		if (!dead && !dispatch_fenced(lease))
			job_broken(master, job, SILENT_HOLDER);
		else
			dispatch_take_back(master, lease, why);
	}
	reissue_worker_gone(master, worker, dead);
	dispatch(master);
	view_changed(&master->report);
}

void dispatch_worker_changed(struct worker *worker, void *user)
{
	struct master *master = user;

	(void)worker;
	jobs_start(master);
	dispatch(master);
	view_changed(&master->report);
}

void dispatch_broker_changed(bool back, void *user)
{
	struct master *master = user;

	if (back) {
		workers_forgive(master->fleet.workers);
		dispatch(master);
	}
	view_changed(&master->report);
}

/* The message of a task, or of its result, was lost: the worker says that it has nothing to do. */
static void recover_lost(struct master *master, struct worker *worker)
{
	guint count = g_queue_get_length(&worker->leases);

	if (count)
		log_warning("worker %s is idle, but %u of its tasks are unanswered: they are sent again", worker->id,
			count);
	worker->idle_beats = 0;
	for (; count && !g_queue_is_empty(&worker->leases); count--)
		dispatch_lost(master, g_queue_peek_head(&worker->leases), UNANSWERED);
	reissue_forget(&master->queue, worker);
}

void dispatch_tick(struct master *master)
{
	GPtrArray *all = workers_all(master->fleet.workers);

	poison_task_tick(master);
	for (guint i = 0; i < all->len; i++) {
		struct worker *worker = g_ptr_array_index(all, i);
		if (worker->state == WORKER_GONE)
			continue;
		if (worker->idle_beats >= IDLE_BEATS)
			recover_lost(master, worker);
	}
	dispatch(master);
}

void dispatch_dead_letter(struct link *link, const struct job *job, guint index, const char *reason)
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

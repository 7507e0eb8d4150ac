/* SPDX-License-Identifier: GPL-2.0-or-later
 * Tasks out: which job's task goes next, to whom, on which plane, and what becomes of it when its worker does not answer: see state.h. */
#include <string.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/crash.h"
#include "base/log.h"
#include "master/assets.h"
#include "master/tiles.h"

/* Heartbeats in a row that say "idle" while a task is out: its message was lost on the way. */
#define IDLE_BEATS 3

/* Memory of this machine, or for a whole job its files. */
static bool may_share(const struct worker *worker, const struct job *job)
{
	return worker->here && !worker->no_shm && !(job->lane == LANE_WHOLE && worker->beat->no_files);
}

static gsize inline_bytes(const struct job *job, guint index)
{
	const struct rect *need = &job->tiles[index].need;

	if (job->lane == LANE_WHOLE)
		return (gsize)job->claim->bytes;
	return (gsize)need->width * (gsize)need->height * (gsize)job->ring.pixel_bytes;
}

/* shm where both sides can; inline where asked for, but never what the embedded broker would lose: there, whole files go by their path and
 * rectangles beyond its window through memory. */
static bool choose_plane(
	const struct master *master, const struct worker *worker, const struct job *job, guint index, enum plane *plane)
{
	const char *wish = master->options->payload;
	bool share = may_share(worker, job);
	bool fits = !master->embedded || (job->lane == LANE_TILED && inline_bytes(job, index) <= EMBEDDED_WINDOW_BYTES);

	if (strcmp(wish, "inline") == 0) {
		*plane = fits || !share ? PLANE_INLINE : PLANE_SHM;
		return true;
	}
	*plane = share && worker->beat->planes[PLANE_SHM] ? PLANE_SHM : PLANE_INLINE;
	return *plane == PLANE_SHM || strcmp(wish, "auto") == 0;
}

/* What goes over the bus: the source pixels that the tile needs, packed, or the file. */
static GBytes *pack(const struct job *job, guint index, GError **error)
{
	const struct rect *need = &job->tiles[index].need;

	if (job->lane == LANE_WHOLE) {
		g_autoptr(GMappedFile) file = g_mapped_file_new(job->claim->path, FALSE, error);
		return file ? g_mapped_file_get_bytes(file) : NULL;
	}
	gsize size = inline_bytes(job, index);
	guint8 *packed = g_malloc(size);
	gint64 began = clock_now_us();
	payload_pack(packed, job->segment->bytes + job->ring.offset, job->ring.stride, job->ring.rows,
		job->ring.pixel_bytes, need->left, need->top, need->width, need->height);
	spent_add(job->spent, SPENT_PACK_US, clock_now_us() - began);
	spent_add(job->spent, SPENT_PACKED, (gint64)size);
	return g_bytes_new_take(packed, size);
}

struct sent {
	struct master *master;
	char *job, *error;
	guint32 serial;
	guint tile, attempt;
};

static gboolean not_delivered(gpointer data)
{
	struct sent *sent = data;
	struct master *master = sent->master;
	struct job *job = jobs_find(master, sent->job);

	if (job && job->serial == sent->serial && job->tiles && job->tiles[sent->tile].state == TILE_LEASED &&
		job->tiles[sent->tile].attempt == sent->attempt) {
		log_warning("%s tile %u was not delivered: %s", job->id, sent->tile, sent->error);
		broker_ask(master->broker);
		dispatch_take_back(master, job, sent->tile, sent->error);
		dispatch(master);
	}
	g_free(sent->job);
	g_free(sent->error);
	g_free(sent);
	return G_SOURCE_REMOVE;
}

/* Bus thread. Only failures are of interest: success shows in the result. */
static void delivered(const char *error, void *user)
{
	struct sent *sent = user;

	if (error) {
		sent->error = g_strdup(error);
		g_idle_add_full(G_PRIORITY_DEFAULT, not_delivered, sent, NULL);
		return;
	}
	g_free(sent->job);
	g_free(sent);
}

static bool publish(
	struct master *master, struct job *job, guint index, struct worker *worker, GPtrArray *parcels, GError **error)
{
	struct tile *tile = &job->tiles[index];
	g_autoptr(GBytes) payload = tile->plane == PLANE_INLINE ? pack(job, index, error) : g_bytes_new_static("", 0);

	if (!payload)
		return false;
	struct task task = {
		.kind = job->lane == LANE_WHOLE ? TASK_WHOLE : TASK_TILE,
		.plane = tile->plane,
		.limit_ms = (gint64)(job->pipeline->limits.seconds * 1000),
		.job = job->id,
		.serial = job->serial,
		.tile = (gint32)index,
		.attempt = (gint32)tile->attempt,
		.worker = worker->id,
		.output = tile->output,
		.out = tile->out,
		.need = tile->need,
		.spec = (char *)job_spec(job, tile->plane),
		.payload = payload,
		.parcels = parcels,
	};
	gint32 partition =
		g_array_index(worker->beat->partitions, gint32, tile->attempt % worker->beat->partitions->len);
	g_autoptr(GPtrArray) parts = payload_split(task_to_record(&task, partition), master->tasks_limit);
	guint count = parts->len;
	g_ptr_array_set_free_func(parts, NULL);
	CRASH_POINT("publish.before_send");
	for (guint i = 0; i < count; i++) {
		struct sent *sent = g_new0(struct sent, 1);
		*sent = (struct sent){master, g_strdup(job->id), NULL, job->serial, index, tile->attempt};
		if (bus_send(master->bus, g_ptr_array_index(parts, i), delivered, sent, error)) {
			spent_add(job->spent, SPENT_RECORDS_SENT, 1);
			continue;
		}
		g_free(sent->job);
		g_free(sent);
		for (i++; i < count; i++)
			record_free(g_ptr_array_index(parts, i));
		return false;
	}
	return true;
}

static bool lease(struct master *master, struct job *job, guint index, struct worker *worker, enum plane plane)
{
	struct tile *tile = &job->tiles[index];
	g_autoptr(GError) error = NULL;

	tile->attempt++;
	tile->state = TILE_LEASED;
	tile->worker = worker;
	tile->plane = plane;
	g_autoptr(GPtrArray) parcels = assets_parcels(master, job, worker, &error);
	tile->bytes = (plane == PLANE_INLINE ? inline_bytes(job, index) : 0) + parcels_bytes(parcels);
	tile->sent_us = clock_now_us();
	if (tile->who)
		g_ref_string_release(tile->who);
	tile->who = g_ref_string_acquire(worker->id);
	if (!job->first_sent_us)
		job->first_sent_us = tile->sent_us;
	job->leased++;
	worker_add_lease(worker, job, index, job->lane == LANE_WHOLE ? WEIGHT_WHOLE : WEIGHT_TILE);
	if (plane == PLANE_SHM && job->segment)
		segment_offer(job->segment, index, job->serial, tile->attempt);
	CRASH_POINT("publish.leased");
	if (!error && publish(master, job, index, worker, parcels, &error)) {
		CRASH_POINT("publish.sent");
		assets_sent(worker, parcels);
		return true;
	}
	if (error->domain == G_FILE_ERROR) {
		jobs_fail(master, job, error->message); /* the original or an asset cannot be read */
		return true;
	}
	/* The local queue is full, or the topic is gone: this tile waits; a delivery or the clock comes back here. */
	log_debug("%s tile %u: %s", job->id, index, error->message);
	broker_ask(master->broker);
	if (plane == PLANE_SHM && job->segment)
		segment_revoke(job->segment, index, job->serial, tile->attempt);
	worker_drop_lease(worker, job, index);
	job->leased--;
	tile->state = TILE_READY;
	g_queue_push_head(&job->ready, GUINT_TO_POINTER(index));
	return false;
}

/* Of each worker: what is on its way to all of them stays within the budget. */
static gsize cluster_window(const struct master *master)
{
	return MIN(WINDOW_CLUSTER_BYTES, (gsize)master->options->memory / MAX(workers_live(master->workers), 1));
}

/* The next task of this job to whoever has room. One that some worker has failed waits for another, and those behind it do not. */
static bool give_one(struct master *master, struct job *job)
{
	gsize window_bytes = master->embedded ? EMBEDDED_WINDOW_BYTES : cluster_window(master);
	int weight = job->lane == LANE_WHOLE ? WEIGHT_WHOLE : WEIGHT_TILE;
	bool all_inline = strcmp(master->options->payload, "inline") == 0 && job->lane == LANE_TILED;

	for (GList *link = job->ready.head; link; link = link->next) {
		guint index = GPOINTER_TO_UINT(link->data);
		gsize bytes = all_inline ? inline_bytes(job, index) : 0;
		struct worker *worker =
			workers_choose(master->workers, job, index, weight, bytes, WINDOW_WEIGHT, window_bytes);
		enum plane plane;
		if (worker && choose_plane(master, worker, job, index, &plane)) {
			g_queue_delete_link(&job->ready, link);
			return lease(master, job, index, worker, plane);
		}
		if (!job->accusations)
			break;
	}
	return false;
}

/* The running job whose turn it is among those of the highest priority that have something ready. */
static struct job *next_job(struct master *master)
{
	struct job *best = NULL;

	for (guint i = 0; i < master->running->len; i++) {
		struct job *job = g_ptr_array_index(master->running, (master->turn + i) % master->running->len);
		if (!g_queue_is_empty(&job->ready) && (!best || job->pipeline->priority > best->pipeline->priority))
			best = job;
	}
	master->turn++;
	return best;
}

/* A task of the job whose turn it is; where that may not go to those who have room, of another. */
static bool give_any(struct master *master)
{
	struct job *first = next_job(master);

	if (!first || give_one(master, first))
		return first != NULL;
	for (guint i = 0; first->accusations && i < master->running->len; i++)
		if (give_one(master, g_ptr_array_index(master->running, i)))
			return true;
	return false;
}

void dispatch(struct master *master)
{
	while (master->broker_up && give_any(master))
		view_changed(master);
}

void dispatch_take_back(struct master *master, struct job *job, guint index, const char *why)
{
	struct tile *tile = &job->tiles[index];

	tile->worker->taken_back++;
	job->failed_tries++;
	if (job->lane == LANE_WHOLE)
		job_note(job, TIMELINE_RETRIED, -1, tile->worker->id, "given to another worker: %s", why);
	else
		job_note(job, TIMELINE_RETRIED, (int)index, tile->worker->id, "tile %u is tried again: %s", index, why);

	worker_drop_lease(tile->worker, job, index);
	job->leased--;
	master->tiles_retried++;
	tile->state = TILE_READY;
	if (job->lane == LANE_WHOLE) {
		worker_will_litter(tile->worker, job);
		/* Its next run writes to other temp files: the old worker may still be writing to these. */
		jobs_renew_whole(master, job);
		return;
	}
	g_queue_push_head(&job->ready, GUINT_TO_POINTER(index));
}

bool dispatch_fenced(const struct job *job, guint index)
{
	const struct tile *tile = &job->tiles[index];

	return !job->segment || tile->plane == PLANE_INLINE ||
	       segment_revoke(job->segment, index, job->serial, tile->attempt);
}

void dispatch_worker_gone(struct worker *worker, bool dead, void *user)
{
	struct master *master = user;
	struct lease *lease;
	bool stopping = strcmp(worker->beat->state, "stopping") == 0;
	g_autofree char *why = g_strdup_printf("worker %s is gone (%s)", worker->id,
		worker->end ? worker->end
		: stopping  ? "it was stopped"
			    : "no heartbeat");
	const struct job *told = NULL;

	/* A child of ours that is silent is killed; its death comes back here and frees its leases for certain. */
	if (!dead && !stopping && worker->here && master->supervisor &&
		supervisor_kill(master->supervisor, worker->beat->pid)) {
		if (!worker->end)
			worker->end = g_strdup("no heartbeat for 10 s");
		return;
	}
	blame_worker_gone(master, worker, dead);
	while ((lease = g_queue_peek_head(&worker->leases))) {
		struct job *job = lease->job;
		guint index = lease->tile;
		if (job != told)
			job_note(job, TIMELINE_WORKER_LOST, (int)index, worker->id, "%s", why);
		told = job;
		if (!dead && !dispatch_fenced(job, index)) {
			jobs_start_over(master, job, "a silent worker holds a piece of it");
			continue;
		}
		dispatch_take_back(master, job, index, why);
	}
	dispatch(master);
	view_changed(master);
}

void dispatch_worker_changed(struct worker *worker, void *user)
{
	struct master *master = user;

	(void)worker;
	jobs_start(master);
	dispatch(master);
	view_changed(master);
}

/* The message of a task, or of its result, was lost: the worker says that it has nothing to do. */
static void recover_lost(struct master *master, struct worker *worker)
{
	guint count = g_queue_get_length(&worker->leases);

	log_warning("worker %s is idle, but %u of its tasks are unanswered: they are sent again", worker->id, count);
	worker->idle_beats = 0;
	for (; count && !g_queue_is_empty(&worker->leases); count--) {
		const struct lease *lease = g_queue_peek_head(&worker->leases);
		dispatch_take_back(master, lease->job, lease->tile, "its message was lost on the way");
	}
}

void dispatch_tick(struct master *master)
{
	GPtrArray *all = workers_all(master->workers);

	blame_tick(master);
	for (guint i = 0; i < all->len; i++) {
		struct worker *worker = g_ptr_array_index(all, i);
		if (worker->state == WORKER_GONE)
			continue;
		if (worker->idle_beats >= IDLE_BEATS && !g_queue_is_empty(&worker->leases))
			recover_lost(master, worker);
	}
	dispatch(master);
}

void dispatch_dead_letter(struct master *master, const struct job *job, guint index, const char *reason)
{
	struct record *record = record_new(TOPIC_DEAD, -1, NULL);
	g_autoptr(GError) error = NULL;

	record_add(record, "job", job->id);
	record_addf(record, "tile", "%u", index);
	record_add(record, "pipeline", job->pipeline->name);
	record_add(record, "source", job->source);
	record_add(record, "reason", reason);
	if (!bus_send(master->bus, record, NULL, NULL, &error))
		log_warning("dead letter: %s", error->message);
}

/* SPDX-License-Identifier: GPL-2.0-or-later
 * A task to a worker: on which plane, as which record, and what becomes of it when it cannot be sent: see send_task.h. */
#include "master/schedule/send_task.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/disk/beneath.h"
#include "base/error.h"
#include "base/log.h"
#include "base/testing/crash.h"
#include "bus/protocol/parcels.h"
#include "bus/send.h"
#include "master/fleet/lease.h"
#include "master/schedule/asset_copies.h"
#include "master/schedule/job_waiting.h"
#include "master/schedule/retry_task.h"
#include "master/state/job_events.h"
#include "master/state/state.h"

/* Memory of this machine, or for a whole job its files. */
static bool may_share(const struct worker *worker, const struct job *job)
{
	return worker->here && !worker->no_shm && !(job->plan.lane == LANE_WHOLE && worker->beat->no_files);
}

gsize send_task_bytes(const struct job *job, guint index)
{
	const struct rect *need = &job->work.tiles[index].need;

	if (job->plan.lane == LANE_WHOLE)
		return (gsize)job->claim->bytes;
	return (gsize)need->width * (gsize)need->height * (gsize)job->plan.ring.pixel_bytes;
}

/* shm where both sides can; inline where asked for, but never what the embedded broker would lose. There, whole files
 * go by their path, and rectangles beyond its window through memory. */
bool send_task_plane(
	const struct master *master, const struct worker *worker, const struct job *job, guint index, enum plane *plane)
{
	const char *wish = master->settings.options->payload;
	bool share = may_share(worker, job);
	bool fits = !master->link.embedded ||
		    (job->plan.lane == LANE_TILED && send_task_bytes(job, index) <= EMBEDDED_WINDOW_BYTES);

	if (strcmp(wish, "inline") == 0) {
		*plane = fits || !share ? PLANE_INLINE : PLANE_SHM;
		return true;
	}
	*plane = share && worker->beat->planes[PLANE_SHM] ? PLANE_SHM : PLANE_INLINE;
	return *plane == PLANE_SHM || strcmp(wish, "auto") == 0;
}

static bool pack_rows(const struct job *job, const struct rect *need, guint8 *packed, GError **error)
{
	const struct ring_place *ring = &job->plan.ring;
	gsize line = (gsize)need->width * (gsize)ring->pixel_bytes;

	for (int y = need->top; y < need->top + need->height; y++, packed += line)
		if (!segment_read(job->segment, ring_place_at(ring, need->left, y), packed, line, error))
			return false;
	return true;
}

/* The rectangle that the tile needs, packed. */
static GBytes *pack(const struct job *job, guint index, GError **error)
{
	gsize size = send_task_bytes(job, index);
	g_autofree guint8 *packed = g_malloc(size);
	gint64 began = clock_now_us();

	if (!pack_rows(job, &job->work.tiles[index].need, packed, error))
		return NULL;
	spent_add(job->times.spent, SPENT_PACK_US, clock_now_us() - began);
	spent_add(job->times.spent, SPENT_PACKED, (gint64)size);
	return g_bytes_new_take(g_steal_pointer(&packed), size);
}

/* The original, which is read as it is sent. It is not mapped: who dropped it may still cut it short. */
static struct body *open_original(const struct job *job, GError **error)
{
	const char *path = job->claim->path;
	struct stat status;
	int fd = beneath_open(path, O_RDONLY | O_NONBLOCK, 0);

	if (fd < 0 || fstat(fd, &status) != 0) {
		fail_errno_at(error, PLACE_ORIGINAL, "%s", job->source);
		if (fd >= 0)
			close(fd);
		return NULL;
	}
	struct body *body = body_new();
	body_add_file(body, job->source, fd, 0, status.st_size);
	return body;
}

/* What goes over the bus with the task. */
static bool load(const struct lease *lease, GBytes **payload, struct body **file, GError **error)
{
	if (lease->plane != PLANE_INLINE)
		return true;
	if (lease->job->plan.lane == LANE_WHOLE)
		return (*file = open_original(lease->job, error)) != NULL;
	return (*payload = pack(lease->job, lease->tile, error)) != NULL;
}

struct sent {
	struct master *master;
	char *job;
	enum delivery_end delivery;
	GError *error;
	guint32 serial;
	guint tile, attempt;
	gint *on_its_way; /* the lease's */
};

static void sent_free(struct sent *sent)
{
	g_free(sent->job);
	g_clear_error(&sent->error);
	g_atomic_rc_box_release(sent->on_its_way);
	g_free(sent);
}

/* What is too large may be tried elsewhere, and is counted. What cannot be read is the original's fault or its disk's.
 * The rest is the broker's trouble, which does not count against worker or picture, however long it lasts. */
static void take_undelivered(
	struct master *master, struct lease *lease, enum delivery_end delivery, const GError *error)
{
	struct job *job = lease->job;
	g_autofree char *why = g_strdup_printf("its task was not delivered: %s", error->message);

	if (delivery == DELIVERY_UNREADABLE) {
		job_fault(job, error);
	} else if (delivery == DELIVERY_REFUSED) {
		task_lost(lease, why);
	} else {
		task_take_back(lease, why);
		jobs_undelivered(master, job, why);
	}
}

static gboolean not_sent(gpointer data)
{
	struct sent *sent = data;
	struct master *master = sent->master;
	struct job *job = queue_find(&master->queue, sent->job);

	bool runs = job && job->course.run == sent->serial && job->work.tiles;
	struct lease *lease = runs ? lease_attempt(job, sent->tile, sent->attempt) : NULL;

	if (lease) {
		log_debug("%s tile %u was not delivered: %s", job->id, sent->tile, sent->error->message);
		take_undelivered(master, lease, sent->delivery, sent->error);
		master->events.wanted = true;
	}
	sent_free(sent);
	return G_SOURCE_REMOVE;
}

/* Any thread. The loop is not called for success: that shows in the result. */
static void delivered(enum delivery_end delivery, const GError *error, void *user)
{
	struct sent *sent = user;

	if (delivery == DELIVERED) {
		g_atomic_int_set(sent->on_its_way, 0);
		sent_free(sent);
		return;
	}
	sent->delivery = delivery;
	sent->error = g_error_copy(error);
	g_idle_add_full(G_PRIORITY_DEFAULT, not_sent, sent, NULL);
}

static bool ship(struct master *master, struct lease *lease, struct record *record, GError **error)
{
	struct sent *sent = g_new(struct sent, 1);

	lease->on_its_way = g_atomic_rc_box_new(gint);
	*lease->on_its_way = 1;
	*sent = (struct sent){.master = master,
		.job = g_strdup(lease->job->id),
		.serial = lease->job->course.run,
		.tile = lease->tile,
		.attempt = lease->attempt,
		.on_its_way = g_atomic_rc_box_acquire(lease->on_its_way)};
	record->wanted = g_atomic_rc_box_acquire(lease->on_its_way);
	if (bus_ship(master->link.bus, record, delivered, sent, error)) {
		spent_add(lease->job->times.spent, SPENT_RECORDS_SENT, 1);
		return true;
	}
	sent_free(sent);
	return false;
}

/* In turn, so that brokers and disks share the load; but not where its last task lies, for that may be unread there. */
static gint32 next_partition(struct worker *worker, struct tile *tile)
{
	const GArray *partitions = worker->beat->partitions;
	gint32 partition = g_array_index(partitions, gint32, worker->turn++ % partitions->len);

	if (partition + 1 == tile->sent_to)
		partition = g_array_index(partitions, gint32, worker->turn++ % partitions->len);
	tile->sent_to = partition + 1;
	return partition;
}

/* unsent: it was the bus that did not take it, and not the job's fault. */
static bool publish(struct master *master, struct lease *lease, GPtrArray *parcels, bool *unsent, GError **error)
{
	struct job *job = lease->job;
	struct worker *worker = lease->worker;
	guint index = lease->tile;
	struct tile *tile = &job->work.tiles[index];
	g_autoptr(GBytes) payload = NULL;
	auto_struct(body) file = NULL;

	if (!load(lease, &payload, &file, error))
		return false;
	struct task task = {
		.kind = job->plan.lane == LANE_WHOLE ? TASK_WHOLE : TASK_TILE,
		.plane = lease->plane,
		.limit_ms = (gint64)(job->pipeline->limits.seconds * 1000),
		.job = job->id,
		.serial = job->course.run,
		.tile = (gint32)index,
		.attempt = (gint32)lease->attempt,
		.worker = worker->id,
		.output = tile->output,
		.out = tile->out,
		.need = tile->need,
		.spec = (char *)job_spec(job, lease->plane),
		.payload = payload,
		.file = file,
		.parcels = parcels,
	};
	gint32 partition = next_partition(worker, tile);
	g_autoptr(GError) cause = NULL;
	CRASH_POINT("publish.before_send");
	if (ship(master, lease, task_to_record(&task, partition), &cause))
		return true;
	*unsent = error_kind(cause) != ERROR_INPUT;
	g_propagate_error(error, g_steal_pointer(&cause));
	return false;
}

/* Not for the bus, but for what was to be sent. */
static void cannot_send(struct job *job, const GError *error)
{
	/* Of another domain: an asset cannot be read. */
	enum error_kind kind = error->domain == DROPMILL_ERROR ? error_kind(error) : ERROR_INPUT;

	if (kind == ERROR_INPUT)
		job_bad(job, SHOWN_INPUT, error->message);
	else if (kind == ERROR_SYSTEM)
		job_broken(job, error->message); /* its rows are gone */
	else
		job_trouble(job, error->message);
}

bool send_task(struct master *master, struct job *job, guint index, struct worker *worker, enum plane plane)
{
	struct tile *tile = &job->work.tiles[index];
	int weight = job->plan.lane == LANE_WHOLE ? WEIGHT_WHOLE : WEIGHT_TILE;
	bool unsent = false;
	g_autoptr(GError) error = NULL;
	g_autoptr(GPtrArray) parcels = assets_parcels(&master->link, job, worker, &error);
	gsize bytes = (plane == PLANE_INLINE ? send_task_bytes(job, index) : 0) + parcels_bytes(parcels);

	tile->attempt++;
	struct lease *lease = lease_begin(worker, job, index, weight, plane, bytes);
	if (tile->who)
		g_ref_string_release(tile->who);
	tile->who = g_ref_string_acquire(worker->id);
	if (!job->work.first_sent_us)
		job->work.first_sent_us = lease->sent_us;
	if (plane == PLANE_SHM && job->segment)
		segment_offer(job->segment, index, job->course.run, lease->attempt);
	CRASH_POINT("publish.leased");
	if (!error && publish(master, lease, parcels, &unsent, &error)) {
		CRASH_POINT("publish.sent");
		assets_sent(worker, parcels);
		return true;
	}
	if (!unsent) {
		cannot_send(job, error);
		return true;
	}
	/* The topic is gone: this tile waits; the clock comes back here. */
	g_autofree char *why = g_strdup_printf("its task cannot be sent: %s", error->message);
	jobs_undelivered(master, job, why);
	if (plane == PLANE_SHM && job->segment)
		segment_revoke(job->segment, index, job->course.run, lease->attempt);
	if (lease_end(lease)) {
		tile->state = TILE_READY;
		g_queue_push_head(&job->work.ready, GUINT_TO_POINTER(index));
	}
	return false;
}

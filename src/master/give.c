/* SPDX-License-Identifier: GPL-2.0-or-later
 * A task to a worker: on which plane, as which record, and what becomes of it when it cannot be sent: see state.h. */
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/beneath.h"
#include "base/clock.h"
#include "base/crash.h"
#include "base/error.h"
#include "base/log.h"
#include "bus/payload.h"
#include "master/assets.h"
#include "master/state.h"

/* Tasks of this size are not taken for lost as long as they are on their way. */
#define TOLD_BYTES (256 << 10)

/* Memory of this machine, or for a whole job its files. */
static bool may_share(const struct worker *worker, const struct job *job)
{
	return worker->here && !worker->no_shm && !(job->lane == LANE_WHOLE && worker->beat->no_files);
}

bool give_shares(const struct master *master, const struct worker *worker)
{
	return worker->here && !worker->no_shm && worker->beat->planes[PLANE_SHM] &&
	       strcmp(master->options->payload, "inline") != 0;
}

guint give_sharing(const struct master *master)
{
	GPtrArray *all = workers_all(master->workers);
	guint count = 0;

	for (guint i = 0; i < all->len; i++) {
		const struct worker *worker = all->pdata[i];
		count += worker->state == WORKER_LIVE && give_shares(master, worker);
	}
	return count;
}

gsize give_bytes(const struct job *job, guint index)
{
	const struct rect *need = &job->tiles[index].need;

	if (job->lane == LANE_WHOLE)
		return (gsize)job->claim->bytes;
	return (gsize)need->width * (gsize)need->height * (gsize)job->ring.pixel_bytes;
}

/* shm where both sides can; inline where asked for, but never what the embedded broker would lose: there, whole files go by their path and
 * rectangles beyond its window through memory. */
bool give_plane(
	const struct master *master, const struct worker *worker, const struct job *job, guint index, enum plane *plane)
{
	const char *wish = master->options->payload;
	bool share = may_share(worker, job);
	bool fits = !master->embedded || (job->lane == LANE_TILED && give_bytes(job, index) <= EMBEDDED_WINDOW_BYTES);

	if (strcmp(wish, "inline") == 0) {
		*plane = fits || !share ? PLANE_INLINE : PLANE_SHM;
		return true;
	}
	*plane = share && worker->beat->planes[PLANE_SHM] ? PLANE_SHM : PLANE_INLINE;
	return *plane == PLANE_SHM || strcmp(wish, "auto") == 0;
}

static bool pack_rows(const struct job *job, const struct rect *need, guint8 *packed, GError **error)
{
	const struct ring_place *ring = &job->ring;
	gsize line = (gsize)need->width * (gsize)ring->pixel_bytes;

	for (int y = need->top; y < need->top + need->height; y++, packed += line)
		if (!segment_read(job->segment, ring_place_at(ring, need->left, y), packed, line, error))
			return false;
	return true;
}

/* The rectangle that the tile needs, packed. */
static GBytes *pack(const struct job *job, guint index, GError **error)
{
	gsize size = give_bytes(job, index);
	g_autofree guint8 *packed = g_malloc(size);
	gint64 began = clock_now_us();

	if (!pack_rows(job, &job->tiles[index].need, packed, error))
		return NULL;
	spent_add(job->spent, SPENT_PACK_US, clock_now_us() - began);
	spent_add(job->spent, SPENT_PACKED, (gint64)size);
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
	body_add_file(body, fd, 0, status.st_size);
	return body;
}

/* What goes over the bus with the task. */
static bool load(const struct lease *lease, GBytes **payload, struct body **file, GError **error)
{
	if (lease->plane != PLANE_INLINE)
		return true;
	if (lease->job->lane == LANE_WHOLE)
		return (*file = open_original(lease->job, error)) != NULL;
	return (*payload = pack(lease->job, lease->tile, error)) != NULL;
}

struct sent {
	struct master *master;
	char *job, *error;
	guint32 serial;
	guint tile, attempt;
	bool told; /* of success, too */
};

static void sent_free(struct sent *sent)
{
	g_free(sent->job);
	g_free(sent->error);
	g_free(sent);
}

static gboolean was_sent(gpointer data)
{
	struct sent *sent = data;
	struct master *master = sent->master;
	struct job *job = jobs_find(master, sent->job);

	bool runs = job && job->serial == sent->serial && job->tiles;
	struct lease *lease = runs ? lease_attempt(job, sent->tile, sent->attempt) : NULL;

	if (lease)
		lease->on_its_way = false;
	if (lease && sent->error) {
		log_warning("%s tile %u was not delivered: %s", job->id, sent->tile, sent->error);
		broker_ask(master->broker);
		g_autofree char *why = g_strdup_printf("its task was not delivered: %s", sent->error);
		dispatch_lost(master, lease, why);
		dispatch(master);
	}
	sent_free(sent);
	return G_SOURCE_REMOVE;
}

/* Any thread. Of success the loop is told where it takes long: else it shows in the result. */
static void delivered(const char *error, void *user)
{
	struct sent *sent = user;

	sent->error = g_strdup(error);
	if (error || sent->told)
		g_idle_add_full(G_PRIORITY_DEFAULT, was_sent, sent, NULL);
	else
		sent_free(sent);
}

static bool ship(struct master *master, struct lease *lease, struct record *record, GError **error)
{
	struct sent *sent = g_new0(struct sent, 1);

	lease->on_its_way = payload_bytes(record) >= TOLD_BYTES;
	*sent = (struct sent){master, g_strdup(lease->job->id), NULL, lease->job->serial, lease->tile, lease->attempt,
		lease->on_its_way};
	if (bus_ship(master->bus, record, delivered, sent, error)) {
		spent_add(lease->job->spent, SPENT_RECORDS_SENT, 1);
		return true;
	}
	sent_free(sent);
	return false;
}

/* unsent: it was the bus that did not take it, and not the job's fault. */
static bool publish(struct master *master, struct lease *lease, GPtrArray *parcels, bool *unsent, GError **error)
{
	struct job *job = lease->job;
	const struct worker *worker = lease->worker;
	guint index = lease->tile;
	const struct tile *tile = &job->tiles[index];
	g_autoptr(GBytes) payload = NULL;
	auto_struct(body) file = NULL;

	if (!load(lease, &payload, &file, error))
		return false;
	struct task task = {
		.kind = job->lane == LANE_WHOLE ? TASK_WHOLE : TASK_TILE,
		.plane = lease->plane,
		.limit_ms = (gint64)(job->pipeline->limits.seconds * 1000),
		.job = job->id,
		.serial = job->serial,
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
	gint32 partition =
		g_array_index(worker->beat->partitions, gint32, lease->attempt % worker->beat->partitions->len);
	g_autoptr(GError) cause = NULL;
	CRASH_POINT("publish.before_send");
	if (ship(master, lease, task_to_record(&task, partition), &cause))
		return true;
	*unsent = error_kind(cause) != ERROR_INPUT;
	g_propagate_error(error, g_steal_pointer(&cause));
	return false;
}

/* Not for the bus, but for what was to be sent. */
static void cannot_give(struct master *master, struct job *job, const GError *error)
{
	/* Of another domain: an asset cannot be read. */
	enum error_kind kind = error->domain == DROPMILL_ERROR ? error_kind(error) : ERROR_INPUT;

	if (kind == ERROR_INPUT)
		jobs_fail(master, job, error->message);
	else if (kind == ERROR_SYSTEM)
		jobs_start_over(master, job, error->message); /* its rows are gone */
	else
		jobs_wait(master, job, error->message);
}

bool give(struct master *master, struct job *job, guint index, struct worker *worker, enum plane plane)
{
	struct tile *tile = &job->tiles[index];
	int weight = job->lane == LANE_WHOLE ? WEIGHT_WHOLE : WEIGHT_TILE;
	bool unsent = false;
	g_autoptr(GError) error = NULL;
	g_autoptr(GPtrArray) parcels = assets_parcels(master, job, worker, &error);
	gsize bytes = (plane == PLANE_INLINE ? give_bytes(job, index) : 0) + parcels_bytes(parcels);

	tile->attempt++;
	struct lease *lease = lease_begin(worker, job, index, weight, plane, bytes);
	if (tile->who)
		g_ref_string_release(tile->who);
	tile->who = g_ref_string_acquire(worker->id);
	if (!job->first_sent_us)
		job->first_sent_us = lease->sent_us;
	if (plane == PLANE_SHM && job->segment)
		segment_offer(job->segment, index, job->serial, lease->attempt);
	CRASH_POINT("publish.leased");
	if (!error && publish(master, lease, parcels, &unsent, &error)) {
		CRASH_POINT("publish.sent");
		assets_sent(worker, parcels);
		return true;
	}
	if (!unsent) {
		cannot_give(master, job, error);
		return true;
	}
	/* The topic is gone: this tile waits; the clock comes back here. */
	log_debug("%s tile %u: %s", job->id, index, error->message);
	broker_ask(master->broker);
	if (plane == PLANE_SHM && job->segment)
		segment_revoke(job->segment, index, job->serial, lease->attempt);
	if (lease_end(lease)) {
		tile->state = TILE_READY;
		g_queue_push_head(&job->ready, GUINT_TO_POINTER(index));
	}
	return false;
}

/* SPDX-License-Identifier: GPL-2.0-or-later
 * Results in: the first valid one of a tile's latest attempt wins, others are counted and dropped: see assemble.h. */
#include "master/schedule/assemble.h"

#include <string.h>

#include "base/clock.h"
#include "base/counters.h"
#include "base/disk/beneath.h"
#include "base/disk/folder.h"
#include "base/disk/roots.h"
#include "base/error.h"
#include "base/json.h"
#include "base/log.h"
#include "base/testing/crash.h"
#include "master/fleet/failure_votes.h"
#include "master/fleet/lease.h"
#include "master/fleet/worker_select.h"
#include "master/fleet/worker_slot.h"
#include "master/fleet/worker_timing.h"
#include "master/report/view.h"
#include "master/report/view_task.h"
#include "master/schedule/asset_copies.h"
#include "master/schedule/job_codec.h"
#include "master/schedule/reissue.h"
#include "master/schedule/schedule.h"
#include "master/state/job_events.h"
#include "master/state/state.h"

/* The temp files of a late whole result: nobody will rename them. Only our names in our folder, and not those of the
 * present run. Kafka may deliver a result twice, and the second one must not remove files that are being committed. */
static void remove_late_temps(const struct settings *settings, const struct job *job, const struct result *result)
{
	if (job && job->course.run == result->serial)
		return;
	g_autoptr(JsonObject) report = json_parse_object(result->report, -1, NULL);
	JsonArray *outputs = json_array(report, "outputs");
	g_autofree char *prefix = g_strdup_printf(".dropmill-%s-%u-", result->job, result->serial);

	for (guint i = 0; outputs && i < json_array_get_length(outputs); i++) {
		g_autofree char *path = json_path(json_object_at(outputs, i), "temp");
		g_autofree char *name = path ? g_path_get_basename(path) : NULL;
		if (name && g_str_has_prefix(name, prefix) && beneath_within(path, settings->options->out))
			folder_discard(path);
	}
}

/* The lease that this result answers, or NULL: an older attempt, an older run, a job that is over, a worker that was not asked. */
static struct lease *answered(const struct job *job, const struct result *result)
{
	if (!job || job->course.run != result->serial || !job->work.tiles || result->tile < 0 ||
		(guint)result->tile >= job->work.tile_count)
		return NULL;
	struct lease *lease = lease_attempt(job, (guint)result->tile, (guint)result->attempt);
	return lease && strcmp(lease->worker->id, result->worker) == 0 ? lease : NULL;
}

/* Inline pixels go to their place in the ring; those that the disk lost do not. */
static bool place_pixels(struct job *job, const struct tile *tile, const struct result *result, GError **error)
{
	const struct ring_place *ring = &g_array_index(job->plan.rings, struct ring_place, tile->output);
	gsize expected = (gsize)tile->out.width * (gsize)tile->out.height * (gsize)ring->pixel_bytes;
	gsize size = (gsize)body_bytes(result->payload);

	if (size != expected)
		return fail(error, ERROR_RETRY, "%zu bytes of pixels came back, not %zu", size, expected);
	g_autoptr(GBytes) bytes = body_read(result->payload, 0, size, error);
	if (!bytes || !body_was_kept(result->payload, error))
		return false;
	const guint8 *pixels = g_bytes_get_data(bytes, NULL);
	gint64 began = clock_now_us();
	gsize line = (gsize)tile->out.width * (gsize)ring->pixel_bytes;
	for (int y = tile->out.top; y < tile->out.top + tile->out.height; y++, pixels += line)
		if (!segment_write(job->segment, ring_place_at(ring, tile->out.left, y), pixels, line, error))
			return false;
	spent_add(job->times.spent, SPENT_PACK_US, clock_now_us() - began);
	spent_add(job->times.spent, SPENT_PACKED, (gint64)size);
	return true;
}

/* The files of a folder that came packed. */
static bool measure_folder(struct job_output *output, GError **error)
{
	g_autoptr(GBytes) bytes = body_map(output->arrived, output->arrived_at, (gsize)output->arrived_bytes, error);

	if (bytes)
		output->bytes = folder_packed_bytes(bytes);
	return bytes != NULL;
}

/* A whole job's report; inline, its outputs came one after the other. */
static bool take_outputs(struct job *job, enum plane plane, const struct result *result, GError **error)
{
	g_autoptr(JsonObject) report = json_parse_object(result->report, -1, error);
	JsonArray *outputs = json_array(report, "outputs");
	gsize size = (gsize)body_bytes(result->payload), offset = 0;

	job_skip_outputs(job, json_array(report, "skipped"));
	if (!outputs || !job->outputs->len || json_array_get_length(outputs) != job->outputs->len)
		return fail(error, ERROR_SYSTEM, "the worker's report does not fit the job");
	job->plan.width = (int)json_int(report, "width", 0);
	job->plan.height = (int)json_int(report, "height", 0);
	jobs_read_outputs(job, outputs);
	job_show_run(job, report, outputs);
	for (guint i = 0; plane == PLANE_INLINE && i < json_array_get_length(outputs); i++) {
		struct job_output *output = job_reported_output(job, json_object_at(outputs, i), i);
		gsize length = output ? (gsize)output->bytes : G_MAXSIZE;
		if (length > size - offset)
			return fail(error, ERROR_SYSTEM, "outputs of %zu bytes came back cut off", length);
		body_unref(output->arrived); /* a report that names it twice */
		output->arrived = body_ref(result->payload);
		output->arrived_at = (gint64)offset;
		output->arrived_bytes = (gint64)length;
		if (output->is_folder && !measure_folder(output, error))
			return false;
		offset += length;
	}
	return offset == size ||
	       fail(error, ERROR_SYSTEM, "%zu bytes came back that belong to no output", size - offset);
}

/* When the rest should be done, if it goes on as it did in this run: from measured times only, so not before some are. */
static void foresee(struct job *job)
{
	gint64 now = clock_now_us();

	if (job->work.done >= 4)
		job->work.eta_us = now + (now - job->work.first_sent_us) / job->work.done *
						 (job->work.tile_count - job->work.done);
}

static void tile_done(const struct lease *lease, gint64 took_us)
{
	struct job *job = lease->job;
	struct tile *tile = &job->work.tiles[lease->tile];
	bool held = reissue_over(job, lease->tile);

	tile->state = TILE_DONE;
	tile->took_us = took_us;
	g_ref_string_release(tile->who);
	tile->who = g_ref_string_acquire(lease->worker->id);
	job->work.done++;
	foresee(job);
	counter_add(COUNTER_TILES_DONE);
	if (job->plan.lane == LANE_WHOLE) {
		job_made(job);
	} else {
		job->times.codec_us = clock_now_us();
		codec_link_done(job->codec, lease->tile, held);
	}
}

/* A try failed, and this follows. shown: of what kind the error is when the job fails of it. */
static void after_failure(
	struct job *job, guint index, enum failure_answer answer, enum error_shown shown, const char *why)
{
	struct tile *tile = &job->work.tiles[index];
	int number = job->plan.lane == LANE_TILED ? (int)index : -1;

	switch (answer) {
	case ANSWER_WAIT:
		job->work.failed_tries++;
		job_note(job, TIMELINE_RETRIED, (int)index, NULL, "tile %u is left to the other worker that has it: %s",
			index, why);
		return;
	case ANSWER_LATER:
		job_trouble(job, why);
		return;
	case ANSWER_FAIL:
		tile->failed = true;
		job_bad(job, shown, why);
		return;
	case ANSWER_AGAIN:
	case ANSWER_START_OVER:
		job->work.failed_tries++;
		job_note(job, TIMELINE_RETRIED, number, tile->who, "tile %u is tried again: %s", index, why);
		break;
	case ANSWER_ELSEWHERE:
		job_note(job, TIMELINE_RETRIED, number, tile->who, "another worker tries: %s", why);
		break;
	}
	counter_add(COUNTER_TILES_RETRIED);
	if (answer == ANSWER_START_OVER) {
		job_broken(job, why);
	} else if (answer == ANSWER_ELSEWHERE && job->plan.lane == LANE_WHOLE) {
		job_renewed(job);
	} else {
		tile->state = TILE_READY;
		g_queue_push_head(&job->work.ready, GUINT_TO_POINTER(index));
	}
}

/* Nobody is at fault. */
static void tile_again(struct job *job, guint index, const char *why)
{
	const struct tile *tile = &job->work.tiles[index];
	enum failure_answer answer = mishap_answer(tile->lease != NULL, tile->attempt - tile->reissued);

	after_failure(job, index, answer, SHOWN_INPUT, why);
}

/* A worker could not do it, or says that the picture is at fault. */
static void tile_failed(struct master *master, const struct lease *lease, enum failure_kind kind, const char *why)
{
	struct job *job = lease->job;
	struct worker *worker = lease->worker;

	failure_votes_add(job, lease->tile, worker, kind, why);
	const struct failure_facts facts = {
		.kind = kind,
		.other_has_it = job->work.tiles[lease->tile].lease != NULL,
		.elsewhere = workers_elsewhere(master->fleet.workers, job, lease->tile),
		.verdicts = votes_verdicts(job->work.failure_votes, lease->tile),
		.trusted = worker->slot->breaker.state == BREAKER_CLOSED,
		.waits = job->course.waits,
	};
	after_failure(job, lease->tile, failure_answer(&facts), kind == FAILURE_LIMIT ? SHOWN_LIMIT : SHOWN_INPUT, why);
}

static void count_work(struct spent *spent, const struct result *result)
{
	spent_add(spent, SPENT_TASKS, 1);
	spent_add(spent, SPENT_COMPUTE_US, result->compute_us);
	spent_add(spent, SPENT_COMPUTE_CPU_US, result->spent.cpu_us);
	spent_add(spent, SPENT_COMPUTE_WAIT_US, result->spent.wait_us);
	spent_add(spent, SPENT_BUILD_US, result->spent.build_us);
	spent_add(spent, SPENT_COMPUTE_COPY_US, result->spent.copy_us);
	spent_add(spent, SPENT_COMPUTE_COPIED, result->spent.copied_bytes);
	spent_add(spent, SPENT_CHAINS, result->spent.chains);
}

/* lease: what it answers, as it was. */
static void accept(const struct lease *lease, const struct result *result)
{
	struct job *job = lease->job;
	g_autoptr(GError) error = NULL;
	bool placed = true;

	count_work(job->times.spent, result);
	CRASH_POINT("accept.arrived");
	if (job->plan.lane == LANE_WHOLE)
		placed = take_outputs(job, lease->plane, result, &error);
	else if (lease->plane == PLANE_INLINE)
		placed = place_pixels(job, &job->work.tiles[lease->tile], result, &error);
	CRASH_POINT("accept.placed");
	if (placed)
		failure_votes_managed(job, lease->tile, lease->worker);
	if (placed)
		tile_done(lease, result->compute_us);
	else if (job->plan.lane == LANE_WHOLE && g_error_matches(error, DROPMILL_ERROR, ERROR_SYSTEM))
		job_broken(job, error->message); /* nonsense; it counts, or would come back for ever */
	else if (job->plan.lane == LANE_WHOLE)
		job_fault(job, error);
	else
		tile_again(job, lease->tile, error->message);
}

static void refused(struct master *master, const struct lease *lease, const char *why)
{
	struct worker *worker = lease->worker;

	if (!beneath_exists(lease->job->claim->path)) {
		job_bad(lease->job, SHOWN_INPUT,
			"No such file or directory (it was never there, or was removed while it was in work)");
	} else if (!worker->no_shm && lease->plane == PLANE_SHM) {
		log_warning("worker %s cannot share memory with the master (%s): it gets its pixels inline", worker->id,
			why);
		worker->no_shm = true;
		tile_again(lease->job, lease->tile, why);
	} else {
		tile_failed(master, lease, FAILURE_TROUBLE, why);
	}
}

static void answer(struct master *master, const struct lease *lease, const struct result *result)
{
	struct job *job = lease->job;
	guint index = lease->tile;

	if (result->not_taken && (result->status == RESULT_FAILED || result->status == RESULT_RETRY)) {
		/* This master has no room for it: no worker is suspected, and none is asked in vain. */
		after_failure(job, index, result->status == RESULT_RETRY ? ANSWER_LATER : ANSWER_FAIL,
			result->limit ? SHOWN_LIMIT : SHOWN_INPUT, result->message);
		return;
	}
	switch (result->status) {
	case RESULT_OK:
		accept(lease, result);
		break;
	case RESULT_FAILED:
		tile_failed(master, lease, result->limit ? FAILURE_LIMIT : FAILURE_VERDICT, result->message);
		break;
	case RESULT_MISSING: {
		struct rect *need = &job->work.tiles[index].need;
		g_autofree char *why = g_strdup_printf("tile %u asked for pixels beyond its need, %dx%d at %d,%d: %s",
			index, need->width, need->height, need->left, need->top, result->message);
		job_other_lane(job, LANE_WHOLE, why);
		break;
	}
	case RESULT_HUGE:
		job_other_lane(job, LANE_TILED, "a large picture");
		break;
	case RESULT_RETRY:
		tile_failed(master, lease, result->limit ? FAILURE_FULL : FAILURE_TROUBLE, result->message);
		break;
	case RESULT_REFUSED:
		refused(master, lease, result->message);
		break;
	case RESULT_LACKS:
		assets_lacking(lease->worker, result->message);
		tile_again(job, index, "a worker lacks an asset, however often it is sent");
		break;
	case RESULT_STALE:
		tile_again(job, index, result->message);
		break;
	}
}

void assemble(struct master *master, struct result *result)
{
	struct job *job = queue_find(&master->queue, result->job);
	struct lease *lease = answered(job, result);
	struct worker *worker = workers_find(master->fleet.workers, result->worker);

	if (!lease) {
		counter_add(COUNTER_TILES_DUPLICATE);
		remove_late_temps(&master->settings, job, result);
		if (worker && !reissue_answered(&master->queue, worker, result))
			idle_worker_answered_late(&worker->idle);
	} else {
		struct lease was = *lease;
		bool ok = result->status == RESULT_OK;
		if (ok)
			worker_timing_answered(job, was.tile, worker, was.sent_us, result->compute_us);
		/* No longer leased to it, whatever follows. */
		lease_end(lease);
		worker->answered_us = clock_now_us();
		spent_add(job->times.spent, SPENT_RESULTS, 1);
		view_task(&master->report, &was, result);
		worker->tiles_done += ok;
		answer(master, &was, result);
	}
	result_free(result);
	view_changed(&master->report);
	schedule_run(master);
}

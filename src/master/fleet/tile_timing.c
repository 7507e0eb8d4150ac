/* SPDX-License-Identifier: GPL-2.0-or-later
 * How long tiles take: see tile_timing.h. */
#include "master/fleet/tile_timing.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"

/* Late by so many medians. */
#define MEDIANS 3
/* Or by so many deviations, which of a normal distribution are four sigmas. */
#define DEVIATIONS 6
/* From so many on the measurements are trusted. */
#define ENOUGH 8
/* Of the newest measurement in a worker's slowness. */
#define NEWEST 0.25
/* One that was stopped for long is no slower than this when it goes on. */
#define SLOWEST 16.0
#define FASTEST (1 / SLOWEST)

static int by_time(const void *a, const void *b)
{
	const gint64 x = *(const gint64 *)a, y = *(const gint64 *)b;

	return x < y ? -1 : x > y;
}

/* Sorts. */
static gint64 median(gint64 *times, guint count)
{
	qsort(times, count, sizeof *times, by_time);
	return times[count / 2];
}

static void compute(struct tile_timing *timing)
{
	gint64 times[TILE_TIMING_KEPT];
	guint count = MIN(timing->count, TILE_TIMING_KEPT);

	if (timing->computed == timing->count)
		return;
	timing->computed = timing->count;
	memcpy(times, timing->us, count * sizeof *times);
	timing->median_us = MAX(median(times, count), 1);
	for (guint i = 0; i < count; i++)
		times[i] = ABS(times[i] - timing->median_us);
	gint64 deviation = median(times, count);
	timing->late_us = MAX(timing->median_us * MEDIANS, timing->median_us + deviation * DEVIATIONS);
	if (count < ENOUGH)
		timing->late_us *= 2;
}

static struct tile_timing *like(const struct job *job, guint tile)
{
	struct tile_timing *timing = job->timings ? &job->timings[job->tiles[tile].output] : NULL;

	if (!timing || timing->count < TILE_TIMING_LEAST)
		return NULL;
	compute(timing);
	return timing;
}

gint64 tile_timing_usual_us(const struct job *job, guint tile)
{
	const struct tile_timing *timing = like(job, tile);

	return timing ? timing->median_us : 0;
}

gint64 tile_timing_late_us(const struct job *job, guint tile)
{
	const struct tile_timing *timing = like(job, tile);

	return timing ? timing->late_us : 0;
}

static double slowness(const struct worker *worker)
{
	return worker->slowness > 0 ? worker->slowness : 1;
}

gint64 tile_timing_own_us(const struct worker *worker, gint64 usual_us)
{
	return (gint64)((double)usual_us * slowness(worker));
}

void tile_timing_answered(struct job *job, guint tile, struct worker *worker, gint64 sent_us, gint64 compute_us)
{
	gint64 now = clock_now_us(), us = MAX(now - (worker ? MAX(sent_us, worker->answered_us) : now), compute_us);

	if (job->lane != LANE_TILED)
		return;
	if (!job->timings)
		job->timings = g_new0(struct tile_timing, job->rings->len);
	struct tile_timing *timing = &job->timings[job->tiles[tile].output];
	/* Against those before it: the first ones of a run build their chains. */
	gint64 usual = tile_timing_usual_us(job, tile);
	timing->us[timing->count++ % TILE_TIMING_KEPT] = us;
	if (worker && usual)
		worker->slowness =
			slowness(worker) * (1 - NEWEST) + CLAMP((double)us / (double)usual, FASTEST, SLOWEST) * NEWEST;
}

void tile_timing_found_late(struct worker *worker, gint64 since_us, gint64 usual_us)
{
	double least = usual_us ? (double)since_us / (double)usual_us : 1;

	worker->slowness = MAX(slowness(worker), MIN(least, SLOWEST));
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

gint64 tile_timing_since_us(const struct worker *worker, gint64 now_us)
{
	return MAX(now_us - began_us(worker), 0);
}

gint64 tile_timing_until_us(const struct worker *worker, const struct lease *last, gint64 unit_us, gint64 now_us)
{
	gint64 sum = 0, first = 0;

	for (GList *link = worker->late.head; link; link = link->next) {
		const struct late *late = link->data;
		if (last && late->sent_us > last->sent_us)
			continue;
		gint64 us = tile_timing_own_us(worker, unit_us * late->weight);
		first = first ? first : us;
		sum += us;
	}
	for (GList *link = worker->leases.head; link; link = link->next) {
		const struct lease *lease = link->data;
		gint64 usual = tile_timing_usual_us(lease->job, lease->tile);
		gint64 us = tile_timing_own_us(worker, usual ? usual : unit_us * lease->weight);
		first = first ? first : us;
		sum += us;
		if (lease == last)
			break;
	}
	if (sum == 0)
		return 0;
	gint64 since = tile_timing_since_us(worker, now_us);
	return sum - first + (since < first ? first - since : since);
}

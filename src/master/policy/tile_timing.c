/* SPDX-License-Identifier: GPL-2.0-or-later
 * How long tiles take: see tile_timing.h. */
#include "master/policy/tile_timing.h"

#include <stdlib.h>
#include <string.h>

/* Fewer measurements tell nothing. */
#define LEAST 2
/* Late by so many medians. */
#define MEDIANS 3
/* Or by so many deviations, which of a normal distribution are four sigmas. */
#define DEVIATIONS 6
/* From so many on the measurements are trusted. */
#define ENOUGH 8
/* The share of the newest measurement in a worker's slowness. */
#define NEWEST 0.25
/* A worker that was stopped for long counts as this slow when it goes on. */
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

void tile_timing_add(struct tile_timing *timing, gint64 us)
{
	gint64 times[TILE_TIMING_KEPT];

	timing->us[timing->count++ % TILE_TIMING_KEPT] = us;
	guint count = MIN(timing->count, TILE_TIMING_KEPT);
	if (count < LEAST)
		return;
	memcpy(times, timing->us, count * sizeof *times);
	timing->usual_us = MAX(median(times, count), 1);
	for (guint i = 0; i < count; i++)
		times[i] = ABS(times[i] - timing->usual_us);
	timing->late_us = MAX(timing->usual_us * MEDIANS, timing->usual_us + median(times, count) * DEVIATIONS);
	if (count < ENOUGH)
		timing->late_us *= 2;
}

gint64 tile_time_us(gint64 sent_us, gint64 answered_us, gint64 compute_us, gint64 now_us)
{
	return MAX(now_us - MAX(sent_us, answered_us), compute_us);
}

double slowness_after(double slowness, gint64 us, gint64 usual_us)
{
	if (usual_us == 0)
		return slowness;
	return slowness * (1 - NEWEST) + CLAMP((double)us / (double)usual_us, FASTEST, SLOWEST) * NEWEST;
}

double slowness_at_least(double slowness, gint64 since_us, gint64 usual_us)
{
	return usual_us == 0 ? slowness : MAX(slowness, MIN((double)since_us / (double)usual_us, SLOWEST));
}

gint64 slowness_own_us(double slowness, gint64 usual_us)
{
	return (gint64)((double)usual_us * slowness);
}

void backlog_add(struct backlog *backlog, gint64 us)
{
	if (backlog->first_us == 0)
		backlog->first_us = us;
	backlog->sum_us += us;
}

gint64 backlog_until_us(const struct backlog *backlog, gint64 since_us)
{
	gint64 first = backlog->first_us;

	if (backlog->sum_us == 0)
		return 0;
	return backlog->sum_us - first + (since_us < first ? first - since_us : since_us);
}

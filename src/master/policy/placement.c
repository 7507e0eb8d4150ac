/* SPDX-License-Identifier: GPL-2.0-or-later
 * The faster way to a worker far away: see placement.h. */
#include "master/policy/placement.h"

/* Fewer bytes of pixels are through before it would be worth to think about. */
#define LEAST_BYTES (64 << 20)
/* Bytes of pixels by bytes of the file: a file that is hardly compressed may as well be cut. */
#define LEAST_RATIO 4
/* A time that was only reckoned must be so much faster than a measured one. */
#define DOUBT 0.8
/* The share of a task's limit that a whole file may take. */
#define OF_LIMIT 0.25

bool placement_sends_file(const struct placement_facts *facts, const struct placement_times *times)
{
	gint64 bytes = facts->pixels * facts->pixel_bytes;
	double sent = times->sent > 0 ? times->sent : times->reckoned / DOUBT;

	if (facts->embedded || facts->tile_wished || facts->loose || !facts->streams)
		return false;
	if (bytes < LEAST_BYTES || bytes < LEAST_RATIO * facts->file_bytes || facts->live == 0 || facts->sharing > 0)
		return false;
	return times->cut > 0 && sent > 0 && sent < times->cut &&
	       sent * (double)facts->pixels <= facts->limit_s * G_USEC_PER_SEC * OF_LIMIT;
}

static double mean(double time, double newest)
{
	return time > 0 ? (time + newest) / 2 : newest;
}

struct placement_times placement_learn(struct placement_times times, const struct placement_run *run)
{
	if (!run->clean || run->pixels <= 0)
		return times;
	double pixels = (double)run->pixels, took = (double)run->took_us / pixels;
	if (run->sent) {
		times.sent = mean(times.sent, took);
		return times;
	}
	times.cut = mean(times.cut, took);
	/* Decoding is one thread's, whatever is done beside it. */
	times.reckoned = (double)MAX(run->decode_us, run->cpu_us / run->threads) / pixels;
	return times;
}

/* SPDX-License-Identifier: GPL-2.0-or-later
 * The faster way to a worker far away: see placement.h. */
#include "master/schedule/placement.h"

#include "base/clock.h"
#include "base/json.h"
#include "master/fleet/worker_select.h"
#include "master/schedule/schedule_private.h"

/* Less than that is through before it would be worth to think about. */
#define LEAST_BYTES (64 << 20)
/* Pixels by bytes of the file: what is hardly compressed may as well be cut. */
#define LEAST_RATIO 4
/* What was only reckoned must be so much faster than what was measured. */
#define DOUBT 0.8
/* Of a task's limit: a whole file in one task must not come near it. */
#define OF_LIMIT 0.25

/* Microseconds a pixel of the source, the newest counting half; 0: not known. */
struct placement_times {
	double cut, sent;
	double reckoned; /* sent, from the processor times of one that was cut */
};

static struct placement_times *times_of(struct queue *queue, const struct job *job)
{
	if (!queue->placement_times)
		queue->placement_times = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	struct placement_times *times = g_hash_table_lookup(queue->placement_times, job->pipeline->name);
	if (!times) {
		times = g_new0(struct placement_times, 1);
		g_hash_table_insert(queue->placement_times, g_strdup(job->pipeline->name), times);
	}
	return times;
}

static bool nobody_shares(const struct settings *settings, const struct fleet *fleet)
{
	return workers_live(fleet->workers) > 0 && workers_sharing(fleet->workers, settings->options) == 0;
}

static gint64 pixels_of(const struct job *job)
{
	return (gint64)job->width * job->height;
}

bool placement_sends_file(struct master *master, struct job *job, JsonObject *plan)
{
	JsonObject *source = json_object(json_object(plan, "task"), "source");
	gint64 bytes = pixels_of(job) * json_int(source, "pixel_bytes", 0);

	job->sent_as_file = false;
	if (master->link.embedded || master->settings.options->tile || job->loose || job->course.must == LANE_TILED ||
		!json_bool(plan, "streams", false) || bytes < LEAST_BYTES || bytes < LEAST_RATIO * job->claim->bytes ||
		!nobody_shares(&master->settings, &master->fleet))
		return false;
	const struct placement_times *times = times_of(&master->queue, job);
	double sent = times->sent > 0 ? times->sent : times->reckoned / DOUBT;
	double limit_us = job->pipeline->limits.seconds * G_USEC_PER_SEC * OF_LIMIT;
	if (times->cut <= 0 || sent <= 0 || sent >= times->cut || sent * (double)pixels_of(job) > limit_us)
		return false;
	job->sent_as_file = true;
	return true;
}

static void learn(double *time, double newest)
{
	*time = *time > 0 ? (*time + newest) / 2 : newest;
}

void placement_measured(struct queue *queue, struct workers *workers, const struct job *job)
{
	const gint64 *spent = job->spent ? job->spent->of : NULL;
	bool sent = job->sent_as_file;

	if (!spent || job->failed_tries || !pixels_of(job) || !job->began_us || !spent[SPENT_PACKED] ||
		(!sent && job->lane != LANE_TILED))
		return;
	struct placement_times *times = times_of(queue, job);
	double took = (double)(clock_now_us() - job->began_us) / (double)pixels_of(job);
	if (sent) {
		learn(&times->sent, took);
		return;
	}
	gint64 decode = spent[SPENT_DECODE_CPU_US];
	gint64 all = decode + spent[SPENT_COMPUTE_CPU_US] + spent[SPENT_ENCODE_CPU_US];
	learn(&times->cut, took);
	/* Decoding is one thread's, whatever is done beside it. */
	times->reckoned = (double)MAX(decode, all / workers_idle_neighbours(workers)) / (double)pixels_of(job);
}

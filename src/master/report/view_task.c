/* SPDX-License-Identifier: GPL-2.0-or-later
 * Answered tasks, for the log of tasks and the counters: see view_task.h. */
#include "master/report/view_task.h"

#include "base/clock.h"
#include "base/counters.h"
#include "base/json.h"
#include "status/task_log.h"

void view_task(const struct report *report, const struct lease *lease, const struct result *result)
{
	const struct job *job = lease->job;
	const struct tile *tile = &job->work.tiles[lease->tile];
	bool ok = result->status == RESULT_OK;
	bool failed = !ok && result->status != RESULT_HUGE; /* that one was only the wrong lane */
	struct stats *stats = report->of.stats;
	int bucket = 0;
	struct task_view view = {
		.sequence = report->sequence + 1,
		.end_wall_us = clock_wall_us(),
		.took_us = result->compute_us,
		.pixels = job->plan.lane == LANE_TILED ? (gint64)tile->out.width * tile->out.height : 0,
		.job = job->id,
		.source = job->source,
		.worker = lease->worker->id,
		.tile = result->tile,
		.failed = failed,
	};

	if (job->plan.lane == LANE_WHOLE && ok) { /* the worker's report has the picture's size */
		g_autoptr(JsonObject) said = json_parse_object(result->report, -1, NULL);
		view.pixels = said ? json_int(said, "width", 0) * json_int(said, "height", 0) : 0;
	}
	task_log_add(&view);
	if (!ok) {
		if (failed)
			counter_add(COUNTER_TILES_FAILED);
		return;
	}
	while (bucket < TASK_BOUNDS && (double)result->compute_us > task_bounds_s[bucket] * G_USEC_PER_SEC)
		bucket++;
	stats->task_buckets[bucket]++;
	stats->task_sum_us += result->compute_us;
}

/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   what the master counts of its work. Plain numbers; snapshots show them.
 * Thread:    the master's loop. Ownership: none.
 */
#pragma once

#include "status/snapshot.h"

#define STATS_SECONDS 60

struct stats {
	guint64 jobs_by_state[JOB_STATE_COUNT];
	guint64 task_buckets[TASK_BOUNDS + 1]; /* see snapshot.h */
	gint64 task_sum_us;
	guint64 errors[ERROR_KINDS_SHOWN];
	struct {
		gint64 second; /* clock_now_us() in seconds */
		guint jobs;
	} ended[STATS_SECONDS]; /* how many jobs ended in each of the last seconds, by the second modulo their number */
};

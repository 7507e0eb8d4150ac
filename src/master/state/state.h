/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   the master's own state: parts that have headers of their own, and what connects them. Functions that need one part take that part.
 * Thread:    the master's loop and nobody else.
 * Ownership: struct master owns all of it.
 */
#pragma once

#include <gio/gio.h>

#include "ledger/history.h"
#include "master/commit/commit.h"
#include "master/commit/kept_originals.h"
#include "master/commit/output_names.h"
#include "master/config/definitions.h"
#include "master/config/settings.h"
#include "master/fleet/fleet.h"
#include "master/inbox/inboxes.h"
#include "master/intake/intake.h"
#include "master/job/job.h"
#include "master/job/queue.h"
#include "master/link/codec_link.h"
#include "master/link/link.h"
#include "master/report/report.h"
#include "master/state/job_events.h"
#include "status/not_taken.h"
#include "status/stats.h"

/* Weight of tasks in a worker's window: eight tiles cover the round trip of a cluster, two whole files keep a worker busy. */
#define WINDOW_WEIGHT 8
#define WEIGHT_TILE 1
#define WEIGHT_WHOLE 4
/* Inline bytes that may be on their way to one worker. */
#define WINDOW_CLUSTER_BYTES (32 << 20)
/* Heartbeats come every second; so does the clock that looks for missing ones. */
#define MASTER_TICK_MS 1000

struct master_page;

struct master {
	GMainLoop *loop;
	struct settings settings;
	struct queue queue;
	struct job_events events; /* that run_effects() has not taken up yet */
	struct fleet fleet;
	struct stats stats;
	struct report report;
	struct definitions definitions;
	struct link link;
	struct intake *intake;
	struct waiting *waiting;
	struct inboxes *inboxes;
	struct committer *committer;
	struct names *names;
	struct history *history;
	const struct master_page *page;
	void *web; /* the open page */
	struct kept *kept;
	bool ready;
	bool draining;
	gint64 ticked_us;
	int exit_status;
	void (*finished_hook)(struct master *master, struct job *job); /* `once`: a job is done or failed */
	void *hook_data;
	void (*room_hook)(struct master *master); /* a job takes less room than before, or none */
};

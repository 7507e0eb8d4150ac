/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   what the page's snapshots are made of: the parts of the master that they show, the snapshot before, and the jobs that are over.
 * Thread:    the master's loop.
 * Ownership: borrows what it shows; the rest is its own.
 */
#pragma once

#include "master/config/definitions.h"
#include "master/config/settings.h"
#include "master/fleet/fleet.h"
#include "master/job/queue.h"
#include "master/link/link.h"
#include "status/not_taken.h"
#include "status/stats.h"

struct kept;

struct report_sources {
	const struct settings *settings;
	const struct definitions *definitions;
	const struct link *link;
	const struct queue *queue;
	const struct fleet *fleet;
	struct waiting *waiting;
	struct intake *intake; /* NULL: not there yet, and in `once` never */
	struct kept *kept;     /* the same */
	const bool *ready;
	struct stats *stats; /* the report counts jobs that end, and tasks */
};

struct report {
	struct report_sources of;
	bool page;             /* there is one that shows snapshots */
	GPtrArray *finished;   /* struct job_view, oldest first, bounded */
	guint64 kept_since;    /* every job that changed in a snapshot after this one is still shown */
	struct snapshot *last; /* as published; NULL: none */
	GHashTable *tallies;   /* pipeline's name to struct tally (view_pipeline.c) */
	guint64 sequence;      /* of the last snapshot */
	guint publish_timer;   /* 0: nothing changed since the last snapshot */
	gint64 published_us;
};

void report_init(struct report *report, const struct report_sources *of);
/* At the end of the process. */
void report_clear(struct report *report);

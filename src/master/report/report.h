/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   what the page's snapshots are made with: the one before, and the jobs that are over. Used by master/report alone.
 * Thread:    the master's loop. Ownership: the master owns all of it.
 */
#ifndef DROPMILL_MASTER_REPORT_REPORT_H
#define DROPMILL_MASTER_REPORT_REPORT_H

#include "status/snapshot.h"

struct report {
	GPtrArray *finished;   /* struct job_view, oldest first, bounded */
	guint64 kept_since;    /* every job that changed in a snapshot after this one is still shown */
	struct snapshot *last; /* as published; NULL: none */
	GHashTable *tallies;   /* pipeline's name to struct tally (view_pipeline.c) */
	guint64 sequence;      /* of the last snapshot */
	guint publish_timer;   /* 0: nothing changed since the last snapshot */
	gint64 published_us;
};

#endif

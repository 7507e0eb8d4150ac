/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   what each worker did in the last minute: the tasks that it answered, for the page's stream of them. An entry is written once
 *            and carries the sequence of the first snapshot that may show it, so that a snapshot and the log agree.
 * Thread:    written by the master's loop, read by any.
 * Ownership: the log's; strings are shared.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

/* How far it reaches back. */
#define TASK_LOG_US (60 * (gint64)G_USEC_PER_SEC)

struct task_view {
	guint64 sequence;
	gint64 end_wall_us; /* when the answer came, by the master's clock */
	gint64 took_us;     /* computing, as the worker says */
	gint64 pixels;      /* that it made; 0: none, or not known */
	char *job, *worker; /* GRefString */
	const char *source; /* of the job, as shown; NULL: not known */
	int tile;
	bool failed;
};

/* References job and worker, both of which must be GRefStrings, and copies source. */
void task_log_add(const struct task_view *task);
/* Those of snapshots above `above` up to `to`, oldest first; nobody adds meanwhile, so be quick. */
void task_log_each(guint64 above, guint64 to, void (*each)(const struct task_view *task, void *user), void *user);
/* Upper bounds of the histogram's buckets; the last is infinite. How many answered tasks took at most so long, since the start. */
#define TASK_BOUNDS 14
extern const double task_bounds_s[TASK_BOUNDS];

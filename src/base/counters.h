/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   how often this process did what must not grow with the number of files: the page's numbers for people who wonder, and what
 *            the tests hold it to.
 * Thread:    any. Ownership: one set of numbers for the process, from its start on.
 */
#pragma once

#include <glib.h>

/* The name in /api/status, and with _total behind it in /metrics; what it counts. */
#define COUNTERS(X)                                                                                                    \
	X(COUNTER_PROCESSES, "processes_started", "Processes that the master started.")                                \
	X(COUNTER_FOLDERS, "folders_read", "Folders that were read.")                                                  \
	X(COUNTER_REFUSED, "records_refused", "Records from Kafka that were malformed.")                               \
	X(COUNTER_OVERFLOWS, "inotify_overflows", "How often the kernel's queue of events overflowed.")
/* Of tiles: the name below "tiles" in /api/status, and as tiles_total{result=} in /metrics. */
#define TILE_COUNTERS(X)                                                                                               \
	X(COUNTER_TILES_DONE, "done", NULL)                                                                            \
	X(COUNTER_TILES_FAILED, "failed", "Answers that a worker could not do it.")                                    \
	X(COUNTER_TILES_RETRIED, "retried", NULL)                                                                      \
	X(COUNTER_TILES_REISSUED, "reissued", "Given to a second worker before the first had answered.")               \
	X(COUNTER_TILES_DUPLICATE, "duplicate", "Answers that another had preceded.")

enum counter {
#define X(id, name, about) id,
	COUNTERS(X) TILE_COUNTERS(X)
#undef X
		COUNTER_COUNT
};

/* One more; returns how many there are now. */
guint64 counter_add(enum counter counter);
guint64 counter_value(enum counter counter);

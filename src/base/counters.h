/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   how often this process did what must not grow with the number of files: the page's numbers for people who wonder, and what
 *            the tests hold it to.
 * Thread:    any. Ownership: one set of numbers for the process, from its start on.
 */
#ifndef DROPMILL_BASE_COUNTERS_H
#define DROPMILL_BASE_COUNTERS_H

#include <glib.h>

/* name, as shown, what it counts */
#define TALLIES(X)                                                                                                     \
	X(TALLY_PROCESSES, "processes_started", "Processes that the master started.")                                  \
	X(TALLY_FOLDERS, "folders_read", "Folders that were read.")

enum tallied {
#define X(name, text, about) name,
	TALLIES(X)
#undef X
		TALLY_COUNT
};

void tally(enum tallied what);
guint64 tally_of(enum tallied what);

#endif

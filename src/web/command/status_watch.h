/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   `dropmill status --watch`: the numbers, workers and jobs with bars, in place in a terminal; elsewhere a line for each thing that
 *            happens to a job. Fed by /api/events; if the mill goes away, the command waits for it.
 * Thread:    the main one, until a signal ends the process.
 */
#pragma once

#include <glib.h>

/* Returns only when there never was a mill, or when it cannot be watched (2: too many streams, not a mill): NULL is not
 * an error. */
int status_watch(const char *address, GError **error);

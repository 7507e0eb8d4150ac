/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   what happened to a job, in order: a list of struct timeline_entry.
 * Thread:    any; a list, once it is shown, does not change.
 * Ownership: returns owned.
 */
#pragma once

#include "status/job_view.h"

/* One more thing happened, at wall_us (microseconds since 1970). *timeline becomes a new list; NULL: there was none. tile: -1 for none; worker:
 * NULL for none. A list that is full loses an entry of its middle. */
void timeline_add(
	GPtrArray **timeline, gint64 wall_us, enum timeline_kind kind, int tile, const char *worker, const char *text);

/* [{"at", "kind", "text", "tile", "worker"}], at in microseconds since 1970; and back. NULL for any other text. */
char *timeline_to_text(const GPtrArray *timeline);
GPtrArray *timeline_from_text(const char *text);

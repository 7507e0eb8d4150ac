/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   a job's tiles as views, and its timeline: the two parts of its story that grow.
 * Thread:    the master's loop; what is returned is immutable.
 * Ownership: returns owned.
 */
#ifndef DROPMILL_STATUS_TILE_MAP_H
#define DROPMILL_STATUS_TILE_MAP_H

#include "master/job/job.h"

/* The tile map of the job's present run. Pieces in which nothing changed since `before` (NULL: there is none) are shared with it; when
 * nothing changed at all, it is `before` itself, referenced. NULL when the job has no tiles. */
struct tiles_view *tiles_show(const struct job *job, struct tiles_view *before, guint64 sequence);

/* One more thing happened. tile: -1 for none; worker: NULL for none. */
void job_note(struct job *job, enum timeline_kind kind, int tile, const char *worker, const char *format, ...)
	G_GNUC_PRINTF(5, 6);

/* [{"at", "kind", "text", "tile", "worker"}], at in microseconds since 1970; and back. Return owned; NULL for any other
 * text. */
char *timeline_to_text(const GPtrArray *timeline);
GPtrArray *timeline_from_text(const char *text); /* also in record_view.h */

#endif

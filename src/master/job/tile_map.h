/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   a job's tiles as views.
 * Thread:    the master's loop; what is returned is immutable.
 * Ownership: returns owned.
 */
#pragma once

#include "master/job/job.h"

/* The tile map of the job's present run. Pieces in which nothing changed since `before` (NULL: there is none) are shared with it; when
 * nothing changed at all, it is `before` itself, referenced. NULL when the job has no tiles. */
struct tiles_view *tiles_show(const struct job *job, struct tiles_view *before, guint64 sequence);

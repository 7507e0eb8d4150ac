/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   the pool of shared segments: memory that was touched once is used again (fresh pages cost as much as a blur). A segment
 *            that somebody might still write to is never lent again.
 * Thread:    the master's loop.
 * Ownership: a borrowed segment goes back with segments_give_back().
 */
#pragma once

#include "base/disk/shared_memory.h"

struct segments;

/* budget: bytes of memory for segments that are lent and those that are kept for the next; lent ones go first. */
struct segments *segments_new(const char *spool_folder, gsize budget);
void segments_free(struct segments *segments); /* NULL is fine */
DEFINE_AUTO(segments, segments_free)

struct segment *segments_borrow(struct segments *segments, gsize bytes, bool spool, guint tiles, GError **error);
/* tainted: a worker may still write into it. Then it is closed here; whoever has it mapped writes where nobody looks. */
void segments_give_back(struct segments *segments, struct segment *segment, bool tainted);

/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   files (and inboxes) that are seen and not taken: "not yet, because ...". What nobody knows of is as good as lost.
 * Thread:    waiting_set() on any thread, the rest on the master's loop.
 * Ownership: everything is copied.
 */
#pragma once

#include "status/snapshot.h"

struct waiting;

struct waiting *waiting_new(void);
void waiting_free(struct waiting *waiting); /* NULL is fine */

/* why NULL: that is over. True when this is news: a file that did not wait, does no more, or for another reason. */
bool waiting_set(struct waiting *waiting, const char *pipeline, const char *path, const char *why);

/* The number of files of this inbox that are not listed one by one, and the reason of all. count 0: there are none any
 * more. True when they did not wait before, or do no more. */
bool waiting_more(struct waiting *waiting, const char *pipeline, const char *inbox, guint64 count, const char *why);

/* Into a snapshot: first those of inboxes, then the oldest, a bounded number, and how many files there are. */
void waiting_view(struct waiting *waiting, struct snapshot *snapshot);

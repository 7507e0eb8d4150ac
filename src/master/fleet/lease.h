/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   the tasks that a worker holds: leases, and late tasks that another worker has answered.
 * Thread:    the master's loop.
 * Ownership: the worker owns them; they are borrowed until lease_end().
 */
#pragma once

#include "master/fleet/workers.h"

/* This worker has the tile's latest attempt now; a second one at the same time is the tile's extra. Borrowed until lease_end(). */
struct lease *lease_begin(
	struct worker *worker, struct job *job, guint tile, int weight, enum plane plane, gsize bytes);
/* It is answered, or taken back; freed. True when nobody has the tile any more: it is waiting then. NULL: false. */
bool lease_end(struct lease *lease);
/* The same, but its worker may still compute it, or begin with it. writes: into the job's segment. */
bool lease_lose(struct lease *lease, bool writes);
/* May it go to another although its worker was not heard to be dead? That one cannot begin with it from now on. */
bool lease_fenced(const struct lease *lease);
/* The lease of this attempt; NULL: nobody has it any more. */
struct lease *lease_attempt(const struct job *job, guint tile, guint attempt);
/* Its worker has begun with it, so far as is known here: through shared memory that is seen. */
bool lease_begun(const struct lease *lease);
/* Something large is on its way to it. */
bool worker_awaits(const struct worker *worker);
/* Something large comes from it: its answers are not lost. */
void worker_sends(struct worker *worker);
/* This worker's lease of the tile; NULL: it has none. */
struct lease *lease_of(const struct worker *worker, const struct job *job, guint tile);
/* The answer of a late task came, or will not come: a copy without the name in *late, if not NULL. False: it has no such task. */
bool worker_forget_late(
	struct worker *worker, const char *job, guint32 serial, guint tile, guint attempt, struct late *late);
void worker_forget_all_late(struct worker *worker);
/* A whole task is taken from its worker: the temp files that it may yet make are removed when it is dead. */
void worker_will_litter(const struct lease *lease);

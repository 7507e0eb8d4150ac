/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   gives tiles whose worker is late to a second worker: acts on what fleet/speculative.h decides.
 * Thread:    the master's loop. Ownership: none.
 */
#pragma once

#include "bus/protocol/wire.h"
#include "master/fleet/workers.h"
#include "master/job/queue.h"

/* Tiles that are late go to workers that have nothing to do; looks again by itself when the next one would be. */
void reissue_late(struct master *master);
/* The tile has its result: the other worker that has it is late from now on. True: that one may still write to where it lies. */
bool reissue_over(struct job *job, guint tile);
/* A result that nobody waits for. True: it was of a late task. */
bool reissue_answered(struct queue *queue, struct worker *worker, const struct result *result);
/* Nothing more comes of this worker's late tasks: it has nothing in hand. */
void reissue_forget(struct queue *queue, struct worker *worker);
void reissue_worker_gone(struct master *master, struct worker *worker, bool dead);

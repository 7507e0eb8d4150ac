/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   a large picture where no worker shares memory with the master. Cut, its pixels go over the network, many times the bytes of its
 *            file, and every worker helps; or its file goes to one worker, which takes a thread for each of its neighbours that is idle.
 *            What this pipeline's pictures took before decides; the first one is cut.
 * Thread:    the master's loop.
 * Ownership: the times are the master's.
 */
#ifndef DROPMILL_MASTER_SCHEDULE_PLACEMENT_H
#define DROPMILL_MASTER_SCHEDULE_PLACEMENT_H

#include "master/fleet/workers.h"
#include "master/job/queue.h"

struct master;

/* Shall the file be sent, now that the plan is known? Then job->sent_as_file is set. */
bool placement_sends_file(struct master *master, struct job *job, JsonObject *plan);
/* A job is done: what it took is remembered. */
void placement_measured(struct queue *queue, struct workers *workers, const struct job *job);

#endif

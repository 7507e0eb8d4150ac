/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   one task to one worker: on which plane, and as which record.
 * Thread:    the master's loop. Ownership: the job's, unless said otherwise.
 */
#ifndef DROPMILL_MASTER_SCHEDULE_SEND_TASK_H
#define DROPMILL_MASTER_SCHEDULE_SEND_TASK_H

#include "master/config/settings.h"
#include "master/fleet/fleet.h"
#include "master/job/job.h"

struct master;

/* What goes over the bus with this task when nothing is shared. */
gsize give_bytes(const struct job *job, guint tile);
/* Would this worker's tiles lie in memory that it shares with the master? */
bool give_shares(const struct settings *settings, const struct worker *worker);
/* How many live workers that is true of. */
guint give_sharing(const struct settings *settings, const struct fleet *fleet);
/* The plane that its pixels or its file would take to this worker. False: none may. */
bool give_plane(
	const struct master *master, const struct worker *worker, const struct job *job, guint tile, enum plane *plane);
/* Leases the tile to this worker and sends it; a lease that it has already stays. False: it could not be sent, and waits. */
bool give(struct master *master, struct job *job, guint tile, struct worker *worker, enum plane plane);

#endif

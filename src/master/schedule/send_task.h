/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   one task to one worker: on which plane, and as which record.
 * Thread:    the master's loop. Ownership: the job's, unless said otherwise.
 */
#pragma once

#include "master/fleet/workers.h"
#include "master/job/job.h"

struct master;

/* What goes over the bus with this task when nothing is shared. */
gsize send_task_bytes(const struct job *job, guint tile);
/* The plane that its pixels or its file would take to this worker. False: none may. */
bool send_task_plane(
	const struct master *master, const struct worker *worker, const struct job *job, guint tile, enum plane *plane);
/* Leases the tile to this worker and sends it; a lease that it has already stays. False: it could not be sent, and waits. */
bool send_task(struct master *master, struct job *job, guint tile, struct worker *worker, enum plane plane);

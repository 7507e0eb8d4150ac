/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   how a job begins: added, named, planned, and given to workers or a codec.
 * Thread:    the master's loop. Ownership: the job's, unless said otherwise.
 */
#ifndef DROPMILL_MASTER_SCHEDULE_JOB_START_H
#define DROPMILL_MASTER_SCHEDULE_JOB_START_H

#include "master/commit/output_names.h"
#include "master/config/settings.h"
#include "master/fleet/fleet.h"
#include "master/job/job.h"

struct master;

void jobs_add(struct master *master, struct job *job);
/* Its outputs have names, or not: the job goes on. user is the master. */
void jobs_named(struct named *named, void *user);
/* How many files of one inbox may be claimed and not finished. */
guint jobs_queue(const struct settings *settings, const struct fleet *fleet);
/* Starts queued jobs while there is room. */
void jobs_start(struct master *master);
/* Where one large picture came there come others: the next one's process has loaded its libraries by then (40 ms). */
void jobs_have_spare_codec(struct master *master);
/* A whole job's task was taken back: another run, other temp files. */
void jobs_renew_whole(struct master *master, struct job *job);

#endif

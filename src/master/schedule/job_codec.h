/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   what a job's codec process says.
 * Thread:    the master's loop. Ownership: the job's, unless said otherwise.
 */
#ifndef DROPMILL_MASTER_SCHEDULE_JOB_CODEC_H
#define DROPMILL_MASTER_SCHEDULE_JOB_CODEC_H

#include "master/job/job.h"

struct master;

/* The codec's messages; user is the job. */
void jobs_codec_event(JsonObject *event, const char *how, void *user);
/* Sizes of outputs, from a codec's or a worker's report. */
void jobs_read_outputs(struct job *job, JsonArray *list);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   what a job's codec process says.
 * Thread:    the master's loop. Ownership: the job's, unless said otherwise.
 */
#pragma once

#include "master/job/queue.h"

struct master;

/* The codec process of this job from now on; what it says is posted. NULL: none could be started. */
struct codec_link *jobs_codec_for(struct queue *queue, struct job *job, GError **error);
/* Where one large picture came there come others: the next one's process has loaded its libraries by then (40 ms). */
void jobs_have_spare_codec(struct master *master);
/* Sizes of outputs, from a codec's or a worker's report. */
void jobs_read_outputs(struct job *job, JsonArray *list);

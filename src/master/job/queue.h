/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   the unfinished jobs, and what decides which of them goes next.
 * Thread:    the master's loop. Ownership: the master owns all of it.
 */
#ifndef DROPMILL_MASTER_JOB_QUEUE_H
#define DROPMILL_MASTER_JOB_QUEUE_H

#include "master/job/job.h"

struct codec_link;

struct queue {
	GHashTable *jobs;         /* id to struct job: every unfinished job */
	GHashTable *sources;      /* job_owner() to the job that goes first of those with this original's name */
	GQueue queued;            /* struct job: by priority then age */
	GPtrArray *running;       /* struct job */
	GHashTable *stuck;        /* pipeline's name to how many of its jobs are stuck: see job_waiting.c */
	GHashTable *always_whole; /* hashes of the definitions whose chains are never cut, as far as codecs have said */
	GHashTable *far_times;    /* pipeline's name to struct far_times; NULL: none were measured */
	guint turn;               /* whose task goes next among the running */
	guint32 serial;           /* of the last run */
	struct codec_link *spare_codec; /* started for the next large picture; NULL: none */
};

#endif

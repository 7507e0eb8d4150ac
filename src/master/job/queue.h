/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   the unfinished jobs, and what decides which of them goes next.
 * Thread:    the master's loop. Ownership: the master owns all of it.
 */
#pragma once

#include "master/job/job.h"
#include "master/policy/placement.h"

struct codec_link;

struct queue {
	GHashTable *jobs;         /* id to struct job: every unfinished job */
	GHashTable *sources;      /* job_owner() to the job that goes first of those with this original's name */
	GQueue queued;            /* struct job: by priority then age */
	GPtrArray *running;       /* struct job */
	GHashTable *stuck;        /* pipeline's name to how many of its jobs are stuck: see job_waiting.c */
	GHashTable *always_whole; /* hashes of the definitions whose chains are never cut, as far as codecs have said */
	GHashTable *placement_times;    /* pipeline's name to struct placement_times */
	guint turn;                     /* whose task goes next among the running */
	guint32 serial;                 /* of the last run */
	struct codec_link *spare_codec; /* started for the next large picture; NULL: none */
};

void queue_init(struct queue *queue);
/* At the end of the process: jobs, and the lists of them, stay. */
void queue_clear(struct queue *queue);
/* NULL: it is gone. */
struct job *queue_find(const struct queue *queue, const char *id);
/* The job whose run with tiles this is. NULL: that run is over. */
struct job *queue_find_run(const struct queue *queue, const char *id, guint32 run);
/* To those that wait to be started, by priority and age. */
void queue_add(struct queue *queue, struct job *job);
/* How many jobs run, without those that only wait for a disk or a permission: whoever stops leaves them claimed. */
guint queue_busy(const struct queue *queue);
/* One more of its pipeline that is stuck, or one less. */
void queue_count_stuck(struct queue *queue, const struct job *job, bool stuck);
/* So many of its pipeline are stuck that no other is begun. */
bool queue_is_stuck(const struct queue *queue, const struct job *job);
/* Its pipeline has not too many that are stuck; of those that are, one at a time is tried. */
bool queue_may_start(const struct queue *queue, const struct job *job);
/* What its pipeline's pictures took so far, far from shared memory. Borrowed. */
struct placement_times *queue_placement_times(struct queue *queue, const struct job *job);

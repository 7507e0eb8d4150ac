/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   how far a reader is: which records of each partition it holds are finished. Internal to bus/.
 * Thread:    any: the reader's thread delivers, workers' threads finish, heartbeats ask.
 * Ownership: of nothing but its own.
 */
#pragma once

#include "bus/client.h"

struct progress;

/* track: remember each unfinished record; else only how far records were delivered. */
struct progress *progress_new(bool track);
void progress_free(struct progress *progress);
/* No partition is held any more; what is still being worked on of them is forgotten. */
void progress_clear(struct progress *progress);
/* start: the offset of the next record; negative when not known. One that is held stays as it is. */
void progress_add(struct progress *progress, enum topic topic, gint32 partition, gint64 start);
void progress_delivered(struct progress *progress, enum topic topic, gint32 partition, gint64 offset);
/* The offset up to which all is finished when it has moved, that is, the one to commit; else -1. */
gint64 progress_done(struct progress *progress, enum topic topic, gint32 partition, gint64 offset);
/* Records between where we are and the end as of the last fetch, of one partition (negative: of all); -1: none is known. */
gint64 progress_lag(struct progress *progress, rd_kafka_t *rk, const struct bus_options *options, gint32 partition);

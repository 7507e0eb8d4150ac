/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   what a worker sends back: the results of its tasks, and a reason for each task that it cannot take. Large results are sent as there is
 *            room, while it goes on; not without bound.
 * Thread:    any, but answers_wait(): the computing one.
 * Ownership: freed after its bus, whose reports of delivery use it.
 */
#pragma once

#include "worker/heartbeat.h"

struct answers;

/* partition: of results. */
struct answers *answers_new(struct bus *bus, struct pulse *pulse, int partition);
/* Whose tasks are finished when their results are delivered. */
void answers_reader(struct answers *answers, struct bus_reader *reader);

/* The task's record is finished when the result is delivered, or cannot be. A small result reports a large one that
 * cannot be delivered. */
void answers_send(struct answers *answers, const struct result *result, gint32 partition, gint64 offset);
/* For a record that is not a task for this worker: when it says whose lease it is, and that is this worker's. */
void answers_refuse(struct answers *answers, const struct record *record, const char *worker, enum result_status status,
	const GError *why);
/* Until what is on its way takes not too much memory. Each part has its time in librdkafka, so that this ends. */
void answers_wait(struct answers *answers);
/* Until nothing is on its way any more, or that time has come; nobody is finished afterwards. The reader, if there is one. */
struct bus_reader *answers_leave(struct answers *answers, gint64 until_us);
void answers_free(struct answers *answers);

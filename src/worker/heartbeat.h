/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   tells the master every second who this worker is, what it does and what it holds. It has a thread of its own, so that a
 *            worker in a long computation is busy, not dead.
 * Thread:    the setters may be called from any thread.
 * Ownership: pulse_free() joins the thread.
 */
#pragma once

#include "bus/protocol/heartbeat.h"
#include "bus/protocol/wire.h"
#include "bus/reader.h"

struct pulse;

/* about: id, planes, no_files, vips, test_hash, slot, restarts and endings are taken from it. */
struct pulse *pulse_new(struct bus *bus, const struct heartbeat *about);
void pulse_free(struct pulse *pulse); /* sends a last heartbeat that says "stopping" */

void pulse_partitions(struct pulse *pulse, const gint32 *partitions, gsize count); /* sends at once */
void pulse_reader(struct pulse *pulse, struct bus_reader *reader); /* for the lag; NULL: none any more */
/* From now on it says that nothing new is wanted; sends at once. */
void pulse_retire(struct pulse *pulse);
/* The process ends (PROCESS_OVERTIME) when the task is still in hand a while after its limit: no thread of libvips can be stopped. */
void pulse_begin(struct pulse *pulse, const struct task *task);
/* more: another task is waiting, so the worker is not idle. */
void pulse_end(struct pulse *pulse, enum result_status status, bool more);

/* So many results more, or less, are on their way; parts of a task are here and others are not. It is busy then, in hand or not. */
void pulse_sending(struct pulse *pulse, int change);
void pulse_receiving(struct pulse *pulse, bool receiving);

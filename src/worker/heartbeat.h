/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   tells the master every second who this worker is, what it does and what it holds. It has a thread of its own, so that a
 *            worker in a long computation is busy, not dead.
 * Thread:    the setters may be called from any thread.
 * Ownership: pulse_free() joins the thread.
 */
#ifndef DROPMILL_WORKER_HEARTBEAT_H
#define DROPMILL_WORKER_HEARTBEAT_H

#include "bus/wire.h"

struct pulse;

/* lag: asked before each heartbeat, may be NULL. */
struct pulse *pulse_new(struct bus *bus, const char *id, const bool planes[2], const char *vips, const char *test_hash);
void pulse_free(struct pulse *pulse); /* sends a last heartbeat that says "stopping" */

void pulse_partitions(struct pulse *pulse, const gint32 *partitions, gsize count); /* sends at once */
void pulse_reader(struct pulse *pulse, struct bus_reader *reader); /* for the lag; NULL: none any more */
void pulse_begin(struct pulse *pulse, const struct task *task);
/* more: another task is waiting, so the worker is not idle. */
void pulse_end(struct pulse *pulse, bool well, bool more);

#endif

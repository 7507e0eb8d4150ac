/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   what each task costs its worker: time and processor time, and the wait before it.
 * Thread:    the worker's computing thread. Ownership: plain; all 0 to begin with.
 */
#pragma once

#include "bus/protocol/wire.h"

struct stopwatch {
	gint64 began_us, cpu_us, ended_us;
	guint32 serial; /* of the task before */
};

void stopwatch_begin(struct stopwatch *watch);
/* Fills in what was measured; inner: what the task's own code measured, NULL: nothing. */
void stopwatch_end(struct stopwatch *watch, struct result *result, const struct work_spent *inner);

/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   where workers are started again, with the circuit breaker of whoever works there: it belongs to the place, not to a process.
 * Thread:    the master's loop.
 * Ownership: reference counted: registry, workers and failure votes.
 */
#pragma once

#include "master/policy/breaker.h"

struct worker_slot {
	guint references;
	char *name;   /* for the log: its latest worker's */
	char *reason; /* of the breaker's last opening; NULL */
	struct breaker breaker;
};

struct worker_slot *worker_slot_new(void);
struct worker_slot *worker_slot_ref(struct worker_slot *slot);
void worker_slot_unref(struct worker_slot *slot);

/* Tells the breaker, and the log of what follows. reason: of BREAKER_STRIKE and BREAKER_FAILED; else NULL. */
void worker_slot_happens(struct worker_slot *slot, enum breaker_event event, const char *reason, gint64 now_us);

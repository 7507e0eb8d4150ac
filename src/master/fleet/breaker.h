/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   a worker that fails what others manage (its disk is full, its libvips broken) is taken out for a while, and tried with one task
 *            before it is trusted again: a circuit breaker. It belongs to the place where workers are started again, not to a process.
 *            What a worker fails is first tried by another. Only when that one manages it is it a strike; a success wipes them out; three in
 *            a row open the breaker, for five seconds at first, twice as long each time. A picture that fails everywhere costs nobody anything.
 * Thread:    the master's loop.
 * Ownership: reference counted: registry, workers and failure_votes.
 */
#ifndef DROPMILL_MASTER_FLEET_BREAKER_H
#define DROPMILL_MASTER_FLEET_BREAKER_H

#include <glib.h>
#include <stdbool.h>

#include "base/auto.h"

#define BREAKER_STRIKES 3
#define BREAKER_FIRST_US (5 * G_USEC_PER_SEC)
#define BREAKER_LAST_US (300 * (gint64)G_USEC_PER_SEC)
/* Successes in a row after which the next time is short again. */
#define BREAKER_WELL 20

enum breaker_state { BREAKER_CLOSED, BREAKER_OPEN, BREAKER_HALF_OPEN };
const char *breaker_state_name(enum breaker_state state); /* "closed", "open", "half-open" */

struct breaker {
	guint references;
	char *name; /* for the log */
	enum breaker_state state;
	guint strikes, openings, well;
	bool on_suspicion; /* opened by a trial that failed, before others had tried the same */
	gint64 until_us;   /* open: when it is tried */
	char *reason;      /* of the last opening; NULL */
};

struct breaker *breaker_new(const char *name);
struct breaker *breaker_ref(struct breaker *breaker);
void breaker_unref(struct breaker *breaker); /* NULL is fine */
DEFINE_AUTO(breaker, breaker_unref)

/* Others managed what this one failed for this reason. */
void breaker_strike(struct breaker *breaker, const char *reason, gint64 now_us);
/* It failed a task. In a trial that is enough to wait again. */
void breaker_failed(struct breaker *breaker, const char *reason, gint64 now_us);
/* What it failed is the picture's fault: a trial that failed by it did not count. */
void breaker_absolve(struct breaker *breaker);
void breaker_succeeded(struct breaker *breaker);
/* The clock: open becomes half-open. */
void breaker_tick(struct breaker *breaker, gint64 now_us);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   a circuit breaker: a worker that fails what others manage (its disk is full, its libvips broken) is taken out for a while, and tried
 *            with one task before it is trusted again.
 *            What a worker fails is first tried by another. Only when that one manages it is it a strike; a success wipes them out. Three in
 *            a row open the breaker, for five seconds at first, twice as long each time. A picture that fails everywhere costs nobody anything.
 * Thread:    any. Ownership: none.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

#define BREAKER_STRIKES 3
#define BREAKER_FIRST_US (5 * G_USEC_PER_SEC)
#define BREAKER_LAST_US (300 * (gint64)G_USEC_PER_SEC)
/* Successes in a row after which the next time is short again. */
#define BREAKER_WELL 20

enum breaker_state { BREAKER_CLOSED, BREAKER_OPEN, BREAKER_HALF_OPEN };
const char *breaker_state_name(enum breaker_state state); /* "closed", "open", "half-open" */

struct breaker {
	enum breaker_state state;
	guint strikes, openings, well;
	bool on_suspicion; /* opened by a trial that failed, before others had tried the same */
	gint64 until_us;   /* open: when it is tried */
};

enum breaker_event {
	BREAKER_STRIKE,    /* others managed what this one failed */
	BREAKER_FAILED,    /* it failed a task: in a trial that is enough to wait again */
	BREAKER_ABSOLVED,  /* what it failed is the picture's fault: a trial that failed by it did not count */
	BREAKER_SUCCEEDED, /* it managed a task */
	BREAKER_TICKED     /* the clock: open becomes half-open */
};

/* True: it was opened or closed by this. */
bool breaker_happens(struct breaker *breaker, enum breaker_event event, gint64 now_us);

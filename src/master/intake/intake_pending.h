/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   a file that is seen and not taken yet, for intake_settle.c, which has the table and the timers, and intake_take.c, which has
 *            the last looks and the claim.
 * Thread:    intake's.
 * Ownership: the table (intake->pending) owns it; settle_drop() and settle_park() may free it.
 */
#ifndef DROPMILL_MASTER_INTAKE_INTAKE_PENDING_H
#define DROPMILL_MASTER_INTAKE_INTAKE_PENDING_H

#include "master/intake/intake_private.h"

struct pending {
	struct watched_inbox *inbox;
	char *path;
	const char *relative; /* its end */
	GSequenceIter *timer;
	gint64 due_us;
	gint64 quiet_us;   /* not to be claimed before */
	gint64 same_us;    /* since when it has been `seen` */
	struct stamp seen; /* at the last look */
	bool moved;        /* complete when it came */
	bool told;         /* by an event, since its content was compared last */
	bool put_back;     /* our own undone claim: its event means nothing */
	bool parked;       /* see settle_park() */
	guint failures;    /* in a row */
	gint64 came_us;    /* to its folder, by the wall's clock, when a walk found it; 0: an event told */
	gint64 first_us, first_wall_us;
	char *why; /* last told */
};

/* The next look at it. */
void settle_arm(struct pending *file, gint64 due_us);
/* True when it is what it was at the last look. */
bool settle_look(struct pending *file, const struct stat *status);
/* It is gone, or claimed. */
void settle_drop(struct intake *intake, struct pending *file);
/* Somebody has to do something first: why, or NULL when that is nobody's business. It does not take the room of those that can be taken;
 * when there are too many of these it is forgotten until a walk finds it again. */
void settle_park(struct intake *intake, struct pending *file, const char *why, gint64 due_us);
/* Somebody has to act first, and may do so at any time. */
void settle_failed(struct intake *intake, struct pending *file, const char *why);
void settle_failed_errno(struct intake *intake, struct pending *file, const char *what, int number);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   files that are seen and not taken yet: the table, and a timer for each.
 * Thread:    intake's.
 * Ownership: the table (intake->pending) owns its files; settle_drop() and settle_park() may free one.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <sys/stat.h>

#include "base/disk/stamp.h"

struct intake;
struct watched_inbox;

enum arrival {
	ARRIVED_SEEN,    /* found by looking */
	ARRIVED_WALKED,  /* the same, in a pass over the whole inbox: see intake_source.h */
	ARRIVED_WRITTEN, /* made, closed or changed in place */
	ARRIVED_GROWN,   /* written to just now */
	ARRIVED_MOVED,   /* complete: moved in under this name */
};

extern guint intake_parked_most; /* files of an inbox that are remembered although nobody can take them; tests set it */

void settle_init(struct intake *intake);
void settle_finish(struct intake *intake);
/* False: there is no room for it, and the inbox knows that there is more. */
bool settle_notice(struct intake *intake, struct watched_inbox *inbox, const char *relative, enum arrival arrival);
/* A folder could not be read, and was: number is errno or 0. */
void settle_folder(struct intake *intake, struct watched_inbox *inbox, const char *relative, int number);
void settle_gone(struct intake *intake, const char *path);
/* See intake_look_again(). */
void settle_look_again(struct intake *intake, const char *path);
void settle_forget(
	struct intake *intake, struct watched_inbox *inbox, const char *path /* and below; NULL: all of inbox */);
void settle_retry(struct intake *intake, struct watched_inbox *inbox); /* permissions may have changed */
/* How long a file written in place must be quiet: where changes are found by looking, at least two looks. */
gint64 settle_time(const struct watched_inbox *inbox);
gint64 settle_next_us(struct intake *intake, struct watched_inbox *inbox); /* G_MAXINT64: nothing pending, or no room */

/* How long a file that came back from _failed/ must be quiet is said here; the event of its return means nothing. */
void settle_returned(struct intake *intake, struct watched_inbox *inbox, const char *relative, gint64 quiet_us);

/* ---- one of them, for intake_take.c */

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
	gint64 came_us;    /* to its folder, by the wall's clock, when a walk found it; 0: an event reported it */
	gint64 first_us, first_wall_us;
	char *why; /* last reported */
};

/* The next look at it. */
void settle_arm(struct pending *file, gint64 due_us);
/* True when it is what it was at the last look. */
bool settle_look(struct pending *file, const struct stat *status);
/* It is gone, or claimed. */
void settle_drop(struct intake *intake, struct pending *file);
/* Somebody has to do something first: why, or NULL when people need not know. Such files do not take the room of those that can be taken;
 * when there are too many, one is forgotten until a walk finds it again. */
void settle_park(struct intake *intake, struct pending *file, const char *why, gint64 due_us);
/* Somebody has to act first, and may do so at any time. */
void settle_failed(struct intake *intake, struct pending *file, const char *why);
void settle_failed_errno(struct intake *intake, struct pending *file, const char *what, int number);

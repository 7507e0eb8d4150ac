/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   an inbox that intake has, with its state.
 * Thread:    intake's.
 * Ownership: struct intake has them; the inbox of the definition belongs to it.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "master/inbox/inbox.h"

struct intake;

/* Variables so that tests need not wait. How long until ... */
extern gint64 intake_reconcile_us; /* ... an inbox with events is walked all the same */
extern gint64 intake_poll_us;      /* ... one without is */
extern gint64 intake_check_us;     /* ... an inbox's folder is seen to be still the same one */

#define OWN_FOLDERS 3 /* for claims, what is done, what failed */

/* The folder of an inbox, and the locks on it. */
struct inbox_folder {
	bool open;     /* it is there and was walked */
	bool seen;     /* it was there */
	bool hopeless; /* it can never be made */
	bool polled;   /* events cannot be relied on: the mill looks every few seconds */
	bool remote;   /* on a network file system */
	guint64 device, inode;
	int name; /* descriptor that locks it on this machine; -1: none */
	int lock; /* locks it everywhere, while anything is in hand; the file system is busy then; -1: not locked */
	gint64 check_us;   /* when to see whether the folder is still the same */
	gint64 missing_us; /* since when it has been missing; 0: it is there */
};

/* Files for which there is no room yet: see intake_room.h. */
struct inbox_backlog {
	bool more;               /* files came for which there was no room: another walk is due when there is */
	bool full;               /* has as many claims as may be, or had so lately: see room_to_claim() */
	bool stale;              /* files came since the last count */
	gint64 since_wall_us;    /* since when there were, without a break */
	guint64 left;            /* files in its folders that are not in the table, as last counted */
	guint64 unlisted;        /* files that wait for somebody and did not fit into the table, since the walk began */
	guint64 unlisted_before; /* in the walk before */
	gint64 count_us;         /* when to count again at the earliest */
	guint64 told;            /* last reported through `more` */
	gint64 told_us;
};

/* The mill's own folders in it. */
struct own_folders {
	bool warned;                 /* of who removes them */
	gint64 made_us[OWN_FOLDERS]; /* when they were seen to be made */
};

struct watched_inbox {
	struct inbox *settings;
	struct inbox_folder folder;
	struct inbox_backlog backlog;
	struct own_folders own;
	char *why;                   /* last reported through `waiting` */
	bool recover;                /* claims of an earlier run are to be handed out */
	GSequence *timers;           /* struct pending, borrowed, by due_us */
	guint candidates, parked;    /* of these: may be pictures; wait for somebody (see settle_park()) */
	struct prune *prune;         /* folders that drops made: intake_prune.c; NULL: none is known */
	const struct source *source; /* while it is open */
	struct pass *pass;           /* running, or held up until there is room; NULL: none */
	gint64 stretch_us;           /* when the walk went on the last time */
	gint64 scan_us;              /* when to walk it again */
	guint generation;            /* of the newest complete walk */
};

/* The inbox at this path, or the open one whose folder this is. NULL: none. */
struct watched_inbox *watched_inbox_at(struct intake *intake, const char *path, guint64 device, guint64 inode);
/* Reports why nothing comes from this inbox; NULL: that is over. */
void watched_inbox_why(struct intake *intake, struct watched_inbox *inbox, const char *why);

/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   what the files of intake share.
 * Thread:    intake's, but for what the lock guards.
 * Ownership: everything belongs to struct intake.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "master/intake/intake.h"

/* What other threads ask for. The lock guards all of it. */
struct orders {
	GMutex lock;
	GCond started_changed;
	bool started, quit, paused;
	guint queue;
	GError *start_error;
	GPtrArray *inboxes; /* struct inbox; NULL: no change */
	GPtrArray *again;   /* paths: see intake_look_again() */
};

/* What intake_watch.c has. */
struct watches {
	int descriptor;          /* the library's; -1: none, everything is polled */
	char *error;             /* why */
	gint64 retry_us;         /* when to try again */
	GHashTable *folders;     /* wd → struct folder, owned */
	GHashTable *by_identity; /* struct folder, borrowed, by device and inode */
	char *lost;              /* name of the folder whose watch ended last */
	guint dead;              /* watches the library still lists in vain */
	guint serial;
	gint overflows; /* atomic */
};

struct intake {
	struct intake_events events;
	GThread *thread;
	int wake; /* eventfd */
	struct orders orders;
	struct watches watches;
	GPtrArray *inboxes;  /* struct watched_inbox */
	guint queue;         /* claims that an inbox may have in hand */
	guint turn;          /* which inbox has the next look */
	GHashTable *pending; /* path → struct pending, owned */
	GPtrArray *fresh;    /* struct claim: renamed, to be synced and handed out */
	GHashTable *writers; /* paths of files that are open for writing: intake_writers.c */
	guint32 moved_open;  /* the cookie of the one that was renamed last; 0: none */
};

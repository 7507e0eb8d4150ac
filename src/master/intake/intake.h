/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   the inboxes: sees files arrive (inotify, through libinotifytools), waits until they are quiet, claims each by renaming it into
 *            INBOX/.dropmill/ID/RELATIVE. From then on the claim is the durable record of the job.
 * Thread:    intake has one thread, the only user of libinotifytools (its state is static). Callbacks run on it.
 * Ownership: a claim handed to the callback belongs to the receiver.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <sys/stat.h>

#include "base/auto.h"
#include "master/inbox/claim.h"
#include "master/inbox/inbox.h"

struct intake_events {
	void (*claimed)(struct claim *claim /* takes */, void *user);
	/* A file that is seen and not taken: why, or NULL when that is over. Kept simple text; may repeat. */
	void (*waiting)(const char *pipeline, const char *path, const char *why, void *user);
	/* So many other files of this inbox wait, and why all of them do; count 0: that is over. A few times a second at most. */
	void (*more)(const char *pipeline, const char *inbox, guint64 count, const char *why, void *user);
	void *user;
	/* The next four are about originals that stay (master/commit/kept_originals.h); NULL: there are none. Asked before each claim; by_event: an event
	 * reported the file since the last question. */
	enum intake_known (*known)(
		const struct inbox *inbox, const char *relative, const struct stat *status, bool by_event, void *user);
	void (*gone)(const struct inbox *inbox, const char *relative, bool deleted,
		void *user);                                    /* else moved, perhaps by us */
	void (*walked)(const struct inbox *inbox, void *user);  /* to its end */
	guint64 (*kept)(const struct inbox *inbox, void *user); /* how many lie there */
};

struct intake;

/* Makes the inboxes' folders (with _done, _failed made when needed), watches them, takes what is there already and hands out claims of an
 * earlier run (recovered) first. When it returns, what is dropped from now on is seen as it comes. An inbox whose folder
 * cannot be made waits with its reason and is tried again; only when that is so for every one is it an error. One
 * intake to a process. inboxes: struct inbox, taken. queue: how many claims of one inbox may be unfinished at
 * a time. A claim is finished when it is freed or ended (claim_end.h). Other files stay where they are until then. */
struct intake *intake_new(GPtrArray *inboxes, guint queue, const struct intake_events *events, GError **error);
void intake_set_queue(struct intake *intake, guint queue); /* any thread */
/* Another set of inboxes; those that stay are not disturbed. Any thread. */
void intake_set(struct intake *intake, GPtrArray *inboxes /* takes */);
/* The answer to `known` is another, for the file at this path. Any thread. */
void intake_look_again(struct intake *intake, const char *path);
/* No new claims from now on (drain); any thread. One made just before may still be handed out. */
void intake_pause(struct intake *intake);
void intake_free(struct intake *intake); /* joins the thread; NULL is fine */
DEFINE_AUTO(intake, intake_free)

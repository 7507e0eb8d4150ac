/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   the inboxes: sees files arrive (inotify, through libinotifytools), waits until they are quiet, claims each by renaming it into
 *            INBOX/.dropmill/ID/RELATIVE. From then on the claim is the durable record of the job.
 * Thread:    intake has one thread, the only user of libinotifytools (its state is static). Callbacks run on it.
 * Ownership: a claim handed to the callback belongs to the receiver.
 */
#ifndef DROPMILL_MASTER_INTAKE_INTAKE_H
#define DROPMILL_MASTER_INTAKE_INTAKE_H

#include <glib.h>
#include <stdbool.h>
#include <sys/stat.h>

#include "base/auto.h"
#include "base/disk/sync_once.h"

struct inbox {
	char *pipeline;
	char *path; /* absolute */
	bool recursive;
	char **accept; /* globs against the file's own name, case-insensitive, and formats ("jpeg") by content; NULL: all */
	char **reject;    /* the same, of what is left alone all the same; NULL: nothing; set it after inbox_new() */
	gint64 settle_us; /* for files written in place; one moved in is taken at once */
	gint64 prune_us; /* emptied folders of a drop that was quiet for so long go; inbox_new() says 30 s; -1: never */
	char *mount;     /* where it lay when it was last seen, see inbox_mount(); NULL: not known */
	bool was;        /* it was an inbox before: when it is gone, no folder is made in its place */
	gint64 wait_empty_us; /* for the content of a file of 0 bytes; inbox_new() says ten minutes */
};
struct inbox *inbox_new(
	const char *pipeline, const char *path, bool recursive, char **accept /* copies */, gint64 settle_us);
void inbox_free(struct inbox *inbox);

struct claim {
	char *id; /* the job's id: sortable by time, [a-z0-9-] */
	char *pipeline;
	char *inbox;            /* absolute path */
	char *relative;         /* below the inbox, as dropped: "sub/a.jpg"; bytes, not necessarily UTF-8 */
	char *path;             /* where it lies now: INBOX/.dropmill/ID/RELATIVE */
	const char *format;     /* sniff_format(), or NULL */
	gint64 bytes, mtime_ns; /* as it was claimed. No inode: there are file systems that number anew at each look */
	gint64 dropped_wall_us; /* when it was first seen */
	bool recovered;         /* was found claimed at start */
	char *left_at;          /* where it went, once it is renamed; NULL: it is still claimed, or deleted */
	bool is_copy;           /* another has the claim */
};
void claim_free(struct claim
		*claim); /* NULL is fine; the file stays where it is, and is nobody's from now on, but for a copy */
/* For another thread, to look at or to end; who has the claim frees it after that. */
struct claim *claim_copy(const struct claim *claim);
DEFINE_AUTO(claim, claim_free)

/* Is a file one whose original was to stay, and whose job is done? */
enum intake_known {
	KNOWN_NOT,
	KNOWN_DONE,  /* it is left alone */
	KNOWN_ASKED, /* its content is being compared: intake_look_again() */
};

struct intake_events {
	void (*claimed)(struct claim *claim /* takes */, void *user);
	/* A file that is seen and not taken: why, or NULL when that is over. Kept simple text; may repeat. */
	void (*waiting)(const char *pipeline, const char *path, const char *why, void *user);
	/* So many other files of this inbox wait, and why all of them do; count 0: that is over. A few times a second at most. */
	void (*more)(const char *pipeline, const char *inbox, guint64 count, const char *why, void *user);
	void *user;
	/* The next four are about originals that stay (master/commit/kept_originals.h); NULL: there are none. Asked before each claim; told: an event told of the
	 * file since it was asked last. */
	enum intake_known (*known)(
		const struct inbox *inbox, const char *relative, const struct stat *status, bool told, void *user);
	void (*gone)(const struct inbox *inbox, const char *relative, bool deleted,
		void *user);                                    /* else moved, perhaps by us */
	void (*walked)(const struct inbox *inbox, void *user);  /* to its end */
	guint64 (*kept)(const struct inbox *inbox, void *user); /* how many lie there */
};

struct intake;

/* Makes the inboxes' folders (with _done, _failed made when needed), watches them, takes what is there already and hands out claims of an
 * earlier run (recovered) first. When it returns, what is dropped from now on is seen as it comes. An inbox whose folder
 * cannot be made waits with its reason and is tried again; only when that is so for every one is it an error. One
 * intake to a process. inboxes: struct inbox, taken. queue: how many claims of one inbox may be unfinished (freed, or ended by one of the
 * functions below) at a time; what is dropped beyond that stays in its place until others are finished. */
struct intake *intake_new(GPtrArray *inboxes, guint queue, const struct intake_events *events, GError **error);
void intake_set_queue(struct intake *intake, guint queue); /* any thread */
/* Another set of inboxes; those that stay are not disturbed. Any thread. */
void intake_set(struct intake *intake, GPtrArray *inboxes /* takes */);
/* The answer to `known` is another, for the file at this path. Any thread. */
void intake_look_again(struct intake *intake, const char *path);
/* No new claims from now on (drain); any thread. One made just before may still be handed out. */
void intake_pause(struct intake *intake);
/* How often the kernel's queue of events ran over; each time every inbox is walked. Any thread. */
guint64 intake_overflows(struct intake *intake);
void intake_free(struct intake *intake); /* joins the thread; NULL is fine */
DEFINE_AUTO(intake, intake_free)

/* Names that intake leaves alone: what other programs leave, hidden and temporary files (junk.c), our own folders. */
bool intake_ignores(const char *name);

/* What becomes of a claim, on any thread. The first two only rename or unlink, and claim_close() follows. */
bool claim_archive(struct claim *claim, GError **error); /* to INBOX/_done/RELATIVE, never overwriting */
bool claim_delete(struct claim *claim, GError **error);
/* Makes it last, and leaves nothing in .dropmill/. claim_settle() syncs where it came to, then claim_finish() where it was: after a power cut
 * between the two it is in both places, never in none. Several claims share the syncs of once when all of them take a step before the next
 * one. once NULL: alone. */
bool claim_close(const struct claim *claim, GError **error);
bool claim_settle(const struct claim *claim, struct sync_once *once, GError **error);
bool claim_finish(const struct claim *claim, struct sync_once *once, GError **error);
/* Whole in themselves. */
bool claim_fail(struct claim *claim, const char *reason,
	GError **error);                                   /* to INBOX/_failed/RELATIVE and RELATIVE.reason.txt */
bool claim_give_back(struct claim *claim, GError **error); /* to its place in the inbox */
/* One that came out well: the reason of an earlier failure of this name goes, unless the file that failed lies there still. */
void claim_excuse(const struct claim *claim);
/* Is it still the file that was claimed (size, mtime)? error says what is the matter, but for CLAIM_SAME. */
enum claim_state {
	CLAIM_SAME,
	CLAIM_CHANGED, /* written to since: it was taken too early */
	CLAIM_GONE,    /* removed by somebody */
	CLAIM_UNKNOWN, /* it cannot be looked at now */
};
enum claim_state claim_look(const struct claim *claim, GError **error);

#endif

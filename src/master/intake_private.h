/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   what the files of intake share. intake.c has the thread and the set of inboxes, intake_watch.c the
 *            library, intake_scan.c folders and events, intake_settle.c the files that are seen and not taken yet,
 *            inbox.c definitions and names, inbox_lock.c who has an inbox, claim.c the rename, claim_recover.c claims of an earlier run.
 * Thread:    intake's thread only, but for what `lock` guards.
 * Ownership: everything belongs to struct intake.
 */
#ifndef DROPMILL_MASTER_INTAKE_PRIVATE_H
#define DROPMILL_MASTER_INTAKE_PRIVATE_H

#include <sys/stat.h>

#include "master/intake.h"

#define CLAIMS_FOLDER ".dropmill"
#define DONE_FOLDER "_done"
#define FAILED_FOLDER "_failed"
#define REASON_ENDING ".reason.txt"

/* Which file this is, and in what state: two that are equal are the same content as far as a file system tells. */
struct identity {
	guint64 device, inode;
	gint64 bytes, mtime_ns;
};

/* An inbox and what is known of its folder. */
struct box {
	struct inbox *inbox;
	bool open;             /* its folder is there and was walked */
	bool recover;          /* claims of an earlier run are to be handed out */
	bool polled;           /* events cannot be relied on: looked at every few seconds */
	bool remote;           /* on a network file system */
	guint64 device, inode; /* of its folder */
	int lock;              /* descriptor that holds it against other mills; -1: none */
	gint64 check_us;       /* when to see whether the folder is still that one */
	gint64 scan_us;        /* when to walk it again */
	gint64 missing_us;     /* since when it has been missing; 0: it is not */
	guint generation;      /* of the newest complete walk */
	char *why;             /* last told through `waiting` */
};

/* A folder that inotify watches. The kernel's watch stays when it is of no use any more (box is NULL): see
 * intake_watch.c. */
struct folder {
	int wd;
	guint64 device, inode;
	struct box *box;
	char *path, *relative; /* relative is "" for the inbox itself */
	guint generation;
};

struct intake {
	struct intake_events events;
	GThread *thread;
	int wake; /* eventfd */

	GMutex lock; /* guards the next six */
	GCond started_changed;
	bool started, quit, paused;
	GError *start_error;
	GPtrArray *next_set; /* struct inbox; NULL: no change */

	GPtrArray *boxes; /* struct box */

	int inotify;                     /* the library's descriptor; -1: none, everything is polled */
	char *inotify_error;             /* why */
	gint64 inotify_retry_us;         /* when to try again */
	GHashTable *folders;             /* wd → struct folder, owned */
	GHashTable *folders_by_identity; /* struct folder, borrowed, by device and inode */
	guint dead;                      /* watches the library still lists in vain */
	guint serial;
	gint overflows; /* atomic */

	GHashTable *pending; /* path → struct pending, owned */
	GSequence *timers;   /* struct pending, borrowed, by due_us */
	GPtrArray *fresh;    /* struct claim: renamed, to be synced and handed out */
};

enum arrival {
	ARRIVED_SEEN,    /* found by looking */
	ARRIVED_WRITTEN, /* made, closed or changed in place */
	ARRIVED_GROWN,   /* written to just now */
	ARRIVED_MOVED,   /* complete: moved in under this name */
};

/* Variables so that tests need not wait. How long until ... */
extern gint64 intake_reconcile_us; /* ... an inbox with events is walked all the same */
extern gint64 intake_poll_us;      /* ... one without is */
extern gint64 intake_check_us;     /* ... an inbox's folder is seen to be still the same one */
extern guint intake_dead_at_most;  /* watches that the library lists in vain, besides half as many as are alive */

/* intake.c */
struct box *intake_box_at(struct intake *intake, const char *path, guint64 device, guint64 inode);
void intake_box_why(struct intake *intake, struct box *box, const char *why /* NULL: that is over */);

/* inbox.c: names at the top of an inbox, and below. */
bool inbox_ignores(const char *name, bool at_top);
/* Why a file is not for this inbox, owned, or NULL. By its name alone where descriptor is -1; then formats are not known yet. */
char *inbox_refusal(const struct inbox *inbox, const char *name, int descriptor);
bool inbox_equal(const struct inbox *a, const struct inbox *b);
/* inbox_lock.c: the folder is this process's while the descriptor is open. -1 with an error: another has it; -1 without: no lock can be
 * had there. */
int inbox_lock(const char *path, GError **error);
bool inbox_path_within(const char *path, const char *top /* NULL: everything */);

/* intake_watch.c. When inotify cannot be had, inotify_error says why and which limit to raise. */
void watch_open(struct intake *intake);
void watch_close(struct intake *intake);
/* Watches an open folder, which is then at path. False with the reason: its changes will not be seen. *fresh: it was
 * not watched there before, so what lies in it has to be looked at. */
bool watch_folder(struct intake *intake, struct box *box, const char *relative, const char *path, int descriptor,
	bool *fresh, GError **error);
/* Forgets the folders of box at path and below; path NULL: all. */
void watch_release(struct intake *intake, struct box *box, const char *path);
/* ... those that the newest complete walk did not meet. */
void watch_release_unmet(struct intake *intake, struct box *box);
/* Hands waiting events to scan_event(), a bounded number; true when there may be more. */
bool watch_read(struct intake *intake);

/* intake_scan.c */
/* Makes (when create) and opens the folder of a box when it is not, or finds that it is another or gone. */
void scan_check(struct intake *intake, struct box *box, bool create);
void scan_box(struct intake *intake, struct box *box);
void scan_close(struct intake *intake, struct box *box);
/* Watches and walks a folder with all below. arrival: how its files came. */
void scan_folder(struct intake *intake, struct box *box, const char *relative, enum arrival arrival);
void scan_event(struct intake *intake, struct folder *folder, guint32 mask, const char *name);
void scan_lost(struct intake *intake, struct box *box, const char *relative); /* its watch is gone */

/* intake_settle.c */
struct pending;
void settle_init(struct intake *intake);
void settle_finish(struct intake *intake);
void settle_notice(struct intake *intake, struct box *box, const char *relative, enum arrival arrival);
/* A folder could not be read, and was: number is errno or 0. */
void settle_folder(struct intake *intake, struct box *box, const char *relative, int number);
void settle_gone(struct intake *intake, const char *path);
void settle_forget(struct intake *intake, struct box *box, const char *path /* and below; NULL: all of box */);
void settle_retry(struct intake *intake, struct box *box); /* permissions may have changed */
void settle_run(struct intake *intake);                    /* for a bounded time */
gint64 settle_next_us(struct intake *intake);              /* G_MAXINT64: nothing pending */

/* claim.c */
struct identity identity_of(const struct stat *status);
bool identity_equal(const struct identity *a, const struct identity *b);
char *claim_new_id(void);
/* One that is there from an earlier run: new ones sort after it. */
void claim_seen_id(const char *id);
/* Renames INBOX/RELATIVE, open as descriptor and seen as `seen`. NULL: it stays, or is back, where it was. It is on
 * disk after claim_sync(). */
struct claim *claim_take(const struct inbox *inbox, const char *relative, int descriptor, const struct identity *seen,
	gint64 seen_wall_us, GError **error);

void claim_sync(const GPtrArray *claims);

/* claim_recover.c: claims that this process has not handed out, oldest first. */
GPtrArray *claim_recover(const struct inbox *inbox);
/* The register of claims that were handed out: recovery leaves them alone. Any thread. */
void claim_register(const char *id);
void claim_unregister(const char *id);
bool claim_registered(const char *id);
void claim_unregister_all(void);

#endif

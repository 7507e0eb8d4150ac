/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   what the files of intake share. intake.c has the thread and the set of inboxes, intake_watch.c the
 *            library, intake_scan.c inboxes and events, intake_walk.c what lies in folders, intake_settle.c the files that are seen and
 *            not taken yet, intake_writers.c who writes, intake_failed.c who went on writing, intake_take.c the last looks at one, intake_room.c how many may be, intake_prune.c emptied folders, inbox.c definitions and names, junk.c names of no pictures,
 *            inbox_lock.c who has an inbox, claim.c the rename, claim_recover.c claims of an earlier run, claim_register.c those in hand.
 * Thread:    intake's thread only, but for what `lock` guards.
 * Ownership: everything belongs to struct intake.
 */
#ifndef DROPMILL_MASTER_INTAKE_INTAKE_PRIVATE_H
#define DROPMILL_MASTER_INTAKE_INTAKE_PRIVATE_H

#include <sys/stat.h>

#include "base/disk/stamp.h"
#include "master/intake/intake.h"

#define OWN_FOLDERS 3 /* for claims, what is done, what failed */

/* An inbox and what is known of its folder. */
struct box {
	struct inbox *inbox;
	bool open;             /* its folder is there and was walked */
	bool recover;          /* claims of an earlier run are to be handed out */
	bool polled;           /* events cannot be relied on: looked at every few seconds */
	bool remote;           /* on a network file system */
	guint64 device, inode; /* of its folder */
	int name;              /* descriptor that holds it against other mills of this machine; -1: none */
	int lock;              /* against all, while anything is in hand; it keeps the file system busy; -1: not held */
	gint64 check_us;       /* when to see whether the folder is still that one */
	gint64 scan_us;        /* when to walk it again */
	gint64 missing_us;     /* since when it has been missing; 0: it is not */
	guint generation;      /* of the newest complete walk */
	char *why;             /* last told through `waiting` */
	bool seen;             /* its folder was there */
	bool hopeless;         /* its folder can never be made */

	GSequence *timers;           /* struct pending, borrowed, by due_us */
	guint candidates, parked;    /* of these: may be pictures; wait for somebody (see settle_park()) */
	struct prune *prune;         /* folders that drops made: intake_prune.c; NULL: none is known */
	struct walk *walk;           /* under way, or held up until there is room; NULL: none */
	gint64 stretch_us;           /* when the walk went on the last time */
	bool more;                   /* files came for which there was no room: another walk is due when there is */
	gint64 since_wall_us;        /* since when there were, without a break */
	bool warned;                 /* of who removes the mill's own folders */
	gint64 made_us[OWN_FOLDERS]; /* when the mill's folders were seen to be made */
	bool full;                   /* has as many claims as may be, or had so lately: see room_to_claim() */
	guint64 left;                /* files in its folders that are not in the table, as last counted */
	guint64 unlisted; /* files that nobody can take and that were too many to be remembered, since the walk began */
	guint64 unlisted_before; /* in the one before */
	gint64 count_us;         /* when to count again at the earliest */
	bool stale;              /* files came since the last count */
	guint64 told;            /* last told through `more` */
	gint64 told_us;
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

	GMutex lock; /* guards the next eight */
	GCond started_changed;
	bool started, quit, paused;
	guint next_queue; /* as last ordered */
	GError *start_error;
	GPtrArray *next_set; /* struct inbox; NULL: no change */
	GPtrArray *again;    /* paths: see intake_look_again() */

	GPtrArray *boxes; /* struct box */
	guint queue;      /* claims that an inbox may have in hand */
	guint turn;       /* whose file is looked at next */

	int inotify;                     /* the library's descriptor; -1: none, everything is polled */
	char *inotify_error;             /* why */
	gint64 inotify_retry_us;         /* when to try again */
	GHashTable *folders;             /* wd → struct folder, owned */
	GHashTable *folders_by_identity; /* struct folder, borrowed, by device and inode */
	guint dead;                      /* watches the library still lists in vain */
	guint serial;
	gint overflows; /* atomic */

	GHashTable *pending; /* path → struct pending, owned */
	GPtrArray *fresh;    /* struct claim: renamed, to be synced and handed out */
	GHashTable *writers; /* paths of files that are open for writing: intake_writers.c */
	guint32 moved_open;  /* the cookie of the one that was renamed last; 0: none */
};

enum arrival {
	ARRIVED_SEEN,    /* found by looking */
	ARRIVED_WALKED,  /* likewise, in a walk of the whole inbox: see walk_go_on() */
	ARRIVED_WRITTEN, /* made, closed or changed in place */
	ARRIVED_GROWN,   /* written to just now */
	ARRIVED_MOVED,   /* complete: moved in under this name */
};

/* Variables so that tests need not wait. How long until ... */
extern gint64 intake_reconcile_us; /* ... an inbox with events is walked all the same */
extern gint64 intake_poll_us;      /* ... one without is */
extern gint64 intake_check_us;     /* ... an inbox's folder is seen to be still the same one */
extern guint intake_dead_at_most;  /* watches that the library lists in vain, besides half as many as are alive */
extern guint intake_parked_most;   /* files of an inbox that are remembered although nobody can take them */
extern bool intake_leases;         /* false: as if leases were refused, as to a service user on others' files */

/* intake.c */
struct box *intake_box_at(struct intake *intake, const char *path, guint64 device, guint64 inode);
void intake_box_why(struct intake *intake, struct box *box, const char *why /* NULL: that is over */);

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

/* intake_walk.c */
/* An inbox with all below it, from the beginning, as far as there is room: walk_go_on() when there is more. */
void walk_start(struct intake *intake, struct box *box);
/* True when it is over; *number then is 0 or errno of the inbox's folder, *watched whether its changes will be seen. */
bool walk_go_on(struct intake *intake, struct box *box, int *number, bool *watched);
void walk_stop(struct box *box); /* without a walk, too */
/* Watches and walks a folder with all below at once. arrival: how its files came. */
void walk_folder(struct intake *intake, struct box *box, const char *relative, enum arrival arrival);
/* How many entries there are, by their names alone. */
guint64 walk_count(struct intake *intake, struct box *box);

/* intake_room.c: an inbox has a bounded number of claims in hand, and of files in the table. The others stay where they are, unknown but
 * for their number, and are found by going on with a walk. */
/* May another file be noted that an event told of, or, where the walk goes, that lies there? */
bool room_to_note(const struct intake *intake, const struct box *box);
/* Few enough are noted that a walk is worth it. */
bool room_to_walk(const struct intake *intake, const struct box *box);
/* Of the claims in hand so many have ended that others may be made. */
bool room_to_claim(struct intake *intake, struct box *box);
/* How many claims of an earlier run may be handed out. */
guint room_to_recover(struct intake *intake, struct box *box);
/* There are, or may be, files that are not in the table. */
bool room_backlog(const struct box *box);
/* Before either of these: the time is noted when it is the first. */
void room_begin_backlog(struct box *box);
/* Counts what is left when that is due, and tells how many wait. */
void room_tell(struct intake *intake, struct box *box);
void room_untell(struct intake *intake, struct box *box);
gint64 room_next_us(const struct intake *intake, const struct box *box);

/* intake_scan.c */
/* Makes (when create) and opens the folder of a box when it is not, or finds that it is another or gone. */
void scan_check(struct intake *intake, struct box *box, bool create);
/* Walks it, when that is due and there is room, or goes on with it. */
void scan_box(struct intake *intake, struct box *box);
void scan_close(struct intake *intake, struct box *box);
/* Before anything is claimed. False: another mill has it, and it is closed. */
bool scan_hold(struct intake *intake, struct box *box);
/* Nothing is in hand: its file system may be unmounted. */
void scan_rest(struct box *box);
void scan_event(struct intake *intake, struct folder *folder, guint32 mask, guint32 cookie, const char *name);
void scan_lost(struct intake *intake, struct box *box, const char *relative); /* its watch is gone */

/* intake_writers.c */
void writers_event(struct intake *intake, guint32 mask, guint32 cookie, const char *path);
/* Is a program on this machine known to write this file? False: none is known. */
bool writers_have(const struct intake *intake, const char *path);
void writers_forget(struct intake *intake, const char *path /* and below; NULL: all */);

/* intake_settle.c */
void settle_init(struct intake *intake);
void settle_finish(struct intake *intake);
/* False: there is no room for it, and the box knows that there is more. */
bool settle_notice(struct intake *intake, struct box *box, const char *relative, enum arrival arrival);
/* A folder could not be read, and was: number is errno or 0. */
void settle_folder(struct intake *intake, struct box *box, const char *relative, int number);
void settle_gone(struct intake *intake, const char *path);
/* See intake_look_again(). */
void settle_look_again(struct intake *intake, const char *path);
void settle_forget(struct intake *intake, struct box *box, const char *path /* and below; NULL: all of box */);
void settle_retry(struct intake *intake, struct box *box); /* permissions may have changed */
/* How long a file written in place must be quiet: where changes are found by looking, at least two looks. */
gint64 settle_time(const struct box *box);
void settle_run(struct intake *intake);                        /* for a bounded time */
gint64 settle_next_us(struct intake *intake, struct box *box); /* G_MAXINT64: nothing pending, or no room */

/* How long a file that came back from _failed/ must be quiet is said here; the event of its return means nothing. */
void settle_returned(struct intake *intake, struct box *box, const char *relative, gint64 quiet_us);

/* intake_prune.c: emptied folders of drops go. Paths are relative to the inbox. */
void prune_came(struct box *box, const char *relative);             /* a folder was made or moved in */
void prune_gone(struct box *box, const char *relative, bool moved); /* a folder was removed or moved away */
void prune_touch(struct box *box, const char *relative);            /* something came */
void prune_taken(struct box *box, const char *relative);            /* a file was claimed */
void prune_run(struct box *box);                                    /* removes what is due */
void prune_forget(struct box *box);

#endif

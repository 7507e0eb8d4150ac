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

/* An inbox, and what is known of it. */
struct watched_inbox {
	struct inbox *settings;
	struct inbox_folder folder;
	struct inbox_backlog backlog;
	struct own_folders own;
	char *why;                /* last reported through `waiting` */
	bool recover;             /* claims of an earlier run are to be handed out */
	GSequence *timers;        /* struct pending, borrowed, by due_us */
	guint candidates, parked; /* of these: may be pictures; wait for somebody (see settle_park()) */
	struct prune *prune;      /* folders that drops made: intake_prune.c; NULL: none is known */
	struct walk *walk;        /* running, or held up until there is room; NULL: none */
	gint64 stretch_us;        /* when the walk went on the last time */
	gint64 scan_us;           /* when to walk it again */
	guint generation;         /* of the newest complete walk */
};

/* A folder that inotify watches. The kernel's watch stays when it is of no use any more (inbox is NULL): see
 * intake_watch.c. */
struct folder {
	int wd;
	guint64 device, inode;
	struct watched_inbox *inbox;
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

	GPtrArray *inboxes; /* struct watched_inbox */
	guint queue;        /* claims that an inbox may have in hand */
	guint turn;         /* whose file is looked at next */

	int inotify;                     /* the library's descriptor; -1: none, everything is polled */
	char *inotify_error;             /* why */
	gint64 inotify_retry_us;         /* when to try again */
	GHashTable *folders;             /* wd → struct folder, owned */
	GHashTable *folders_by_identity; /* struct folder, borrowed, by device and inode */
	char *lost;                      /* name of the folder whose watch ended last */
	guint dead;                      /* watches the library still lists in vain */
	guint serial;

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
struct watched_inbox *watched_inbox_at(struct intake *intake, const char *path, guint64 device, guint64 inode);
void watched_inbox_why(struct intake *intake, struct watched_inbox *inbox, const char *why /* NULL: that is over */);

/* intake_watch.c. When inotify cannot be had, inotify_error says why and which limit to raise. */
void watch_open(struct intake *intake);
void watch_close(struct intake *intake);
/* Watches an open folder, which is then at path. False with the reason: its changes will not be seen. *fresh: it was
 * not watched there before, so what lies in it has to be looked at. */
bool watch_folder(struct intake *intake, struct watched_inbox *inbox, const char *relative, const char *path,
	int descriptor, bool *fresh, GError **error);
/* Forgets the folders of inbox at path and below; path NULL: all. */
void watch_release(struct intake *intake, struct watched_inbox *inbox, const char *path);
/* ... those that the newest complete walk did not meet. */
void watch_release_unmet(struct intake *intake, struct watched_inbox *inbox);
/* Starts the library again, when that is due. */
void watch_renew(struct intake *intake);
/* An event. Its names are valid until a folder is watched or the next event is read. */
struct watch_event {
	struct watched_inbox *inbox; /* NULL: it means nothing to an inbox */
	const char *folder, *path;   /* of the folder: below its inbox, and in full */
	const char *name;            /* of the file or folder in it; NULL: itself */
	guint32 mask, cookie; /* as inotify(7) has them; IN_IGNORED: the folder is not watched any more, path is NULL */
};
/* False: there is none. */
bool watch_next(struct intake *intake, struct watch_event *event);

/* intake_events.c */
/* Reads events, a bounded number, and does what they ask for; true when there may be more. */
bool events_run(struct intake *intake);

/* intake_walk.c */
/* An inbox with all below it, from the beginning, as far as there is room: walk_go_on() when there is more. */
void walk_start(struct intake *intake, struct watched_inbox *inbox);
/* True when it is over; *number then is 0 or errno of the inbox's folder, *watched whether its changes will be seen. */
bool walk_go_on(struct intake *intake, struct watched_inbox *inbox, int *number, bool *watched);
void walk_stop(struct watched_inbox *inbox); /* without a walk, too */
/* Watches and walks a folder with all below at once. arrival: how its files came. */
void walk_folder(struct intake *intake, struct watched_inbox *inbox, const char *relative, enum arrival arrival);
/* How many entries there are, by their names alone. */
guint64 walk_count(struct intake *intake, struct watched_inbox *inbox);

/* intake_room.c: an inbox has a bounded number of claims in hand, and of files in the table. The others stay where they are, unknown but
 * for their number, and are found by going on with a walk. */
/* May another file be noted that an event told of, or, where the walk goes, that lies there? */
bool room_to_note(const struct intake *intake, const struct watched_inbox *inbox);
/* Few enough are noted that a walk is worth it. */
bool room_to_walk(const struct intake *intake, const struct watched_inbox *inbox);
/* Of the claims in hand so many have ended that others may be made. */
bool room_to_claim(struct intake *intake, struct watched_inbox *inbox);
/* How many claims of an earlier run may be handed out. */
guint room_to_recover(struct intake *intake, struct watched_inbox *inbox);
/* There are, or may be, files that are not in the table. */
bool room_backlog(const struct watched_inbox *inbox);
/* Before either of these: the time is noted when it is the first. */
void room_begin_backlog(struct watched_inbox *inbox);
/* Counts what is left when that is due, and tells how many wait. */
void backlog_tell(struct intake *intake, struct watched_inbox *inbox);
void backlog_untell(struct intake *intake, struct watched_inbox *inbox);
gint64 backlog_next_us(const struct intake *intake, const struct watched_inbox *inbox);

/* intake_scan.c */
/* Makes (when create) and opens the folder of an inbox when it is not, or finds that it is another or gone. */
void scan_check(struct intake *intake, struct watched_inbox *inbox, bool create);
/* Walks it, when that is due and there is room, or goes on with it. */
void scan_inbox(struct intake *intake, struct watched_inbox *inbox);
void scan_close(struct intake *intake, struct watched_inbox *inbox);
/* Before anything is claimed. False: another mill has it, and it is closed. */
bool scan_hold(struct intake *intake, struct watched_inbox *inbox);
/* Nothing is in hand: its file system may be unmounted. */
void scan_rest(struct watched_inbox *inbox);

/* intake_writers.c */
void writers_event(struct intake *intake, guint32 mask, guint32 cookie, const char *path);
/* Is a program on this machine known to write this file? False: none is known. */
bool writers_have(const struct intake *intake, const char *path);
void writers_forget(struct intake *intake, const char *path /* and below; NULL: all */);

/* intake_settle.c */
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
void take_run(struct intake *intake);                                      /* for a bounded time */
gint64 settle_next_us(struct intake *intake, struct watched_inbox *inbox); /* G_MAXINT64: nothing pending, or no room */

/* How long a file that came back from _failed/ must be quiet is said here; the event of its return means nothing. */
void settle_returned(struct intake *intake, struct watched_inbox *inbox, const char *relative, gint64 quiet_us);

/* intake_prune.c: emptied folders of drops go. Paths are relative to the inbox. */
void prune_came(struct watched_inbox *inbox, const char *relative);             /* a folder was made or moved in */
void prune_gone(struct watched_inbox *inbox, const char *relative, bool moved); /* a folder was removed or moved away */
void prune_touch(struct watched_inbox *inbox, const char *relative);            /* something came */
void prune_taken(struct watched_inbox *inbox, const char *relative);            /* a file was claimed */
void prune_run(struct watched_inbox *inbox);                                    /* removes what is due */
void prune_forget(struct watched_inbox *inbox);

#endif

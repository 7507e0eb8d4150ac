/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   the workers as the master sees them: who they are (from heartbeats), what they hold (leases, oldest first), whether they
 *            live, and how fast they are. Only this module says that a worker is gone.
 * Thread:    the master's loop.
 * Ownership: the registry owns its workers; one that is gone is kept a while for the page.
 */
#ifndef DROPMILL_MASTER_FLEET_WORKERS_H
#define DROPMILL_MASTER_FLEET_WORKERS_H

#include "master/job/job.h"

/* A task in a worker's hands. */
struct lease {
	struct worker *worker;
	struct job *job;
	guint tile, attempt;
	int weight;
	enum plane plane;
	gsize bytes; /* inline: what went */
	gint64 sent_us;
	gint *on_its_way; /* atomic, shared with the bus: until it is delivered it cannot be lost; NULL: it was not sent */
	bool begun; /* its offer was taken; after another attempt was offered in its place, the segment does not tell any more */
};

/* A task that somebody else has answered, or will: its worker does not know, and comes to it all the same. The job may be over. */
struct late {
	char *job; /* GRefString */
	guint32 serial;
	guint tile, attempt;
	int weight;
	gsize bytes;
	gint64 sent_us;
	bool writes; /* it may still write to the job's segment */
};

struct worker {
	char *id;                /* GRefString */
	struct breaker *breaker; /* of its place */
	struct heartbeat *beat;  /* the latest */
	enum worker_state state;
	gint64 beat_us;     /* clock_now_us() when it came */
	bool here;          /* on this machine, so that its process can be watched */
	bool mixed;         /* its libvips computes other pixels than the first worker's: never given a task */
	bool no_shm;        /* it could not open our memory */
	bool no_files;      /* it could not read our copies of assets */
	GHashTable *assets; /* hashes of the assets that were sent to it; NULL: none */
	GQueue leases;      /* struct lease, in the order given: the first one is in hand, unless a late one is */
	GQueue late;        /* struct late, in the order in which they were lost */
	int weight;         /* of all leases and late tasks: all of it is to be done before what is given to it next */
	gsize bytes;        /* inline, of the same */
	double slowness; /* its time for a tile, in times of what is usual for its like, smoothed; 0: not measured, as good as 1 */
	int idle_beats; /* heartbeats in a row that said idle while leases or late tasks were out */
	guint64 tiles_done;
	double tiles_per_s;
	guint64 rate_done;
	gint64 rate_us;
	gint64 answered_us; /* last result, or the first lease after none */
	guint death_watch;  /* source id of its pidfd */
	char *end;          /* how its process ended, when known */
	char *last_task;    /* what it had in hand then, as journal_name() has it; "": nothing; NULL: not known */
	gint64 ended_us;    /* its process is dead, and its supervisor may yet tell how it ended; 0 */
	bool dead;          /* known, not only silent */
	GPtrArray *litter;  /* temp files of tasks that were taken from it alive: it may yet make them; NULL: none */
	bool blameless;     /* it was ended by us: no task is suspected */
	char *stuck_job;    /* it hangs on this task, which is over; nothing is given to it until it moves on; NULL */
	gint32 stuck_tile, stuck_attempt;
	guint64 taken_back;  /* tasks taken from it and given to others */
	gint64 gone_wall_us; /* 0: it is not */
};

struct workers;

struct workers_events {
	/* The worker will never touch its leases again when dead; when it is only silent (dead false) it might. The callback must take the
	 * leases back (workers_take_back). */
	void (*gone)(struct worker *worker, bool dead, void *user);
	/* A worker came, changed its partitions, or is live again: there may be something to give out. */
	void (*changed)(struct worker *worker, void *user);
	void *user;
};

struct workers *workers_new(const struct workers_events *events);
void workers_free(struct workers *workers);
DEFINE_AUTO(workers, workers_free)

/* Takes the heartbeat. */
void workers_heard(struct workers *workers, struct heartbeat *beat);
/* The clock: late and gone. trust: whether silence means anything (the broker is up). */
void workers_tick(struct workers *workers, bool trust);
/* Silence until now was the broker's. */
void workers_forgive(struct workers *workers);
/* A child of ours ended. */
void workers_child_ended(struct workers *workers, gint64 pid, const char *how, const char *task);

/* Nothing more for it while its heartbeat names this task. */
void workers_stuck(struct worker *worker);

struct worker *workers_find(struct workers *workers, const char *id);
/* All of them, for the page and for choosing; borrowed, newest last. */
GPtrArray *workers_all(struct workers *workers);
guint workers_live(struct workers *workers);
/* Those of them that hold a partition, so that a task finds them. */
guint workers_holding(struct workers *workers);

/* Why none of them may get a task, for people; static. NULL: one may. */
const char *workers_obstacle(struct workers *workers);

/* Live ones that have nothing to do, of the host with the most of them: so many threads may one worker there take. At least 1. */
int workers_idle_neighbours(const struct workers *workers);

/* The worker that should get this task, of this weight and size: live, with a partition, its breaker closed, with room in its window, least
 * to do; one that failed it before only when nobody else is there who could. job NULL: any task. NULL: none. The last tiles of a job
 * (workers_end_job()) go to whom they should be ready first at, by measured times; NULL also when that one has no room, and would still be first. */
struct worker *workers_choose(struct workers *workers, const struct job *job, guint tile, int weight, gsize bytes,
	int window, gsize window_bytes);
/* The tiles of this job that nobody has yet are fewer than what the workers could take at once. */
bool workers_end_job(struct workers *workers, const struct job *job, int weight, int window);
/* One that could be given a late worker's tile as well: it has nothing to do, is not on trial, has not got the tile and has not failed it. */
bool worker_may_help(const struct worker *worker, const struct job *job, guint tile);
/* Is there one that has not failed it? */
bool workers_elsewhere(struct workers *workers, const struct job *job, guint tile);

/* The tile's latest attempt is this worker's now; the second one at a time is the tile's extra. Borrowed until lease_end(). */
struct lease *lease_begin(
	struct worker *worker, struct job *job, guint tile, int weight, enum plane plane, gsize bytes);
/* It is answered, or taken back; freed. True when nobody has the tile any more: it is waiting then. NULL: false. */
bool lease_end(struct lease *lease);
/* The same, but its worker is believed to be at it still, or to come to it. writes: into the job's segment. */
bool lease_lose(struct lease *lease, bool writes);
/* The lease of this attempt; NULL: nobody has it any more. */
struct lease *lease_attempt(const struct job *job, guint tile, guint attempt);
/* Something large is on its way to it. */
bool worker_awaits(const struct worker *worker);
/* Something large comes from it: what it owes is not lost. */
void worker_sends(struct worker *worker);
/* This worker's lease of the tile; NULL: it has none. */
struct lease *lease_of(const struct worker *worker, const struct job *job, guint tile);
/* The answer of a late task came, or will not come: a copy without the name in *late, if not NULL. False: it owes no such thing. */
bool worker_forget_late(
	struct worker *worker, const char *job, guint32 serial, guint tile, guint attempt, struct late *late);
void worker_forget_all_late(struct worker *worker);
/* A whole task is taken from its worker: the temp files that it may yet make are removed when it is dead. */
void worker_will_litter(const struct lease *lease);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   the workers as the master sees them: who they are (from heartbeats), what they hold (leases, oldest first), whether they
 *            live. Only this module says that a worker is gone.
 * Thread:    the master's loop.
 * Ownership: the registry owns its workers; one that is gone is kept a while for the page.
 */
#ifndef DROPMILL_MASTER_WORKERS_H
#define DROPMILL_MASTER_WORKERS_H

#include "master/job.h"

struct lease {
	struct job *job;
	guint tile;
	int weight;
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
	GQueue leases;      /* struct lease, in the order given: the first one is in hand */
	int weight;         /* of all leases */
	gsize bytes;        /* inline, of all leases */
	int idle_beats;     /* heartbeats in a row that said idle while leases were out */
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

/* The worker that should get this task, of this weight and size: live, with a partition, its breaker closed, with room in its window, least
 * to do; one that failed it before only when nobody else is there who could. job NULL: any task. NULL: none. */
struct worker *workers_choose(struct workers *workers, const struct job *job, guint tile, int weight, gsize bytes,
	int window, gsize window_bytes);
/* Is there one that has not failed it? */
bool workers_elsewhere(struct workers *workers, const struct job *job, guint tile);

void worker_add_lease(struct worker *worker, struct job *job, guint tile, int weight);
/* Removes it; false when it was not there. */
bool worker_drop_lease(struct worker *worker, const struct job *job, guint tile);
/* A whole task is taken from it: the temp files that it may yet make are removed when it is dead. */
void worker_will_litter(struct worker *worker, const struct job *job);

#endif

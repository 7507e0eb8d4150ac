/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   the workers as the master sees them: who they are (from heartbeats), what they hold (leases, oldest first), whether they
 *            live, and how fast they are. Only this module says that a worker is gone.
 * Thread:    the master's loop.
 * Ownership: the registry owns its workers; one that is gone is kept a while for the page.
 */
#pragma once

#include "base/process.h"
#include "bus/protocol/heartbeat.h"
#include "master/fleet/worker_groups.h"
#include "master/job/job.h"
#include "master/policy/idle_worker.h"

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

/* How its process ended. */
struct worker_death {
	guint watch;          /* source id of its pidfd */
	gint64 noticed_us;    /* its process is dead, and its supervisor may yet tell how it ended; 0 */
	bool known;           /* it is dead, not only silent */
	bool by_us;           /* it was ended by us: no task is suspected */
	enum process_end end; /* dead: what how says */
	char *how;            /* when known */
	char *task;           /* what it had in hand then, as journal_name() has it; "": nothing; NULL: not known */
	GPtrArray *litter;    /* temp files of tasks that were taken from it alive: it may yet make them; NULL: none */
	gint64 gone_wall_us;  /* when it was seen to be dead or silent; 0: it is not */
};

/* How fast it is, as shown. */
struct worker_rate {
	double tiles_per_s;
	guint64 counted;   /* tiles done when this was measured last */
	gint64 counted_us; /* and when that was */
};

/* A task that it hangs on, and that is over: nothing is given to it until it moves on. */
struct worker_stuck {
	char *job; /* NULL: it does not hang */
	gint32 tile, attempt;
};

struct worker {
	char *id;                 /* GRefString */
	struct worker_slot *slot; /* where it was started, with its breaker */
	struct heartbeat *beat;   /* the latest */
	enum worker_state state;
	gint64 beat_us;             /* clock_now_us() when it came */
	gint64 held_us;             /* the same of the latest that named a partition; 0: none did */
	bool here;                  /* on this machine, so that its process can be watched */
	struct worker_group *group; /* who has the same image code */
	bool no_shm;                /* it could not open our memory */
	bool no_files;              /* it could not read our copies of assets */
	GHashTable *assets;         /* hashes of the assets that were sent to it; NULL: none */
	GQueue leases;              /* struct lease, in the order given. Which is in hand: see policy/poison_task.h */
	GQueue late;                /* struct late, in the order in which they were lost */
	int weight;                 /* of all leases and late tasks: they come before the next task */
	gsize bytes;                /* inline, of the same */
	guint turn;                 /* which of its partitions gets the next task */
	double slowness;            /* see policy/tile_timing.h */
	struct idle_count idle;     /* heartbeats that said idle while leases or late tasks were out */
	gint64 answered_us;         /* last result, or the first lease after none */
	guint64 tiles_done;
	guint64 taken_back; /* tasks taken from it and given to others */
	struct worker_rate rate;
	struct worker_stuck stuck;
	struct worker_death death;
};

struct workers;

struct workers_events {
	/* The worker will never touch its leases again when dead; when it is only silent (dead false) it might. The callback must take the
	 * leases back (task_take_back). */
	void (*gone)(struct worker *worker, bool dead, void *user);
	/* A worker came, changed its partitions, or is live again: there may be something to give out. */
	void (*changed)(struct worker *worker, void *user);
	void *user;
	/* There are answers that were not read yet; NULL: never. */
	bool (*unread)(void *user);
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
/* By their image code. Borrowed. */
struct worker_groups *workers_groups(const struct workers *workers);
/* Those of them that hold a partition, so that a task finds them. */
guint workers_holding(struct workers *workers);

/* Live ones that have nothing to do, of the host with the most of them: so many threads may one worker there take. At least 1. */
int workers_idle_neighbours(const struct workers *workers);

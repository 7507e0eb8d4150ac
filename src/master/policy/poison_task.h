/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   poison tasks: those that kill their workers, hang, or are lost again and again.
 *            A task is suspected when it was in hand as its worker died. Its supervisor reads that in its journal. Without a journal,
 *            the lease table shows the task that was begun, or the last heartbeat names one, or the oldest task is taken. Tasks that only
 *            waited at that worker go to others and are not suspected.
 * Thread:    any. Ownership: none.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

/* What happened to one task. */
struct poison_count {
	guint deaths, silences; /* of workers that had it in hand */
	guint losses;           /* of messages, its own or its answer's */
	GQuark how;             /* the last one's end */
	bool differ;            /* others ended otherwise */
};

/* A task that a worker holds, and what speaks for its having been in hand. */
struct held_task {
	bool in_journal, in_heartbeat, begun;
	gint64 sent_us;
};

/* Which of these, in the order given out, was in hand; -1: it may have been none.
 * journal: there is one. late_us: when the oldest task was sent that others have answered meanwhile; G_MAXINT64: none. */
int poison_task_in_hand(const struct held_task *tasks, guint count, bool journal, gint64 late_us);

enum poison_verdict {
	POISON_INNOCENT,  /* the worker ended for another reason */
	POISON_OVERTIME,  /* it took longer than its pipeline allows: its job fails */
	POISON_SUSPECTED, /* counted; tried again */
	POISON_FOUND      /* so many workers died of it that its job fails */
};

struct worker_end {
	bool dead;     /* else it fell silent */
	bool in_order; /* it was stopped, or ended by us */
	bool overtime; /* it ended itself because the task took too long */
	GQuark how;
};

/* Counts, and says what follows. attempts: of the pipeline, from 1. */
enum poison_verdict poison_task_worker_ended(struct poison_count *count, const struct worker_end *end, guint attempts);
/* Its message, or its answer's, was lost. True: so often that the job starts over; never when another worker has the task, too. */
bool poison_task_lost(struct poison_count *count, bool other_has_it);
/* It takes longer than its pipeline allows. */
bool poison_task_hangs(gint64 busy_us, double limit_s);

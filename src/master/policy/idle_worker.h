/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   when are the tasks of a worker lost? Its heartbeats say that it has nothing to do, and it must answer some. That alone proves nothing: its
 *            tasks may not have reached it, or its answers not us. So only heartbeats count while nothing is on its way and nothing is unread.
 *            Each time that the answers came after all, more heartbeats are awaited the next time.
 * Thread:    any. Ownership: none.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

/* At the time of a heartbeat. */
struct idle_facts {
	bool idle, owes; /* it says so; it must answer tasks */
	bool awaits;     /* a task is not delivered to the broker yet */
	bool behind; /* it has not read all its tasks, or its answers are not delivered, or we have not read all answers */
};

struct idle_count {
	guint beats;  /* in a row that count */
	guint behind; /* since it last did something, that would if nothing were unread */
	guint doubts; /* so often the beats that are awaited are doubled */
	bool resent;  /* tasks were sent again */
	bool in_vain; /* and were answered all the same */
};

void idle_worker_heard(struct idle_count *count, const struct idle_facts *facts);
/* A task goes to it, or something comes from it. */
void idle_worker_stirs(struct idle_count *count);
/* Its tasks are lost. What is unread does not excuse it for ever. */
bool idle_worker_lost(const struct idle_count *count);
/* They are sent again. */
void idle_worker_resent(struct idle_count *count);
/* It answered one that nobody expects from it any more. */
void idle_worker_answered_late(struct idle_count *count);

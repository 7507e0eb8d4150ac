/* SPDX-License-Identifier: GPL-2.0-or-later
 * Threads that turn: see thread_watchdog.h. */
#include "base/thread_watchdog.h"

#include <stdatomic.h>

#include "base/clock.h"

struct turn {
	const char *name;
	_Atomic gint64 last_us;
};

static GMutex lock;
static GSList *all; /* struct turn, under lock */

struct turn *turn_new(const char *name)
{
	struct turn *turn = g_new0(struct turn, 1);

	turn->name = name;
	turn_mark(turn);
	g_mutex_lock(&lock);
	all = g_slist_prepend(all, turn);
	g_mutex_unlock(&lock);
	return turn;
}

void turn_free(struct turn *turn)
{
	if (!turn)
		return;
	g_mutex_lock(&lock);
	all = g_slist_remove(all, turn);
	g_mutex_unlock(&lock);
	g_free(turn);
}

void turn_mark(struct turn *turn)
{
	atomic_store_explicit(&turn->last_us, clock_now_us(), memory_order_relaxed);
}

void turn_rest(struct turn *turn)
{
	atomic_store_explicit(&turn->last_us, G_MAXINT64, memory_order_relaxed);
}

const char *turn_late(gint64 longest_us)
{
	gint64 now = clock_now_us();
	const char *late = NULL;

	g_mutex_lock(&lock);
	for (GSList *link = all; link && !late; link = link->next) {
		struct turn *turn = link->data;
		if (atomic_load_explicit(&turn->last_us, memory_order_relaxed) < now - longest_us)
			late = turn->name;
	}
	g_mutex_unlock(&lock);
	return late;
}

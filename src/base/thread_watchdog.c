/* SPDX-License-Identifier: GPL-2.0-or-later
 * Threads that must not stall: see thread_watchdog.h. */
#include "base/thread_watchdog.h"

#include <stdatomic.h>

#include "base/clock.h"

struct watched_thread {
	const char *name;
	_Atomic gint64 last_us;
};

static GMutex lock;
static GSList *all; /* struct watched_thread, under lock */

struct watched_thread *watched_thread_new(const char *name)
{
	struct watched_thread *thread = g_new0(struct watched_thread, 1);

	thread->name = name;
	watched_thread_mark(thread);
	g_mutex_lock(&lock);
	all = g_slist_prepend(all, thread);
	g_mutex_unlock(&lock);
	return thread;
}

void watched_thread_free(struct watched_thread *thread)
{
	if (!thread)
		return;
	g_mutex_lock(&lock);
	all = g_slist_remove(all, thread);
	g_mutex_unlock(&lock);
	g_free(thread);
}

void watched_thread_mark(struct watched_thread *thread)
{
	atomic_store_explicit(&thread->last_us, clock_now_us(), memory_order_relaxed);
}

void watched_thread_rest(struct watched_thread *thread)
{
	atomic_store_explicit(&thread->last_us, G_MAXINT64, memory_order_relaxed);
}

const char *watched_thread_late(gint64 longest_us)
{
	gint64 now = clock_now_us();
	const char *late = NULL;

	g_mutex_lock(&lock);
	for (GSList *link = all; link && !late; link = link->next) {
		struct watched_thread *thread = link->data;
		if (atomic_load_explicit(&thread->last_us, memory_order_relaxed) < now - longest_us)
			late = thread->name;
	}
	g_mutex_unlock(&lock);
	return late;
}

/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   do the threads that feed the main loop still run? Each marks its rounds. systemd's watchdog is only notified while none is late.
 * Thread:    any; a mark is one atomic store.
 * Ownership: watched_thread_free() by the thread's owner, when the thread has ended.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

struct watched_thread;

struct watched_thread *watched_thread_new(const char *name /* a constant */);
void watched_thread_free(struct watched_thread *thread); /* NULL is fine */
void watched_thread_mark(struct watched_thread *thread);
/* It sleeps until something happens: not late, whatever the clock says. */
void watched_thread_rest(struct watched_thread *thread);
/* The name of a thread without a mark for this long, or NULL. */
const char *watched_thread_late(gint64 longest_us);

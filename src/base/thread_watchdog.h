/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   do the threads that feed the main loop still turn? Each marks its turns; the watchdog is only fed while none is late.
 * Thread:    any; a mark is one atomic store.
 * Ownership: turn_free() by the thread's owner, when the thread has ended.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

struct turn;

struct turn *turn_new(const char *name /* a constant */);
void turn_free(struct turn *turn); /* NULL is fine */
void turn_mark(struct turn *turn);
/* It sleeps until something happens: not late, whatever the clock says. */
void turn_rest(struct turn *turn);
/* The name of one that has not turned for this long, or NULL. */
const char *turn_late(gint64 longest_us);

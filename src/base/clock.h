/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   time. Durations come from the monotonic clock, so that a clock that jumps expires no lease; wall time
 *            is only for people.
 * Thread:    any.
 */
#pragma once

#include <glib.h>

gint64 clock_now_us(void);    /* monotonic */
gint64 clock_wall_us(void);   /* since 1970, UTC */
gint64 clock_cpu_us(void);    /* processor time of this process */
gint64 clock_thread_us(void); /* and of this thread */
/* A time as it is, or, in a build for tests (DROPMILL_TEST_HOOKS), as this variable of the environment says in milliseconds. */
gint64 clock_hooked_us(const char *variable, gint64 usual_us);
/* 2026-11-23T09:15:02.123Z. Returns owned; NULL for 0. */
char *clock_iso(gint64 wall_us);

/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   places where a test may let the power fail. In builds with DROPMILL_TEST_HOOKS, DROPMILL_TEST_CRASH=POINT[:N], or a fault
 *            "crash" that says so (base/testing/fault.h), ends the process with SIGKILL when it comes to that point for the Nth time (the first,
 *            without N). In all other builds a point is nothing.
 * Thread:    any. Ownership: none.
 *
 * A point has one name and one place, since it counts by itself. tests/e2e/test_crash_points.py tries every name in the sources.
 */
#pragma once

#ifdef DROPMILL_TEST_HOOKS

#include <glib.h>
#include <signal.h>
#include <string.h>

#include "base/testing/fault.h"

static inline void crash_at(const char *point, gint *reached)
{
	g_autofree char *later = fault_text("crash");
	const char *wish = later ? later : g_getenv("DROPMILL_TEST_CRASH");
	gsize length = strlen(point);

	if (!wish || strncmp(wish, point, length) != 0 || (wish[length] != '\0' && wish[length] != ':'))
		return;
	gint64 wanted = wish[length] == ':' ? g_ascii_strtoll(wish + length + 1, NULL, 10) : 1;
	if (g_atomic_int_add(reached, 1) + 1 == wanted)
		raise(SIGKILL);
}

#define CRASH_POINT(point)                                                                                             \
	do {                                                                                                           \
		static gint crash_reached;                                                                             \
		crash_at((point), &crash_reached);                                                                     \
	} while (0)

#else

#define CRASH_POINT(point) ((void)0)

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   faults that a test switches on and off under a running mill. In builds with DROPMILL_TEST_HOOKS, DROPMILL_TEST_FAULTS names a
 *            folder; a fault is on as long as a file of its name lies there, and what the file says is its measure. In all other builds a
 *            fault is never on, and the compiler leaves nothing of it.
 * Thread:    any. Ownership: none.
 *
 *            segment     no room for shared memory (ENOSPC)
 *            spool       no room for a file without a name (ENOSPC)
 *            wall        the wall clock is that many seconds off
 *            crash       POINT or POINT:N, as base/testing/crash.h has it
 */
#pragma once

#ifdef DROPMILL_TEST_HOOKS

#include <glib.h>

/* What the file says, without the blanks around it; NULL: the fault is off. Owned. */
static inline char *fault_text(const char *name)
{
	const char *folder = g_getenv("DROPMILL_TEST_FAULTS");
	g_autofree char *path = folder ? g_build_filename(folder, name, NULL) : NULL;
	char *text = NULL;

	if (!path || !g_file_get_contents(path, &text, NULL, NULL))
		return NULL;
	return g_strstrip(text);
}

static inline gint64 fault_number(const char *name)
{
	g_autofree char *text = fault_text(name);

	return text ? g_ascii_strtoll(text, NULL, 10) : 0;
}

static inline gboolean fault_is_on(const char *name)
{
	g_autofree char *text = fault_text(name);

	return text != NULL;
}

#else

#define fault_number(name) ((gint64)0)
#define fault_is_on(name) false

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later
 * Open streams: see streams.h. */
#include "web/api/streams.h"

#include <glib.h>

static gint open_streams;

bool streams_enter(void)
{
	if (g_atomic_int_add(&open_streams, 1) < STREAMS_MOST)
		return true;
	streams_leave();
	return false;
}

void streams_leave(void)
{
	g_atomic_int_add(&open_streams, -1);
}

int streams_open(void)
{
	return g_atomic_int_get(&open_streams);
}

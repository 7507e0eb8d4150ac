/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   workers as heartbeats make them, for tests that need no process.
 * Thread:    the main one. Ownership: what is returned is the caller's; workers_heard() takes it.
 */
#pragma once

#include "bus/protocol/heartbeat.h"
#include "master/fleet/workers.h"

/* From another machine than this one, so that no process is watched. */
static inline struct heartbeat *beat_from(const char *machine, const char *id, const char *state, const char *hash)
{
	struct heartbeat *heartbeat = g_new0(struct heartbeat, 1);
	gint32 partition = 0;

	heartbeat->id = g_strdup(id);
	heartbeat->host = g_strdup("elsewhere");
	heartbeat->pid = 1;
	heartbeat->machine = g_strdup(machine);
	heartbeat->state = g_strdup(state);
	heartbeat->job = g_strdup("");
	heartbeat->tile = -1;
	heartbeat->partitions = g_array_new(FALSE, FALSE, sizeof(gint32));
	g_array_append_val(heartbeat->partitions, partition);
	heartbeat->planes[PLANE_INLINE] = true;
	heartbeat->vips = g_strdup("8.14.1");
	heartbeat->test_hash = g_strdup(hash);
	heartbeat->slot = g_strdup("");
	heartbeat->endings = endings_new();
	return heartbeat;
}

static inline void nothing(struct worker *worker, void *user)
{
	(void)worker;
	(void)user;
}

static inline void gone_unheard(struct worker *worker, bool dead, void *user)
{
	(void)worker;
	(void)dead;
	(void)user;
}

/* A registry of whose events nobody wants to know. */
static inline struct workers *workers_unheard(void)
{
	const struct workers_events events = {gone_unheard, nothing, NULL, NULL};

	return workers_new(&events);
}

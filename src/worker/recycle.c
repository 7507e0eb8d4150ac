/* SPDX-License-Identifier: GPL-2.0-or-later
 * When a worker is replaced: see recycle.h. */
#include "worker/recycle.h"

#include <malloc.h>

#include "base/log.h"
#include "base/process.h"

/* Larger blocks go back at once: the most that glibc takes. */
#define KEPT_BLOCK_BYTES (32 << 20)
#define KEPT_BYTES (256 << 20)

void recycle_keep_memory(void)
{
	/* Threads come and go with each picture; with a heap for each they would not get what the last one left. */
	mallopt(M_ARENA_MAX, 1);
	mallopt(M_MMAP_THRESHOLD, KEPT_BLOCK_BYTES);
	mallopt(M_TRIM_THRESHOLD, KEPT_BYTES);
}

void recycle_give_back(void)
{
	malloc_trim(0);
}

/* The next picture has the other half of its bound to itself: what is kept free counts for whoever watches that bound. */
static bool may_keep(const struct worker_args *args, gint64 growth_bytes, gint64 bytes)
{
	return (!args->recycle_growth_bytes || growth_bytes <= args->recycle_growth_bytes) &&
	       (!args->memory_bytes || bytes <= args->memory_bytes / 2);
}

/* Without what is kept free for the next picture, where that is much. */
static gint64 measure(const struct recycle *recycle)
{
	gint64 bytes = process_private_bytes(0);

	if (may_keep(recycle->args, bytes - recycle->born_bytes, bytes))
		return bytes;
	recycle_give_back();
	return process_private_bytes(0);
}

void recycle_begin(struct recycle *recycle, const struct worker_args *args)
{
	*recycle = (struct recycle){.args = args, .born_bytes = process_private_bytes(0)};
}

bool recycle_task_done(struct recycle *recycle)
{
	const struct worker_args *args = recycle->args;
	gint64 bytes = args->recycle_growth_bytes || args->memory_bytes ? measure(recycle) : 0;
	const char *why = NULL;

	recycle->tasks++;
	if (args->recycle_tasks && recycle->tasks >= args->recycle_tasks)
		why = "--recycle-tasks";
	else if (args->recycle_growth_bytes && bytes - recycle->born_bytes > args->recycle_growth_bytes)
		why = "--recycle-growth";
	else if (args->memory_bytes && bytes > args->memory_bytes)
		why = "--worker-memory";
	if (!why || recycle->due)
		return false;
	g_autofree char *size = g_format_size_full((guint64)process_private_bytes(0), G_FORMAT_SIZE_IEC_UNITS);
	log_info("recycled after %d task%s, with %s (%s)", recycle->tasks, recycle->tasks == 1 ? "" : "s", size, why);
	recycle->due = true;
	return true;
}

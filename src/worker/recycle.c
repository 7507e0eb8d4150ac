/* SPDX-License-Identifier: GPL-2.0-or-later
 * When a worker is replaced: see recycle.h. */
#include "worker/recycle.h"

#include "base/log.h"
#include "base/process.h"

void recycle_begin(struct recycle *recycle, const struct worker_args *args)
{
	*recycle = (struct recycle){.args = args, .born_bytes = process_private_bytes(0)};
}

bool recycle_task_done(struct recycle *recycle)
{
	const struct worker_args *args = recycle->args;
	gint64 bytes = args->recycle_growth_bytes || args->memory_bytes ? process_private_bytes(0) : 0;
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

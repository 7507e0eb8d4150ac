/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   is a worker old or fat enough for a fresh process to take its place? Decoders leak, allocators fragment. And what memory it
 *            keeps from one picture to the next: new pages cost a tenth of the time of a small picture.
 * Thread:    the one that computes.
 * Ownership: borrows the worker's arguments.
 */
#pragma once

#include "worker/worker_args.h"

struct recycle {
	const struct worker_args *args;
	gint64 born_bytes; /* private memory before the first task */
	int tasks;
	bool due;
};

/* Before the first allocation of size: freed memory is kept for the next picture. */
void recycle_keep_memory(void);
/* With nothing to do: freed memory goes back to the system. */
void recycle_give_back(void);

void recycle_begin(struct recycle *recycle, const struct worker_args *args);
/* After each task. True once: from now on the worker is to retire; the reason is logged. */
bool recycle_task_done(struct recycle *recycle);

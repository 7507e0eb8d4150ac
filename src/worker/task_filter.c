/* SPDX-License-Identifier: GPL-2.0-or-later
 * Which tasks are this worker's to do: see task_filter.h. */
#include "worker/task_filter.h"

#include <string.h>

/* Leases remembered. What is uncommitted, and so what a rebalance brings again, is a window of some ten. */
#define REMEMBERED 4096

struct task_filter {
	char *worker;
	GHashTable *taken; /* leases as texts, owned by it */
	GQueue oldest;     /* the same, borrowed */
};

struct task_filter *task_filter_new(const char *worker)
{
	struct task_filter *filter = g_new0(struct task_filter, 1);

	filter->worker = g_strdup(worker);
	filter->taken = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	g_queue_init(&filter->oldest);
	return filter;
}

void task_filter_free(struct task_filter *filter)
{
	if (!filter)
		return;
	g_queue_clear(&filter->oldest);
	g_hash_table_unref(filter->taken);
	g_free(filter->worker);
	g_free(filter);
}

bool task_filter_take(struct task_filter *filter, const struct task *task)
{
	if (strcmp(task->worker, filter->worker) != 0)
		return false;
	char *lease = g_strdup_printf("%s/%u/%d/%d", task->job, task->serial, task->tile, task->attempt);
	if (g_hash_table_contains(filter->taken, lease)) {
		g_free(lease);
		return false;
	}
	g_hash_table_add(filter->taken, lease);
	g_queue_push_tail(&filter->oldest, lease);
	if (filter->oldest.length > REMEMBERED)
		g_hash_table_remove(filter->taken, g_queue_pop_head(&filter->oldest));
	return true;
}

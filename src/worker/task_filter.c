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
	struct task_filter *orders = g_new0(struct task_filter, 1);

	orders->worker = g_strdup(worker);
	orders->taken = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	g_queue_init(&orders->oldest);
	return orders;
}

void task_filter_free(struct task_filter *orders)
{
	if (!orders)
		return;
	g_queue_clear(&orders->oldest);
	g_hash_table_unref(orders->taken);
	g_free(orders->worker);
	g_free(orders);
}

bool task_filter_take(struct task_filter *orders, const struct task *task)
{
	if (strcmp(task->worker, orders->worker) != 0)
		return false;
	char *lease = g_strdup_printf("%s/%u/%d/%d", task->job, task->serial, task->tile, task->attempt);
	if (g_hash_table_contains(orders->taken, lease)) {
		g_free(lease);
		return false;
	}
	g_hash_table_add(orders->taken, lease);
	g_queue_push_tail(&orders->oldest, lease);
	if (orders->oldest.length > REMEMBERED)
		g_hash_table_remove(orders->taken, g_queue_pop_head(&orders->oldest));
	return true;
}

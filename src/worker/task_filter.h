/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   which tasks are this worker's to do. Kafka delivers at least once, and after a rebalance to others: a task may come to a worker
 *            that it was not leased to, and it may come again, at once or much later. Whoever did it then would write to temp files that
 *            the master is putting in their place at this moment, or that nobody will ever remove.
 * Thread:    the reader's.
 * Ownership: task_filter_free().
 */
#pragma once

#include "bus/protocol/wire.h"

struct task_filter;

struct task_filter *task_filter_new(const char *worker /* copies */);
/* True the first time for a task that is leased to this worker. */
bool task_filter_take(struct task_filter *filter, const struct task *task);
void task_filter_free(struct task_filter *filter); /* NULL is fine */
DEFINE_AUTO(task_filter, task_filter_free)

/* SPDX-License-Identifier: GPL-2.0-or-later
 * The last minute's tasks: see task_log.h. */
#include "status/task_log.h"

#include "base/clock.h"

/* A thousand a second; with more, less than a minute is shown. */
#define MOST 60000

const double task_bounds_s[TASK_BOUNDS] = {0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 60};

static GMutex lock;
static GQueue tasks = G_QUEUE_INIT; /* struct task_view, oldest first; under lock */

static void forget_first(void)
{
	struct task_view *task = g_queue_pop_head(&tasks);

	g_ref_string_release(task->job);
	g_ref_string_release(task->worker);
	g_clear_pointer((char **)&task->source, g_ref_string_release);
	g_free(task);
}

void task_log_add(const struct task_view *task)
{
	struct task_view *own = g_new(struct task_view, 1);

	*own = *task;
	own->job = g_ref_string_acquire(task->job);
	own->worker = g_ref_string_acquire(task->worker);
	own->source = task->source ? g_ref_string_new_intern(task->source) : NULL; /* one text for all tiles of a job */
	g_mutex_lock(&lock);
	g_queue_push_tail(&tasks, own);
	while (tasks.length > MOST ||
		((struct task_view *)tasks.head->data)->end_wall_us < own->end_wall_us - TASK_LOG_US)
		forget_first();
	g_mutex_unlock(&lock);
}

void task_log_each(guint64 above, guint64 to, void (*each)(const struct task_view *task, void *user), void *user)
{
	gint64 oldest = clock_wall_us() - TASK_LOG_US;
	GList *first = NULL;

	g_mutex_lock(&lock);
	/* The requested entries are at the end. */
	for (GList *link = tasks.tail; link; link = link->prev) {
		const struct task_view *task = link->data;
		if (task->sequence <= above || task->end_wall_us < oldest)
			break;
		first = link;
	}
	for (; first; first = first->next) {
		const struct task_view *task = first->data;
		if (task->sequence <= to)
			each(task, user);
	}
	g_mutex_unlock(&lock);
}

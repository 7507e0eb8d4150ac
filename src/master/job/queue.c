/* SPDX-License-Identifier: GPL-2.0-or-later
 * The unfinished jobs: see queue.h.
 *
 * At most STUCK_AT_MOST pictures of a pipeline wait with work done or tried; its other pictures do not begin meanwhile. So the pictures of other
 * pipelines go on, however many wait and whatever they try in vain. */
#include "master/job/queue.h"

#include <string.h>

/* Jobs of one pipeline; their outputs lie on a disk. */
#define STUCK_AT_MOST 64

void queue_init(struct queue *queue)
{
	/* It differs from the serial of an earlier master, whose runs are not ours. */
	queue->serial = g_random_int();
	queue->always_whole = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	queue->jobs = g_hash_table_new(g_str_hash, g_str_equal);
	queue->sources = g_hash_table_new(g_str_hash, g_str_equal);
	queue->running = g_ptr_array_new();
	queue->stuck = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	g_queue_init(&queue->queued);
	queue->placement_times = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
}

void queue_clear(struct queue *queue)
{
	g_clear_pointer(&queue->placement_times, g_hash_table_unref);
	g_clear_pointer(&queue->always_whole, g_hash_table_unref);
	g_clear_pointer(&queue->stuck, g_hash_table_unref);
}

struct job *queue_find(const struct queue *queue, const char *id)
{
	return g_hash_table_lookup(queue->jobs, id);
}

struct job *queue_find_run(const struct queue *queue, const char *id, guint32 run)
{
	struct job *job = queue_find(queue, id);

	return job && job->course.run == run && job->work.tiles ? job : NULL;
}

static int by_priority(gconstpointer a, gconstpointer b, gpointer unused)
{
	const struct job *x = a, *y = b;

	(void)unused;
	if (x->pipeline->priority != y->pipeline->priority)
		return y->pipeline->priority - x->pipeline->priority;
	return x->times.queued_us < y->times.queued_us ? -1 : x->times.queued_us > y->times.queued_us;
}

void queue_add(struct queue *queue, struct job *job)
{
	/* Nearly always the newest of its priority: look from the tail. */
	GList *link = queue->queued.tail;
	while (link && by_priority(link->data, job, NULL) > 0)
		link = link->prev;
	if (link)
		g_queue_insert_after(&queue->queued, link, job);
	else
		g_queue_push_head(&queue->queued, job);
}

guint queue_busy(const struct queue *queue)
{
	guint count = 0;

	for (guint i = 0; i < queue->running->len; i++)
		count += ((struct job *)g_ptr_array_index(queue->running, i))->course.commit_tries == 0;
	return count;
}

static guint stuck_of(const struct queue *queue, const struct job *job)
{
	return GPOINTER_TO_UINT(g_hash_table_lookup(queue->stuck, job->pipeline->name));
}

void queue_count_stuck(struct queue *queue, const struct job *job, bool stuck)
{
	guint count = stuck_of(queue, job) + (stuck ? 1 : -1);

	g_hash_table_insert(queue->stuck, g_strdup(job->pipeline->name), GUINT_TO_POINTER(count));
}

/* One of its pipeline is tried again already. */
static bool another_tries(const struct queue *queue, const struct job *job)
{
	for (guint i = 0; i < queue->running->len; i++) {
		const struct job *other = g_ptr_array_index(queue->running, i);
		if (other->course.stuck && other->course.commit_tries == 0 &&
			strcmp(other->pipeline->name, job->pipeline->name) == 0)
			return true;
	}
	return false;
}

bool queue_is_stuck(const struct queue *queue, const struct job *job)
{
	return stuck_of(queue, job) >= STUCK_AT_MOST;
}

bool queue_may_start(const struct queue *queue, const struct job *job)
{
	return job->course.stuck ? !another_tries(queue, job) : !queue_is_stuck(queue, job);
}

struct placement_times *queue_placement_times(struct queue *queue, const struct job *job)
{
	struct placement_times *times = g_hash_table_lookup(queue->placement_times, job->pipeline->name);

	if (!times) {
		times = g_new0(struct placement_times, 1);
		g_hash_table_insert(queue->placement_times, g_strdup(job->pipeline->name), times);
	}
	return times;
}

/* SPDX-License-Identifier: GPL-2.0-or-later
 * The mill at one moment: see snapshot.h. */
#include "status/snapshot.h"

#include "base/clock.h"

static GMutex latest_lock;
static GCond latest_changed;
static struct snapshot *latest; /* under latest_lock; one reference is ours */

const char *const error_shown_names[] = {
	[SHOWN_INPUT] = "input", [SHOWN_LIMIT] = "limit", [SHOWN_CRASH] = "crash", [SHOWN_RETRIES] = "retries", NULL};
const char *const worker_state_names[] = {[WORKER_LIVE] = "live", [WORKER_LATE] = "late", [WORKER_GONE] = "gone", NULL};

void worker_view_free(struct worker_view *view)
{
	if (!view)
		return;
	g_free(view->id);
	g_free(view->host);
	g_free(view->plane);
	g_free(view->partitions.list);
	g_free(view->work.text);
	g_free(view->work.job);
	g_free(view->vips);
	g_free(view->version);
	g_free(view->end.how);
	g_clear_pointer(&view->partitions.lags, g_array_unref);
	g_free(view->breaker.reason);
	g_free(view);
}

static void group_view_free(struct group_view *view)
{
	g_free(view->vips);
	g_free(view->version);
	g_free(view->pixels);
	g_free(view);
}

void pipeline_view_free(struct pipeline_view *view)
{
	if (!view)
		return;
	g_free(view->name);
	g_free(view->description);
	g_free(view->inbox);
	g_free(view->file);
	g_free(view->hash);
	g_free(view->error);
	g_clear_pointer(&view->chain, g_ref_string_release);
	g_strfreev(view->accept);
	g_free(view);
}

void waiting_view_free(struct waiting_view *view)
{
	if (!view)
		return;
	g_free(view->pipeline);
	g_free(view->path);
	g_free(view->why);
	g_free(view);
}

struct snapshot *snapshot_new(void)
{
	struct snapshot *snapshot = g_new0(struct snapshot, 1);

	snapshot->ref_count = 1;
	snapshot->taken_us = clock_now_us();
	snapshot->taken_wall_us = clock_wall_us();
	snapshot->jobs = g_ptr_array_new_with_free_func((GDestroyNotify)job_view_unref);
	snapshot->workers = g_ptr_array_new_with_free_func((GDestroyNotify)worker_view_free);
	snapshot->groups = g_ptr_array_new_with_free_func((GDestroyNotify)group_view_free);
	snapshot->pipelines = g_ptr_array_new_with_free_func((GDestroyNotify)pipeline_view_free);
	snapshot->waiting = g_ptr_array_new_with_free_func((GDestroyNotify)waiting_view_free);
	return snapshot;
}

void snapshot_unref(struct snapshot *snapshot)
{
	if (!snapshot || !g_atomic_int_dec_and_test(&snapshot->ref_count))
		return;
	g_free(snapshot->broker.servers);
	g_free(snapshot->broker.note);
	g_free(snapshot->queue.oldest_source);
	g_ptr_array_unref(snapshot->jobs);
	g_ptr_array_unref(snapshot->workers);
	g_ptr_array_unref(snapshot->groups);
	g_ptr_array_unref(snapshot->pipelines);
	g_ptr_array_unref(snapshot->waiting);
	g_free(snapshot);
}

struct snapshot *snapshot_get(void)
{
	/* The reference is taken under the lock: between reading the pointer and counting, publish could free it. */
	g_mutex_lock(&latest_lock);
	struct snapshot *snapshot = latest;
	if (snapshot)
		g_atomic_int_inc(&snapshot->ref_count);
	g_mutex_unlock(&latest_lock);
	return snapshot;
}

struct snapshot *snapshot_ref(struct snapshot *snapshot)
{
	g_atomic_int_inc(&snapshot->ref_count);
	return snapshot;
}

struct snapshot *snapshot_wait(guint64 above, gint64 until_us, bool (*enough)(void *user), void *user)
{
	struct snapshot *snapshot = NULL;

	g_mutex_lock(&latest_lock);
	while (!enough(user) && !(latest && latest->sequence > above))
		if (!g_cond_wait_until(&latest_changed, &latest_lock, until_us))
			break;
	if (!enough(user) && latest && latest->sequence > above)
		snapshot = snapshot_ref(latest);
	g_mutex_unlock(&latest_lock);
	return snapshot;
}

void snapshot_wake(void)
{
	g_mutex_lock(&latest_lock);
	g_cond_broadcast(&latest_changed);
	g_mutex_unlock(&latest_lock);
}

void snapshot_publish(struct snapshot *snapshot)
{
	g_mutex_lock(&latest_lock);
	struct snapshot *previous = latest;
	if (snapshot && previous && snapshot->sequence <= previous->sequence)
		snapshot->sequence = previous->sequence + 1;
	latest = snapshot;
	g_cond_broadcast(&latest_changed);
	g_mutex_unlock(&latest_lock);
	snapshot_unref(previous); /* may free ten thousand views: not under the lock */
}

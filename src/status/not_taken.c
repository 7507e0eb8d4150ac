/* SPDX-License-Identifier: GPL-2.0-or-later
 * Files that are seen and not taken: see not_taken.h. */
#include "status/not_taken.h"

#include <string.h>

#include "base/clock.h"
#include "base/display.h"

/* Enough to see what is wrong; ten thousand files that wait do so for few reasons. */
#define SHOWN 200

struct waiting {
	GMutex lock;
	GHashTable *by_path; /* path to struct waiting_view, which is also in oldest */
	GQueue oldest;       /* struct waiting_view, borrowed, in the order they began to wait */
	GHashTable *more;    /* inbox to struct waiting_view: those of its files that are not in by_path */
};

struct waiting *waiting_new(void)
{
	struct waiting *waiting = g_new0(struct waiting, 1);

	g_mutex_init(&waiting->lock);
	waiting->by_path = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify)waiting_view_free);
	waiting->more = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify)waiting_view_free);
	g_queue_init(&waiting->oldest);
	return waiting;
}

void waiting_free(struct waiting *waiting)
{
	if (!waiting)
		return;
	g_queue_clear(&waiting->oldest);
	g_hash_table_unref(waiting->by_path);
	g_hash_table_unref(waiting->more);
	g_mutex_clear(&waiting->lock);
	g_free(waiting);
}

static struct waiting_view *view_new(const char *pipeline, const char *path, const char *why, gint64 since_wall_us)
{
	struct waiting_view *view = g_new0(struct waiting_view, 1);

	view->pipeline = g_strdup(pipeline);
	view->path = display_name(path);
	view->why = g_strdup(why);
	view->since_wall_us = since_wall_us;
	view->files = 1;
	return view;
}

bool waiting_set(struct waiting *waiting, const char *pipeline, const char *path, const char *why)
{
	bool news = true;

	g_mutex_lock(&waiting->lock);
	struct waiting_view *view = g_hash_table_lookup(waiting->by_path, path);
	if (!why && !view) {
		news = false;
	} else if (!why) {
		g_queue_remove(&waiting->oldest, view);
		g_hash_table_remove(waiting->by_path, path);
	} else if (view) {
		news = g_strcmp0(view->why, why) != 0;
		g_free(view->why);
		view->why = g_strdup(why);
	} else {
		view = view_new(pipeline, path, why, clock_wall_us());
		g_queue_push_tail(&waiting->oldest, view);
		g_hash_table_insert(waiting->by_path, g_strdup(path), view);
	}
	g_mutex_unlock(&waiting->lock);
	return news;
}

bool waiting_more(struct waiting *waiting, const char *pipeline, const char *inbox, guint64 count, const char *why)
{
	g_mutex_lock(&waiting->lock);
	struct waiting_view *view = g_hash_table_lookup(waiting->more, inbox);
	bool news = (count > 0) != (view != NULL);
	gint64 since = view ? view->since_wall_us : clock_wall_us();
	if (count) {
		view = view_new(pipeline, inbox, why, since);
		view->files = count;
		g_hash_table_replace(waiting->more, g_strdup(inbox), view);
	} else {
		g_hash_table_remove(waiting->more, inbox);
	}
	g_mutex_unlock(&waiting->lock);
	return news;
}

static void show(struct snapshot *snapshot, const struct waiting_view *view)
{
	struct waiting_view *copy = view_new(view->pipeline, "", view->why, view->since_wall_us);

	g_free(copy->path);
	copy->path = g_strdup(view->path);
	copy->files = view->files;
	g_ptr_array_add(snapshot->waiting, copy);
}

static gint by_path(gconstpointer a, gconstpointer b)
{
	return strcmp((*(struct waiting_view *const *)a)->path, (*(struct waiting_view *const *)b)->path);
}

void waiting_view(struct waiting *waiting, struct snapshot *snapshot)
{
	GHashTableIter iterator;
	gpointer view;

	g_mutex_lock(&waiting->lock);
	snapshot->waiting_total = waiting->oldest.length;
	g_hash_table_iter_init(&iterator, waiting->more);
	while (g_hash_table_iter_next(&iterator, NULL, &view)) {
		snapshot->waiting_total += ((struct waiting_view *)view)->files;
		show(snapshot, view);
	}
	g_ptr_array_sort(snapshot->waiting, by_path);
	guint shown = 0;
	for (GList *link = waiting->oldest.head; link && shown++ < SHOWN; link = link->next)
		show(snapshot, link->data);
	g_mutex_unlock(&waiting->lock);
}

/* SPDX-License-Identifier: GPL-2.0-or-later
 * The history for the page: see archive.h. */
#include "web/api/archive.h"

#include "status/record_view.h"

struct archive {
	GMutex lock;
	struct history *history; /* NULL: not opened yet */
	char *out;
};

struct archive *archive_new(void)
{
	struct archive *archive = g_new0(struct archive, 1);

	g_mutex_init(&archive->lock);
	return archive;
}

void archive_free(struct archive *archive)
{
	if (!archive)
		return;
	history_close(archive->history);
	g_free(archive->out);
	g_mutex_clear(&archive->lock);
	g_free(archive);
}

void archive_open(struct archive *archive, struct history *history, const char *out)
{
	g_mutex_lock(&archive->lock);
	history_close(archive->history);
	g_free(archive->out);
	archive->history = history;
	archive->out = g_strdup(out);
	g_mutex_unlock(&archive->lock);
}

struct gathering {
	const struct archive *archive;
	GPtrArray *views;
};

static void gather(const struct history_job *record, void *user)
{
	struct gathering *gathering = user;

	g_ptr_array_add(gathering->views, record_view(record, gathering->archive->out));
}

GPtrArray *archive_find(
	struct archive *archive, const struct history_choice *choice, gint64 offset, int limit, gint64 *total)
{
	struct gathering gathering = {archive, g_ptr_array_new_with_free_func((GDestroyNotify)job_view_unref)};

	g_mutex_lock(&archive->lock);
	*total = archive->history ? history_matching(archive->history, choice) : -1;
	bool found = *total >= 0 &&
		     (limit == 0 || history_find(archive->history, choice, offset, limit, gather, &gathering));
	g_mutex_unlock(&archive->lock);
	if (found)
		return gathering.views;
	g_ptr_array_unref(gathering.views);
	return NULL;
}

struct job_view *archive_job(struct archive *archive, const char *id)
{
	struct job_view *view = NULL;

	if (!archive)
		return NULL;
	struct gathering gathering = {archive, g_ptr_array_new_with_free_func((GDestroyNotify)job_view_unref)};
	g_mutex_lock(&archive->lock);
	if (archive->history)
		history_one(archive->history, id, gather, &gathering);
	g_mutex_unlock(&archive->lock);
	if (gathering.views->len)
		view = job_view_ref(g_ptr_array_index(gathering.views, 0));
	g_ptr_array_unref(gathering.views);
	return view;
}

bool archive_since(
	struct archive *archive, gint64 wall_us, void (*each)(const struct history_job *job, void *user), void *user)
{
	g_mutex_lock(&archive->lock);
	bool read = archive->history && history_since(archive->history, wall_us, each, user);
	g_mutex_unlock(&archive->lock);
	return read;
}

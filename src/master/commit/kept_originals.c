/* SPDX-License-Identifier: GPL-2.0-or-later
 * Originals that stay: is a file one of them? See kept_originals.h. */
#include <errno.h>
#include <string.h>

#include "base/clock.h"
#include "base/disk/beneath.h"
#include "base/disk/moves.h"
#include "master/commit/kept_originals_records.h"
#include "master/inbox/claim_end.h"

/* Is this the file that was processed? Yes if its times are the same; else its content is compared, if it can be read. */
static enum intake_known judge(struct kept_record *record, const struct stat *status, bool by_event)
{
	gint64 mtime_ns = stamp_ns(&status->st_mtim), ctime_ns = stamp_ns(&status->st_ctim);
	bool same_time = mtime_ns == record->stamp.mtime_ns, announced = by_event && record->announced;

	if (by_event)
		record->announced = false;
	if (status->st_size != record->stamp.bytes)
		return KNOWN_NOT;
	if (same_time && (record->returning || record->ctime_ns == 0)) {
		record->ctime_ns = record->returning ? 0 : ctime_ns;
		return KNOWN_DONE;
	}
	/* A ctime that is always the mtime says nothing. */
	bool untouched = same_time && ctime_ns == record->ctime_ns;
	if (untouched && (ctime_ns != mtime_ns || !by_event || announced || !record->hash))
		return KNOWN_DONE;
	return record->hash ? KNOWN_ASKED : KNOWN_NOT;
}

enum intake_known kept_look(
	struct kept *kept, const struct inbox *inbox, const char *relative, const struct stat *status, bool by_event)
{
	const char *pipeline = inbox->pipeline;
	G_GNUC_UNUSED g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&kept->mutex);
	struct kept_record *record = kept_find(kept, pipeline, relative);

	if (!record && !(record = kept_adopt(kept, pipeline, relative, status)))
		return KNOWN_NOT;
	enum intake_known answer = judge(record, status, by_event);
	record->met = kept_shelf(kept, pipeline)->walk;
	bool paused = !by_event && clock_now_us() < record->pause_us;
	bool read = answer == KNOWN_ASKED ? !paused : answer == KNOWN_DONE && !record->hash && !record->returning;
	if (answer == KNOWN_NOT) {
		kept_drop(kept, pipeline, relative);
	} else if (read && !record->asked) {
		kept_read(kept, inbox, relative, record, answer == KNOWN_ASKED);
	}
	return answer;
}

/* The place that claim_give_back() will find for it. */
static char *place_of(const struct claim *claim)
{
	g_autofree char *wanted = g_build_filename(claim->inbox, claim->relative, NULL);
	g_autofree char *path = g_strdup(wanted);
	struct stat status;

	for (unsigned number = 1; beneath_stat(path, &status) == 0; number++) {
		g_free(path);
		path = files_numbered(wanted, number);
	}
	return g_strdup(path + strlen(claim->inbox) + 1);
}

/* It is back, or it is not. */
static void settle(struct kept *kept, const struct claim *claim, const char *expected, bool back)
{
	const char *relative = claim->left_at ? claim->left_at + strlen(claim->inbox) + 1 : expected;
	g_autofree char *path = g_build_filename(claim->inbox, relative, NULL);
	struct stat status;
	G_GNUC_UNUSED g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&kept->mutex);
	struct kept_record *record = kept_find(kept, claim->pipeline, expected);

	if (record && strcmp(relative, expected) != 0) { /* somebody was faster with the name */
		struct kept_record *moved =
			kept_put(kept, claim->pipeline, relative, record); /* not read yet: without a hash */
		kept_drop(kept, claim->pipeline, expected);
		record = moved;
	}
	if (record && !back) {
		kept_drop(kept, claim->pipeline, relative);
	} else if (record) {
		record->returning = false;
		record->ctime_ns = beneath_stat(path, &status) == 0 ? stamp_ns(&status.st_ctim) : 0;
		kept_read(kept, &(struct inbox){.pipeline = claim->pipeline, .path = claim->inbox}, relative, record,
			false);
	}
}

bool kept_return(struct kept *kept, struct claim *claim, GError **error)
{
	g_autofree char *relative = place_of(claim);
	const struct kept_record record = {
		.stamp = {claim->bytes, claim->mtime_ns}, .returning = true, .announced = true};

	g_mutex_lock(&kept->mutex);
	kept_put(kept, claim->pipeline, relative, &record);
	g_mutex_unlock(&kept->mutex);
	bool back = kept_save(kept, claim->pipeline, relative, error) && claim_give_back(claim, error);
	/* It may have moved although this could not be made to last. */
	settle(kept, claim, relative, back || claim_look(claim, NULL) == CLAIM_GONE);
	return back;
}

void kept_gone(struct kept *kept, const struct inbox *inbox, const char *relative, bool deleted)
{
	G_GNUC_UNUSED g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&kept->mutex);
	struct kept_record *record = kept_find(kept, inbox->pipeline, relative);
	g_autofree char *path = record ? g_build_filename(inbox->path, relative, NULL) : NULL;
	struct stat status;

	/* Our own claim leaves its name, too; what is back by now has not gone. */
	if (record && !record->returning && (deleted || (beneath_stat(path, &status) != 0 && errno == ENOENT)))
		kept_drop(kept, inbox->pipeline, relative);
}

/* What the walk that ends did not meet, and the next one. Owned. */
static GPtrArray *unmet(struct kept *kept, const char *pipeline)
{
	GPtrArray *list = g_ptr_array_new_with_free_func(g_free);
	struct shelf *shelf = kept_shelf(kept, pipeline);
	GHashTableIter iterator;
	gpointer relative, record;

	if (!shelf)
		return list;
	g_hash_table_iter_init(&iterator, shelf->records);
	while (g_hash_table_iter_next(&iterator, &relative, &record))
		if (((struct kept_record *)record)->met != shelf->walk && !((struct kept_record *)record)->returning)
			g_ptr_array_add(list, g_strdup(relative));
	shelf->walk++;
	return list;
}

static bool is_missing(const struct inbox *inbox, const char *relative)
{
	g_autofree char *path = g_build_filename(inbox->path, relative, NULL);
	struct stat status;

	return beneath_stat(path, &status) != 0 && (errno == ENOENT || errno == ENOTDIR);
}

void kept_walked(struct kept *kept, const struct inbox *inbox)
{
	g_mutex_lock(&kept->mutex);
	g_autoptr(GPtrArray) list = unmet(kept, inbox->pipeline);
	g_mutex_unlock(&kept->mutex);

	/* Where our own folder is missing, too, this is not the inbox that the originals lie in: its disk is not mounted. */
	for (guint i = 0; i < list->len; i++) {
		if (!is_missing(inbox, list->pdata[i]) || is_missing(inbox, CLAIMS_FOLDER))
			continue;
		g_mutex_lock(&kept->mutex);
		struct kept_record *record = kept_find(kept, inbox->pipeline, list->pdata[i]);
		if (record && !record->returning)
			kept_drop(kept, inbox->pipeline, list->pdata[i]);
		g_mutex_unlock(&kept->mutex);
	}
}

guint64 kept_count(struct kept *kept, const char *pipeline)
{
	G_GNUC_UNUSED g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&kept->mutex);
	struct shelf *shelf = kept_shelf(kept, pipeline);

	return shelf ? g_hash_table_size(shelf->records) : 0;
}

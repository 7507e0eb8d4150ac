/* SPDX-License-Identifier: GPL-2.0-or-later
 * Originals that stay: their records, in memory and in the database, and the thread that reads contents. See kept_originals_records.h. */
#include "master/commit/kept_originals_records.h"
#include "ledger/ledger.h"

#include <fcntl.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/disk/beneath.h"
#include "base/disk/digest.h"
#include "base/error.h"
#include "base/log.h"

#define READER_NICE 10
/* A file whose ctime is another at each look, for no reason that we can see, is read again at once so often, then after a minute, two, ... */
#define QUICK_READS 4
#define PAUSE_US (60 * (gint64)G_USEC_PER_SEC)
#define PAUSE_DOUBLINGS 10

/* What the reader is to do: read a content; without an inbox, bring the database up to date; without a pipeline, delete a key of old. */
struct order {
	char *pipeline, *inbox, *relative;
	bool compare; /* somebody waits for the answer */
};

static void record_free(gpointer data)
{
	struct kept_record *record = data;

	g_free(record->hash);
	g_free(record);
}

static void shelf_free(gpointer data)
{
	struct shelf *shelf = data;

	g_hash_table_unref(shelf->records);
	g_free(shelf);
}

struct shelf *kept_shelf(const struct kept *kept, const char *pipeline)
{
	return g_hash_table_lookup(kept->shelves, pipeline);
}

struct kept_record *kept_find(const struct kept *kept, const char *pipeline, const char *relative)
{
	struct shelf *shelf = kept_shelf(kept, pipeline);

	return shelf ? g_hash_table_lookup(shelf->records, relative) : NULL;
}

struct kept_record *kept_put(
	struct kept *kept, const char *pipeline, const char *relative, const struct kept_record *content)
{
	struct shelf *shelf = kept_shelf(kept, pipeline);

	if (!shelf) {
		shelf = g_new0(struct shelf, 1);
		shelf->records = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, record_free);
		g_hash_table_insert(kept->shelves, g_strdup(pipeline), shelf);
	}
	struct kept_record *record = g_memdup2(content, sizeof(*content));
	record->met = shelf->walk;
	g_hash_table_replace(shelf->records, g_strdup(relative), record);
	return record;
}

static void order(struct kept *kept, const char *pipeline, const char *inbox, const char *relative, bool compare)
{
	struct order *order = g_new(struct order, 1);

	*order = (struct order){g_strdup(pipeline), g_strdup(inbox), g_strdup(relative), compare};
	g_thread_pool_push(kept->reader, order, NULL);
}

void kept_read(
	struct kept *kept, const struct inbox *inbox, const char *relative, struct kept_record *record, bool compare)
{
	record->asked = true;
	order(kept, inbox->pipeline, inbox->path, relative, compare);
}

void kept_drop(struct kept *kept, const char *pipeline, const char *relative)
{
	struct shelf *shelf = kept_shelf(kept, pipeline);

	order(kept, pipeline, NULL, relative, false);
	g_hash_table_remove(shelf->records, relative);
}

/* Writes the record as it is at this moment, so that the last writer is right. */
bool kept_save(struct kept *kept, const char *pipeline, const char *relative, GError **error)
{
	G_GNUC_UNUSED g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&kept->store_mutex);
	g_autofree char *owner = g_strconcat(pipeline, "/", relative, NULL);
	g_autofree char *hash = NULL;

	g_mutex_lock(&kept->mutex);
	const struct kept_record *record = kept_find(kept, pipeline, relative);
	const bool there = record != NULL;
	struct history_original original = {.owner = owner};
	if (there) {
		hash = g_strdup(record->hash);
		original = (struct history_original){owner, record->stamp, record->ctime_ns, hash};
	}
	g_mutex_unlock(&kept->mutex);
	return there ? history_keep(kept->store, &original, error) : history_unkeep(kept->store, owner, error);
}

static void save_quietly(struct kept *kept, const char *pipeline, const char *relative)
{
	g_autoptr(GError) error = NULL;

	/* What is not on disk is found out again by the next start. */
	if (!kept_save(kept, pipeline, relative, &error))
		log_warning("%s/%s: that it is kept is not written down: %s", pipeline, relative, error->message);
}

static char *read_content(struct kept *kept, const char *path, struct stat *seen)
{
	int descriptor = beneath_open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK, 0);
	g_autoptr(GError) error = NULL;
	char *hash = NULL;

	setpriority(PRIO_PROCESS, (id_t)gettid(), READER_NICE); /* of this thread */
	if (descriptor < 0)
		fail_errno(&error, "cannot be opened");
	else
		hash = digest_file(descriptor, &kept->quit, seen, &error);
	if (descriptor >= 0)
		close(descriptor);
	if (!hash)
		log_debug("%s: %s", path, error->message);
	return hash;
}

/* Its content was read. False: nothing is new. */
static bool learn(struct kept *kept, const struct order *order, const char *hash, const struct stat *seen)
{
	struct kept_record *record = kept_find(kept, order->pipeline, order->relative);

	if (!record)
		return false;
	record->asked = false;
	if (!hash)
		return false;
	const struct stamp now = stamp_of(seen);
	gint64 ctime_ns = stamp_ns(&seen->st_ctim);
	if (!record->hash) { /* for later; a file that changed meanwhile is a new picture */
		if (now.bytes != record->stamp.bytes || now.mtime_ns != record->stamp.mtime_ns ||
			ctime_ns != record->ctime_ns)
			return false;
		record->hash = g_strdup(hash);
	} else if (strcmp(record->hash, hash) != 0) {
		log_debug("%s/%s: its content differs from the processed one", order->pipeline, order->relative);
		g_hash_table_remove(kept_shelf(kept, order->pipeline)->records, order->relative);
	} else {
		log_debug("%s/%s: its content was processed before: left alone", order->pipeline, order->relative);
		record->stamp = now;
		record->ctime_ns = ctime_ns;
		guint more = record->reads++ < QUICK_READS ? 0 : MIN(record->reads - QUICK_READS, PAUSE_DOUBLINGS);
		record->pause_us = more ? clock_now_us() + (PAUSE_US << (more - 1)) : 0;
	}
	return true;
}

static void run(gpointer data, gpointer user)
{
	struct order *order = data;
	struct kept *kept = user;
	bool news = true;

	if (order->inbox && !g_atomic_int_get(&kept->quit)) {
		g_autofree char *path = g_build_filename(order->inbox, order->relative, NULL);
		struct stat seen;
		g_autofree char *hash = read_content(kept, path, &seen);
		g_mutex_lock(&kept->mutex);
		news = learn(kept, order, hash, &seen);
		g_mutex_unlock(&kept->mutex);
		if (news)
			save_quietly(kept, order->pipeline, order->relative);
		if (news && order->compare)
			kept->decided(path, kept->user);
	} else if (!order->pipeline) {
		g_mutex_lock(&kept->store_mutex);
		history_unkeep_key(kept->store, order->relative, NULL); /* else the next start finds it again */
		g_mutex_unlock(&kept->store_mutex);
	} else if (!order->inbox) {
		save_quietly(kept, order->pipeline, order->relative);
	}
	g_free(order->pipeline);
	g_free(order->inbox);
	g_free(order->relative);
	g_free(order);
}

static void load(const struct history_original *original, void *user)
{
	const char *slash = strchr(original->owner, '/');
	g_autofree char *pipeline = slash ? g_strndup(original->owner, (gsize)(slash - original->owner)) : NULL;

	if (slash)
		kept_put(user, pipeline, slash + 1,
			&(struct kept_record){.stamp = original->stamp,
				.ctime_ns = original->ctime_ns,
				.hash = g_strdup(original->hash)});
}

static void load_key(const char *key, void *user)
{
	g_hash_table_add(user, g_strdup(key));
}

struct kept *kept_new(
	const struct history *history, void (*decided)(const char *path, void *user), void *user, GError **error)
{
	struct history *store = history_open_again(history, error);

	if (!store)
		return NULL;
	struct kept *kept = g_new0(struct kept, 1);
	g_mutex_init(&kept->mutex);
	g_mutex_init(&kept->store_mutex);
	kept->shelves = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, shelf_free);
	kept->old_keys = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	kept->store = store;
	kept->decided = decided;
	kept->user = user;
	kept->reader = g_thread_pool_new(run, kept, 1, TRUE, NULL);
	history_kept(store, load, kept);
	history_kept_keys(store, load_key, kept->old_keys);
	return kept;
}

void kept_free(struct kept *kept)
{
	if (!kept)
		return;
	g_atomic_int_set(&kept->quit, 1);
	g_thread_pool_free(kept->reader, FALSE, TRUE);
	g_hash_table_unref(kept->shelves);
	g_hash_table_unref(kept->old_keys);
	history_close(kept->store);
	g_mutex_clear(&kept->mutex);
	g_mutex_clear(&kept->store_mutex);
	g_free(kept);
}

struct kept_record *kept_adopt(struct kept *kept, const char *pipeline, const char *relative, const struct stat *status)
{
	const struct stamp stamp = stamp_of(status);

	if (g_hash_table_size(kept->old_keys) == 0)
		return NULL;
	g_autofree char *key =
		g_strdup_printf("%s/%" G_GUINT64_FORMAT "/%" G_GUINT64_FORMAT "/%" G_GINT64_FORMAT "/%" G_GINT64_FORMAT,
			pipeline, (guint64)status->st_dev, (guint64)status->st_ino, stamp.bytes, stamp.mtime_ns);
	if (!g_hash_table_remove(kept->old_keys, key))
		return NULL;
	order(kept, NULL, NULL, key, false);
	return kept_put(kept, pipeline, relative, &(struct kept_record){.stamp = stamp});
}

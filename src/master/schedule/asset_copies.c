/* SPDX-License-Identifier: GPL-2.0-or-later
 * Watching, keeping and sending assets: see assets.h. */
#include "master/schedule/asset_copies.h"

#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/disk/beneath.h"
#include "base/disk/files.h"
#include "base/error.h"
#include "base/json.h"
#include "base/log.h"
#include "bus/protocol/parcels.h"
#include "definition/reader/assets.h"

/* What one task may bring besides its pixels: workers put parts together in bounded memory (JOINER_BUDGET). */
#define PARCELS_BYTES (192 << 20)

/* The codec says how many at most. */
#define PROFILE_TEXT_MOST (12 << 20)

#define LINKS_MOST 40 /* as the kernel has it */

/* Each picture may bring a profile of its own. Beyond this number the list of what a worker was sent is cleared; an
 * asset is sent again when the worker lacks it. */
#define SENT_MOST 1000

#define SWEEP_US (60 * (gint64)G_USEC_PER_SEC)

struct assets {
	char *folder;
	char *temporary; /* the folder that it lies in, to be removed in the end; NULL: it lies in the state folder */
	gint64 swept_us;
	GHashTable *monitors; /* path to GFileMonitor */
	void (*changed)(void *user);
	void *user;
};

struct assets *assets_new(const char *state, void (*changed)(void *user), void *user)
{
	struct assets *assets = g_new0(struct assets, 1);
	g_autofree char *folder = g_build_filename(state, "assets", NULL);

	assets->folder = g_canonicalize_filename(folder, NULL);
	/* Before there are workers: the kernel's rules name folders that are there, and a worker would have to start again for a later one. */
	beneath_make_folders(assets->folder);
	assets->monitors = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_object_unref);
	assets->changed = changed;
	assets->user = user;
	return assets;
}

void assets_free(struct assets *assets)
{
	if (!assets)
		return;
	g_hash_table_unref(assets->monitors);
	if (assets->temporary)
		files_remove_tree(assets->temporary);
	g_free(assets->temporary);
	g_free(assets->folder);
	g_free(assets);
}

const char *assets_folder(const struct assets *assets)
{
	return assets->folder;
}

static void touched(GFileMonitor *monitor, GFile *file, GFile *other, GFileMonitorEvent event, gpointer data)
{
	struct assets *assets = data;

	(void)monitor;
	(void)file;
	(void)other;
	if (event != G_FILE_MONITOR_EVENT_ATTRIBUTE_CHANGED)
		assets->changed(assets->user);
}

static void watch_one(struct assets *assets, const char *path)
{
	g_autoptr(GFile) file = g_file_new_for_path(path);
	g_autoptr(GError) error = NULL;
	GFileMonitor *monitor = g_file_monitor_file(file, G_FILE_MONITOR_NONE, NULL, &error);

	if (!monitor) {
		log_warning("%s is not watched: %s", path, error->message);
		return;
	}
	g_signal_connect(monitor, "changed", G_CALLBACK(touched), assets);
	g_hash_table_insert(assets->monitors, g_strdup(path), monitor);
}

/* What a path leads through: each link on the way, whichever part of it is one, and the file in the end. A change of
 * any of them changes the content. Nothing is added where there is no link. */
static void add_links(GHashTable *wanted, const char *path)
{
	g_autofree char *left = g_canonicalize_filename(path, NULL);
	g_autofree char *here = g_strdup("/");
	guint links = 0;

	while (*left) {
		gsize length = strcspn(left, "/");
		g_autofree char *name = g_strndup(left, length);
		g_autofree char *next = g_canonicalize_filename(name, here);
		g_autofree char *target = links < LINKS_MOST ? g_file_read_link(next, NULL) : NULL;
		g_autofree char *rest = g_strdup(left + length + (left[length] == '/'));
		g_free(left);
		if (target) {
			links++;
			g_hash_table_add(wanted, g_strdup(next));
			left = g_strdup_printf("%s/%s", target, rest);
			if (*target != '/')
				continue;
			g_free(here);
			here = g_strdup("/");
		} else {
			left = g_steal_pointer(&rest);
			g_free(here);
			here = g_steal_pointer(&next);
		}
	}
	if (links)
		g_hash_table_add(wanted, g_steal_pointer(&here));
}

void assets_watch(struct assets *assets, const GPtrArray *definitions)
{
	g_autoptr(GHashTable) wanted = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	GHashTableIter iter;
	gpointer path;

	for (guint i = 0; i < definitions->len; i++) {
		const struct definition *definition = definitions->pdata[i];
		add_links(wanted, definition->file); /* it lies in a folder that is watched itself */
		for (char **watch = definition->watch; watch && *watch; watch++) {
			g_hash_table_add(wanted, g_strdup(*watch));
			add_links(wanted, *watch);
		}
	}
	g_hash_table_iter_init(&iter, assets->monitors);
	while (g_hash_table_iter_next(&iter, &path, NULL))
		if (!g_hash_table_contains(wanted, path))
			g_hash_table_iter_remove(&iter);
	g_hash_table_iter_init(&iter, wanted);
	while (g_hash_table_iter_next(&iter, &path, NULL))
		if (!g_hash_table_contains(assets->monitors, path))
			watch_one(assets, path);
}

static void add_names(GHashTable *names, const struct pipeline *pipeline)
{
	g_autoptr(GPtrArray) found = assets_of_pipeline(pipeline);

	for (guint i = 0; i < found->len; i++)
		g_hash_table_add(names, g_strdup(json_string(found->pdata[i], "sha256", "")));
}

void assets_sweep(struct assets *assets, const struct definitions *definitions, const struct queue *queue)
{
	g_autoptr(GHashTable) names = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	DIR *dir = beneath_opendir(assets->folder);
	GHashTableIter iter;
	gpointer job;

	assets->swept_us = clock_now_us();
	for (guint i = 0; i < definitions->all->len; i++) {
		const struct definition *definition = definitions->all->pdata[i];
		if (definition->pipeline)
			add_names(names, definition->pipeline);
	}
	g_hash_table_iter_init(&iter, queue->jobs);
	while (g_hash_table_iter_next(&iter, NULL, &job)) {
		add_names(names, ((const struct job *)job)->pipeline);
		if (((const struct job *)job)->plan.profile)
			g_hash_table_add(
				names, g_strdup(json_string(((const struct job *)job)->plan.profile, "sha256", "")));
	}
	for (struct dirent *entry; dir && (entry = readdir(dir));) {
		g_autofree char *path = g_build_filename(assets->folder, entry->d_name, NULL);
		if (entry->d_name[0] != '.' && !g_hash_table_contains(names, entry->d_name))
			beneath_unlink(path);
	}
	if (dir)
		closedir(dir);
}

void assets_tick(struct assets *assets, const struct definitions *definitions, const struct queue *queue)
{
	if (clock_now_us() - assets->swept_us >= SWEEP_US)
		assets_sweep(assets, definitions, queue);
}

/* Under its hash, where it does not lie yet. */
static bool put_profile(const char *path, const void *data, gsize size, GError **error)
{
	struct stat status;

	return (beneath_stat(path, &status) == 0 && (gsize)status.st_size == size) ||
	       g_file_set_contents_full(path, data, (gssize)size, G_FILE_SET_CONTENTS_CONSISTENT, 0666, error);
}

/* `once` has no state folder. */
static bool make_temporary(struct definitions *definitions, GError **error)
{
	g_autofree char *folder = g_dir_make_tmp("dropmill-XXXXXX", error);

	if (!folder)
		return false;
	definitions->assets = assets_new(folder, NULL, NULL);
	definitions->assets->temporary = g_steal_pointer(&folder);
	return true;
}

bool assets_keep_profile(struct definitions *definitions, struct job *job, JsonObject *plan, GError **error)
{
	const char *text = json_string(plan, "profile", NULL);
	JsonObject *source = json_object(json_object(plan, "task"), "source");
	gsize size;

	if (!text)
		return true;
	if (!source || strlen(text) > PROFILE_TEXT_MOST)
		return fail(error, ERROR_SYSTEM, "the codec's plan makes no sense");
	if (!definitions->assets && !make_temporary(definitions, error))
		return false;
	g_autofree guint8 *data = g_base64_decode(text, &size);
	g_autofree char *sha256 = g_compute_checksum_for_data(G_CHECKSUM_SHA256, data, size);
	g_autofree char *path = g_build_filename(definitions->assets->folder, sha256, NULL);
	if (!put_profile(path, data, size, error))
		return false;
	/* What the codec says of it is not believed: it has read a stranger's file. */
	JsonObject *asset = json_object_new();
	json_object_set_string_member(asset, "sha256", sha256);
	json_set_path(asset, "path", path);
	json_object_set_int_member(asset, "bytes", (gint64)size);
	g_clear_pointer(&job->plan.profile, json_object_unref);
	job->plan.profile = json_object_ref(asset);
	json_object_set_object_member(source, "profile", asset);
	return true;
}

/* The bytes: the copy, else the file itself when it is still the same. */
static GBytes *read_asset(JsonObject *asset, GError **error)
{
	const char *sha256 = json_string(asset, "sha256", "");
	g_autofree char *kept = json_path(asset, "kept");
	g_autofree char *path = json_path(asset, "path");
	const char *const places[] = {kept, path};

	for (guint i = 0; i < G_N_ELEMENTS(places); i++) {
		char *data;
		gsize size;
		if (!places[i] || !g_file_get_contents(places[i], &data, &size, NULL))
			continue;
		g_autoptr(GBytes) bytes = g_bytes_new_take(data, size);
		g_autofree char *actual = g_compute_checksum_for_bytes(G_CHECKSUM_SHA256, bytes);
		if (strcmp(actual, sha256) == 0)
			return g_steal_pointer(&bytes);
	}
	g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_NOENT,
		"%s is gone or was changed, and so is the copy of it (%s); drop the file again", path ? path : sha256,
		kept ? kept : "none was kept");
	return NULL;
}

static bool must_send(const struct worker *worker, const char *sha256)
{
	return (!worker->here || worker->no_files) &&
	       !(worker->assets && g_hash_table_contains(worker->assets, sha256));
}

GPtrArray *assets_parcels(const struct link *link, const struct job *job, const struct worker *worker, GError **error)
{
	gsize most = link->embedded ? EMBEDDED_WINDOW_BYTES / 2 : PARCELS_BYTES;
	/* Nearly every worker is here and can read: not worth looking for assets then. */
	if (worker->here && !worker->no_files)
		return NULL;
	g_autoptr(GPtrArray) found = assets_of_pipeline(job->pipeline);
	g_autoptr(GPtrArray) parcels = parcels_new();

	if (job->plan.profile)
		g_ptr_array_add(found, job->plan.profile);
	for (guint i = 0; i < found->len; i++) {
		const char *sha256 = json_string(found->pdata[i], "sha256", "");
		if (!must_send(worker, sha256))
			continue;
		g_autoptr(GBytes) bytes = read_asset(found->pdata[i], error);
		if (!bytes)
			return NULL;
		parcels_add(parcels, sha256, bytes);
	}
	if (parcels_bytes(parcels) <= most)
		return parcels->len ? g_steal_pointer(&parcels) : NULL;
	g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_FAILED,
		"the definition's assets (%zu bytes) are too large to be sent to worker %s (%zu at most)",
		parcels_bytes(parcels), worker->id, most);
	return NULL;
}

void assets_sent(struct worker *worker, const GPtrArray *parcels)
{
	if (!worker->assets)
		worker->assets = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	if (g_hash_table_size(worker->assets) > SENT_MOST)
		g_hash_table_remove_all(worker->assets);
	for (guint i = 0; parcels && i < parcels->len; i++)
		g_hash_table_add(worker->assets, g_strdup(((const struct parcel *)parcels->pdata[i])->sha256));
}

void assets_lacking(struct worker *worker, const char *sha256)
{
	if (worker->here && !worker->no_files)
		log_warning("worker %s cannot read the assets on this machine: they are sent to it", worker->id);
	worker->no_files = true;
	if (worker->assets)
		g_hash_table_remove(worker->assets, sha256);
}

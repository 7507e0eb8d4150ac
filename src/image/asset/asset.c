/* SPDX-License-Identifier: GPL-2.0-or-later
 * Files that definitions name: see asset.h. */
#include "image/asset/asset.h"

#include <glib/gstdio.h>
#include <string.h>

#include "base/disk/files.h"
#include "base/error.h"
#include "base/json.h"
#include "base/sniff.h"
#include "definition/reader/assets.h"
#include "image/read/format.h"
#include "sandbox/path_allowlist.h"

#define ASSET_BYTES_MAX (256 << 20)
#define ASSET_MEGAPIXELS 100

/* The store forgets what was not asked for in a while when it is larger than this: definitions change, workers live long. */
#define STORE_BYTES (128 << 20)
#define STORE_US (60 * (gint64)G_USEC_PER_SEC)

struct stored {
	GBytes *bytes;
	gint64 used_us;
};

static GMutex lock;
static GHashTable *store; /* hex SHA-256 to struct stored */
static GPtrArray *named;  /* paths */
static bool no_files;

static void stored_free(struct stored *stored)
{
	g_bytes_unref(stored->bytes);
	g_free(stored);
}

/* With the lock. What is in use is never forgotten, however much it is. */
static void forget_old(void)
{
	gint64 now = g_get_monotonic_time();
	gsize total = 0;
	GHashTableIter iter;
	gpointer value;

	g_hash_table_iter_init(&iter, store);
	while (g_hash_table_iter_next(&iter, NULL, &value))
		total += g_bytes_get_size(((struct stored *)value)->bytes);
	g_hash_table_iter_init(&iter, store);
	while (total > STORE_BYTES && g_hash_table_iter_next(&iter, NULL, &value)) {
		const struct stored *stored = value;
		if (now - stored->used_us < STORE_US)
			continue;
		total -= g_bytes_get_size(stored->bytes);
		g_hash_table_iter_remove(&iter);
	}
}

static void put(const char *sha256, GBytes *bytes)
{
	g_mutex_lock(&lock);
	if (!store)
		store = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify)stored_free);
	if (!g_hash_table_contains(store, sha256)) {
		struct stored *stored = g_new(struct stored, 1);
		*stored = (struct stored){g_bytes_ref(bytes), g_get_monotonic_time()};
		g_hash_table_insert(store, g_strdup(sha256), stored);
		forget_old();
	}
	g_mutex_unlock(&lock);
}

static GBytes *get(const char *sha256)
{
	GBytes *bytes = NULL;

	g_mutex_lock(&lock);
	struct stored *stored = store ? g_hash_table_lookup(store, sha256) : NULL;
	if (stored) {
		stored->used_us = g_get_monotonic_time();
		bytes = g_bytes_ref(stored->bytes);
	}
	g_mutex_unlock(&lock);
	return bytes;
}

void asset_forbid_files(void)
{
	no_files = true;
}

GPtrArray *asset_named(void)
{
	g_mutex_lock(&lock);
	GPtrArray *taken = named ? named : g_ptr_array_new_with_free_func(g_free);
	named = NULL;
	g_mutex_unlock(&lock);
	return taken;
}

static void note_name(const char *path)
{
	g_mutex_lock(&lock);
	if (!named)
		named = g_ptr_array_new_with_free_func(g_free);
	if (!g_ptr_array_find_with_equal_func(named, path, g_str_equal, NULL))
		g_ptr_array_add(named, g_strdup(path));
	g_mutex_unlock(&lock);
}

static GBytes *read_file(const char *path, GError **error)
{
	GStatBuf status;
	char *contents;
	gsize length;
	g_autoptr(GError) cause = NULL;

	if (g_stat(path, &status) < 0) {
		fail_errno(error, "%s", path);
		return NULL;
	}
	/* Asked before it is opened: a pipe would be waited for. */
	if (!S_ISREG(status.st_mode)) {
		fail(error, ERROR_INPUT, "%s is not a file", path);
		return NULL;
	}
	if (status.st_size > ASSET_BYTES_MAX) {
		fail(error, ERROR_INPUT, "%s has more than %d MiB", path, ASSET_BYTES_MAX >> 20);
		return NULL;
	}
	if (!g_file_get_contents(path, &contents, &length, &cause)) {
		fail(error, ERROR_INPUT, "%s", cause->message);
		return NULL;
	}
	return g_bytes_new_take(contents, length);
}

static VipsImage *open_image(const char *path, GBytes *bytes, GError **error)
{
	const struct image_limits limits = {ASSET_MEGAPIXELS, 0};
	VipsImage *image = NULL;

	return format_open(path, bytes, false, &limits, &image, error) ? image : NULL;
}

/* The ICC header has "acsp" at byte 36 and its own size in front. */
static bool is_profile(GBytes *bytes)
{
	gsize length;
	const guint8 *data = g_bytes_get_data(bytes, &length);

	return length >= 128 && memcmp(data + 36, "acsp", 4) == 0;
}

/* sfnt versions: TrueType, OpenType (CFF), a collection. */
static bool is_font(GBytes *bytes)
{
	gsize length;
	const char *data = g_bytes_get_data(bytes, &length);

	return length >= 12 && (memcmp(data, "\0\1\0\0", 4) == 0 || memcmp(data, "OTTO", 4) == 0 ||
				       memcmp(data, "true", 4) == 0 || memcmp(data, "ttcf", 4) == 0);
}

/* A definition may name any file of this user, such as /etc/shadow: nothing of it is shown, as it would be of a picture that was dropped. */
static bool is_picture(const char *path, GBytes *bytes, GError **error)
{
	gsize length;
	const guint8 *head = g_bytes_get_data(bytes, &length);
	GError *cause = NULL;
	g_autoptr(VipsImage) image = open_image(path, bytes, &cause);

	if (!image && !sniff_format(head, MIN(length, SNIFF_BYTES)))
		fail(error, ERROR_INPUT, "%s is not a picture that dropmill reads", path);
	else if (!image)
		g_propagate_error(error, g_steal_pointer(&cause));
	g_clear_error(&cause);
	return image != NULL;
}

static bool is_of_kind(const char *path, GBytes *bytes, enum asset_kind kind, GError **error)
{
	switch (kind) {
	case ASSET_PROFILE:
		return is_profile(bytes) || fail(error, ERROR_INPUT, "%s is not an ICC profile", path);
	case ASSET_FONT:
		return is_font(bytes) || fail(error, ERROR_INPUT, "%s is not a TrueType or OpenType font", path);
	default:
		return is_picture(path, bytes, error);
	}
}

JsonObject *asset_read(const char *folder, const char *name, enum asset_kind kind, GError **error)
{
	g_autofree char *path = g_canonicalize_filename(name, folder);

	note_name(path);
	g_autoptr(GBytes) bytes = read_file(path, error);
	if (!bytes || !is_of_kind(path, bytes, kind, error))
		return NULL;
	g_autofree char *sha256 = g_compute_checksum_for_bytes(G_CHECKSUM_SHA256, bytes);
	put(sha256, bytes);
	JsonObject *asset = json_object_new();
	json_object_set_string_member(asset, "sha256", sha256);
	json_set_path(asset, "path", path);
	json_object_set_int_member(asset, "bytes", (gint64)g_bytes_get_size(bytes));
	return asset;
}

bool asset_add(const char *sha256, GBytes *bytes)
{
	g_autofree char *actual = g_compute_checksum_for_bytes(G_CHECKSUM_SHA256, bytes);

	if (g_strcmp0(actual, sha256) != 0)
		return false;
	put(sha256, bytes);
	return true;
}

bool asset_keep(JsonObject *asset, const char *folder, GError **error)
{
	const char *sha256 = json_string(asset, "sha256", "");
	g_autoptr(GBytes) bytes = asset_bytes(asset, error);
	g_autofree char *path = g_build_filename(folder, sha256, NULL);
	GStatBuf status;
	gsize size;

	if (!bytes || !files_make_folder(folder, error))
		return false;
	const char *data = g_bytes_get_data(bytes, &size);
	/* The name is the hash: what is there in full is the same. */
	if ((g_stat(path, &status) != 0 || (gsize)status.st_size != size) &&
		!g_file_set_contents_full(path, data, (gssize)size, G_FILE_SET_CONTENTS_CONSISTENT, 0666, error))
		return false;
	json_set_path(asset, "kept", path);
	return true;
}

GBytes *asset_bytes(JsonObject *asset, GError **error)
{
	const char *sha256 = json_string(asset, "sha256", "");
	g_autofree char *path = json_path(asset, "path");
	g_autofree char *kept = json_path(asset, "kept");
	const char *const places[] = {kept, path};
	GBytes *bytes = get(sha256);

	for (guint i = 0; i < G_N_ELEMENTS(places) && !bytes && !no_files; i++) {
		g_autofree char *real = places[i] ? path_allowlist_find(places[i], PLACE_READ, NULL) : NULL;
		bytes = real ? read_file(real, NULL) : NULL;
		if (bytes && !asset_add(sha256, bytes))
			g_clear_pointer(&bytes, g_bytes_unref);
	}
	if (!bytes)
		fail(error, ERROR_RETRY, "asset %s (%s) is not here", sha256, path ? path : "no path");
	return bytes;
}

const char *asset_lacking(JsonObject *spec)
{
	g_autoptr(GPtrArray) assets = assets_of_json(spec);

	for (guint i = 0; i < assets->len; i++) {
		g_autoptr(GBytes) bytes = asset_bytes(assets->pdata[i], NULL);
		if (!bytes)
			return json_string(assets->pdata[i], "sha256", "");
	}
	return NULL;
}

VipsImage *asset_image(JsonObject *asset, GError **error)
{
	g_autoptr(GBytes) bytes = asset_bytes(asset, error);
	g_autofree char *path = json_path(asset, "path");

	return bytes ? open_image(path ? path : "asset", bytes, error) : NULL;
}

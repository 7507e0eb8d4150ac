/* SPDX-License-Identifier: GPL-2.0-or-later
 * Originals that stay: see kept.h. */
#include "master/kept.h"

struct kept {
	GMutex mutex;
	GHashTable *keys;
	struct history *history;
};

static char *key(const char *pipeline, guint64 device, guint64 inode, gint64 bytes, gint64 mtime_ns)
{
	return g_strdup_printf("%s/%" G_GUINT64_FORMAT "/%" G_GUINT64_FORMAT "/%" G_GINT64_FORMAT "/%" G_GINT64_FORMAT,
		pipeline, device, inode, bytes, mtime_ns);
}

char *kept_key(const struct claim *claim)
{
	return key(claim->pipeline, claim->device, claim->inode, claim->bytes, claim->mtime_ns);
}

static void load(const char *text, void *user)
{
	g_hash_table_add(user, g_strdup(text));
}

struct kept *kept_new(struct history *history)
{
	struct kept *kept = g_new0(struct kept, 1);

	g_mutex_init(&kept->mutex);
	kept->keys = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	kept->history = history;
	history_kept(history, load, kept->keys);
	return kept;
}

void kept_free(struct kept *kept)
{
	if (!kept)
		return;
	g_hash_table_unref(kept->keys);
	g_mutex_clear(&kept->mutex);
	g_free(kept);
}

bool kept_add(struct kept *kept, const struct claim *claim, GError **error)
{
	g_autofree char *text = kept_key(claim);

	if (!history_keep(kept->history, text, error))
		return false;
	g_mutex_lock(&kept->mutex);
	g_hash_table_add(kept->keys, g_steal_pointer(&text));
	g_mutex_unlock(&kept->mutex);
	return true;
}

bool kept_knows(struct kept *kept, const char *pipeline, guint64 device, guint64 inode, gint64 bytes, gint64 mtime_ns)
{
	g_autofree char *text = key(pipeline, device, inode, bytes, mtime_ns);

	g_mutex_lock(&kept->mutex);
	bool known = g_hash_table_contains(kept->keys, text);
	g_mutex_unlock(&kept->mutex);
	return known;
}

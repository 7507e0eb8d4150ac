/* SPDX-License-Identifier: GPL-2.0-or-later
 * The inline plane: parts of a record, rectangles of strided memory. See payload.h. */
#include "bus/payload.h"

#include <string.h>

#include "base/error.h"

#define PARTS_MOST 65536
/* What an unfinished record and each part it waits for cost besides the parts' bytes: many tiny ones have a price too. */
#define PENDING_COST_BYTES 1024
#define PART_COST_BYTES sizeof(void *)

static const char *const identity[] = {"type", "job", "serial", "tile", "attempt", "worker"};

static bool is_part_header(const char *name)
{
	return strcmp(name, "part") == 0 || strcmp(name, "parts") == 0 || strcmp(name, "bytes") == 0;
}

/* A record with the headers of another, but for those of parts. */
static struct record *record_like(const struct record *record, GBytes *value /* takes */)
{
	struct record *copy = record_new(record->topic, record->partition, value);

	copy->offset = record->offset;
	for (guint i = 0; i + 1 < record->headers->len; i += 2)
		if (!is_part_header(record->headers->pdata[i]))
			record_add(copy, record->headers->pdata[i], record->headers->pdata[i + 1]);
	return copy;
}

GPtrArray *payload_split(struct record *taken, gsize limit)
{
	auto_struct(record) record = taken;
	GPtrArray *parts = g_ptr_array_new_with_free_func((GDestroyNotify)record_free);
	gsize size = g_bytes_get_size(record->value);

	g_assert(limit > 0);
	if (size <= limit) {
		g_ptr_array_add(parts, g_steal_pointer(&record));
		return parts;
	}
	gsize count = (size + limit - 1) / limit;
	for (gsize i = 0; i < count; i++) {
		gsize start = i * limit;
		struct record *part =
			record_like(record, g_bytes_new_from_bytes(record->value, start, MIN(limit, size - start)));
		record_addf(part, "part", "%zu", i);
		record_addf(part, "parts", "%zu", count);
		record_addf(part, "bytes", "%zu", size);
		g_ptr_array_add(parts, part);
	}
	return parts;
}

/* A record of which some parts are here. */
struct pending {
	char *key;
	GPtrArray *values; /* GBytes by part; NULL: missing */
	gsize missing;
	guint64 bytes;      /* of the whole value, as every part says */
	guint64 held_bytes; /* of the parts that are here */
	guint here;
};

struct joiner {
	gsize budget_bytes;
	gsize held_bytes; /* over all pending, with their cost */
	guint64 dropped;
	GHashTable *by_key; /* key: GList link in order */
	GQueue order;       /* struct pending, oldest first */
};

static void value_free(gpointer value)
{
	if (value)
		g_bytes_unref(value);
}

static void pending_free(struct pending *pending)
{
	g_ptr_array_unref(pending->values);
	g_free(pending->key);
	g_free(pending);
}

struct joiner *joiner_new(gsize budget_bytes)
{
	struct joiner *joiner = g_new0(struct joiner, 1);

	joiner->budget_bytes = budget_bytes;
	joiner->by_key = g_hash_table_new(g_str_hash, g_str_equal);
	g_queue_init(&joiner->order);
	return joiner;
}

static gsize cost_of(gsize parts)
{
	return PENDING_COST_BYTES + parts * PART_COST_BYTES;
}

static void forget(struct joiner *joiner, GList *link)
{
	struct pending *pending = link->data;

	g_hash_table_remove(joiner->by_key, pending->key);
	joiner->held_bytes -= pending->held_bytes + cost_of(pending->values->len);
	g_queue_delete_link(&joiner->order, link);
	pending_free(pending);
}

void joiner_free(struct joiner *joiner)
{
	if (!joiner)
		return;
	while (joiner->order.head)
		forget(joiner, joiner->order.head);
	g_hash_table_unref(joiner->by_key);
	g_free(joiner);
}

guint64 joiner_dropped(const struct joiner *joiner)
{
	return joiner->dropped;
}

/* The oldest is the likeliest never to become whole. The newest stays: it alone is within the budget, or was refused. */
static void keep_to_budget(struct joiner *joiner)
{
	while (joiner->held_bytes > joiner->budget_bytes && joiner->order.length > 1) {
		struct pending *oldest = joiner->order.head->data;
		joiner->dropped += oldest->here;
		forget(joiner, joiner->order.head);
	}
}

static bool part_number(
	const struct record *record, const char *name, guint64 least, guint64 most, guint64 *value, GError **error)
{
	const char *text = record_get(record, name);
	/* GLib would take a blank before the number; the wire has none. */
	if (!text || !g_ascii_isdigit(*text) || !g_ascii_string_to_unsigned(text, 10, least, most, value, NULL))
		return fail(error, ERROR_INPUT,
			"malformed part: header '%s' is no number from %" G_GUINT64_FORMAT " to %" G_GUINT64_FORMAT,
			name, least, most);
	return true;
}

static char *key_of(const struct record *record, GError **error)
{
	g_autoptr(GString) key = g_string_new(NULL);

	g_string_append_printf(key, "%d", record->topic);
	for (gsize i = 0; i < G_N_ELEMENTS(identity); i++) {
		const char *text = record_get(record, identity[i]);
		if (!text) {
			fail(error, ERROR_INPUT, "malformed part: header '%s' is missing", identity[i]);
			return NULL;
		}
		/* With lengths, no two lists of texts make the same key. */
		g_string_append_printf(key, " %zu:%s", strlen(text), text);
	}
	return g_string_free(g_steal_pointer(&key), FALSE);
}

static struct pending *pending_for(
	struct joiner *joiner, const struct record *record, guint64 parts, guint64 bytes, GError **error)
{
	g_autofree char *key = key_of(record, error);
	if (!key)
		return NULL;
	GList *link = g_hash_table_lookup(joiner->by_key, key);
	if (link) {
		struct pending *known = link->data;
		if (known->values->len == parts && known->bytes == bytes)
			return known;
		fail(error, ERROR_INPUT,
			"malformed part: its record has %u parts and %" G_GUINT64_FORMAT
			" bytes, it says %" G_GUINT64_FORMAT " and %" G_GUINT64_FORMAT,
			known->values->len, known->bytes, parts, bytes);
		return NULL;
	}
	struct pending *pending = g_new0(struct pending, 1);
	pending->key = g_steal_pointer(&key);
	pending->values = g_ptr_array_new_with_free_func(value_free);
	g_ptr_array_set_size(pending->values, (gint)parts);
	pending->missing = parts;
	pending->bytes = bytes;
	g_queue_push_tail(&joiner->order, pending);
	g_hash_table_insert(joiner->by_key, pending->key, joiner->order.tail);
	joiner->held_bytes += cost_of(parts);
	return pending;
}

static GBytes *put_together(const struct pending *pending)
{
	guint8 *whole = g_malloc(pending->bytes);
	gsize at = 0;

	for (guint i = 0; i < pending->values->len; i++) {
		gsize size;
		const void *data = g_bytes_get_data(pending->values->pdata[i], &size);
		memcpy(whole + at, data, size);
		at += size;
	}
	return g_bytes_new_take(whole, pending->bytes);
}

struct record *joiner_add(struct joiner *joiner, struct record *taken, GError **error)
{
	auto_struct(record) record = taken;
	guint64 part, parts, bytes, size = g_bytes_get_size(record->value);

	if (!record_get(record, "part") && !record_get(record, "parts"))
		return g_steal_pointer(&record);
	if (!part_number(record, "parts", 1, PARTS_MOST, &parts, error) ||
		!part_number(record, "part", 0, parts - 1, &part, error) ||
		!part_number(record, "bytes", 1, G_MAXINT64, &bytes, error))
		return NULL;
	if (bytes > joiner->budget_bytes || bytes + cost_of(parts) > joiner->budget_bytes || size == 0 ||
		size > bytes) {
		fail(error, ERROR_INPUT,
			"malformed part: %" G_GUINT64_FORMAT " bytes of %" G_GUINT64_FORMAT ", at most %zu are taken",
			size, bytes, joiner->budget_bytes);
		return NULL;
	}
	struct pending *pending = pending_for(joiner, record, parts, bytes, error);
	if (!pending || pending->values->pdata[part])
		return NULL;
	pending->values->pdata[part] = g_bytes_ref(record->value);
	pending->missing--;
	pending->here++;
	pending->held_bytes += size;
	joiner->held_bytes += size;
	if (pending->missing > 0 && pending->held_bytes < pending->bytes) {
		keep_to_budget(joiner);
		return NULL;
	}
	struct record *whole = NULL;
	if (pending->missing == 0 && pending->held_bytes == pending->bytes)
		whole = record_like(record, put_together(pending));
	else
		fail(error, ERROR_INPUT,
			"malformed part: the parts have %" G_GUINT64_FORMAT " bytes, they say %" G_GUINT64_FORMAT,
			pending->held_bytes, pending->bytes);
	forget(joiner, g_hash_table_lookup(joiner->by_key, pending->key));
	return whole;
}

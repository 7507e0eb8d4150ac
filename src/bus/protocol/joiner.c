/* SPDX-License-Identifier: GPL-2.0-or-later
 * Parts become records: see joiner.h. */
#include "bus/protocol/joiner.h"

#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/disk/io.h"
#include "base/disk/spool.h"
#include "base/error.h"
#include "bus/protocol/payload.h"

static const char *const identity[] = {"type", "job", "serial", "tile", "attempt", "worker"};

/* A record of which some parts are here. */
struct pending {
	char *key;
	struct record *headers;
	guint64 parts, bytes; /* as every part says */
	gsize *sizes;         /* of each part; 0: it is missing */
	guint64 here, held_bytes;
	guint8 *memory; /* NULL: in the file */
	int fd;         /* -1: none */
	gint64 came_us; /* the last part */
	bool lost;      /* reported; further parts of it are ignored */
};

struct joiner {
	struct joiner_options options;
	char *folder;
	guint64 memory_bytes; /* taken */
	gsize *spool_bytes; /* the same, of what is whole as well, until it was used; atomic, and outlives the joiner */
	guint alive;
	GHashTable *by_key; /* key to its link in order */
	GQueue order;       /* struct pending, that which waits longest for a part first */
};

struct joiner *joiner_new(const struct joiner_options *options)
{
	struct joiner *joiner = g_new0(struct joiner, 1);

	joiner->options = *options;
	joiner->options.folder = joiner->folder = g_strdup(options->folder);
	joiner->options.patience_us = clock_hooked_us(
		"DROPMILL_TEST_PATIENCE_MS", options->patience_us ? options->patience_us : JOINER_PATIENCE_US);
	joiner->spool_bytes = g_atomic_rc_box_new0(gsize);
	joiner->by_key = g_hash_table_new(g_str_hash, g_str_equal);
	g_queue_init(&joiner->order);
	return joiner;
}

guint joiner_pending(const struct joiner *joiner)
{
	return joiner->alive;
}

/* Its room is free again. */
static void empty(struct joiner *joiner, struct pending *pending)
{
	if (pending->memory)
		joiner->memory_bytes -= pending->bytes;
	else if (pending->fd >= 0)
		g_atomic_pointer_add(joiner->spool_bytes, -(gssize)pending->bytes);
	g_clear_pointer(&pending->memory, g_free);
	g_clear_pointer(&pending->sizes, g_free);
	if (pending->fd >= 0)
		close(pending->fd);
	pending->fd = -1;
	joiner->alive -= !pending->lost;
}

static void forget(struct joiner *joiner, struct pending *pending)
{
	GList *link = g_hash_table_lookup(joiner->by_key, pending->key);

	empty(joiner, pending);
	g_hash_table_remove(joiner->by_key, pending->key);
	g_queue_delete_link(&joiner->order, link);
	record_free(pending->headers);
	g_free(pending->key);
	g_free(pending);
}

void joiner_free(struct joiner *joiner)
{
	if (!joiner)
		return;
	while (joiner->order.head)
		forget(joiner, joiner->order.head->data);
	g_hash_table_unref(joiner->by_key);
	g_atomic_rc_box_release(joiner->spool_bytes);
	g_free(joiner->folder);
	g_free(joiner);
}

/* It stays, empty, so that the parts which still come are known. */
static void give_up(struct joiner *joiner, struct pending *pending, const GError *why)
{
	if (pending->lost)
		return;
	empty(joiner, pending);
	pending->lost = true;
	joiner->options.lost(pending->headers, why, joiner->options.user);
}

static void give_up_waiting(struct joiner *joiner, struct pending *pending, gint64 waited_us)
{
	g_autoptr(GError) why = NULL;

	fail(&why, ERROR_SYSTEM,
		"%" G_GUINT64_FORMAT " of its %" G_GUINT64_FORMAT " parts came, and no other for %" G_GINT64_FORMAT
		" s",
		pending->here, pending->parts, waited_us / G_USEC_PER_SEC);
	give_up(joiner, pending, why);
}

void joiner_tick(struct joiner *joiner)
{
	gint64 now = clock_now_us();
	struct pending *oldest;

	while ((oldest = g_queue_peek_head(&joiner->order)) && now - oldest->came_us >= joiner->options.patience_us) {
		give_up_waiting(joiner, oldest, now - oldest->came_us);
		forget(joiner, oldest);
	}
}

static bool part_number(
	const struct record *record, const char *name, guint64 least, guint64 most, guint64 *value, GError **error)
{
	const char *text = record_get(record, name);
	/* GLib would take a blank before the number; the wire has none. */
	if (!text || !g_ascii_isdigit(*text) || !g_ascii_string_to_unsigned(text, 10, least, most, value, NULL))
		return fail(error, ERROR_SYSTEM,
			"malformed part: header '%s' is not a number from %" G_GUINT64_FORMAT " to %" G_GUINT64_FORMAT,
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
			fail(error, ERROR_SYSTEM, "malformed part: header '%s' is missing", identity[i]);
			return NULL;
		}
		/* With lengths, no two lists of texts make the same key. */
		g_string_append_printf(key, " %zu:%s", strlen(text), text);
	}
	return g_string_free(g_steal_pointer(&key), FALSE);
}

static bool has_spool(const struct joiner *joiner, guint64 bytes)
{
	guint64 taken = (gsize)g_atomic_pointer_get(joiner->spool_bytes);

	return taken + bytes <= (guint64)joiner->options.spool_bytes;
}

/* Those that wait longest are the likeliest never to become whole; but what still comes is not given up for what is new. */
static void make_room(struct joiner *joiner, guint64 bytes)
{
	gint64 now = clock_now_us();
	struct pending *oldest;

	while ((oldest = g_queue_peek_head(&joiner->order)) &&
		now - oldest->came_us >= joiner->options.patience_us / 3 &&
		(joiner->order.length >= JOINER_MOST || !has_spool(joiner, bytes))) {
		give_up_waiting(joiner, oldest, now - oldest->came_us);
		forget(joiner, oldest);
	}
}

/* Where its parts will lie. */
static bool place(struct joiner *joiner, struct pending *pending, GError **error)
{
	g_autofree char *size = g_format_size(pending->bytes),
			*most = g_format_size((guint64)joiner->options.spool_bytes);

	if (pending->bytes <= JOINER_SMALL_BYTES && joiner->memory_bytes + pending->bytes <= JOINER_MEMORY_BYTES) {
		pending->memory = g_malloc(pending->bytes);
		joiner->memory_bytes += pending->bytes;
		return true;
	}
	if (pending->bytes > (guint64)joiner->options.spool_bytes)
		return fail_limit(error, "it has %s, at most %s are taken (--spool)", size, most);
	make_room(joiner, pending->bytes);
	if (!has_spool(joiner, pending->bytes))
		return fail_in_use(error, "it has %s, and of the %s for such (--spool) the rest is taken", size, most);
	pending->fd = spool_open(joiner->options.folder, pending->bytes, error);
	if (pending->fd < 0) {
		g_prefix_error(error, "its %s find no room: ", size);
		return false;
	}
	g_atomic_pointer_add(joiner->spool_bytes, (gssize)pending->bytes);
	return true;
}

static struct pending *pending_new(
	struct joiner *joiner, const struct record *record, char *key, guint64 parts, guint64 bytes)
{
	struct pending *pending = g_new0(struct pending, 1);
	g_autoptr(GError) error = NULL;

	pending->key = key;
	pending->headers = payload_like(record);
	pending->parts = parts;
	pending->bytes = bytes;
	pending->fd = -1;
	pending->came_us = clock_now_us(); /* or it would make room for itself */
	joiner->alive++;
	g_queue_push_tail(&joiner->order, pending);
	g_hash_table_insert(joiner->by_key, pending->key, joiner->order.tail);
	if (place(joiner, pending, &error))
		pending->sizes = g_new0(gsize, parts);
	else
		give_up(joiner, pending, error);
	return pending;
}

static struct pending *pending_for(
	struct joiner *joiner, const struct record *record, guint64 parts, guint64 bytes, GError **error)
{
	g_autofree char *key = key_of(record, error);

	if (!key)
		return NULL;
	GList *link = g_hash_table_lookup(joiner->by_key, key);
	struct pending *known = link ? link->data : NULL;
	if (known && known->parts == parts && known->bytes == bytes)
		return known;
	if (known) {
		fail(error, ERROR_SYSTEM,
			"malformed part: its record has %" G_GUINT64_FORMAT " parts and %" G_GUINT64_FORMAT
			" bytes, it says %" G_GUINT64_FORMAT " and %" G_GUINT64_FORMAT,
			known->parts, known->bytes, parts, bytes);
		return NULL;
	}
	make_room(joiner, 0);
	if (joiner->order.length >= JOINER_MOST) {
		fail_in_use(error, "%d records wait for their parts already", JOINER_MOST);
		return NULL;
	}
	return pending_new(joiner, record, g_steal_pointer(&key), parts, bytes);
}

/* All parts but the last are of one size, so that each has its place before the others came. */
static bool put(struct pending *pending, guint64 part, GBytes *value, GError **error)
{
	gsize size;
	const guint8 *data = g_bytes_get_data(value, &size);
	guint64 at = part + 1 == pending->parts ? pending->bytes - size : part * size;

	if (at + size > pending->bytes)
		return fail(error, ERROR_SYSTEM,
			"malformed part: %zu bytes as number %" G_GUINT64_FORMAT " of %" G_GUINT64_FORMAT
			" do not fit in %" G_GUINT64_FORMAT,
			size, part, pending->parts, pending->bytes);
	if (pending->memory)
		memcpy(pending->memory + at, data, size);
	else if (!io_write_at(pending->fd, data, size, (gint64)at))
		return fail_errno(error, "its part cannot be written to the spool file");
	pending->sizes[part] = size;
	pending->here++;
	pending->held_bytes += size;
	return true;
}

/* Does each part lie where those before it end? */
static bool fits_together(const struct pending *pending, GError **error)
{
	for (guint64 i = 1; i + 1 < pending->parts; i++)
		if (pending->sizes[i] != pending->sizes[0])
			return fail(error, ERROR_SYSTEM, "malformed part: the parts are not of one size");
	return pending->held_bytes == pending->bytes ||
	       fail(error, ERROR_SYSTEM,
		       "malformed part: the parts have %" G_GUINT64_FORMAT " bytes, they say %" G_GUINT64_FORMAT,
		       pending->held_bytes, pending->bytes);
}

static struct record *finish(struct joiner *joiner, struct pending *pending, const struct record *last)
{
	struct record *whole = payload_like(last);

	if (pending->memory) {
		g_bytes_unref(whole->value);
		joiner->memory_bytes -= pending->bytes;
		whole->value = g_bytes_new_take(g_steal_pointer(&pending->memory), pending->bytes);
	} else {
		whole->body = body_new();
		body_add_spool(whole->body, pending->fd, (gint64)pending->bytes, joiner->spool_bytes);
		pending->fd = -1;
	}
	return whole;
}

static struct record *add_part(
	struct joiner *joiner, struct pending *pending, guint64 part, const struct record *record)
{
	GList *link = g_hash_table_lookup(joiner->by_key, pending->key);
	g_autoptr(GError) error = NULL;

	pending->came_us = clock_now_us();
	g_queue_unlink(&joiner->order, link);
	g_queue_push_tail_link(&joiner->order, link);
	if (pending->lost || pending->sizes[part])
		return NULL;
	bool good = put(pending, part, record->value, &error);
	if (good && pending->here < pending->parts)
		return NULL;
	if (good && fits_together(pending, &error)) {
		struct record *whole = finish(joiner, pending, record);
		forget(joiner, pending);
		return whole;
	}
	give_up(joiner, pending, error);
	return NULL;
}

static bool read_numbers(const struct record *record, guint64 *part, guint64 *parts, guint64 *bytes, GError **error)
{
	guint64 size = g_bytes_get_size(record->value);

	if (!part_number(record, "parts", 1, PARTS_MOST, parts, error) ||
		!part_number(record, "part", 0, *parts - 1, part, error) ||
		!part_number(record, "bytes", 1, G_MAXINT64, bytes, error))
		return false;
	return (size > 0 && size <= *bytes && *parts <= *bytes) ||
	       fail(error, ERROR_SYSTEM,
		       "malformed part: %" G_GUINT64_FORMAT " bytes, one of %" G_GUINT64_FORMAT
		       " parts of %" G_GUINT64_FORMAT,
		       size, *parts, *bytes);
}

struct record *joiner_add(struct joiner *joiner, struct record *taken)
{
	auto_struct(record) record = taken;
	g_autoptr(GError) error = NULL;
	guint64 part, parts, bytes;

	if (!record_get(record, "part") && !record_get(record, "parts"))
		return g_steal_pointer(&record);
	struct pending *pending = read_numbers(record, &part, &parts, &bytes, &error)
					  ? pending_for(joiner, record, parts, bytes, &error)
					  : NULL;
	if (!pending) {
		joiner->options.lost(record, error, joiner->options.user);
		return NULL;
	}
	return add_part(joiner, pending, part, record);
}

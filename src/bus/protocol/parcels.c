/* SPDX-License-Identifier: GPL-2.0-or-later
 * Assets that travel with a task, in front of its value: see parcels.h and the manual's protocol.md. */
#include "bus/protocol/parcels.h"

#include <string.h>

#include "base/error.h"
#include "bus/protocol/fields.h"

/* A definition that a person wrote has fewer. */
#define PARCELS_MOST 256

static void parcel_free(struct parcel *parcel)
{
	g_free(parcel->sha256);
	g_clear_pointer(&parcel->bytes, g_bytes_unref);
	g_free(parcel);
}

GPtrArray *parcels_new(void)
{
	return g_ptr_array_new_with_free_func((GDestroyNotify)parcel_free);
}

void parcels_add(GPtrArray *parcels, const char *sha256, GBytes *bytes)
{
	struct parcel *parcel = g_new(struct parcel, 1);

	*parcel = (struct parcel){g_strdup(sha256), g_bytes_ref(bytes)};
	g_ptr_array_add(parcels, parcel);
}

gsize parcels_bytes(const GPtrArray *parcels)
{
	gsize bytes = 0;

	for (guint i = 0; parcels && i < parcels->len; i++)
		bytes += g_bytes_get_size(((struct parcel *)parcels->pdata[i])->bytes);
	return bytes;
}

void parcels_put(struct record *record, const GPtrArray *parcels)
{
	g_autoptr(GString) text = g_string_new(NULL);

	if (!parcels || parcels->len == 0)
		return;
	for (guint i = 0; i < parcels->len; i++) {
		const struct parcel *parcel = parcels->pdata[i];
		g_string_append_printf(text, "%s%s:%zu", i ? "," : "", parcel->sha256, g_bytes_get_size(parcel->bytes));
	}
	record_add(record, "assets", text->str);
}

static bool malformed(GError **error)
{
	return fail(error, ERROR_INPUT,
		"header 'assets' is not HASH:BYTES,HASH:BYTES... with the bytes in front of the value");
}

/* One of "HASH:BYTES"; its bytes are cut off the front of the value at *at. */
static bool take_parcel(GPtrArray *parcels, const char *item, GBytes *value, gsize *at)
{
	g_auto(GStrv) pair = g_strsplit(item, ":", 3);
	guint64 size;

	if (g_strv_length(pair) != 2 || !field_is_sha256(pair[0]) ||
		!g_ascii_string_to_unsigned(pair[1], 10, 1, G_MAXINT64, &size, NULL) ||
		size > g_bytes_get_size(value) - *at)
		return false;
	g_autoptr(GBytes) bytes = g_bytes_new_from_bytes(value, *at, (gsize)size);
	parcels_add(parcels, pair[0], bytes);
	*at += (gsize)size;
	return true;
}

bool parcels_get(const struct record *record, GPtrArray **parcels, GBytes **payload, GError **error)
{
	gsize at = 0;
	/* A spool of our own: nobody can shrink it. */
	g_autoptr(GBytes) value = record->body ? body_map(record->body, 0, (gsize)body_bytes(record->body), error)
					       : g_bytes_ref(record->value);

	*parcels = parcels_new();
	if (!value)
		return false;
	if (record_get(record, "assets")) {
		const char *text = field_text(record, "assets", error);
		if (!text)
			return false;
		g_auto(GStrv) items = g_strsplit(text, ",", PARCELS_MOST + 1);
		guint count = g_strv_length(items);
		if (count == 0 || count > PARCELS_MOST)
			return malformed(error);
		for (guint i = 0; i < count; i++)
			if (!take_parcel(*parcels, items[i], value, &at))
				return malformed(error);
	}
	*payload = g_bytes_new_from_bytes(value, at, g_bytes_get_size(value) - at);
	return true;
}

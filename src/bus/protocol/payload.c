/* SPDX-License-Identifier: GPL-2.0-or-later
 * A large record in parts: see payload.h. */
#include "bus/protocol/payload.h"

#include <string.h>

static bool is_part_header(const char *name)
{
	return strcmp(name, "part") == 0 || strcmp(name, "parts") == 0 || strcmp(name, "bytes") == 0;
}

struct record *payload_like(const struct record *record)
{
	struct record *copy = record_new(record->topic, record->partition, NULL);

	copy->offset = record->offset;
	for (guint i = 0; i + 1 < record->headers->len; i += 2)
		if (!is_part_header(record->headers->pdata[i]))
			record_add(copy, record->headers->pdata[i], record->headers->pdata[i + 1]);
	return copy;
}

gint64 payload_bytes(const struct record *record)
{
	return record->body ? body_bytes(record->body) : (gint64)g_bytes_get_size(record->value);
}

gint64 payload_parts(const struct record *record, gsize limit)
{
	g_assert(limit > 0);
	return MAX((payload_bytes(record) + (gint64)limit - 1) / (gint64)limit, 1);
}

struct record *payload_part(const struct record *record, gint64 part, gsize limit, GError **error)
{
	gint64 size = payload_bytes(record), parts = payload_parts(record, limit), start = part * (gint64)limit;
	gsize bytes = (gsize)MIN((gint64)limit, size - start);
	GBytes *value = record->body ? body_read(record->body, start, bytes, error)
				     : g_bytes_new_from_bytes(record->value, (gsize)start, bytes);

	g_assert(part >= 0 && part < parts);
	if (!value)
		return NULL;
	struct record *piece = payload_like(record);
	g_bytes_unref(piece->value);
	piece->value = value;
	if (parts == 1)
		return piece;
	record_addf(piece, "part", "%" G_GINT64_FORMAT, part);
	record_addf(piece, "parts", "%" G_GINT64_FORMAT, parts);
	record_addf(piece, "bytes", "%" G_GINT64_FORMAT, size);
	return piece;
}

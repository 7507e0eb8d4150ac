/* SPDX-License-Identifier: GPL-2.0-or-later
 * Directories of small TIFFs: see tiff_directory.h. */
#include "image/file/tiff_directory.h"

#include <string.h>

/* Bytes, by type; 0: unknown. */
static const guint8 type_bytes[] = {0, 1, 1, 2, 4, 8, 1, 1, 2, 4, 8, 4, 8, 4, 0, 0, 8, 8, 8};

void small_free(struct small *small)
{
	if (!small)
		return;
	g_bytes_unref(small->file);
	g_array_unref(small->entries);
	g_free(small);
}
static guint64 number_at(const guint8 *bytes, guint type)
{
	guint16 two;
	guint32 four;
	guint64 eight;

	switch (type) {
	case TYPE_SHORT:
		memcpy(&two, bytes, sizeof(two));
		return two;
	case TYPE_LONG:
		memcpy(&four, bytes, sizeof(four));
		return four;
	default:
		memcpy(&eight, bytes, sizeof(eight));
		return eight;
	}
}

const struct entry *small_find(const struct small *small, guint tag)
{
	for (guint i = 0; i < small->entries->len; i++)
		if (g_array_index(small->entries, struct entry, i).tag == tag)
			return &g_array_index(small->entries, struct entry, i);
	return NULL;
}

gsize entry_bytes(const struct entry *entry)
{
	return entry->count * type_bytes[entry->type];
}

guint64 entry_number(const struct entry *entry, guint64 index)
{
	return number_at(entry->value + index * type_bytes[entry->type], entry->type);
}

static bool read_entry(const guint8 *bytes, gsize length, gsize at, bool big, struct entry *entry)
{
	gsize field = big ? 8 : 4;

	entry->tag = (guint16)number_at(bytes + at, TYPE_SHORT);
	entry->type = (guint16)number_at(bytes + at + 2, TYPE_SHORT);
	entry->count = number_at(bytes + at + 4, big ? TYPE_LONG8 : TYPE_LONG);
	if (entry->type >= G_N_ELEMENTS(type_bytes) || !type_bytes[entry->type] || entry->count > length)
		return false;
	guint64 size = entry->count * type_bytes[entry->type];
	gsize place = at + 4 + field;
	guint64 where = size <= field ? place : number_at(bytes + place, big ? TYPE_LONG8 : TYPE_LONG);
	entry->value = bytes + where;
	return where <= length && size <= length - where;
}

struct small *small_read(GBytes *file)
{
	auto_struct(small) small = g_new0(struct small, 1);
	gsize length;
	const guint8 *bytes = g_bytes_get_data(file, &length);

	small->file = file;
	small->entries = g_array_new(FALSE, FALSE, sizeof(struct entry));
	if (length < 16 || bytes[0] != (G_BYTE_ORDER == G_LITTLE_ENDIAN ? 'I' : 'M'))
		return NULL;
	small->big = number_at(bytes + 2, TYPE_SHORT) == 43;
	guint64 at = small->big ? number_at(bytes + 8, TYPE_LONG8) : number_at(bytes + 4, TYPE_LONG);
	gsize head = small->big ? 8 : 2, each = small->big ? 20 : 12;
	if (at > length || length - at < head)
		return NULL;
	guint64 count = number_at(bytes + at, small->big ? TYPE_LONG8 : TYPE_SHORT);
	if (count > (length - at - head) / each)
		return NULL;
	for (guint64 i = 0; i < count; i++) {
		struct entry entry;
		if (!read_entry(bytes, length, at + head + i * each, small->big, &entry))
			return NULL;
		g_array_append_val(small->entries, entry);
	}
	return g_steal_pointer(&small);
}

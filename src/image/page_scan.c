/* SPDX-License-Identifier: GPL-2.0-or-later
 * The blocks of a GIF, by the GIF89a specification; the directories of a TIFF, by TIFF 6.0 and BigTIFF's: see page_scan.h. */
#include "image/page_scan.h"

#define HEADER_BYTES 13 /* signature and logical screen descriptor */
#define IMAGE_BYTES 10  /* image descriptor with its introducer */

enum introducer { EXTENSION = 0x21, IMAGE = 0x2c };

/* Bytes of the colour table that a packed field announces. */
static gsize table_bytes(guint8 packed)
{
	return packed & 0x80 ? (gsize)3 << ((packed & 7) + 1) : 0;
}

/* Behind the sub-blocks that begin at `at`; 0 when they have no end. */
static gsize skip_blocks(const guint8 *data, gsize length, gsize at)
{
	while (at < length && data[at] != 0)
		at += (gsize)data[at] + 1;
	return at < length ? at + 1 : 0;
}

bool gif_is_cut(const guint8 *data, gsize length)
{
	if (length < HEADER_BYTES)
		return true;
	gsize at = HEADER_BYTES + table_bytes(data[10]);
	while (at < length) {
		if (data[at] == EXTENSION)
			at = skip_blocks(data, length, at + 2);
		else if (data[at] == IMAGE && at + IMAGE_BYTES <= length)
			/* The colour table, and one byte of code size. */
			at = skip_blocks(data, length, at + IMAGE_BYTES + table_bytes(data[at + 9]) + 1);
		else
			return data[at] == IMAGE; /* the trailer, or what somebody put behind the last frame */
		if (at == 0)
			return true;
	}
	return at > length;
}

/* A number of so many bytes, or G_MAXUINT64 when it lies outside. */
static guint64 number(const guint8 *data, gsize length, guint64 at, int bytes, bool big_endian)
{
	guint64 value = 0;

	if (at > length || length - at < (guint64)bytes)
		return G_MAXUINT64;
	for (int i = 0; i < bytes; i++)
		value = value << 8 | data[at + (guint64)(big_endian ? i : bytes - 1 - i)];
	return value;
}

bool tiff_is_cut(const guint8 *data, gsize length)
{
	bool big_endian = length > 0 && data[0] == 'M';
	bool wide = number(data, length, 2, 2, big_endian) == 43;
	int offset_bytes = wide ? 8 : 4, count_bytes = wide ? 8 : 2;
	guint64 entry_bytes = wide ? 20 : 12;
	guint64 at = number(data, length, wide ? 8 : 4, offset_bytes, big_endian);

	/* A chain that bites its tail is libtiff's to refuse; each directory takes some bytes, which bounds the walk. */
	for (gsize steps = 0; at != 0 && steps < length / 6; steps++) {
		guint64 entries = number(data, length, at, count_bytes, big_endian);
		if (entries > length / entry_bytes)
			return true;
		at = number(data, length, at + (guint64)count_bytes + entries * entry_bytes, offset_bytes, big_endian);
	}
	return false;
}

/* SPDX-License-Identifier: GPL-2.0-or-later
 * The blocks of a GIF, by the GIF89a specification: see gif_scan.h. */
#include "image/gif_scan.h"

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

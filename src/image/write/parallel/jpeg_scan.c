/* SPDX-License-Identifier: GPL-2.0-or-later
 * A baseline JPEG's scan: see jpeg_scan.h. */
#include "image/write/parallel/jpeg_scan.h"

#include <string.h>

enum marker {
	MARKER_SOF_BASELINE = 0xc0,
	MARKER_DHT = 0xc4,
	MARKER_SOS = 0xda,
	MARKER_DQT = 0xdb,
};

#define EOI_BYTES 2

static gsize number_16(const guint8 *bytes)
{
	return (gsize)bytes[0] << 8 | bytes[1];
}

/* The next segment behind SOI: its bytes after the marker, at *at, which is moved to the one after it. False: not all of it is there. */
static bool next_segment(const guint8 *bytes, gsize length, gsize *at, guint8 *marker, const guint8 **body, gsize *size)
{
	if (*at + 4 > length || bytes[*at] != 0xff)
		return false;
	*marker = bytes[*at + 1];
	gsize whole = number_16(bytes + *at + 2);
	if (whole < 2 || *at + 2 + whole > length)
		return false;
	*body = bytes + *at + 4;
	*size = whole - 2;
	*at += 2 + whole;
	return true;
}

gsize jpeg_scan_at(const guint8 *bytes, gsize length)
{
	const guint8 *body;
	gsize at = 2, size;
	guint8 marker;

	while (next_segment(bytes, length, &at, &marker, &body, &size))
		if (marker == MARKER_SOS)
			return at;
	return 0;
}

static bool read_tables(struct jpeg_scan *scan, const guint8 *body, gsize size)
{
	while (size > 17) {
		bool ac = body[0] >> 4;
		guint number = body[0] & 15;
		gsize count = 0;
		for (int i = 0; i < 16; i++)
			count += body[1 + i];
		if (number >= MOST_TABLES || size < 17 + count ||
			!huffman_make(ac ? &scan->ac[number] : &scan->dc[number], body + 1, body + 17, count))
			return false;
		body += 17 + count;
		size -= 17 + count;
	}
	return size == 0;
}

static bool read_frame(struct jpeg_scan *scan, const guint8 *body, gsize size)
{
	if (size < 6 || body[5] > MOST_COMPONENTS || size < 6 + 3 * (gsize)body[5])
		return false;
	scan->count = body[5];
	for (int i = 0; i < scan->count; i++) {
		struct component *c = &scan->components[i];
		*c = (struct component){body[6 + 3 * i], body[7 + 3 * i] >> 4, body[7 + 3 * i] & 15, 0, 0};
		/* A scan of one component is not interleaved: its MCU is one block. */
		if (scan->count == 1)
			c->across = c->down = 1;
		scan->mcu_width = MAX(scan->mcu_width, 8 * c->across);
		scan->mcu_height = MAX(scan->mcu_height, 8 * c->down);
	}
	return true;
}

static bool read_scan(struct jpeg_scan *scan, const guint8 *body, gsize size)
{
	if (size < 1 || body[0] != scan->count || size < 1 + 2 * (gsize)body[0])
		return false;
	for (int i = 0; i < scan->count; i++) {
		struct component *c = &scan->components[i];
		c->dc = body[2 + 2 * i] >> 4;
		c->ac = body[2 + 2 * i] & 15;
		if (c->id != body[1 + 2 * i] || c->dc >= MOST_TABLES || c->ac >= MOST_TABLES)
			return false;
	}
	return true;
}

bool jpeg_scan_read(struct jpeg_scan *scan, const guint8 *bytes, gsize length)
{
	const guint8 *body;
	gsize at = 2, size;
	guint8 marker;
	bool frame = false;

	while (next_segment(bytes, length, &at, &marker, &body, &size)) {
		if (marker == MARKER_DHT && !read_tables(scan, body, size))
			return false;
		if (marker == MARKER_SOF_BASELINE)
			frame = read_frame(scan, body, size);
		if (marker == MARKER_SOS)
			return frame && read_scan(scan, body, size);
	}
	return false;
}

GByteArray *jpeg_scan_tables(const guint8 *bytes, gsize length)
{
	GByteArray *tables = g_byte_array_new();
	const guint8 *body;
	gsize at = 2, size;
	guint8 marker;

	while (next_segment(bytes, length, &at, &marker, &body, &size)) {
		gsize skipped = marker == MARKER_SOF_BASELINE ? MIN(5, size) : 0;
		if (marker == MARKER_SOF_BASELINE || marker == MARKER_DQT || marker == MARKER_DHT ||
			marker == MARKER_SOS)
			g_byte_array_append(tables, body + skipped, (guint)(size - skipped));
		if (marker == MARKER_SOS)
			break;
	}
	return tables;
}

GByteArray *jpeg_scan_data(const guint8 *bytes, gsize length)
{
	gsize at = jpeg_scan_at(bytes, length);

	if (at == 0 || at + EOI_BYTES > length)
		return NULL;
	GByteArray *out = g_byte_array_sized_new((guint)(length - at));
	for (gsize end = length - EOI_BYTES; at < end;) {
		const guint8 *mark = memchr(bytes + at, 0xff, end - at);
		gsize until = mark ? (gsize)(mark - bytes) + 1 : end;
		g_byte_array_append(out, bytes + at, (guint)(until - at));
		at = until + (mark != NULL);
	}
	return out;
}

bool jpeg_scan_mcu(const struct jpeg_scan *scan, struct bits *bits, struct dc *first, int *sums)
{
	for (int i = 0; i < scan->count; i++) {
		const struct component *c = &scan->components[i];
		for (int block = 0; block < c->across * c->down; block++) {
			struct dc dc;
			if (!bits_block(bits, &scan->dc[c->dc], &scan->ac[c->ac], &dc))
				return false;
			if (block == 0)
				first[i] = dc;
			if (sums)
				sums[i] += dc.difference;
		}
	}
	return true;
}

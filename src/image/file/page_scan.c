/* SPDX-License-Identifier: GPL-2.0-or-later
 * What files say of their pages: see page_scan.h. The GIF89a specification (blocks). TIFF 6.0 and BigTIFF (directories). ISO/IEC 10918-1 (JPEG's
 * markers). ISO/IEC 14496-12 (boxes of HEIF). */
#include "image/file/page_scan.h"

#include <string.h>

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

bool gif_is_cut(const guint8 *data, gsize length, guint *frames)
{
	*frames = 0;
	if (length < HEADER_BYTES)
		return true;
	gsize at = HEADER_BYTES + table_bytes(data[10]);
	while (at < length) {
		bool image = data[at] == IMAGE;
		if (data[at] == EXTENSION)
			at = skip_blocks(data, length, at + 2);
		else if (image && at + IMAGE_BYTES <= length)
			/* The colour table, and one byte of code size. */
			at = skip_blocks(data, length, at + IMAGE_BYTES + table_bytes(data[at + 9]) + 1);
		else
			return image; /* the trailer, or what somebody put behind the last frame */
		if (at == 0)
			return true;
		*frames += image;
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

struct tiff {
	const guint8 *data;
	gsize length;
	bool big_endian, wide; /* BigTIFF */
};

static struct tiff tiff_of(const guint8 *data, gsize length)
{
	bool big_endian = length > 0 && data[0] == 'M';

	return (struct tiff){data, length, big_endian, number(data, length, 2, 2, big_endian) == 43};
}

static guint64 tiff_number(const struct tiff *tiff, guint64 at, int bytes)
{
	return number(tiff->data, tiff->length, at, bytes, tiff->big_endian);
}

enum field {
	FIELD_NEW_SUBFILE = 254,
	FIELD_SUBFILE = 255,
	FIELD_WIDTH = 256,
	FIELD_LENGTH = 257,
	FIELD_COMPRESSION = 259,
	FIELD_PHOTOMETRIC = 262,
	FIELD_STRIPS = 273,
	FIELD_SAMPLES = 277,
	FIELD_TILES = 324
};

/* The first number of a list of places, which lies elsewhere when there are several. */
static guint64 first_place(const struct tiff *tiff, guint64 at)
{
	guint64 type = tiff_number(tiff, at + 2, 2), count = tiff_number(tiff, at + 4, tiff->wide ? 8 : 4);
	guint64 value_at = at + (tiff->wide ? 12 : 8);
	int bytes = type == 3 ? 2 : type == 16 ? 8 : 4, room = tiff->wide ? 8 : 4;

	return tiff_number(
		tiff, count <= (guint64)(room / bytes) ? value_at : tiff_number(tiff, value_at, room), bytes);
}

/* One field of a directory, which has its value in itself: a SHORT or a LONG. */
static void read_field(const struct tiff *tiff, guint64 at, struct tiff_page *page)
{
	/* The older tag counts: 2 is a smaller copy, 3 a page. */
	static const guint32 older[] = {0, 0, TIFF_REDUCED, TIFF_PAGE};
	int bytes = tiff_number(tiff, at + 2, 2) == 3 ? 2 : 4;
	guint64 value_at = at + (tiff->wide ? 12 : 8), low_at = value_at + (guint64)(tiff->big_endian ? bytes - 1 : 0);
	guint32 value = (guint32)tiff_number(tiff, value_at, bytes);

	switch (tiff_number(tiff, at, 2)) {
	case FIELD_NEW_SUBFILE:
		page->kind |= value;
		break;
	case FIELD_SUBFILE:
		page->kind |= value < G_N_ELEMENTS(older) ? older[value] : 0;
		break;
	case FIELD_WIDTH:
		page->width = value;
		break;
	case FIELD_LENGTH:
		page->height = value;
		break;
	case FIELD_COMPRESSION:
		page->compression = value;
		page->compression_at = low_at;
		break;
	case FIELD_PHOTOMETRIC:
		page->photometric = value;
		page->photometric_at = low_at;
		break;
	case FIELD_SAMPLES:
		page->samples = value;
		break;
	case FIELD_STRIPS:
	case FIELD_TILES:
		page->data = first_place(tiff, at);
		break;
	default:
		break;
	}
}

/* Walks the chain; pages may be NULL. True: it leads out of the file. */
static bool walk_tiff(const struct tiff *tiff, GArray *pages)
{
	int offset_bytes = tiff->wide ? 8 : 4, count_bytes = tiff->wide ? 8 : 2;
	guint64 entry_bytes = tiff->wide ? 20 : 12;
	guint64 at = tiff_number(tiff, tiff->wide ? 8 : 4, offset_bytes);

	/* A chain that bites its tail is libtiff's to refuse; each directory takes some bytes, which bounds the walk. */
	for (gsize steps = 0; at != 0 && steps < tiff->length / 6; steps++) {
		guint64 entries = tiff_number(tiff, at, count_bytes);
		if (entries > tiff->length / entry_bytes)
			return true;
		struct tiff_page page = {0};
		for (guint64 i = 0; pages && i < entries; i++)
			read_field(tiff, at + (guint64)count_bytes + i * entry_bytes, &page);
		if (pages)
			g_array_append_val(pages, page);
		at = tiff_number(tiff, at + (guint64)count_bytes + entries * entry_bytes, offset_bytes);
	}
	return false;
}

bool tiff_is_cut(const guint8 *data, gsize length)
{
	const struct tiff tiff = tiff_of(data, length);

	return walk_tiff(&tiff, NULL);
}

GArray *tiff_directories(const guint8 *data, gsize length)
{
	const struct tiff tiff = tiff_of(data, length);
	GArray *pages = g_array_new(FALSE, FALSE, sizeof(struct tiff_page));

	if (tiff.wide || tiff_number(&tiff, 2, 2) == 42)
		walk_tiff(&tiff, pages);
	return pages;
}

bool tiff_is_jp2k(guint compression)
{
	return (compression >= 33003 && compression <= 33005) || compression == 34712;
}

guint tiff_jpeg_colours(const struct tiff_page *page, const guint8 *data, gsize length)
{
	gsize at = page->compression == TIFF_JPEG && page->data < length ? (gsize)page->data + 2 : length;

	while (at < length && length - at >= 4 && data[at] == 0xff) {
		guint8 marker = data[at + 1];
		gsize size = (gsize)data[at + 2] << 8 | data[at + 3];
		const guint8 *body = data + at + 4;
		if (size < 2 || size > length - at - 2)
			return 0;
		if (marker == 0xe0 && size >= 7 && memcmp(body, "JFIF", 4) == 0)
			return TIFF_YCBCR;
		if (marker == 0xee && size >= 14 && memcmp(body, "Adobe", 5) == 0)
			return body[11] == 1 ? TIFF_YCBCR : body[11] == 2 ? TIFF_YCCK : body[11] == 0 ? TIFF_RGB : 0;
		if (marker >= 0xc0 && marker <= 0xc2)
			return size >= 17 && body[5] == 3 && body[7] != body[10] ? TIFF_YCBCR : 0;
		if (marker == 0xda)
			return 0;
		at += 2 + size;
	}
	return 0;
}

/* The body of the first box of this kind from *at on, among those side by side until `end`. *at is then behind it. body
 * may be at: then the next search is inside. */
static bool find_box(const guint8 *data, guint64 *at, guint64 end, const char *kind, guint64 *body, guint64 *body_end)
{
	while (*at + 8 <= end) {
		guint64 size = number(data, end, *at, 4, true), head = 8, start = *at;
		if (size == 1) {
			size = number(data, end, start + 8, 8, true);
			head = 16;
		}
		if (size == 0) /* until the end of the file */
			size = end - start;
		if (size < head || size > end - start)
			return false;
		*at = start + size;
		if (memcmp(data + start + 4, kind, 4) != 0)
			continue;
		*body_end = start + size;
		*body = start + head;
		return true;
	}
	return false;
}

/* Samples of the track that lies there: trak, mdia, minf, stbl, stsz. */
static guint track_frames(const guint8 *data, guint64 at, guint64 end)
{
	static const char *const path[] = {"mdia", "minf", "stbl", "stsz"};

	for (guint i = 0; i < G_N_ELEMENTS(path); i++)
		if (!find_box(data, &at, end, path[i], &at, &end))
			return 0;
	/* Version and flags, one size for all, the count. */
	guint64 count = number(data, end, at + 8, 4, true);
	return count == G_MAXUINT64 ? 0 : (guint)MIN(count, G_MAXINT);
}

guint heif_frames(const guint8 *data, gsize length)
{
	guint64 at = 0, body, end, track, track_end;
	guint most = 0;

	if (!find_box(data, &at, length, "moov", &body, &end))
		return 0;
	while (find_box(data, &body, end, "trak", &track, &track_end))
		most = MAX(most, track_frames(data, track, track_end));
	return most;
}

GArray *heif_grey_colours(const guint8 *data, gsize length)
{
	guint64 at = 0, end = length, from, body, body_end;
	bool grey = false, colour = false;
	GArray *places = g_array_new(FALSE, FALSE, sizeof(guint64));

	/* meta has a version and flags before its boxes. */
	if (!find_box(data, &at, end, "meta", &at, &end) || (at += 4) > end ||
		!find_box(data, &at, end, "iprp", &at, &end) || !find_box(data, &at, end, "ipco", &at, &end))
		return places;
	for (from = at; find_box(data, &from, end, "av1C", &body, &body_end);)
		*(body_end - body >= 4 && data[body + 2] & 0x10 ? &grey : &colour) = true;
	for (from = at; find_box(data, &from, end, "hvcC", &body, &body_end);)
		*(body_end - body >= 17 && !(data[body + 16] & 3) ? &grey : &colour) = true;
	/* Alpha is grey, too, and belongs to a picture in colour or in grey. */
	for (from = at; grey && !colour && find_box(data, &from, end, "colr", &body, &body_end);)
		if (body_end - body >= 11 && memcmp(data + body, "nclx", 4) == 0)
			body += 8, g_array_append_val(places, body);
	return places;
}

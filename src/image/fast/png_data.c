/* SPDX-License-Identifier: GPL-2.0-or-later
 * The pixels of a PNG: see png_data.h. */
#include "image/fast/png_data.h"

#include <libdeflate.h>
#include <stdbool.h>
#include <string.h>

#include "image/fast/png_rows.h"

#define SIGNATURE "\x89PNG\r\n\x1a\n"
#define SIGNATURE_BYTES 8
#define HEADER_BYTES 13
#define AROUND_BYTES 12 /* length, type and checksum of a chunk */

struct chunk {
	const guint8 *type, *data;
	gsize length;
};

static guint32 number_at(const guint8 *at)
{
	return (guint32)at[0] << 24 | (guint32)at[1] << 16 | (guint32)at[2] << 8 | at[3];
}

static bool is(const struct chunk *chunk, const char *type)
{
	return memcmp(chunk->type, type, 4) == 0;
}

/* At *place, which goes on behind it. False: it is not whole. */
static bool next_chunk(const guint8 *file, gsize length, gsize *place, struct chunk *chunk)
{
	if (length - *place < AROUND_BYTES)
		return false;
	const guint8 *at = file + *place;
	gsize bytes = number_at(at);
	if (bytes > length - *place - AROUND_BYTES ||
		number_at(at + 8 + bytes) != libdeflate_crc32(0, at + 4, bytes + 4))
		return false;
	*chunk = (struct chunk){at + 4, at + 8, bytes};
	*place += bytes + AROUND_BYTES;
	return true;
}

/* Width, height, depth, colour type, compression, filter, interlace. */
static bool is_plain(const struct chunk *header, const struct png_shape *shape)
{
	static const guint8 colour_types[] = {[1] = 0, [2] = 4, [3] = 2, [4] = 6}; /* by bands */
	const guint8 *data = header->data;

	return is(header, "IHDR") && header->length == HEADER_BYTES && shape->bands >= 1 && shape->bands <= 4 &&
	       number_at(data) == (guint32)shape->width && number_at(data + 4) == (guint32)shape->height &&
	       data[8] == 8 && data[9] == colour_types[shape->bands] && data[10] == 0 && data[11] == 0 && data[12] == 0;
}

/* May it lie beside the pixels without a word in them? Critical ones begin with a capital. */
static bool is_beside(const struct chunk *chunk)
{
	return g_ascii_islower(chunk->type[0]) ? !is(chunk, "tRNS") : is(chunk, "PLTE");
}

/* The compressed pixels, which follow each other in pieces; *joined is set when they had to be put together. */
static const guint8 *compressed(
	const guint8 *file, gsize length, const struct png_shape *shape, gsize *bytes, GByteArray **joined)
{
	gsize place = SIGNATURE_BYTES;
	struct chunk chunk, first = {0};
	guint pieces = 0;
	bool others_since = false;

	if (length < SIGNATURE_BYTES || memcmp(file, SIGNATURE, SIGNATURE_BYTES) != 0 ||
		!next_chunk(file, length, &place, &chunk) || !is_plain(&chunk, shape))
		return NULL;
	for (;;) {
		if (!next_chunk(file, length, &place, &chunk))
			return NULL;
		if (is(&chunk, "IEND"))
			break;
		if (!is(&chunk, "IDAT")) {
			if (!is_beside(&chunk))
				return NULL;
			others_since = pieces > 0;
			continue;
		}
		if (others_since)
			return NULL;
		if (pieces++ == 0)
			first = chunk;
		else {
			if (!*joined)
				*joined = g_byte_array_append(
					g_byte_array_sized_new((guint)length), first.data, (guint)first.length);
			g_byte_array_append(*joined, chunk.data, (guint)chunk.length);
		}
	}
	*bytes = *joined ? (*joined)->len : first.length;
	return *joined ? (*joined)->data : first.data;
}

/* zlib looks no further back than the data's first byte says, and fails where it should; libdeflate always looks 32 KiB back. */
static bool has_window(const guint8 *data, gsize bytes, gsize size)
{
	const guint bits = bytes ? data[0] >> 4 : 0;

	return bits >= 7 || (256u << bits) >= size;
}

static bool inflate_exactly(const guint8 *data, gsize bytes, guint8 *out, gsize size)
{
	struct libdeflate_decompressor *decompressor = libdeflate_alloc_decompressor();
	gsize used = 0;
	bool ok = decompressor && libdeflate_zlib_decompress_ex(decompressor, data, bytes, out, size, &used, NULL) ==
					  LIBDEFLATE_SUCCESS;

	libdeflate_free_decompressor(decompressor);
	return ok && used == bytes;
}

guint8 *png_data_read(const guint8 *file, gsize length, const struct png_shape *shape)
{
	gsize row = (gsize)shape->width * (gsize)shape->bands, size = (row + 1) * (gsize)shape->height, bytes = 0;
	g_autoptr(GByteArray) joined = NULL;

	if (length > G_MAXINT32)
		return NULL;
	const guint8 *data = compressed(file, length, shape, &bytes, &joined);
	guint8 *pixels = data ? g_try_malloc(size + PNG_ROWS_BEHIND) : NULL;
	if (pixels && has_window(data, bytes, size) && inflate_exactly(data, bytes, pixels, size) &&
		png_rows_unfilter(pixels, shape->height, row, shape->bands))
		return pixels;
	g_free(pixels);
	return NULL;
}

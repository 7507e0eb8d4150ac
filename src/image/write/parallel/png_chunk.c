/* SPDX-License-Identifier: GPL-2.0-or-later
 * Rows of a PNG, packed by themselves: see png_chunk.h. */
#include "image/write/parallel/png_chunk.h"

#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "base/error.h"

#define DEFLATE_MEMORY 8 /* as libpng */

/* Rows as they go into deflate. */
struct rows_buffer {
	guint8 *row, *above; /* each with a pixel of zeros before it */
	guint8 *tried, *best;
	guint8 *memory;
	gsize length, pixel;
};

struct png_chunk {
	const struct png_way *way;
	z_stream stream;
	struct rows_buffer rows;
	bool begun; /* it has a row */
	GByteArray *bytes;
	uLong adler;
	z_off_t raw; /* bytes that went in */
};

static void put_32(guint8 *bytes, guint32 value)
{
	value = GUINT32_TO_BE(value);
	memcpy(bytes, &value, sizeof(value));
}

static guint8 paeth(int a, int b, int c)
{
	int pa = abs(b - c), pb = abs(a - c), pc = abs(a + b - 2 * c);

	return (guint8)(pa <= pb && pa <= pc ? a : pb <= pc ? b : c);
}

/* row and above have a pixel of zeros before them. */
static void filter_row(
	guint8 *out, enum png_filter filter, const guint8 *row, const guint8 *above, gsize length, gsize pixel)
{
	const guint8 *left = row - pixel, *corner = above - pixel;

	*out++ = (guint8)filter;
	switch (filter) {
	case FILTER_SUB:
		for (gsize i = 0; i < length; i++)
			out[i] = (guint8)(row[i] - left[i]);
		break;
	case FILTER_UP:
		for (gsize i = 0; i < length; i++)
			out[i] = (guint8)(row[i] - above[i]);
		break;
	case FILTER_AVERAGE:
		for (gsize i = 0; i < length; i++)
			out[i] = (guint8)(row[i] - (left[i] + above[i]) / 2);
		break;
	case FILTER_PAETH:
		for (gsize i = 0; i < length; i++)
			out[i] = (guint8)(row[i] - paeth(left[i], above[i], corner[i]));
		break;
	default:
		memcpy(out, row, length);
	}
}

/* The specification's advice (12.7): the smallest sum of the filtered bytes, as signed numbers. */
static gsize weight(const guint8 *filtered, gsize length)
{
	gsize sum = 0;

	for (gsize i = 1; i <= length; i++)
		sum += filtered[i] < 128 ? filtered[i] : 256u - filtered[i];
	return sum;
}

static void rows_buffer_init(struct rows_buffer *buffer, gsize length, gsize pixel)
{
	gsize padded = pixel + length;

	buffer->memory = g_malloc0(2 * padded + 2 * (length + 1));
	buffer->row = buffer->memory + pixel;
	buffer->above = buffer->row + padded;
	buffer->tried = buffer->memory + 2 * padded;
	buffer->best = buffer->tried + length + 1;
	buffer->length = length;
	buffer->pixel = pixel;
}

static void take_row(struct rows_buffer *buffer, const VipsPel *from, bool wide)
{
	guint8 *row = buffer->above;

	buffer->above = buffer->row;
	buffer->row = row;
	memcpy(row, from, buffer->length);
	for (gsize i = 0; wide && i < buffer->length; i += 2) {
		guint16 level;
		memcpy(&level, row + i, sizeof(level));
		level = GUINT16_TO_BE(level);
		memcpy(row + i, &level, sizeof(level));
	}
}

/* The filtered row, in buffer->best. The row above a strip's first one is another strip's, so that it is not asked. */
static void filter_best(struct rows_buffer *buffer, int wanted, bool first)
{
	gsize least = G_MAXSIZE;

	if (wanted != FILTERS) {
		filter_row(buffer->best, first && wanted > FILTER_SUB ? FILTER_SUB : (enum png_filter)wanted,
			buffer->row, buffer->above, buffer->length, buffer->pixel);
		return;
	}
	for (int filter = FILTER_NONE; filter < (first ? FILTER_UP : FILTERS); filter++) {
		filter_row(buffer->tried, (enum png_filter)filter, buffer->row, buffer->above, buffer->length,
			buffer->pixel);
		gsize sum = weight(buffer->tried, buffer->length);
		if (sum >= least)
			continue;
		least = sum;
		guint8 *best = buffer->tried;
		buffer->tried = buffer->best;
		buffer->best = best;
	}
}

/* Gives deflate what it has to take, or with no input lets it end a block. */
static void deflate_into(z_stream *stream, GByteArray *out, int flush)
{
	guint8 buffer[32 << 10];

	do {
		/* cppcheck-suppress autoVariables ; nobody reads it after this function */
		stream->next_out = buffer;
		stream->avail_out = sizeof(buffer);
		deflate(stream, flush);
		g_byte_array_append(out, buffer, (guint)(sizeof(buffer) - stream->avail_out));
	} while (stream->avail_out == 0);
}

static void begin_chunk(GByteArray *out)
{
	static const guint8 head[CHUNK_HEAD_BYTES] = {0, 0, 0, 0, 'I', 'D', 'A', 'T'};

	g_byte_array_append(out, head, sizeof(head));
}

static void end_chunk(GByteArray *out)
{
	guint8 sum[4];

	put_32(out->data, out->len - CHUNK_HEAD_BYTES);
	put_32(sum, (guint32)crc32(0, out->data + 4, out->len - 4));
	g_byte_array_append(out, sum, sizeof(sum));
}

struct png_chunk *png_chunk_new(const struct png_way *way, bool first, GError **error)
{
	auto_struct(png_chunk) chunk = g_new0(struct png_chunk, 1);

	chunk->way = way;
	chunk->bytes = g_byte_array_new();
	chunk->adler = png_no_sum();
	rows_buffer_init(&chunk->rows, way->line, way->pixel);
	/* Without zlib's own wrapping; what libpng asks for. */
	if (deflateInit2(&chunk->stream, way->level, Z_DEFLATED, -MAX_WBITS, DEFLATE_MEMORY,
		    way->filter == FILTER_NONE ? Z_DEFAULT_STRATEGY : Z_FILTERED) != Z_OK) {
		fail(error, ERROR_RETRY, "png: no memory to pack pixels");
		return NULL;
	}
	begin_chunk(chunk->bytes);
	if (first) {
		/* 32 kB window; the level in four steps; no dictionary; a multiple of 31 (RFC 1950). */
		int step = way->level < 2 ? 0 : way->level < 6 ? 1 : way->level == 6 ? 2 : 3;
		guint8 wrap[2] = {0x78, (guint8)(step << 6)};
		wrap[1] = (guint8)(wrap[1] + 31 - (wrap[0] * 256 + wrap[1]) % 31);
		g_byte_array_append(chunk->bytes, wrap, sizeof(wrap));
	}
	return g_steal_pointer(&chunk);
}

void png_chunk_row(struct png_chunk *chunk, const VipsPel *row)
{
	struct rows_buffer *rows = &chunk->rows;

	take_row(rows, row, chunk->way->wide);
	filter_best(rows, chunk->way->filter, !chunk->begun);
	chunk->begun = true;
	chunk->adler = adler32_z(chunk->adler, rows->best, rows->length + 1);
	chunk->raw += (z_off_t)rows->length + 1;
	chunk->stream.next_in = rows->best;
	chunk->stream.avail_in = (uInt)rows->length + 1;
	deflate_into(&chunk->stream, chunk->bytes, Z_NO_FLUSH);
}

void png_chunk_end(struct png_chunk *chunk, bool last)
{
	deflate_into(&chunk->stream, chunk->bytes, last ? Z_FINISH : Z_FULL_FLUSH);
	end_chunk(chunk->bytes);
}

void png_chunk_free(struct png_chunk *chunk)
{
	if (!chunk)
		return;
	deflateEnd(&chunk->stream);
	g_free(chunk->rows.memory);
	g_byte_array_unref(chunk->bytes);
	g_free(chunk);
}

const GByteArray *png_chunk_bytes(const struct png_chunk *chunk)
{
	return chunk->bytes;
}

guint32 png_chunk_sum(const struct png_chunk *chunk, guint32 before)
{
	return (guint32)adler32_combine(before, chunk->adler, chunk->raw);
}

guint32 png_no_sum(void)
{
	return (guint32)adler32(0, NULL, 0);
}

GByteArray *png_end(guint32 sum)
{
	static const guint8 over[] = {0, 0, 0, 0, 'I', 'E', 'N', 'D', 0xae, 0x42, 0x60, 0x82};
	GByteArray *out = g_byte_array_new();
	guint8 bytes[4];

	begin_chunk(out);
	put_32(bytes, sum);
	g_byte_array_append(out, bytes, sizeof(bytes));
	end_chunk(out);
	g_byte_array_append(out, over, sizeof(over));
	return out;
}

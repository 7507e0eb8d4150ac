/* SPDX-License-Identifier: GPL-2.0-or-later
 * PNG in strips: see strips.h. A PNG's pixels are one stream of deflate, whose blocks may be made apart (as pigz does): each strip ends at a
 * byte, and none looks back into the one before. The chunks before the pixels are the saver's own.
 * Chunks, filters and zlib's wrapping: PNG specification (third edition), clauses 5, 9 and 10; RFC 1950. */
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "base/error.h"
#include "base/json.h"
#include "image/auto.h"
#include "image/operations.h"
#include "image/strips_private.h"

#define SIGNATURE_BYTES 8
#define CHUNK_HEAD_BYTES 8 /* length, type */
#define IHDR_AT (SIGNATURE_BYTES + CHUNK_HEAD_BYTES)
#define IHDR_DEPTH (IHDR_AT + 8)
#define IHDR_COLOUR (IHDR_AT + 9)
#define IHDR_INTERLACE (IHDR_AT + 12)
#define DEFLATE_MEMORY 8 /* as libpng */
#define ROWS_AT_ONCE 16

enum filter { FILTER_NONE, FILTER_SUB, FILTER_UP, FILTER_AVERAGE, FILTER_PAETH, FILTERS };

struct png {
	GByteArray *head; /* until the first pixels */
	int level;
	int filter;  /* enum filter; FILTERS: the one that looks best, for each row */
	gsize pixel; /* bytes */
	bool first;  /* nothing was appended yet */
	uLong adler; /* of what was appended */
};

struct png_strip {
	GByteArray *bytes; /* a whole chunk */
	uLong adler;
	z_off_t raw; /* bytes that went in */
};

static guint32 read_32(const guint8 *bytes)
{
	guint32 value;
	memcpy(&value, bytes, sizeof(value));
	return GUINT32_FROM_BE(value);
}

static void put_32(guint8 *bytes, guint32 value)
{
	value = GUINT32_TO_BE(value);
	memcpy(bytes, &value, sizeof(value));
}

/* Where the first chunk of pixels begins; 0: not there yet. */
static gsize pixels_at(const GByteArray *bytes)
{
	for (gsize at = SIGNATURE_BYTES; at + CHUNK_HEAD_BYTES <= bytes->len;) {
		if (memcmp(bytes->data + at + 4, "IDAT", 4) == 0)
			return at;
		at += CHUNK_HEAD_BYTES + (gsize)read_32(bytes->data + at) + 4;
	}
	return 0;
}

static bool has_head(const GByteArray *bytes)
{
	return pixels_at(bytes) > 0;
}

/* Pixels that the saver would write as they are. */
static bool is_ready(const VipsImage *image)
{
	bool grey = image->Bands < 3;

	if (image->Coding != VIPS_CODING_NONE || image->Bands > 4)
		return false;
	if (image->BandFmt == VIPS_FORMAT_UCHAR)
		return image->Type == (grey ? VIPS_INTERPRETATION_B_W : VIPS_INTERPRETATION_sRGB);
	return image->BandFmt == VIPS_FORMAT_USHORT &&
	       image->Type == (grey ? VIPS_INTERPRETATION_GREY16 : VIPS_INTERPRETATION_RGB16);
}

static int unit(const struct strips *strips)
{
	/* What deflate does not pack is written as fast by one. */
	return is_ready(strips->image) && json_int(strips->save, "compression", 6) > 0 &&
			       !json_bool(strips->save, "interlace", false) &&
			       !json_bool(strips->save, "palette", false)
		       ? 1
		       : 0;
}

static void png_free(void *data)
{
	struct png *png = data;

	g_byte_array_unref(png->head);
	g_free(png);
}

/* Is the file's pixel the image's? */
static bool is_alike(const GByteArray *head, const VipsImage *image)
{
	static const guint8 colours[] = {0, 0, 4, 2, 6}; /* by bands */
	int depth = image->BandFmt == VIPS_FORMAT_USHORT ? 16 : 8;

	return head->data[IHDR_DEPTH] == depth && head->data[IHDR_COLOUR] == colours[image->Bands] &&
	       head->data[IHDR_INTERLACE] == 0;
}

static void *begin(struct strips *strips, GError **error)
{
	static const char *const names[] = {"none", "sub", "up", "avg", "paeth", "all"};
	const char *filter = json_string(strips->save, "filter", "none");
	g_autoptr(JsonObject) quick = params_copy(strips->save);
	g_autoptr(GByteArray) head = NULL;

	/* Of black as it is, the first rows fill the saver's buffers. */
	json_object_set_int_member(quick, "compression", 0);
	json_object_set_string_member(quick, "filter", "none");
	if (!strips_save_head(strips, quick, has_head, &head, error))
		return NULL;
	gsize length = pixels_at(head);
	if (length <= IHDR_INTERLACE || !is_alike(head, strips->image))
		return NULL;
	struct png *png = g_new0(struct png, 1);
	png->level = (int)json_int(strips->save, "compression", 6);
	for (guint i = 0; i < G_N_ELEMENTS(names); i++)
		if (g_str_equal(names[i], filter))
			png->filter = (int)i;
	png->pixel = VIPS_IMAGE_SIZEOF_PEL(strips->image);
	png->first = true;
	png->adler = adler32(0, NULL, 0);
	png->head = g_byte_array_ref(head);
	g_byte_array_set_size(png->head, (guint)length);
	return png;
}

static guint8 paeth(int a, int b, int c)
{
	int pa = abs(b - c), pb = abs(a - c), pc = abs(a + b - 2 * c);

	return (guint8)(pa <= pb && pa <= pc ? a : pb <= pc ? b : c);
}

/* row and above have a pixel of zeros before them. */
static void filter_row(guint8 *out, enum filter filter, const guint8 *row, const guint8 *above, gsize length, gsize pixel)
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

/* The specification's advice (12.7): the smallest sum of what is left, as signed numbers. */
static gsize weight(const guint8 *filtered, gsize length)
{
	gsize sum = 0;

	for (gsize i = 1; i <= length; i++)
		sum += filtered[i] < 128 ? filtered[i] : 256u - filtered[i];
	return sum;
}

/* Rows as they go into deflate. */
struct rows_buffer {
	guint8 *row, *above; /* each with a pixel of zeros before it */
	guint8 *tried, *best;
	guint8 *memory;
	gsize length, pixel;
};

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
		filter_row(buffer->best, first && wanted > FILTER_SUB ? FILTER_SUB : (enum filter)wanted, buffer->row,
			buffer->above, buffer->length, buffer->pixel);
		return;
	}
	for (int filter = FILTER_NONE; filter < (first ? FILTER_UP : FILTERS); filter++) {
		filter_row(buffer->tried, (enum filter)filter, buffer->row, buffer->above, buffer->length,
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

static void encoded_free(void *data)
{
	struct png_strip *strip = data;

	g_byte_array_unref(strip->bytes);
	g_free(strip);
}

/* Gives deflate what it has to take, or with no input lets it end a block. */
static void deflate_into(z_stream *stream, GByteArray *out, int flush)
{
	guint8 buffer[32 << 10];

	do {
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

/* A few rows at a time: what is read once is still in the processor's cache, and such blocks of memory are used again. */
static bool pack_rows(const struct png *png, VipsRegion *region, const VipsRect *rect, z_stream *stream, struct png_strip *strip)
{
	struct rows_buffer buffer;
	bool wide = region->im->BandFmt == VIPS_FORMAT_USHORT, ok = true;

	rows_buffer_init(&buffer, VIPS_IMAGE_SIZEOF_LINE(region->im), png->pixel);
	for (int y = rect->top; ok && y < VIPS_RECT_BOTTOM(rect); y++) {
		VipsRect rows = {0, y, rect->width, VIPS_MIN(ROWS_AT_ONCE, VIPS_RECT_BOTTOM(rect) - y)};
		if ((y - rect->top) % ROWS_AT_ONCE == 0 && vips_region_prepare(region, &rows)) {
			ok = false;
			break;
		}
		take_row(&buffer, VIPS_REGION_ADDR(region, 0, y), wide);
		filter_best(&buffer, png->filter, y == rect->top);
		strip->adler = adler32_z(strip->adler, buffer.best, buffer.length + 1);
		strip->raw += (z_off_t)buffer.length + 1;
		stream->next_in = buffer.best;
		stream->avail_in = (uInt)buffer.length + 1;
		deflate_into(stream, strip->bytes, Z_NO_FLUSH);
	}
	g_free(buffer.memory);
	return ok;
}

static void *encode(struct strips *strips, const VipsRect *rect, GError **error)
{
	const struct png *png = strips->state;
	g_autoptr(VipsRegion) region = vips_region_new(strips->image);
	bool last = VIPS_RECT_BOTTOM(rect) == strips->image->Ysize;
	z_stream stream = {0};

	/* Without zlib's own wrapping; what libpng asks for. */
	if (deflateInit2(&stream, png->level, Z_DEFLATED, -MAX_WBITS, DEFLATE_MEMORY,
		    png->filter == FILTER_NONE ? Z_DEFAULT_STRATEGY : Z_FILTERED) != Z_OK) {
		fail(error, ERROR_RETRY, "png: no memory to pack pixels");
		return NULL;
	}
	struct png_strip *strip = g_new0(struct png_strip, 1);
	strip->bytes = g_byte_array_new();
	strip->adler = adler32(0, NULL, 0);
	begin_chunk(strip->bytes);
	if (rect->top == 0) {
		/* 32 kB window; the level in four steps; no dictionary; a multiple of 31 (RFC 1950). */
		guint8 wrap[2] = {0x78, (guint8)((png->level < 2 ? 0 : png->level < 6 ? 1 : png->level == 6 ? 2 : 3) << 6)};
		wrap[1] = (guint8)(wrap[1] + 31 - (wrap[0] * 256 + wrap[1]) % 31);
		g_byte_array_append(strip->bytes, wrap, sizeof(wrap));
	}
	bool ok = pack_rows(png, region, rect, &stream, strip);
	if (ok)
		deflate_into(&stream, strip->bytes, last ? Z_FINISH : Z_FULL_FLUSH);
	deflateEnd(&stream);
	if (ok) {
		end_chunk(strip->bytes);
		return strip;
	}
	encoded_free(strip);
	vips_failed(error, "png");
	return NULL;
}

static bool append(struct strips *strips, struct strips_file *file, void *data, GError **error)
{
	struct png *png = strips->state;
	struct png_strip *strip = data;

	bool ok = !png->first || strips_write(file, png->head->data, png->head->len, error);
	png->first = false;
	png->adler = adler32_combine(png->adler, strip->adler, strip->raw);
	ok = ok && strips_write(file, strip->bytes->data, strip->bytes->len, error);
	encoded_free(strip);
	return ok;
}

static bool end(struct strips *strips, struct strips_file *file, GError **error)
{
	static const guint8 over[] = {0, 0, 0, 0, 'I', 'E', 'N', 'D', 0xae, 0x42, 0x60, 0x82};
	const struct png *png = strips->state;
	g_autoptr(GByteArray) sum = g_byte_array_new();
	guint8 adler[4];

	/* The checksum of all pixels stands at the end of their stream, here in a chunk of its own. */
	begin_chunk(sum);
	put_32(adler, (guint32)png->adler);
	g_byte_array_append(sum, adler, sizeof(adler));
	end_chunk(sum);
	return strips_write(file, sum->data, sum->len, error) && strips_write(file, over, sizeof(over), error);
}

const struct strips_kind strips_png = {
	.format = "png",
	.unit = unit,
	.begin = begin,
	.encode = encode,
	.append = append,
	.end = end,
	.encoded_free = encoded_free,
	.state_free = png_free,
};

/* SPDX-License-Identifier: GPL-2.0-or-later
 * PNG in strips: see parallel_save.h and png_chunk.h. The chunks before the pixels are the saver's own. The number of
 * rows that are compressed together depends only on the picture's width. A single thread compresses the same rows
 * together. So a picture's file is the same on any number of cores. */
#include "image/write/parallel/parallel_png.h"

#include <string.h>

#include "base/error.h"
#include "base/json.h"
#include "definition/pipeline.h"
#include "image/table/auto.h"
#include "image/table/vips_error.h"
#include "image/write/parallel/png_chunk.h"
#include "image/write/parallel/strips.h"

#define SIGNATURE_BYTES 8
#define IHDR_AT (SIGNATURE_BYTES + CHUNK_HEAD_BYTES)
#define IHDR_DEPTH (IHDR_AT + 8)
#define IHDR_COLOUR (IHDR_AT + 9)
#define IHDR_INTERLACE (IHDR_AT + 12)
#define ROWS_AT_ONCE 16
/* In a chunk: so much is worth a thread's start, and loses nothing to speak of at its edges. */
#define CHUNK_PIXELS 1000000

struct png {
	GByteArray *head; /* until the first pixels */
	struct png_way way;
	bool first;  /* nothing was appended yet */
	guint32 sum; /* of what was appended */
};

static guint32 read_32(const guint8 *bytes)
{
	guint32 value;
	memcpy(&value, bytes, sizeof(value));
	return GUINT32_FROM_BE(value);
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

static int unit(const struct parallel_save *strips)
{
	/* What deflate does not pack is written as fast by one. */
	if (!is_ready(strips->image) || json_int(strips->save, "compression", 6) == 0 ||
		json_bool(strips->save, "interlace", false) || json_bool(strips->save, "palette", false))
		return 0;
	return VIPS_MAX(1, CHUNK_PIXELS / strips->image->Xsize);
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

static void *begin(struct parallel_save *strips, GError **error)
{
	static const char *const names[] = {"none", "sub", "up", "avg", "paeth", "all"};
	const char *filter = json_string(strips->save, "filter", "none");
	g_autoptr(JsonObject) quick = params_copy(strips->save);
	g_autoptr(GByteArray) head = NULL;

	/* Of black as it is, the first rows fill the saver's buffers. */
	json_object_set_int_member(quick, "compression", 0);
	json_object_set_string_member(quick, "filter", "none");
	if (!parallel_save_head(strips, quick, has_head, &head, error))
		return NULL;
	gsize length = pixels_at(head);
	if (length <= IHDR_INTERLACE || !is_alike(head, strips->image))
		return NULL;
	struct png *png = g_new0(struct png, 1);
	png->way = (struct png_way){
		.level = (int)json_int(strips->save, "compression", 6),
		.pixel = VIPS_IMAGE_SIZEOF_PEL(strips->image),
		.line = VIPS_IMAGE_SIZEOF_LINE(strips->image),
		.wide = strips->image->BandFmt == VIPS_FORMAT_USHORT,
	};
	for (guint i = 0; i < G_N_ELEMENTS(names); i++)
		if (g_str_equal(names[i], filter))
			png->way.filter = (int)i;
	png->first = true;
	png->sum = png_no_sum();
	png->head = g_byte_array_ref(head);
	g_byte_array_set_size(png->head, (guint)length);
	return png;
}

static void *encode(struct parallel_save *strips, const VipsRect *rect, GError **error)
{
	const struct png *png = strips->state;
	g_autoptr(VipsRegion) region = vips_region_new(strips->image);
	auto_struct(png_chunk) chunk = png_chunk_new(&png->way, rect->top == 0, error);

	/* A few rows at a time: rows that were just read are still in the processor's cache, and such blocks of memory
	 * are used again. */
	for (int y = rect->top; chunk && y < VIPS_RECT_BOTTOM(rect); y += ROWS_AT_ONCE) {
		VipsRect rows = {0, y, rect->width, VIPS_MIN(ROWS_AT_ONCE, VIPS_RECT_BOTTOM(rect) - y)};
		if (vips_region_prepare(region, &rows))
			return vips_failed(error, "png"), NULL;
		for (int i = 0; i < rows.height; i++)
			png_chunk_row(chunk, VIPS_REGION_ADDR(region, 0, y + i));
	}
	if (chunk)
		png_chunk_end(chunk, VIPS_RECT_BOTTOM(rect) == strips->image->Ysize);
	return g_steal_pointer(&chunk);
}

static bool append(struct parallel_save *strips, struct parallel_save_file *file, void *encoded, GError **error)
{
	struct png *png = strips->state;
	auto_struct(png_chunk) chunk = encoded;
	const GByteArray *bytes = png_chunk_bytes(chunk);

	if (png->first && !parallel_save_write(file, png->head->data, png->head->len, error))
		return false;
	png->first = false;
	png->sum = png_chunk_sum(chunk, png->sum);
	return parallel_save_write(file, bytes->data, bytes->len, error);
}

static bool end(struct parallel_save *strips, struct parallel_save_file *file, GError **error)
{
	g_autoptr(GByteArray) last = png_end(((const struct png *)strips->state)->sum);

	return parallel_save_write(file, last->data, last->len, error);
}

static void encoded_free(void *encoded)
{
	png_chunk_free(encoded);
}

const struct parallel_save_kind parallel_png = {
	.format = "png",
	.fixed = true,
	.unit = unit,
	.begin = begin,
	.encode = encode,
	.append = append,
	.end = end,
	.encoded_free = encoded_free,
	.state_free = png_free,
};

/* One thread: rows as libvips' sink has them. */
struct sequence {
	struct parallel_save *strips;
	struct parallel_save_file *file;
	struct png_chunk *chunk; /* NULL: the next row begins one */
	int rows;                /* until now */
	GError *error;
};

static bool take_line(struct sequence *sequence, const VipsPel *line)
{
	struct parallel_save *strips = sequence->strips;
	const struct png *png = strips->state;
	int height = strips->image->Ysize;

	if (!sequence->chunk && !(sequence->chunk = png_chunk_new(&png->way, sequence->rows == 0, &sequence->error)))
		return false;
	png_chunk_row(sequence->chunk, line);
	sequence->rows++;
	if (sequence->rows % strips->rows && sequence->rows < height)
		return true;
	png_chunk_end(sequence->chunk, sequence->rows == height);
	return append(strips, sequence->file, g_steal_pointer(&sequence->chunk), &sequence->error);
}

static int take_lines(VipsRegion *region, VipsRect *area, void *user)
{
	struct sequence *sequence = user;

	for (int y = area->top; !sequence->error && y < VIPS_RECT_BOTTOM(area); y++)
		take_line(sequence, VIPS_REGION_ADDR(region, 0, y));
	return sequence->error ? -1 : 0;
}

static bool save_lines(struct parallel_save *strips, struct parallel_save_file *file, GError **error)
{
	struct sequence sequence = {.strips = strips, .file = file};
	bool well = vips_sink_disc(strips->image, take_lines, &sequence) == 0 || vips_failed(error, "png");

	png_chunk_free(sequence.chunk);
	if (sequence.error) {
		g_clear_error(error);
		g_propagate_error(error, sequence.error);
		return false;
	}
	/* See QUIRK_LAST_BLOCK_UNSEEN. */
	if (well && sequence.rows < strips->image->Ysize)
		return fail(error, ERROR_RETRY, "png: %d of %d rows came", sequence.rows, strips->image->Ysize);
	return well && end(strips, file, error);
}

bool parallel_save_png_suits(VipsImage *image, JsonObject *save)
{
	const struct parallel_save strips = {.image = image, .save = save};
	int rows = unit(&strips);

	return rows > 0 && rows < image->Ysize;
}

bool parallel_save_png_save(VipsImage *image, const struct format *format, JsonObject *save,
	struct parallel_save_file *file, bool *suits, GError **error)
{
	g_autoptr(JsonObject) options = save ? json_object_ref(save) : json_object_new();
	struct parallel_save strips = {.kind = &parallel_png, .format = format, .image = image, .save = options};
	GError *cause = NULL;

	strips.rows = unit(&strips);
	strips.state = begin(&strips, &cause);
	*suits = strips.state || cause;
	if (!strips.state) {
		if (cause)
			g_propagate_error(error, cause);
		return false;
	}
	bool well = save_lines(&strips, file, error);
	png_free(strips.state);
	return well;
}

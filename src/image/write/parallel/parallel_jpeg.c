/* SPDX-License-Identifier: GPL-2.0-or-later
 * JPEG in strips: see parallel_save.h. libjpeg encodes them, with the settings of libvips' saver (vips2jpeg.c);
 * the segments before the pixels are the saver's own. Each block of a baseline JPEG is encoded separately, with two
 * exceptions. A block's mean (DC) is stored as the difference to the block before, and codes follow each other bit by
 * bit. So a separately encoded strip of whole MCU rows differs from the same rows in the whole file. The first
 * difference of each colour differs, and the position of the bits in their bytes. Both are made good when strips are
 * joined, so that the file has no restart markers and is the one that a single thread would have written. ITU-T T.81:
 * B.2 (markers), F.1.1.5.1 (differences of DC), A.2 (order of blocks). */
#include <setjmp.h>
#include <stdio.h>
#include <string.h>

#include <jpeglib.h>

#include "base/disk/beneath.h"
#include "base/error.h"
#include "base/json.h"
#include "image/encode/thumbnail.h"
#include "image/table/auto.h"
#include "image/table/vips_error.h"
#include "image/write/parallel/jpeg_scan.h"
#include "image/write/parallel/strips.h"

#define EOI_BYTES 2
#define FIRST_BYTES (16 << 10) /* of a part's buffer, which doubles when it is full */
#define DEFAULT_QUALITY 75     /* libvips' */
#define FULL_COLOUR_QUALITY 90 /* from here on libvips' "auto" keeps the colour's resolution */
#define UNIT_ROWS 16           /* the highest MCU that libvips asks for: 2 x 2 blocks */

struct jpeg {
	GByteArray *head; /* through the start of scan */
	int quality;
	bool halved; /* the colour's resolution */
	struct jpeg_scan scan;
	int last[MOST_COMPONENTS]; /* DC of the last block that was appended */
	bool first;                /* nothing was appended yet */
	struct bits_out out;
};

struct jpeg_strip {
	GByteArray *bytes;             /* entropy-coded, without stuffing */
	gsize end;                     /* bits */
	struct dc dc[MOST_COMPONENTS]; /* of the first block of each component, in their order */
	int last[MOST_COMPONENTS];     /* DC of the last block of each */
};

static bool has_head(const GByteArray *bytes)
{
	return jpeg_scan_at(bytes->data, bytes->len) > 0;
}

static int unit(const struct parallel_save *strips)
{
	const VipsImage *image = strips->image;
	bool grey = image->Bands == 1 && image->Type == VIPS_INTERPRETATION_B_W,
	     colour = image->Bands == 3 && image->Type == VIPS_INTERPRETATION_sRGB;

	/* What the saver would first convert; tables of the whole picture's own, several passes, markers that count. */
	if (image->BandFmt != VIPS_FORMAT_UCHAR || image->Coding != VIPS_CODING_NONE || !(grey || colour) ||
		json_bool(strips->save, "optimise", false) || json_bool(strips->save, "progressive", false) ||
		json_int(strips->save, "restart_interval", 0))
		return 0;
	return UNIT_ROWS;
}

static void jpeg_free(void *data)
{
	struct jpeg *jpeg = data;

	g_byte_array_unref(jpeg->head);
	g_byte_array_unref(jpeg->out.bytes);
	g_free(jpeg);
}

/* libjpeg's own answer to an error is to end the process. */
struct complaint {
	struct jpeg_error_mgr manager; /* first: libjpeg knows only this */
	jmp_buf back;
	char text[JMSG_LENGTH_MAX];
};

static void complain(j_common_ptr info)
{
	struct complaint *complaint = (struct complaint *)info->err;

	info->err->format_message(info, complaint->text);
	longjmp(complaint->back, 1);
}

static void set_up(const struct jpeg *jpeg, struct jpeg_compress_struct *info, int bands)
{
	info->input_components = bands;
	info->in_color_space = bands == 1 ? JCS_GRAYSCALE : JCS_RGB;
	jpeg_set_defaults(info);
	jpeg_set_quality(info, jpeg->quality, TRUE);
	for (int i = 0; !jpeg->halved && i < bands; i++)
		info->comp_info[i].h_samp_factor = info->comp_info[i].v_samp_factor = 1;
	info->write_JFIF_header = FALSE;
}

/* Where a part goes. libjpeg's own memory destination does not give its buffer back after an error: it has freed the one that the caller
 * still knows, and leaks another. */
struct memory {
	struct jpeg_destination_mgr manager; /* first: libjpeg knows only this */
	GByteArray *bytes;
};

static void memory_from(struct memory *memory, guint at)
{
	memory->manager.next_output_byte = memory->bytes->data + at;
	memory->manager.free_in_buffer = memory->bytes->len - at;
}

static void memory_begin(j_compress_ptr info)
{
	struct memory *memory = (struct memory *)info->dest;

	g_byte_array_set_size(memory->bytes, FIRST_BYTES);
	memory_from(memory, 0);
}

static boolean memory_grow(j_compress_ptr info)
{
	struct memory *memory = (struct memory *)info->dest;
	guint full = memory->bytes->len;

	g_byte_array_set_size(memory->bytes, 2 * full);
	memory_from(memory, full);
	return TRUE;
}

static void memory_end(j_compress_ptr info)
{
	struct memory *memory = (struct memory *)info->dest;

	g_byte_array_set_size(memory->bytes, memory->bytes->len - (guint)memory->manager.free_in_buffer);
}

static void memory_init(struct memory *memory, GByteArray *bytes)
{
	*memory = (struct memory){
		{.init_destination = memory_begin, .empty_output_buffer = memory_grow, .term_destination = memory_end},
		bytes};
}

/* A few rows at a time: rows that were just read are still in the processor's cache, and such blocks of memory are used
 * again. */
static bool compress_rows(struct jpeg_compress_struct *info, VipsRegion *region, const VipsRect *part)
{
	for (int y = part->top; y < VIPS_RECT_BOTTOM(part); y += UNIT_ROWS) {
		VipsRect rows = {part->left, y, part->width, VIPS_MIN(UNIT_ROWS, VIPS_RECT_BOTTOM(part) - y)};
		JSAMPROW lines[UNIT_ROWS];
		if (vips_region_prepare(region, &rows))
			return false;
		for (int i = 0; i < rows.height; i++)
			lines[i] = VIPS_REGION_ADDR(region, rows.left, y + i);
		jpeg_write_scanlines(info, lines, (JDIMENSION)rows.height);
	}
	return true;
}

/* This part of the picture as a JPEG without metadata, in out. In a function of its own for setjmp(): what it changes lies behind
 * pointers. */
static bool compress(const struct jpeg *jpeg, VipsRegion *region, const VipsRect *part, GByteArray *out, GError **error)
{
	struct jpeg_compress_struct info = {0};
	struct complaint complaint;
	struct memory memory;

	memory_init(&memory, out);

	info.err = jpeg_std_error(&complaint.manager);
	complaint.manager.error_exit = complain;
	if (setjmp(complaint.back)) {
		jpeg_destroy_compress(&info);
		return fail(error, ERROR_RETRY, "jpeg: %s", complaint.text);
	}
	jpeg_create_compress(&info);
	info.dest = &memory.manager;
	info.image_width = (JDIMENSION)part->width;
	info.image_height = (JDIMENSION)part->height;
	set_up(jpeg, &info, region->im->Bands);
	jpeg_start_compress(&info, TRUE);
	bool ok = compress_rows(&info, region, part);
	if (ok)
		jpeg_finish_compress(&info);
	jpeg_destroy_compress(&info);
	return ok || vips_failed(error, "jpeg");
}

/* Does libjpeg, as we call it, what it does for libvips? */
static bool is_alike(const struct jpeg *jpeg, VipsImage *image)
{
	g_autoptr(VipsImage) black = NULL;
	g_autoptr(GByteArray) dot = g_byte_array_new();
	VipsRect all = {0, 0, 1, 1};

	if (vips_black(&black, 1, 1, "bands", image->Bands, NULL)) {
		vips_error_clear();
		return false;
	}
	g_autoptr(VipsRegion) region = vips_region_new(black);
	if (!compress(jpeg, region, &all, dot, NULL))
		return false;
	g_autoptr(GByteArray) ours = jpeg_scan_tables(dot->data, dot->len);
	g_autoptr(GByteArray) theirs = jpeg_scan_tables(jpeg->head->data, jpeg->head->len);
	return ours->len == theirs->len && memcmp(ours->data, theirs->data, ours->len) == 0;
}

static void *begin(struct parallel_save *strips, GError **error)
{
	const char *subsampling = json_string(strips->save, "subsampling", "auto");
	g_autoptr(GByteArray) head = NULL;

	if (!parallel_save_head(strips, strips->save, has_head, &head, error))
		return NULL;
	struct jpeg *jpeg = g_new0(struct jpeg, 1);
	jpeg->quality = (int)json_int(strips->save, "quality", DEFAULT_QUALITY);
	jpeg->halved = g_str_equal(subsampling, "on") || g_str_equal(subsampling, "4:2:0") ||
		       (g_str_equal(subsampling, "auto") && jpeg->quality < FULL_COLOUR_QUALITY);
	jpeg->first = true;
	jpeg->out.bytes = g_byte_array_new();
	jpeg->head = g_byte_array_ref(head);
	g_byte_array_set_size(jpeg->head, (guint)jpeg_scan_at(head->data, head->len));
	if (jpeg_scan_read(&jpeg->scan, jpeg->head->data, jpeg->head->len) && UNIT_ROWS % jpeg->scan.mcu_height == 0 &&
		is_alike(jpeg, strips->image))
		return jpeg;
	jpeg_free(jpeg);
	return NULL;
}

static gsize ones_before(const guint8 *bytes, gsize end)
{
	gsize count = 0;

	while (count < end && bytes[(end - 1 - count) / 8] >> (7 - (end - 1 - count) % 8) & 1)
		count++;
	return count;
}

static VipsRect last_mcu(const struct jpeg *jpeg, const VipsRect *strip)
{
	int left = (strip->width - 1) / jpeg->scan.mcu_width * jpeg->scan.mcu_width,
	    top = (strip->height - 1) / jpeg->scan.mcu_height * jpeg->scan.mcu_height;

	return (VipsRect){left, strip->top + top, strip->width - left, strip->height - top};
}

/* Reads the strip's first MCU, and its last one, which was saved by itself, too, so that it can be found without reading all. That one also tells
 * where the strip's bits end: the ones that fill its last byte look like any others. */
static bool measure(const struct jpeg *jpeg, struct jpeg_strip *strip, const GByteArray *last)
{
	struct bits head = {strip->bytes->data, 0, (gsize)strip->bytes->len * 8},
		    tail = {last->data, 0, (gsize)last->len * 8};
	struct dc ignored[MOST_COMPONENTS];

	if (!jpeg_scan_mcu(&jpeg->scan, &head, strip->dc, NULL) ||
		!jpeg_scan_mcu(&jpeg->scan, &tail, ignored, strip->last))
		return false;
	gsize own = ones_before(tail.bytes, tail.at), all = ones_before(head.bytes, head.end);
	if (all < own || all - own > 7)
		return false;
	strip->end = head.end - (all - own);
	return true;
}

static void encoded_free(void *encoded)
{
	struct jpeg_strip *strip = encoded;

	if (!strip)
		return;
	if (strip->bytes)
		g_byte_array_unref(strip->bytes);
	g_free(strip);
}

static bool fail_join(GError **error)
{
	return fail(error, ERROR_SYSTEM, "jpeg: the parts that libvips wrote do not join");
}

static void *encode(struct parallel_save *strips, const VipsRect *rect, GError **error)
{
	const struct jpeg *jpeg = strips->state;
	VipsRect corner = last_mcu(jpeg, rect);
	g_autoptr(VipsRegion) region = vips_region_new(strips->image);
	g_autoptr(GByteArray) file = g_byte_array_new();
	g_autoptr(GByteArray) small = g_byte_array_new();

	if (!compress(jpeg, region, rect, file, error) || !compress(jpeg, region, &corner, small, error))
		return NULL;
	g_autoptr(GByteArray) last = jpeg_scan_data(small->data, small->len);
	struct jpeg_strip *strip = g_new0(struct jpeg_strip, 1);
	strip->bytes = jpeg_scan_data(file->data, file->len);
	if (!strip->bytes || !last || !measure(jpeg, strip, last)) {
		g_clear_pointer(&strip, encoded_free);
		fail_join(error);
	}
	return strip;
}

static bool write_out(struct jpeg *jpeg, struct parallel_save_file *file, GError **error)
{
	bool ok = parallel_save_write(file, jpeg->out.bytes->data, jpeg->out.bytes->len, error);

	g_byte_array_set_size(jpeg->out.bytes, 0);
	return ok;
}

static bool append(struct parallel_save *strips, struct parallel_save_file *file, void *encoded, GError **error)
{
	struct jpeg *jpeg = strips->state;
	struct jpeg_strip *strip = encoded;
	gsize at = 0;

	if (jpeg->first && !parallel_save_write(file, jpeg->head->data, jpeg->head->len, error)) {
		encoded_free(strip);
		return false;
	}
	jpeg->first = false;
	for (int i = 0; i < jpeg->scan.count; i++) {
		bits_copy(&jpeg->out, strip->bytes->data, at, strip->dc[i].from);
		bits_put_dc(&jpeg->out, &jpeg->scan.dc[jpeg->scan.components[i].dc],
			strip->dc[i].difference - jpeg->last[i]);
		at = strip->dc[i].to;
		jpeg->last[i] = strip->last[i];
	}
	bits_copy(&jpeg->out, strip->bytes->data, at, strip->end);
	encoded_free(strip);
	return write_out(jpeg, file, error);
}

static bool end(struct parallel_save *strips, struct parallel_save_file *file, GError **error)
{
	static const guint8 over[EOI_BYTES] = {0xff, 0xd9};
	struct jpeg *jpeg = strips->state;

	bits_flush(&jpeg->out);
	if (!write_out(jpeg, file, error) || !parallel_save_write(file, over, sizeof(over), error))
		return false;
	g_autofree char *alias = beneath_alias(file->fd);
	GError *cause = NULL;
	thumbnail_fill(strips->image, alias, NULL, &cause);
	beneath_unalias(cause, alias, file->path);
	if (cause)
		g_propagate_error(error, cause);
	return !cause;
}

const struct parallel_save_kind parallel_jpeg = {
	.format = "jpeg",
	.unit = unit,
	.begin = begin,
	.encode = encode,
	.append = append,
	.end = end,
	.encoded_free = encoded_free,
	.state_free = jpeg_free,
};

/* SPDX-License-Identifier: GPL-2.0-or-later
 * Sound files that libvips does not read, or not rightly: see unsupported.h. TIFF 6.0; netpbm's ppm(5); ISO/IEC 23008-12 (colr), AV1 in
 * ISOBMFF (av1C). */
#include "image/read/unsupported.h"

#include <string.h>

#include "base/error.h"
#include "image/read/header.h"
#include "image/read/page_scan.h"
#include "image/read/tiff_pieces.h"
#include "image/table/vips_error.h"
#include "image/table/warnings.h"

#define MARK "dropmill-numbers"

static bool refuse(GError **error, const char *what)
{
	return fail(error, ERROR_INPUT, "unsupported: %s", what);
}

/* What a loader says of a sound file that it cannot read, by the loader's name and its words. */
static const struct {
	const char *loader, *words, *what;
} refusals[] = {
	{"VipsJpeg", "Unsupported JPEG data precision",
		"a JPEG of 12 bits, which libvips does not read; convert it to TIFF or PNG of 16 bits first"},
	{"VipsJpeg", "Unsupported JPEG process",
		"a lossless or hierarchical JPEG, which libvips does not read; convert it to PNG first"},
	{"tiff2vips", "subsampled images not supported",
		"a TIFF of subsampled colours (YCbCr, old-style JPEG), which libvips does not read; convert it to RGB first"},
	{"tiff2vips", "samples_per_pixel not a whole number of bytes",
		"a TIFF of an unusual depth, which libvips does not read; convert it to 8 or 16 bits first"},
	{"tiff2vips", "unsupported tiff image type",
		"a TIFF of an unusual depth, which libvips does not read; convert it to 8 or 16 bits first"},
	{"tiff2vips", "bits per sample palette image not supported",
		"a TIFF of an unusual palette, which libvips does not read; convert it to RGB of 8 bits first"},
	{"tiff2vips", "tiled separate planes not supported",
		"a TIFF of tiles in separate planes, which libvips does not read; convert it to strips or to one plane "
		"first (PLANARCONFIG contig)"},
	{"heif", "Unsupported feature",
		"a HEIF or AVIF of a kind that the libheif at hand does not read; convert it to PNG first"},
	{"heif", "Unsupported codec",
		"a HEIF or AVIF of a kind that the libheif at hand does not read; convert it to PNG first"},
};

bool unsupported_failed(VipsSource *source, GError **error)
{
	const char *words = vips_error_buffer();

	for (guint i = 0; i < G_N_ELEMENTS(refusals); i++)
		if (strstr(words, refusals[i].words) && strstr(words, refusals[i].loader)) {
			vips_error_clear();
			return refuse(error, refusals[i].what);
		}
	/* PNG's loader gives its reason as a warning, and then only fails. */
	const char *loader = *words ? NULL : vips_foreign_find_load_source(source);
	g_autofree char *warning = loader && g_str_has_prefix(loader, "VipsForeignLoadPng") ? warnings_newest() : NULL;
	if (warning)
		vips_error("png", "%s", warning);
	return vips_failed(error, "damaged image");
}

enum photometric { RGB = 2, YCBCR = 6 };
enum compression { OLD_JPEG = 6, JPEG = 7 };

/* Compressions that bring YCbCr to RGB by themselves: JPEG, and JPEG 2000 in its three numbers. */
static bool turns_to_rgb(guint compression)
{
	return compression == JPEG || (compression >= 33003 && compression <= 33005) || compression == 34712;
}

/* Is this JPEG, which a TIFF says to be RGB, YCbCr? Subsampled, or with the marker of JFIF, or Adobe's transform. */
static bool is_ycbcr(const guint8 *data, gsize length)
{
	for (gsize at = 2; at + 4 <= length && data[at] == 0xff;) {
		guint8 marker = data[at + 1];
		gsize size = (gsize)data[at + 2] << 8 | data[at + 3];
		const guint8 *body = data + at + 4;
		if (size < 2 || at + 2 + size > length)
			return false;
		if (marker == 0xe0 && size >= 7 && memcmp(body, "JFIF", 4) == 0)
			return true;
		if (marker == 0xee && size >= 14 && memcmp(body, "Adobe", 5) == 0)
			return body[11] == 1;
		if (marker >= 0xc0 && marker <= 0xc2)
			return size >= 17 && body[5] == 3 && body[7] != body[10];
		if (marker == 0xda)
			return false;
		at += 2 + size;
	}
	return false;
}

static bool check_tiff(const guint8 *data, gsize length, guint page, GError **error)
{
	g_autoptr(GArray) directories = tiff_directories(data, length);

	if (page >= directories->len)
		return true;
	const struct tiff_page *d = &g_array_index(directories, struct tiff_page, page);
	if (d->photometric == YCBCR && d->compression == OLD_JPEG)
		return refuse(error, "an old-style JPEG in TIFF, which libvips does not read; convert it to RGB first");
	if (d->photometric == YCBCR && !turns_to_rgb(d->compression))
		return refuse(error, "YCbCr TIFF without JPEG compression; convert it to RGB first");
	if (d->compression > 1 && !turns_to_rgb(d->compression) && !tiff_unpacks(d->compression))
		return fail(error, ERROR_INPUT,
			"unsupported: a TIFF of compression %u, which the libtiff at hand does not read; convert it to deflate first",
			d->compression);
	if (d->photometric == RGB && d->compression == JPEG && d->samples == 3 && d->data < length &&
		is_ycbcr(data + d->data, length - d->data))
		return refuse(error,
			"JPEG in TIFF whose photometric tag says RGB, while the JPEG is YCbCr; correct the tag "
			"(tiffset -s 262 6 FILE), or convert it first");
	return true;
}

/* The next number of the header; comments are like space. False: none. *twice: one comment comes right behind another. */
static bool next_number(const guint8 *data, gsize length, gsize *at, guint *number, bool *twice)
{
	bool digits = false;

	for (bool behind = false; *at < length && (g_ascii_isspace(data[*at]) || data[*at] == '#'); ++*at) {
		bool comment = data[*at] == '#';
		*twice |= comment && behind;
		while (comment && *at < length && data[*at] != '\n')
			++*at;
		behind = comment;
	}
	for (*number = 0; *at < length && g_ascii_isdigit(data[*at]) && *number < 100000; ++*at, digits = true)
		*number = *number * 10 + (guint)(data[*at] - '0');
	return digits;
}

static bool check_ppm(const guint8 *data, gsize length, guint page, GError **error)
{
	bool twice = false, ascii = length > 2 && data[1] <= '3';
	gsize at = 2;
	guint size[2], most = 255;

	(void)page;
	if (length < 3 || data[1] < '1' || data[1] > '6' || !next_number(data, length, &at, &size[0], &twice) ||
		!next_number(data, length, &at, &size[1], &twice))
		return true;
	if (data[1] != '1' && data[1] != '4' && !next_number(data, length, &at, &most, &twice))
		return true;
	for (guint value; ascii && !twice && next_number(data, length, &at, &value, &twice);)
		;
	if (twice)
		return refuse(error,
			"PPM with comments that follow each other, which libvips misreads; remove the comments "
			"(lines that begin with #), or convert it to PNG first");
	return most == 255 || most == 65535 ||
	       fail(error, ERROR_INPUT,
		       "unsupported: PPM with a largest value of %u, which libvips does not scale; convert it to 255 or 65535, or to "
		       "PNG, first",
		       most);
}

static bool check_heif(const guint8 *data, gsize length, guint page, GError **error)
{
	(void)page;
	return !heif_is_limited_grey(data, length) ||
	       refuse(error,
		       "a grey picture of limited range (16 to 235), which libvips does not stretch; write it in full range, "
		       "or convert it to PNG first");
}

static const struct {
	const char *format;
	bool (*check)(const guint8 *data, gsize length, guint page, GError **error);
} checks[] = {
	{"tiff", check_tiff},
	{"ppm", check_ppm},
	{"heif", check_heif},
	{"avif", check_heif},
};

bool unsupported_check(const guint8 *data, gsize length, const char *format, guint page, GError **error)
{
	for (guint i = 0; i < G_N_ELEMENTS(checks); i++)
		if (g_strcmp0(format, checks[i].format) == 0)
			return checks[i].check(data, length, page, error);
	return true;
}

/* libvips knows the range of these whatever their numbers are. */
static bool has_meaning(const VipsImage *image)
{
	return !header_has_levels(image) || image->BandFmt == VIPS_FORMAT_UCHAR || image->BandFmt == VIPS_FORMAT_USHORT;
}

void unsupported_mark(VipsImage *image)
{
	const char *loader;

	if (!has_meaning(image) && vips_image_get_typeof(image, VIPS_META_LOADER) &&
		!vips_image_get_string(image, VIPS_META_LOADER, &loader) && g_str_has_prefix(loader, "tiffload"))
		vips_image_set_int(image, MARK, 1);
}

void unsupported_carry(VipsImage *from, VipsImage *to)
{
	if (vips_image_get_typeof(from, MARK))
		vips_image_set_int(to, MARK, 1);
}

void unsupported_unmark(VipsImage *image)
{
	vips_image_remove(image, MARK);
}

bool unsupported_save(VipsImage *image, const char *format, GError **error)
{
	if (!vips_image_get_typeof(image, MARK) || strcmp(format, "tiff") == 0)
		return true;
	return fail(error, ERROR_INPUT,
		"unsupported: a TIFF of signed, 32-bit or floating-point numbers, whose header does not say which are black "
		"and white; for %s, bring them to 0 to 255 with a step (vips: {operation: linear}, or cast), or convert it to 8 or "
		"16 bits first",
		format);
}

/* SPDX-License-Identifier: GPL-2.0-or-later
 * Sound files that libvips does not read, or not rightly: see unsupported.h. TIFF 6.0; netpbm's ppm(5); ISO/IEC 23008-12 (colr), AV1 in
 * ISOBMFF (av1C). */
#include "image/read/unsupported.h"

#include <string.h>

#include "base/error.h"
#include "image/file/netpbm.h"
#include "image/file/page_scan.h"
#include "image/read/header.h"
#include "image/read/tiff_pieces.h"
#include "image/table/vips_error.h"
#include "image/table/warnings.h"

#define MARK "dropmill-numbers"

#define OURS "unsupported: "

static bool refuse(GError **error, const char *what)
{
	return fail(error, ERROR_INPUT, OURS "%s", what);
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
	/* Our own say so themselves. */
	const char *ours = strstr(words, OURS);
	if (ours) {
		g_autofree char *what = g_strndup(ours + strlen(OURS), strcspn(ours + strlen(OURS), "\n"));
		vips_error_clear();
		return refuse(error, what);
	}
	/* PNG's loader gives its reason as a warning, and then only fails. */
	const char *loader = *words ? NULL : vips_foreign_find_load_source(source);
	g_autofree char *warning = loader && g_str_has_prefix(loader, "VipsForeignLoadPng") ? warnings_newest() : NULL;
	if (warning)
		vips_error("png", "%s", warning);
	return vips_failed(error, "damaged image");
}

static bool check_tiff(const guint8 *data, gsize length, guint page, GError **error)
{
	g_autoptr(GArray) directories = tiff_directories(data, length);

	if (page >= directories->len)
		return true;
	const struct tiff_page *d = &g_array_index(directories, struct tiff_page, page);
	if (d->photometric == TIFF_YCBCR && d->samples > 3)
		return refuse(error,
			"a YCbCr TIFF with more than three numbers a pixel, which libtiff does not read; convert it to RGB first");
	/* libtiff shows its numbers as they are. */
	if (d->photometric == TIFF_CMYK && tiff_jpeg_colours(d, data, length) == TIFF_YCCK)
		return refuse(error,
			"JPEG in TIFF whose photometric tag says CMYK, while the JPEG is YCCK; convert it to RGB first");
	if (d->compression > 1 && !tiff_is_jp2k(d->compression) && !tiff_unpacks(d->compression))
		return fail(error, ERROR_INPUT,
			"unsupported: a TIFF of compression %u, which the libtiff at hand does not read; convert it to deflate first",
			d->compression);
	return true;
}

static bool check_ppm(const guint8 *data, gsize length, guint page, GError **error)
{
	struct netpbm header;

	(void)page;
	if (length < 2 || data[1] < '1' || data[1] > '6')
		return true;
	if (!netpbm_header(data, length, &header))
		return fail(error, ERROR_INPUT, "damaged image: its header has not the numbers of a PPM");
	return (header.most > 0 && header.most <= 65535) ||
	       fail(error, ERROR_INPUT, "damaged image: a PPM with a largest value of %u; 1 to 65535 are allowed",
		       header.most);
}

static const struct {
	const char *format;
	bool (*check)(const guint8 *data, gsize length, guint page, GError **error);
} checks[] = {
	{"tiff", check_tiff},
	{"ppm", check_ppm},
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
		"unsupported: a TIFF of signed, 32-bit or floating-point numbers: dropmill does not know which numbers are black "
		"and white. For %s, add a step that brings them to 0 to 255 (vips: {operation: linear}, or cast), or convert "
		"the file to 8 or 16 bits first",
		format);
}

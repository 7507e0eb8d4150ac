/* SPDX-License-Identifier: GPL-2.0-or-later
 * Formats by first bytes. */

#include "../unit.h"

#include <string.h>

#include "base/file_format.h"
#include "base/sniff.h"

#define SNIFF(bytes) sniff_format(bytes, sizeof(bytes) - 1)
#define assert_format(bytes, format) assert_string_equal(SNIFF(bytes), format)

static void binary_signatures(void **state)
{
	assert_format("\xff\xd8\xff\xe0\0\x10JFIF", "jpeg");
	assert_format("\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "png");
	assert_format("GIF89a\1\0\1\0", "gif");
	assert_format("RIFF\x10\0\0\0WEBPVP8 ", "webp");
	assert_format("II*\0\x08\0\0\0", "tiff");
	assert_format("MM\0*\0\0\0\x08", "tiff");
	assert_format("II+\0\x08\0\0\0", "tiff");
	assert_format("\0\0\0\x0cjP  \r\n\x87\n\0\0\0\x14", "jp2k");
	assert_format("\xff\x4f\xff\x51\0\x29", "jp2k");
	assert_format("\xff\x0a\xfa\x1f", "jxl");
	assert_format("\0\0\0\x0cJXL \r\n\x87\n", "jxl");
	assert_format("%PDF-1.7\n", "pdf");
	assert_format("BM6\0\x0c\0", "bmp");
	assert_format("SIMPLE  =                    T", "fits");
	assert_format("\x76\x2f\x31\x01\2\0\0\0", "exr");
	assert_format("\xb6\xa6\xf2\x08\0\0", "vips");
	assert_format("#?RADIANCE\n", "rad");
	assert_format("P6\n640 480\n255\n", "ppm");
}

static void heif_and_avif_by_brand(void **state)
{
	assert_format("\0\0\0\x18"
		      "ftypheic\0\0\0\0mif1heic",
		"heif");
	assert_format("\0\0\0\x18"
		      "ftypavif\0\0\0\0mif1miaf",
		"avif");
	assert_format("\0\0\0\x1c"
		      "ftypmif1\0\0\0\0mif1avifmiaf",
		"avif");
	/* A compatible brand beyond the box does not count; nor does a film. */
	assert_format("\0\0\0\x14"
		      "ftypmif1\0\0\0\0mif1avif",
		"heif");
	assert_null(SNIFF("\0\0\0\x18"
			  "ftypisom\0\0\2\0isomiso2"));
}

/* gzip -c of "<svg xmlns='http://www.w3.org/2000/svg'/>" and of "no drawing". */
static void packed_svg(void **state)
{
	static const char svgz[] =
		"\037\213\010\000\000\000\000\000\002\003\263\051\056\113\127\250\310\315\311\053\266\125\317\050\051\051\260\322\327\057\057\057\327\053\067\326\313\057\112\327\067\062\060\060\320\007\252\120\327\267\003\000\007\132\271\130\051\000\000\000";
	static const char text[] =
		"\037\213\010\000\000\000\000\000\002\003\313\313\127\110\051\112\054\317\314\113\007\000\017\060\017\122\012\000\000\000";

	assert_format(svgz, "svg");
	assert_null(SNIFF(text));
	assert_null(sniff_format(svgz, 12)); /* cut in the middle */
	assert_null(SNIFF("\x1f\x8b\x08"));
	assert_null(SNIFF("\x1f\x8b\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"));
}

static void svg_is_found_behind_its_preamble(void **state)
{
	assert_format("<svg xmlns=\"http://www.w3.org/2000/svg\">", "svg");
	assert_format("\xef\xbb\xbf \n<svg>", "svg");
	assert_format("<?xml version=\"1.0\"?>\n<!-- a <b> --><!DOCTYPE svg PUBLIC \"x\">\n<svg width='1'/>", "svg");
	assert_format("<svg:svg xmlns:svg=\"x\">", "svg");
	assert_null(SNIFF("<?xml version=\"1.0\"?><html><svg></svg></html>"));
	assert_null(SNIFF("<svgx>"));
	assert_null(SNIFF("a text about <svg> tags"));
}

static void anything_else_is_unknown(void **state)
{
	assert_null(sniff_format("", 0));
	assert_null(SNIFF("\xff\xd8"));
	assert_null(SNIFF("hello, world"));
	assert_null(SNIFF("Photographs"));
	assert_null(SNIFF("P\0\n123"));
	assert_null(SNIFF("RIFF\x10\0\0\0WAVEfmt "));
	assert_null(SNIFF("<!-- never closed <svg>"));
}

/* Truncating any head must never read past its end (ASan sees to that) nor turn it into another format. */
static void truncated_heads(void **state)
{
	static const char head[] = "\0\0\0\x1c"
				   "ftypmif1\0\0\0\0mif1avifmiaf";
	for (size_t length = 0; length < sizeof(head) - 1; length++) {
		char *exact = test_malloc(length + 1);
		memcpy(exact, head, length);
		const char *format = sniff_format(exact, length);
		assert_true(!format || strcmp(format, "heif") == 0 || (length >= 24 && strcmp(format, "avif") == 0));
		test_free(exact);
	}
}

static void endings(void **state)
{
	assert_string_equal(file_format_ending("jpeg"), "jpg");
	assert_string_equal(file_format_ending("tiff"), "tif");
	assert_string_equal(file_format_ending("heif"), "heic");
	assert_null(file_format_ending("mp3"));
	assert_null(file_format_ending(NULL));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(binary_signatures),
		cmocka_unit_test(heif_and_avif_by_brand),
		cmocka_unit_test(packed_svg),
		cmocka_unit_test(svg_is_found_behind_its_preamble),
		cmocka_unit_test(anything_else_is_unknown),
		cmocka_unit_test(truncated_heads),
		cmocka_unit_test(endings),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

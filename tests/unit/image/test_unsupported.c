/* SPDX-License-Identifier: GPL-2.0-or-later
 * Sound files that libvips cannot read fail with what they are; damaged ones with what the library said. */
#include "support.h"

#include <jpeglib.h>

#include "image/quirks/quirks.h"
#include "image/read/page_frames.h"
#include "image/read/unsupported.h"
#include "image/write/format_save.h"
#include "tiff_support.h"

/* libjpeg-turbo reads the header of lossless JPEG and of 12 bits from 3.0 on. */
#if LIBJPEG_TURBO_VERSION_NUMBER >= 3000000
#define OPENS_ANY_JPEG true
#else
#define OPENS_ANY_JPEG false
#endif

static void assert_said(GBytes *bytes, const char *name, const char *said)
{
	g_autoptr(VipsImage) image = NULL;
	g_autoptr(GError) error = NULL;
	bool opened = format_open(NULL, bytes, false, NULL, &image, &error);

	if (opened != (said == NULL) || (said && !strstr(error->message, said)))
		fail_msg("%s: %s", name, opened ? "opens" : error->message);
	if (said)
		assert_true(g_error_matches(error, DROPMILL_ERROR, ERROR_INPUT));
}

static void test_kinds_of_tiff(void **state)
{
	static const struct kind kinds[] = {
		{"rgb", 8, 1, 1, 2, 3, NULL},
		{"grey", 16, 1, 1, 1, 1, NULL},
		{"ycbcr", 8, 1, 1, 6, 3, NULL},
		{"ycbcr of 16 bits", 16, 1, 1, 6, 3, "unsupported: a YCbCr TIFF that libtiff does not convert ("},
		{"ycbcr and one more", 8, 1, 1, 6, 4, "unsupported: a YCbCr TIFF with more than three numbers"},
		{"4 bits rgb", 4, 1, 1, 2, 3, "unsupported: a TIFF of an unusual depth"},
		{"10 bits", 10, 1, 1, 2, 3, "unsupported: a TIFF of an unusual depth"},
		{"12 bits", 12, 1, 1, 1, 1, "unsupported: a TIFF of an unusual depth"},
		{"24 bits", 24, 1, 1, 1, 1, "unsupported: a TIFF of an unusual depth"},
		{"half floats", 16, 3, 1, 1, 1, "unsupported: a TIFF of an unusual depth"},
		{"thunderscan 2", 8, 1, 60000, 2, 3, "unsupported: a TIFF of compression 60000"},
	};
	static const guint8 pixels[8 * 8 * 3 * 4] = {1, 2, 3};

	for (guint i = 0; i < G_N_ELEMENTS(kinds); i++) {
		const struct kind *kind = &kinds[i];
		g_autoptr(GBytes) bytes = tiff(kind, pixels, 8 * kind->bits * kind->samples);
		bool readable = g_str_equal(kind->name, "half floats") && quirk(QUIRK_TIFF_HALF_FLOATS);
		assert_said(bytes, kind->name, readable ? NULL : kind->said);
	}
}

/* A JPEG of CMYK in TIFF, with Adobe's marker, whose last byte says how its colours are transformed: 2 is YCCK. */
static void test_ycck_in_tiff(void **state)
{
	static const struct kind cmyk = {"", 8, 1, 7, 5, 4, NULL};

	for (guint8 transform = 0; transform <= 2; transform += 2) {
		g_autoptr(VipsImage) image = picture(8, 8, 4, 8);
		g_autofree guint8 *data = NULL;
		size_t length;
		image->Type = VIPS_INTERPRETATION_CMYK;
		assert_int_equal(vips_jpegsave_buffer(image, (void **)&data, &length, "strip", TRUE, NULL), 0);
		guint8 *marker = memmem(data, length, "Adobe", 5);
		assert_non_null(marker);
		marker[11] = transform;
		g_autoptr(GBytes) bytes = tiff(&cmyk, data, length);
		assert_said(
			bytes, "CMYK", transform ? "unsupported: JPEG in TIFF whose photometric tag says CMYK" : NULL);
	}
}

/* What libvips itself writes stays readable, whatever its quality. */
static void test_own_jpeg_in_tiff(void **state)
{
	for (int quality = 50; quality < 100; quality += 15) {
		g_autoptr(VipsImage) image = picture(200, 100, 3, 8);
		void *data;
		size_t length;
		assert_int_equal(vips_tiffsave_buffer(image, &data, &length, "compression",
					 VIPS_FOREIGN_TIFF_COMPRESSION_JPEG, "Q", quality, "tile", quality > 70, NULL),
			0);
		g_autoptr(GBytes) bytes = g_bytes_new_take(data, length);
		assert_said(bytes, "own", NULL);
	}
}

/* The second page is looked at when it is wanted. */
static void test_later_pages(void **state)
{
	static const struct kind one = {"", 8, 1, 1, 2, 3, NULL}, two = {"", 8, 1, 60000, 2, 3, NULL};
	static const guint8 pixels[192] = {1};
	g_autoptr(GBytes) first = tiff(&one, pixels, 192), second = tiff(&two, pixels, 192);
	gsize length;
	const guint8 *data = g_bytes_get_data(first, &length);
	GByteArray *all = g_byte_array_append(g_byte_array_new(), data, (guint)length);
	g_autoptr(GError) error = NULL;

	/* Both have the pixels at the same place; only the second directory is needed, with the number of its depths moved. */
	const guint8 *other = g_bytes_get_data(second, &length);
	memcpy(all->data + length - 4, &(guint32){(guint32)length}, 4);
	g_byte_array_append(all, other + 8 + 192 + 8, (guint)(length - 8 - 192 - 8));
	g_autoptr(GBytes) both = g_byte_array_free_to_bytes(all);
	assert_said(both, "first", NULL);
	assert_null(page_frames_open(NULL, both, NULL, &error));
	assert_non_null(strstr(error->message, "unsupported: a TIFF of compression 60000"));
}

/* Numbers without a meaning: TIFF holds them on, a step may give them one, other formats refuse. */
static void test_numbers(void **state)
{
	static const struct kind kinds[] = {{"signed", 8, 2, 1, 1, 1, NULL}, {"float", 32, 3, 1, 1, 1, NULL},
		{"32 bits", 32, 1, 1, 1, 1, NULL}, {"16 signed", 16, 2, 1, 1, 1, NULL}, {"plain", 8, 1, 1, 1, 1, NULL}};
	static const guint8 pixels[256] = {1};

	for (guint i = 0; i < G_N_ELEMENTS(kinds); i++) {
		bool plain = g_str_equal(kinds[i].name, "plain");
		g_autoptr(GBytes) bytes = tiff(&kinds[i], pixels, 8 * kinds[i].bits);
		const struct build_context context = {.source_bytes = bytes};
		static const char *const chains[] = {"[]",
			"[{\"op\":\"flip\",\"params\":{\"direction\":\"vertical\"}}]",
			"[{\"op\":\"invert\",\"params\":{}}]", "[{\"op\":\"grayscale\",\"params\":{}}]",
			"[{\"op\":\"thumbnail\",\"params\":{\"width\":4,\"height\":4}}]"};
		for (guint c = 0; c < G_N_ELEMENTS(chains); c++) {
			g_autoptr(JsonArray) steps = chain(chains[c]);
			g_autoptr(VipsImage) image = NULL, out = NULL;
			g_autoptr(GError) error = NULL;
			g_autoptr(GBytes) png = NULL, back = NULL;
			assert_true(format_open(NULL, bytes, false, NULL, &image, NULL));
			g_autoptr(VipsImage) once = NULL;
			assert_true(chain_open(steps, image, &context, &once, NULL));
			assert_non_null(out = vips_image_copy_memory(once));
			assert_true(format_save_memory(out, "tiff", NULL, &back, NULL));
			if (format_save_memory(out, "png", NULL, &png, &error) != plain)
				fail_msg("%s, %s: %s", kinds[i].name, chains[c], error ? error->message : "written");
			if (!plain)
				assert_non_null(strstr(error->message, "unsupported: a TIFF of signed"));
		}
		g_autoptr(JsonArray) steps =
			chain("[{\"op\":\"vips\",\"params\":{\"operation\":\"linear\",\"a\":[255],\"b\":[0]}}]");
		g_autoptr(VipsImage) image = NULL, out = NULL;
		g_autoptr(GBytes) png = NULL;
		assert_true(format_open(NULL, bytes, false, NULL, &image, NULL));
		g_autoptr(GError) error = NULL;
		if (!chain_open(steps, image, &context, &out, &error))
			fail_msg("%s: %s", kinds[i].name, error->message);
		assert_true(format_save_memory(out, "png", NULL, &png, NULL));
	}
}

static void test_what_the_library_said(void **state)
{
	static const char png[] = "\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\0\0\0\0\5\x08\2\0\0\0\xe5\xff\xff\xff";
	static const char lossless[] =
		"\xff\xd8\xff\xc3\0\x0b\x08\0\x08\0\x08\1\1\x11\0\xff\xda\0\x08\1\1\0\1\0\0\0\0\xff\xd9";
	static const char deep[] =
		"\xff\xd8\xff\xc1\0\x0b\x0c\0\x08\0\x08\1\1\x11\0\xff\xda\0\x08\1\1\0\1\0\0\0\0\xff\xd9";
	static const char ico[] = "\0\0\1\0\1\0\x10\x10";
	static const char brand[] = "\0\0\0\x14"
				    "ftypmiaf\0\0\0\0avif";
	const struct {
		const char *name, *data;
		gsize length;
		const char *said;
	} files[] = {
		{"png", png, sizeof(png) - 1,
			"damaged image: the PNG's data is damaged ("}, /* by libpng or libspng, each in its words */
		{"lossless", lossless, sizeof(lossless) - 1,
			OPENS_ANY_JPEG ? NULL : "unsupported: a lossless or hierarchical JPEG"},
		{"12 bits", deep, sizeof(deep) - 1, OPENS_ANY_JPEG ? NULL : "unsupported: a JPEG of 12 bits"},
		{"ico", ico, sizeof(ico) - 1, "unsupported: an ICO file, which dropmill does not read"},
		{"brand", brand, sizeof(brand) - 1, "unsupported: an AVIF file of the brand \"miaf\""},
	};

	for (guint i = 0; i < G_N_ELEMENTS(files); i++) {
		g_autoptr(GBytes) bytes = g_bytes_new_static(files[i].data, files[i].length);
		assert_said(bytes, files[i].name, files[i].said);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_kinds_of_tiff),
		cmocka_unit_test(test_ycck_in_tiff),
		cmocka_unit_test(test_own_jpeg_in_tiff),
		cmocka_unit_test(test_later_pages),
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_what_the_library_said),
	};

	return cmocka_run_group_tests(tests, start_vips, NULL);
}

/* SPDX-License-Identifier: GPL-2.0-or-later
 * What is saved: metadata, depth, colour, alpha, limits. */
#include "support.h"

#include "base/json.h"
#include "image/read/page_frames.h"
#include "image/table/vips_error.h"
#include "image/write/format_save.h"

/* x265 forgets a kilobyte of its own when it encodes. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
	return "leak:libx265\n";
}

static GBytes *saved(VipsImage *image, const char *format, const char *save)
{
	g_autoptr(JsonObject) object = json_parse_object(save, -1, NULL);
	g_autoptr(GError) error = NULL;
	GBytes *bytes = NULL;

	assert_non_null(object);
	if (!format_save_memory(image, format, object, &bytes, &error))
		fail_msg("%s %s: %s", format, save, error->message);
	return bytes;
}

/* Saved and opened again. jp2k and jxl are opened for the test's eyes only. */
static VipsImage *again(VipsImage *image, const char *format, const char *save)
{
	g_autoptr(GBytes) bytes = saved(image, format, save);
	gsize length;
	const void *data = g_bytes_get_data(bytes, &length);

	vips_block_untrusted_set(FALSE);
	VipsImage *opened = vips_image_new_from_buffer(data, length, "", NULL);
	vips_block_untrusted_set(TRUE);
	vips_operation_block_set("VipsForeignSave", FALSE);
	if (!opened)
		fail_msg("%s: %s", format, vips_error_buffer());
	VipsImage *copy = vips_image_copy_memory(opened);
	g_object_unref(opened);
	assert_non_null(copy);
	return copy;
}

static void assert_not_saved(VipsImage *image, const char *format, const char *save, const char *message)
{
	g_autoptr(JsonObject) object = json_parse_object(save, -1, NULL);
	g_autoptr(GBytes) bytes = NULL;
	g_autoptr(GError) error = NULL;

	assert_false(format_save_memory(image, format, object, &bytes, &error));
	assert_string_equal(error->message, message);
	assert_int_equal(error->code, ERROR_INPUT);
}

static double mean(VipsImage *image, int band)
{
	g_autoptr(VipsImage) one = NULL;
	double value;

	assert_int_equal(vips_extract_band(image, &one, band, NULL), 0);
	assert_int_equal(vips_avg(one, &value, NULL), 0);
	return value;
}

static VipsImage *with_metadata(void)
{
	VipsImage *image = picture(40, 30, 3, 8);
	VipsBlob *profile = NULL;
	gsize length;

	assert_int_equal(vips_profile_load("srgb", &profile, NULL), 0);
	const void *data = vips_blob_get(profile, &length);
	vips_image_set_blob_copy(image, VIPS_META_ICC_NAME, data, length);
	vips_area_unref(VIPS_AREA(profile));
	vips_image_set_string(image, "exif-ifd0-Copyright", "me (me, ASCII, 3 components, 3 bytes)");
	vips_image_set_blob_copy(image, VIPS_META_XMP_NAME, "<x:xmpmeta xmlns:x='adobe:ns:meta/'/>", 37);
	vips_image_set_blob_copy(image, VIPS_META_IPTC_NAME,
		"Photoshop 3.0\0"
		"8BIM\4\4",
		20);
	vips_image_set_int(image, VIPS_META_ORIENTATION, 6);
	image->Xres = image->Yres = 300 / 25.4;
	return image;
}

static bool has(VipsImage *image, const char *name)
{
	return vips_image_get_typeof(image, name) != 0;
}

static void test_metadata_goes_along(void **state)
{
	g_autoptr(VipsImage) image = with_metadata();
	g_autoptr(VipsImage) jpeg = again(image, "jpeg", "{}");
	g_autoptr(VipsImage) webp = again(image, "webp", "{}");
	g_autoptr(VipsImage) png = again(image, "png", "{}");
	g_autoptr(VipsImage) tiff = again(image, "tiff", "{}");
	VipsImage *const all[] = {jpeg, webp, png, tiff};

	for (guint i = 0; i < G_N_ELEMENTS(all); i++) {
		assert_true(has(all[i], VIPS_META_ICC_NAME));
		assert_true(has(all[i], VIPS_META_XMP_NAME));
		assert_int_equal(vips_image_get_orientation(all[i]), 6);
		if (all[i] != webp) /* its density is in EXIF alone, which libvips does not read back */
			assert_true(fabs(all[i]->Xres - 300 / 25.4) < 0.01);
	}
	assert_true(has(jpeg, "exif-ifd0-Copyright"));
	assert_true(has(jpeg, VIPS_META_IPTC_NAME));
}

static void test_only_what_is_kept(void **state)
{
	static const char *const formats[] = {"jpeg", "png", "webp", "tiff", "avif"};

	for (guint f = 0; f < G_N_ELEMENTS(formats); f++) {
		g_autoptr(VipsImage) image = with_metadata();
		g_autoptr(VipsImage) icc = again(image, formats[f], "{\"keep\":[\"icc\"]}");
		g_autoptr(VipsImage) none = again(image, formats[f], "{\"keep\":[]}");
		g_autoptr(VipsImage) strip = again(image, formats[f], "{\"strip\":true}");
		assert_true(has(icc, VIPS_META_ICC_NAME));
		assert_false(has(none, VIPS_META_ICC_NAME));
		assert_false(has(strip, VIPS_META_ICC_NAME));
		VipsImage *const bare[] = {icc, none, strip};
		for (guint i = 0; i < G_N_ELEMENTS(bare); i++) {
			assert_false(has(bare[i], "exif-ifd0-Copyright"));
			assert_false(has(bare[i], VIPS_META_XMP_NAME));
			assert_false(has(bare[i], VIPS_META_IPTC_NAME));
			assert_int_equal(vips_image_get_orientation(bare[i]), 1);
		}
		/* The picture at hand keeps its own. */
		assert_true(has(image, VIPS_META_XMP_NAME));
	}
	g_autoptr(VipsImage) image = with_metadata();
	g_autoptr(VipsImage) exif = again(image, "jpeg", "{\"keep\":[\"exif\",\"xmp\"]}");
	assert_true(has(exif, "exif-ifd0-Copyright"));
	assert_true(has(exif, VIPS_META_XMP_NAME));
	assert_int_equal(vips_image_get_orientation(exif), 6);
	assert_false(has(exif, VIPS_META_ICC_NAME));
}

/* TIFF's saver would write an RGB profile into a grey picture. */
static void test_alien_profile_is_dropped(void **state)
{
	g_autoptr(VipsImage) image = with_metadata();
	g_autoptr(VipsImage) grey = NULL;

	assert_int_equal(vips_colourspace(image, &grey, VIPS_INTERPRETATION_B_W, NULL), 0);
	g_autoptr(VipsImage) tiff = again(grey, "tiff", "{}");
	assert_false(has(tiff, VIPS_META_ICC_NAME));
}

/* 16 bits in formats of 8 and the other way round: the same picture, not a clipped one. */
static void test_depths(void **state)
{
	static const struct {
		const char *format, *save;
		int bits;
	} cases[] = {
		{"jpeg", "{\"quality\":100}", 8},
		{"webp", "{\"lossless\":true}", 8},
		{"png", "{}", 16},
		{"png", "{\"bitdepth\":\"8\"}", 8},
		{"png", "{\"palette\":true}", 8},
		{"tiff", "{}", 16},
		{"tiff", "{\"bitdepth\":\"8\"}", 8},
		{"jp2k", "{\"lossless\":true}", 16},
		{"jxl", "{\"lossless\":true}", 16},
		{"gif", "{}", 8},
	};

	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(VipsImage) image = picture(64, 48, 3, 16);
		g_autoptr(VipsImage) out = again(image, cases[i].format, cases[i].save);
		double wanted = mean(image, 1) / (cases[i].bits == 8 ? 257 : 1);
		if (fabs(mean(out, 1) - wanted) > wanted / 50)
			fail_msg("%s %s: %g, not %g", cases[i].format, cases[i].save, mean(out, 1), wanted);
		assert_int_equal(out->BandFmt == VIPS_FORMAT_USHORT ? 16 : 8, cases[i].bits);
	}
	g_autoptr(VipsImage) eight = picture(64, 48, 1, 8);
	g_autoptr(VipsImage) deep = again(eight, "png", "{\"bitdepth\":\"16\"}");
	assert_int_equal(deep->BandFmt, VIPS_FORMAT_USHORT);
	assert_true(fabs(mean(deep, 0) - mean(eight, 0) * 257) < 0.001);
	g_autoptr(VipsImage) bits = again(eight, "tiff", "{\"bitdepth\":\"1\",\"compression\":\"ccittfax4\"}");
	assert_int_equal(bits->Bands, 1);
}

static void test_eight_bits_tagged_sixteen(void **state)
{
	g_autoptr(VipsImage) image = picture(30, 20, 3, 8);

	image->Type = VIPS_INTERPRETATION_RGB16;
	g_autoptr(VipsImage) png = again(image, "png", "{}");
	image->Type = VIPS_INTERPRETATION_sRGB;
	assert_same_picture(png, image);
}

/* `sign` makes signed bytes of 16 bits: libvips alone would write its memory. */
static void test_signed_bytes_tagged_sixteen(void **state)
{
	g_autoptr(VipsImage) image = picture(147, 35, 4, 16);
	g_autoptr(VipsImage) sign = NULL, wanted = NULL;

	assert_int_equal(vips_sign(image, &sign, NULL), 0);
	assert_int_equal(vips_cast_ushort(sign, &wanted, NULL), 0);
	g_autoptr(VipsImage) png = again(sign, "png", "{}");
	assert_same_picture(png, wanted);
}

/* A chain may end in any colour space: what a viewer shows is the picture. */
static void test_colour_spaces(void **state)
{
	static const VipsInterpretation spaces[] = {VIPS_INTERPRETATION_LAB, VIPS_INTERPRETATION_scRGB,
		VIPS_INTERPRETATION_XYZ, VIPS_INTERPRETATION_LCH, VIPS_INTERPRETATION_HSV, VIPS_INTERPRETATION_CMYK};
	static const char *const formats[] = {"jpeg", "png", "webp", "gif", "avif", "jp2k", "jxl"};

	for (guint s = 0; s < G_N_ELEMENTS(spaces); s++)
		for (guint f = 0; f < G_N_ELEMENTS(formats); f++) {
			g_autoptr(VipsImage) image = picture(64, 48, 3, 8);
			g_autoptr(VipsImage) other = NULL, shown = NULL, soft = NULL;
			assert_int_equal(vips_gaussblur(image, &soft, 8, NULL), 0);
			assert_int_equal(vips_colourspace(soft, &other, spaces[s], NULL), 0);
			g_autoptr(VipsImage) out = again(other, formats[f], "{}");
			assert_int_equal(vips_colourspace(out, &shown, VIPS_INTERPRETATION_sRGB, NULL), 0);
			for (int band = 0; band < 3; band++)
				if (fabs(mean(shown, band) - mean(soft, band)) > 20)
					fail_msg("%s as %s: band %d is %g, not %g",
						vips_enum_nick(VIPS_TYPE_INTERPRETATION, spaces[s]), formats[f], band,
						mean(shown, band), mean(soft, band));
		}
}

static VipsImage *transparent(int depth)
{
	g_autoptr(VipsImage) image = picture(40, 30, 4, depth);
	g_autoptr(VipsImage) rgb = NULL;
	VipsImage *all = NULL;

	assert_int_equal(vips_extract_band(image, &rgb, 0, "n", 3, NULL), 0);
	assert_int_equal(vips_bandjoin_const1(rgb, &all, 0, NULL), 0);
	return all;
}

static void test_alpha_into_jpeg(void **state)
{
	for (int depth = 8; depth <= 16; depth += 8) {
		g_autoptr(VipsImage) image = transparent(depth);
		g_autoptr(VipsImage) black = again(image, "jpeg", "{}");
		g_autoptr(VipsImage) orange = again(image, "jpeg", "{\"background\":\"#ff8000\",\"quality\":100}");
		assert_int_equal(black->Bands, 3);
		assert_true(mean(black, 0) < 1);
		assert_true(mean(orange, 0) > 253);
		assert_true(fabs(mean(orange, 1) - 128) < 2);
		assert_true(mean(orange, 2) < 2);
	}
}

static VipsImage *flat(int width, int height, int bands)
{
	VipsImage *image = NULL;

	assert_int_equal(vips_black(&image, width, height, "bands", bands, NULL), 0);
	return image;
}

static void test_limits_of_formats(void **state)
{
	g_autoptr(VipsImage) wide = flat(65501, 2, 3);
	g_autoptr(VipsImage) tall = flat(2, 16384, 3);
	g_autoptr(VipsImage) large = flat(30000, 30000, 3);
	g_autoptr(VipsImage) heif = flat(16385, 2, 3);
	g_autoptr(VipsImage) fits = flat(16384, 2, 3);

	assert_not_saved(wide, "jpeg", "{}",
		"65501 x 2 pixels are too many for jpeg, which takes 65500 each way; add a resize, or write png, tiff or "
		"jxl");
	assert_not_saved(tall, "webp", "{}",
		"2 x 16384 pixels are too many for webp, which takes 16383 each way; add a resize, or write jpeg, png or "
		"tiff");
	assert_not_saved(large, "gif", "{}",
		"30000 x 30000 pixels are too many for gif, which takes 536.9 megapixels a frame; add a resize, or write "
		"png or tiff");
	assert_not_saved(heif, "avif", "{}",
		"16385 x 2 pixels are too many for avif, which takes 16384 each way; add a resize, or write jpeg, png or "
		"tiff");
	g_autoptr(VipsImage) avif = again(fits, "avif", "{\"effort\":0}");
	assert_int_equal(avif->Xsize, 16384);
	g_autoptr(VipsImage) colour = flat(10, 10, 3);
	assert_not_saved(colour, "tiff", "{\"bitdepth\":\"1\"}",
		"tiff with bitdepth 1 holds grey pictures without alpha, and this one has 3 bands; add a grayscale and a "
		"flatten or remove_alpha step, or take bitdepth out");
}

/* An upscaled page would be cut into pages of the old height. */
static void test_one_page_of_several_is_one_picture(void **state)
{
	VipsImage *image = picture(20, 60, 3, 8);

	vips_image_set_int(image, VIPS_META_PAGE_HEIGHT, 30);
	vips_image_set_int(image, VIPS_META_N_PAGES, 9);
	assert_int_equal(page_frames_count(image), 2);
	assert_true(page_frames_single(&image, NULL));
	assert_int_equal(page_frames_count(image), 1);
	g_autoptr(VipsImage) tiff = again(image, "tiff", "{}");
	assert_int_equal(tiff->Ysize, 60);
	assert_int_equal(vips_image_get_n_pages(tiff), 1);
	g_object_unref(image);
}

/* As near as libheif comes. */
static void test_lossless_avif_is_near(void **state)
{
	g_autoptr(VipsImage) image = picture(64, 48, 3, 8);
	g_autoptr(VipsImage) out = again(image, "avif", "{\"lossless\":true,\"effort\":0}");
	g_autoptr(VipsImage) difference = NULL, distance = NULL;
	double most;

	assert_int_equal(vips_subtract(out, image, &difference, NULL), 0);
	assert_int_equal(vips_abs(difference, &distance, NULL), 0);
	assert_int_equal(vips_max(distance, &most, NULL), 0);
	assert_true(most <= 3);
}

/* Two encoders that fail at once: the words of both went to the one that asked first. */
static void test_a_failure_without_words_is_not_the_pictures(void **state)
{
	g_autoptr(GError) first = NULL, second = NULL;

	vips_error("tiffsave", "somebody wrote nonsense into this file");
	assert_false(vips_failed(&first, "encode"));
	assert_false(vips_failed(&second, "encode"));
	assert_true(g_error_matches(first, DROPMILL_ERROR, ERROR_INPUT));
	assert_true(g_error_matches(second, DROPMILL_ERROR, ERROR_SYSTEM));
	assert_string_equal(second->message, "encode: libvips gave no reason");
}

/* An interlaced PNG was cut, and the reason accused the temp file. */
static void test_a_saver_that_only_could_not_go_on_is_no_reason(void **state)
{
	g_autoptr(GError) error = NULL;

	vips_error("vips2png", "unable to write to target /out/.dropmill-1.tmp");
	assert_false(vips_failed(&error, NULL));
	assert_true(g_error_matches(error, DROPMILL_ERROR, ERROR_SYSTEM));
	assert_string_equal(error->message, "libvips gave no reason");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_metadata_goes_along),
		cmocka_unit_test(test_only_what_is_kept),
		cmocka_unit_test(test_alien_profile_is_dropped),
		cmocka_unit_test(test_depths),
		cmocka_unit_test(test_eight_bits_tagged_sixteen),
		cmocka_unit_test(test_signed_bytes_tagged_sixteen),
		cmocka_unit_test(test_colour_spaces),
		cmocka_unit_test(test_alpha_into_jpeg),
		cmocka_unit_test(test_limits_of_formats),
		cmocka_unit_test(test_one_page_of_several_is_one_picture),
		cmocka_unit_test(test_lossless_avif_is_near),
		cmocka_unit_test(test_a_failure_without_words_is_not_the_pictures),
		cmocka_unit_test(test_a_saver_that_only_could_not_go_on_is_no_reason),
	};

	return cmocka_run_group_tests(tests, start_vips, NULL);
}

/* SPDX-License-Identifier: GPL-2.0-or-later
 * The table of versions: what libvips does when it is asked or tried agrees with what its version says. */
#include "support.h"

#include "image/quirks/probes.h"
#include "image/quirks/quirks.h"
#include "image/write/format_save.h"

static void test_answers_agree_with_versions(void **state)
{
	int version = 10000 * vips_version(0) + 100 * vips_version(1) + vips_version(2);

	for (enum quirk i = QUIRK_NONE + 1; i < QUIRKS; i++) {
		const struct quirk_row *row = quirk_row(i);
		bool expected = version >= row->since && (!row->until || version < row->until);
		assert_true(row->name && row->what && row->done && row->since > 0);
		/* Here cgif decides, and Debian's versions of libvips have one each: a libvips of one's own may have another. */
		if (quirk(i) != expected && !(i == QUIRK_GIF_OF_EQUAL_FRAMES && version >= 81700))
			fail_msg("%s: %s with libvips %d, since %d, until %d", row->name,
				quirk(i) ? "found" : "not found", version, row->since, row->until);
		assert_string_equal(vips_error_buffer(), "");
	}
}

/* What takes too long, or writes files, is tried here alone. True: it has the quirk. */

static bool refuses_multiband(void)
{
	g_autoptr(VipsImage) black = NULL, many = NULL;
	g_autofree void *data = NULL;
	size_t length;

	assert_int_equal(vips_black(&black, 64, 64, "bands", 3, NULL), 0);
	assert_int_equal(vips_copy(black, &many, "interpretation", VIPS_INTERPRETATION_MULTIBAND, NULL), 0);
	return vips_heifsave_buffer(many, &data, &length, "compression", VIPS_FOREIGN_HEIF_COMPRESSION_AV1, NULL) != 0;
}

/* The directory lies at the end, and the pixels before it. */
static bool shows_damaged_tiff(void)
{
	g_autoptr(VipsImage) grey = NULL, file = NULL;
	g_autofree guint8 *data = NULL;
	g_autofree void *pixels = NULL;
	size_t length;

	assert_int_equal(vips_grey(&grey, 64, 64, "uchar", TRUE, NULL), 0);
	assert_int_equal(vips_tiffsave_buffer(grey, (void **)&data, &length, "compression",
				 VIPS_FOREIGN_TIFF_COMPRESSION_DEFLATE, "tile", TRUE, NULL),
		0);
	memset(data + 8, 0xff, 8);
	file = vips_image_new_from_buffer(data, length, "[fail_on=truncated]", NULL);
	assert_non_null(file);
	pixels = vips_image_write_to_memory(file, &length);
	return pixels != NULL;
}

/* JPEG that ends too early, as a source. */
static bool ignores_fail_on(void)
{
	g_autoptr(VipsImage) noise = NULL, grey = NULL, small = NULL;
	g_autofree void *data = NULL;
	size_t length;

	assert_int_equal(vips_gaussnoise(&noise, 300, 300, NULL), 0);
	assert_int_equal(vips_cast_uchar(noise, &grey, NULL), 0);
	assert_int_equal(vips_jpegsave_buffer(grey, &data, &length, NULL), 0);
	g_autoptr(VipsSource) source = vips_source_new_from_memory(data, length / 2);
	if (vips_thumbnail_source(source, &small, 100, "fail_on", VIPS_FAIL_ON_TRUNCATED, NULL))
		return false;
	g_autofree void *pixels = vips_image_write_to_memory(small, &length);
	return pixels != NULL;
}

static bool counts_to_10000(void)
{
	g_autoptr(VipsImage) black = NULL, copy = NULL;

	assert_int_equal(vips_black(&black, 1, 1, NULL), 0);
	assert_int_equal(vips_copy(black, &copy, NULL), 0);
	vips_image_set_int(copy, VIPS_META_N_PAGES, 10000);
	return vips_image_get_n_pages(copy) == 1;
}

static bool changes_alpha(void)
{
	g_autofree guint16 *pixels = g_new(guint16, 65536 * 4);
	size_t length;
	g_autoptr(VipsImage) grey = NULL;

	for (int i = 0; i < 65536 * 4; i++)
		pixels[i] = i % 4 == 3 ? (guint16)(i / 4) : 1000;
	g_autoptr(VipsImage) image = vips_image_new_from_memory(pixels, 65536 * 8, 65536, 1, 4, VIPS_FORMAT_USHORT);
	image->Type = VIPS_INTERPRETATION_RGB16;
	assert_int_equal(vips_colourspace(image, &grey, VIPS_INTERPRETATION_GREY16, NULL), 0);
	g_autofree guint16 *got = vips_image_write_to_memory(grey, &length);
	for (int i = 0; i < 65536; i++)
		if (got[2 * i + 1] != i)
			return true;
	return false;
}

/* A pyramid in a folder of our own; the name of what is looked for follows. */
static bool pyramid_has(const char *layout, const char *name)
{
	g_autofree char *folder = g_dir_make_tmp("dropmill-XXXXXX", NULL);
	g_autofree char *base = g_build_filename(folder, "p", NULL), *path = g_build_filename(folder, name, NULL);
	g_autofree char *words = g_strdup_printf("rm -r '%s'", folder);
	g_autoptr(VipsImage) black = NULL;

	assert_int_equal(vips_black(&black, 300, 300, "bands", 3, NULL), 0);
	VipsForeignDzLayout number =
		(VipsForeignDzLayout)vips_enum_from_nick("test", VIPS_TYPE_FOREIGN_DZ_LAYOUT, layout);
	assert_int_equal(vips_dzsave(black, base, "layout", number, NULL), 0);
	bool there = g_file_test(path, G_FILE_TEST_EXISTS);
	assert_true(g_spawn_command_line_sync(words, NULL, NULL, NULL, NULL));
	return there;
}

static bool properties_are_beside(void)
{
	bool beside = pyramid_has("zoomify", "vips-properties.xml");

	assert_true(beside != pyramid_has("zoomify", "p/vips-properties.xml"));
	return beside;
}

static bool zip_is_flat(void)
{
	g_autoptr(VipsImage) black = NULL;
	g_autofree void *data = NULL;
	size_t length;

	assert_int_equal(vips_black(&black, 300, 300, "bands", 3, NULL), 0);
	assert_int_equal(vips_dzsave_buffer(black, &data, &length, "basename", "title", NULL), 0);
	return g_strstr_len(data, (gssize)length, "PK\3\4") != NULL &&
	       memmem(data, length, "title/title.dzi", 15) == NULL;
}

static bool loses_exif(void)
{
	g_autoptr(VipsImage) black = NULL, tagged = NULL;
	g_autofree void *data = NULL;
	size_t length;

	assert_int_equal(vips_black(&black, 64, 64, "bands", 3, NULL), 0);
	assert_int_equal(vips_copy(black, &tagged, "interpretation", VIPS_INTERPRETATION_sRGB, NULL), 0);
	vips_image_set_string(tagged, "exif-ifd0-Model", "camera (camera, ASCII, 7 components, 7 bytes)");
	vips_image_set_blob_copy(tagged, VIPS_META_XMP_NAME, "<x:xmpmeta/>", 12);
	assert_int_equal(vips_jxlsave_buffer(tagged, &data, &length, NULL), 0);
	/* JPEG XL is not read untrusted: the boxes of its container tell. */
	return !memmem(data, length, "xml ", 4) && !memmem(data, length, "brob", 4);
}

static bool has_autoptr(void)
{
#if BUILT_WITHOUT_AUTOPTR
	return false;
#else
	return true;
#endif
}

static bool has_no_gsf(void)
{
#if BUILT_WITH_GSF
	return true;
#else
	return false;
#endif
}

static const struct {
	enum quirk which;
	bool (*tried)(void);
	const char *untried; /* why not */
} trials[] = {
	{QUIRK_FLAT_ZIP, zip_is_flat, NULL},
	{QUIRK_HEIF_OF_MULTIBAND, refuses_multiband, NULL},
	{QUIRK_THUMBNAIL_FAIL_ON, ignores_fail_on, NULL},
	{QUIRK_PNM_LARGEST_VALUE, NULL,
		"PPM is not read untrusted: test_correction.c looks at the pixels in every version"},
	{QUIRK_PAGES_TO_10000, counts_to_10000, NULL},
	{QUIRK_GREY16_THROUGH_FLOATS, changes_alpha, NULL},
	{QUIRK_PROPERTIES_BESIDE, properties_are_beside, NULL},
	{QUIRK_JXL_WITHOUT_METADATA, loses_exif, NULL},
	{QUIRK_OWN_AUTOPTR, has_autoptr, NULL},
	{QUIRK_TILES_BY_GSF, has_no_gsf, NULL},
	{QUIRK_TILES_BY_FCLOSE, NULL,
		"test_save_trouble.c and tests/e2e/test_disk_errors.py refuse the close in every version"},
	{QUIRK_THREAD_ERRORS_UNSEEN, NULL, "test_thread_errors.c reads files that end early in every version"},
	{QUIRK_JXL_OF_OTHER_SPACES, NULL, "test_colours_kept.c looks at what is written in every version"},
	{QUIRK_TIFF_JPEG_EDGES, NULL, "what lies in memory is not the same twice"},
	{QUIRK_CONV_BY_ROUNDED_SCALE, NULL, "it ends the process"},
	{QUIRK_ROUNDED_PREMULTIPLIED, NULL, "test_alpha.c tries it"},
	{QUIRK_PIXELS_OF_VECTORS, NULL, "it needs two versions: test_image_code.c has the test pictures"},
	{QUIRK_EXR_BY_NAME, NULL, "no loader of OpenEXR here"},
	{QUIRK_TIFF_HALF_FLOATS, NULL, "test_unsupported.c tries it"},
	{QUIRK_HEIF_GREY_RANGE, NULL, "test_correction.c looks at the pixels in every version"},
	{QUIRK_TIFF_DAMAGE_UNSEEN, shows_damaged_tiff, NULL},
	{QUIRK_TIFF_TILES_FROM_RIGHT, NULL, "test_parallel_save.c compares the files in every version"},
	{QUIRK_PNG_BY_TAG, NULL, "it reads beyond the picture"},
	{QUIRK_DEEP_TO_8_BITS, NULL, "test_format.c looks at the pixels in every version"},
	{QUIRK_TIFF_WEBP_OF_ALL, NULL, "test_implied.c looks at the pixels in every version"},
	{QUIRK_SLOW_REDUCEH, NULL, "test_fast_reduce.c compares both"},
	{QUIRK_SLOW_FLOATS_REDUCED, NULL, "test_fast_reduce.c compares both"},
	{QUIRK_LANCZOS_BY_ONE_QUOTIENT, NULL,
		"test_fast_reduce.c sees that floats are shrunk here, which weights that differ forbid"},
	{QUIRK_OLD_NAMES, NULL, "it is a matter of the build"},
};

static void test_trials_agree_with_the_table(void **state)
{
	for (guint i = 0; i < G_N_ELEMENTS(trials); i++) {
		if (trials[i].tried && trials[i].tried() != quirk(trials[i].which))
			fail_msg("%s: the table says %s", quirk_row(trials[i].which)->name,
				quirk(trials[i].which) ? "found" : "not found");
		vips_error_clear();
	}
}

/* No row without a probe, a trial, or the reason why there is none. */
static void test_every_row_is_tried(void **state)
{
	for (enum quirk which = QUIRK_NONE + 1; which < QUIRKS; which++) {
		bool there = quirk_row(which)->found != NULL;
		for (guint i = 0; i < G_N_ELEMENTS(trials); i++)
			there |= trials[i].which == which && (trials[i].tried || trials[i].untried);
		if (!there)
			fail_msg("%s is not tried", quirk_row(which)->name);
	}
}

static void test_versions_as_text(void **state)
{
	const struct {
		int version;
		const char *text;
	} rows[] = {{0, ""}, {81400, "8.14"}, {81702, "8.17.2"}, {90000, "9.0"}};

	for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autofree char *text = quirk_version_text(rows[i].version);
		assert_string_equal(text, rows[i].text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_answers_agree_with_versions),
		cmocka_unit_test(test_trials_agree_with_the_table),
		cmocka_unit_test(test_every_row_is_tried),
		cmocka_unit_test(test_versions_as_text),
	};

	return cmocka_run_group_tests(tests, start_vips, NULL);
}

/* SPDX-License-Identifier: GPL-2.0-or-later
 * What is said to be lost is not in the file, and what is not said is: every format, every kind of metadata. */
#include "support.h"

#include "base/json.h"
#include "image/write/format_changes.h"
#include "image/write/format_save.h"

/* EXIF of one entry: the camera's maker. */
static const char exif[] = "Exif\0\0II*\0\x08\0\0\0\x01\0\x0f\x01\x02\0\x06\0\0\0\x1a\0\0\0\0\0\0\0Nikon";
static const char xmp[] = "<x:xmpmeta xmlns:x=\"adobe:ns:meta/\"/>";
static const char iptc[] = "Photoshop 3.0\0"
			   "8BIM\x04\x04\0\0\0\0\0\x04kept";
static const struct {
	const char *name, *field;
} kinds[] = {{"exif", VIPS_META_EXIF_NAME}, {"xmp", VIPS_META_XMP_NAME}, {"iptc", VIPS_META_IPTC_NAME}};

static VipsImage *told_of(void)
{
	VipsImage *image = picture(64, 48, 3, 8);

	vips_image_set_blob_copy(image, VIPS_META_EXIF_NAME, exif, sizeof exif);
	vips_image_set_blob_copy(image, VIPS_META_XMP_NAME, xmp, sizeof xmp - 1);
	vips_image_set_blob_copy(image, VIPS_META_IPTC_NAME, iptc, sizeof iptc - 1);
	return image;
}

static bool is_lost(VipsImage *image, const char *format, const char *options, const char *kind)
{
	g_autoptr(JsonNode) node = json_from_string(options, NULL);
	g_autoptr(JsonObject) entry = json_object_new();

	format_tell_lost(image, format, json_node_get_object(node), entry);
	JsonArray *lost = json_array(entry, "lost");
	for (guint i = 0; lost && i < json_array_get_length(lost); i++)
		if (g_str_equal(json_array_get_string_element(lost, i), kind))
			return true;
	return false;
}

static void test_what_is_said_is_so(void **state)
{
	static const char *const names[] = {"jpeg", "png", "webp", "tiff", "avif", "gif", "jp2k", "jxl"};
	g_autofree char *folder = scratch_folder();
	vips_block_untrusted_set(FALSE); /* jp2k and jxl are read back */
	for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
		g_autofree char *path = g_build_filename(folder, names[i], NULL);
		g_autofree char *bytes = NULL;
		gsize length;
		g_autoptr(VipsImage) image = told_of();
		assert_true(format_save(image, path, names[i], NULL, NULL));
		g_autoptr(VipsImage) back = vips_image_new_from_file(path, NULL);
		assert_non_null(back);
		assert_true(g_file_get_contents(path, &bytes, &length, NULL));
		for (size_t k = 0; k < G_N_ELEMENTS(kinds); k++) {
			bool there = vips_image_get_typeof(back, kinds[k].field) ||
				     /* libvips does not read TIFF's. */
				     (k == 0 && memmem(bytes, length, "Nikon", 5));
			if (there == is_lost(image, names[i], "{}", kinds[k].name))
				fail_msg("%s: %s is %sin the file", names[i], kinds[k].name, there ? "" : "not ");
		}
	}
	remove_scratch(folder);
}

static void test_what_was_not_wanted_is_not_lost(void **state)
{
	g_autoptr(VipsImage) image = told_of();
	g_autoptr(VipsImage) bare = picture(64, 48, 3, 8);
	for (size_t k = 0; k < G_N_ELEMENTS(kinds); k++) {
		assert_true(is_lost(image, "gif", "{}", kinds[k].name));
		assert_false(is_lost(bare, "gif", "{}", kinds[k].name));
		assert_false(is_lost(image, "gif", "{\"strip\": true}", kinds[k].name));
		assert_int_equal(is_lost(image, "gif", "{\"keep\": [\"icc\", \"xmp\"]}", kinds[k].name), k == 1);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_is_said_is_so),
		cmocka_unit_test(test_what_was_not_wanted_is_not_lost),
	};

	return cmocka_run_group_tests(tests, start_vips, NULL);
}

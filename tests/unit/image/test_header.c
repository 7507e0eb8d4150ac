/* SPDX-License-Identifier: GPL-2.0-or-later
 * A header by itself says all that the picture's says, and nothing that was taken from it. */
#include "support.h"

#include "image/read/header.h"

static void test_everything_and_nothing_more(void **state)
{
	g_autofree char *folder = scratch_folder();
	g_autofree char *path = g_build_filename(folder, "p.jpg", NULL);
	g_autoptr(VipsImage) image = picture(40, 30, 3, 8);
	g_autoptr(VipsImage) upright = NULL, changed = NULL;

	vips_image_set_int(image, VIPS_META_ORIENTATION, 6);
	vips_image_set_string(image, "exif-ifd0-Artist", "A. Nother (A. Nother, ASCII, 11 components, 11 bytes)");
	assert_int_equal(vips_jpegsave(image, path, NULL), 0);
	g_autoptr(VipsImage) file = vips_image_new_from_file(path, NULL);
	assert_non_null(file);
	assert_int_equal(vips_autorot(file, &upright, NULL), 0);
	assert_int_equal(vips_copy(upright, &changed, "xres", 7.5, "yres", 2.5, NULL), 0);
	vips_image_set_string(changed, "exif-ifd0-Artist", "Nobody (Nobody, ASCII, 7 components, 7 bytes)");
	vips_image_set_blob_copy(changed, VIPS_META_XMP_NAME, "<x/>", 4);

	g_autoptr(VipsImage) like = header_like(changed);
	assert_non_null(like);
	assert_int_equal(like->dhint, VIPS_DEMAND_STYLE_THINSTRIP);
	assert_int_equal(vips_image_get_typeof(like, VIPS_META_ORIENTATION), 0);
	g_auto(GStrv) fields = vips_image_get_fields(changed);
	g_auto(GStrv) found = vips_image_get_fields(like);
	assert_int_equal(g_strv_length(found), g_strv_length(fields));
	for (char **name = fields; *name; name++) {
		g_autofree char *a = NULL, *b = NULL;
		if (g_str_equal(*name, "filename"))
			continue;
		assert_int_equal(vips_image_get_as_string(changed, *name, &a), 0);
		assert_int_equal(vips_image_get_as_string(like, *name, &b), 0);
		assert_string_equal(a, b);
	}
	remove_scratch(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_everything_and_nothing_more),
	};

	return cmocka_run_group_tests(tests, start_vips, NULL);
}

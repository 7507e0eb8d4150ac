/* SPDX-License-Identifier: GPL-2.0-or-later
 * Loaders that need leave are shut, open for the job that has it, and shut again. */
#include "support.h"

#include "base/file_format.h"
#include "image/read/allow.h"

static const char drawing[] =
	"<svg xmlns='http://www.w3.org/2000/svg' width='30' height='20'><rect width='9' height='9'/></svg>";

static bool opens(const char *bytes, gsize length, VipsImage **image, char **message)
{
	g_autoptr(GBytes) data = g_bytes_new(bytes, length);
	g_autoptr(GError) error = NULL;

	bool opened = format_open("a", data, true, NULL, image, &error);
	if (message)
		*message = error ? g_strdup(error->message) : NULL;
	return opened;
}

static bool allow(const char *json, GError **error)
{
	g_autoptr(JsonNode) node = json_from_string(json, NULL);

	return allow_open(json_node_get_object(node), error);
}

static void test_open_for_one_job(void **state)
{
	g_autoptr(VipsImage) before = NULL, during = NULL, after = NULL;

	assert_false(opens(drawing, strlen(drawing), &before, NULL));
	assert_true(allow("{\"allow\": [\"pdf\", \"svg\"]}", NULL));
	assert_true(allow_is_open("svg"));
	assert_false(allow_is_open("jxl"));
	assert_true(opens(drawing, strlen(drawing), &during, NULL));
	assert_int_equal(during->Xsize, 30);
	assert_string_equal(format_of_image(during), "svg");
	assert_string_equal(format_kept(during), "png");
	assert_true(format_needs_leave(during));
	/* The next job's list is all there is: nothing of the last one's stays. */
	assert_true(allow("{\"allow\": [\"jxl\"]}", NULL));
	assert_false(opens(drawing, strlen(drawing), &after, NULL));
	assert_true(allow("{}", NULL));
	assert_false(allow_is_open("jxl"));
}

/* libvips opens its own format by name only. */
static void test_libvips_format_from_bytes(void **state)
{
	g_autofree char *folder = scratch_folder(), *path = g_build_filename(folder, "a.v", NULL), *data = NULL;
	g_autoptr(VipsImage) image = picture(20, 10, 3, 8);
	g_autoptr(VipsImage) opened = NULL;
	gsize length;

	assert_int_equal(vips_image_write_to_file(image, path, NULL), 0);
	assert_true(g_file_get_contents(path, &data, &length, NULL));
	assert_true(allow("{\"allow\": [\"vips\"]}", NULL));
	assert_true(opens(data, length, &opened, NULL));
	assert_same_picture(opened, image);
	allow_shut();
	remove_scratch(folder);
}

/* libvips itself must refuse, not only our look at the first bytes. */
static void test_libvips_is_shut(void **state)
{
	for (int open = 0; open < 2; open++) {
		VipsImage *image = NULL;
		if (open)
			assert_true(allow("{\"allow\": [\"svg\"]}", NULL));
		int failed = vips_svgload_buffer((void *)drawing, strlen(drawing), &image, NULL);
		assert_int_equal(failed == 0, open);
		g_clear_object(&image);
		vips_error_clear();
		allow_shut();
	}
}

static void test_lists_that_no_definition_has(void **state)
{
	static const char *const lists[] = {"{\"allow\": [\"svg\", \"magick\"]}", "{\"allow\": [\"svg\", 3]}",
		"{\"allow\": [[\"svg\"]]}", "{\"allow\": \"svg\"}", "{\"allow\": [null]}", "{\"allow\": {}}"};

	for (guint i = 0; i < G_N_ELEMENTS(lists); i++) {
		g_autoptr(GError) error = NULL;
		assert_false(allow(lists[i], &error));
		assert_int_equal(error->code, ERROR_INPUT);
		assert_false(allow_is_open("svg"));
	}
}

static void test_what_is_damaged(void **state)
{
	g_autoptr(VipsImage) image = NULL;
	g_autofree char *message = NULL;

	assert_true(allow("{\"allow\": [\"fits\"]}", NULL));
	assert_false(opens("SIMPLE  =                    T", 30, &image, &message));
	assert_string_equal(message, "damaged fits file: its header cannot be read (is it truncated?)");
	allow_shut();
}

static void test_every_name_has_its_loader(void **state)
{
	for (const char *const *name = file_format_names(FILE_FORMATS_ALLOWABLE); *name; name++) {
		assert_true(allow_knows(*name));
		assert_true(allow_available(*name)); /* Debian's libvips has them all */
	}
	assert_false(allow_available("magick"));
	assert_string_equal(format_of_loader("openexrload"), "exr");
	assert_string_equal(format_of_loader("openslideload_source"), "tiff");
	assert_string_equal(format_of_loader("jpegload_source"), "jpeg");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_open_for_one_job),
		cmocka_unit_test(test_libvips_format_from_bytes),
		cmocka_unit_test(test_libvips_is_shut),
		cmocka_unit_test(test_lists_that_no_definition_has),
		cmocka_unit_test(test_what_is_damaged),
		cmocka_unit_test(test_every_name_has_its_loader),
	};
	return cmocka_run_group_tests(tests, start_vips, NULL);
}

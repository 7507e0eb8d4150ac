/* SPDX-License-Identifier: GPL-2.0-or-later
 * Deep zoom: the folder and the zip; what the tables of formats tell. */
#include "support.h"

#include "base/disk/files.h"
#include "base/disk/folder.h"
#include "base/file_format.h"
#include "base/json.h"
#include "image/describe/format_check.h"
#include "image/describe/format_describe.h"
#include "image/table/format_table.h"
#include "image/write/format_save.h"

/* x265 forgets a kilobyte of its own when it encodes. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
	return "leak:libx265\n";
}

static void test_pyramid_folder(void **state)
{
	g_autofree char *folder = scratch_folder();
	g_autofree char *place = g_build_filename(folder, "p", NULL);
	static const struct {
		const char *save, *file;
	} cases[] = {
		{"{}", "image.dzi"},
		{"{\"title\":\"a b\",\"tile_size\":128,\"overlap\":0,\"suffix\":\".png\"}", "a b_files/9/3_2.png"},
		{"{\"layout\":\"zoomify\"}", "ImageProperties.xml"},
		{"{\"layout\":\"google\"}", "0/0/0.jpg"},
		{"{\"layout\":\"iiif3\",\"title\":\"x\"}", "info.json"},
		{"{\"title\":\"../../evil[x]\"}", "_._.._evil_x_.dzi"},
	};

	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(VipsImage) image = picture(500, 300, i % 2 ? 4 : 3, i == 2 ? 16 : 8);
		g_autoptr(JsonObject) save = json_parse_object(cases[i].save, -1, NULL);
		g_autoptr(GError) error = NULL;
		g_autofree char *file = g_build_filename(place, cases[i].file, NULL);
		if (!format_save(image, place, "dz", save, &error))
			fail_msg("%s: %s", cases[i].save, error->message);
		if (!g_file_test(file, G_FILE_TEST_IS_REGULAR))
			fail_msg("%s: no %s", cases[i].save, cases[i].file);
	}
	/* The same as bytes, for a worker elsewhere. */
	g_autoptr(VipsImage) image = picture(500, 300, 3, 8);
	g_autoptr(JsonObject) titled = json_parse_object("{\"title\":\"t\"}", -1, NULL);
	g_autoptr(JsonObject) zipped = json_parse_object("{\"container\":\"zip\"}", -1, NULL);
	g_autoptr(GBytes) bytes = NULL, zip = NULL;
	assert_true(format_save_memory(image, "dz", titled, &bytes, NULL));
	assert_true(format_save_memory(image, "dz", zipped, &zip, NULL));
	files_remove_tree(place);
	assert_true(folder_unpack(bytes, place, NULL));
	g_autofree char *file = g_build_filename(place, "t.dzi", NULL);
	assert_true(g_file_test(file, G_FILE_TEST_IS_REGULAR));
	assert_memory_equal(g_bytes_get_data(zip, NULL), "PK", 2);
	files_remove_tree(folder);
}

static void test_tables(void **state)
{
	g_autofree char *markdown = formats_describe("markdown");
	g_autofree char *json = formats_describe("json");
	g_autofree char *text = formats_describe("text");

	const char *const *names = file_format_names(FILE_FORMATS_WRITTEN);

	assert_null(format_find("bmp"));
	for (guint i = 0; i < format_count; i++)
		assert_true(file_format_find(format_table[i].name)->written);
	for (guint i = 0; names[i]; i++) {
		const struct param *options = format_find(names[i])->options;
		g_autofree char *head = g_strdup_printf("#### %s\n", names[i]);
		assert_true(format_available(names[i]));
		assert_non_null(strstr(markdown, head));
		assert_non_null(strstr(text, names[i]));
		for (const struct param *p = options; p->name; p++) {
			assert_non_null(p->help);
			if (p->type == PARAM_CHOICE && p->fallback)
				assert_true(g_strv_contains(p->choices, p->fallback));
		}
	}
	g_autoptr(JsonNode) parsed = json_from_string(json, NULL);
	assert_int_equal(json_array_get_length(json_node_get_array(parsed)), 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pyramid_folder),
		cmocka_unit_test(test_tables),
	};

	return cmocka_run_group_tests(tests, start_vips, NULL);
}

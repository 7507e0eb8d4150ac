/* SPDX-License-Identifier: GPL-2.0-or-later
 * Thumbnails of pyramids: made of the smallest level that is large enough, with the pixels that libvips makes of that level. */
#include "support.h"

#include "base/disk/files.h"
#include "base/json.h"
#include "image/describe/format_check.h"
#include "image/read/allow.h"
#include "image/write/format_save.h"
#include "image/write/tiff_join.h"

#define WIDTH 1600
#define HEIGHT 1000

/* A pyramid's file, saved with these options of ours. */
static char *saved(const char *folder, const char *format, const char *options)
{
	g_autoptr(VipsImage) image = picture(WIDTH, HEIGHT, 3, 8);
	g_autoptr(JsonObject) save = json_parse_object(options, -1, NULL);
	g_autoptr(GError) error = NULL;
	char *path = g_build_filename(folder, "p", NULL);

	if (!format_save(image, path, format, save, &error))
		fail_msg("%s: %s", options, error->message);
	return path;
}

/* What the step makes of the file. */
static VipsImage *thumbnail(const char *path, const char *steps)
{
	g_autoptr(JsonArray) list = chain(steps);
	const struct build_context context = {.source_path = path};
	g_autoptr(VipsImage) source = NULL;
	g_autoptr(GError) error = NULL;
	VipsImage *out = NULL;

	if (!format_open(path, NULL, false, NULL, &source, &error) || !chain_open(list, source, &context, &out, &error))
		fail_msg("%s: %s", steps, error->message);
	return out;
}

/* What libvips makes of one level, opened by this option. */
static VipsImage *of_level(const char *path, const char *level, int width, VipsSize size)
{
	g_autoptr(VipsSource) source = vips_source_new_from_file(path);
	g_autoptr(VipsImage) image = vips_image_new_from_source(source, level, "access", VIPS_ACCESS_SEQUENTIAL, NULL);
	VipsImage *out = NULL;

	assert_non_null(image);
	assert_int_equal(vips_thumbnail_image(image, &out, width, "height", VIPS_MAX_COORD, "size", size, NULL), 0);
	return out;
}

static const struct {
	const char *format, *save;
	const char *levels[5]; /* options of the loader, from large to small */
} pyramids[] = {
	{"tiff", "{\"pyramid\":true,\"tile_width\":64,\"tile_height\":64}",
		{"", "[page=1]", "[page=2]", "[page=3]", "[page=4]"}},
	{"tiff", "{\"subifd\":true,\"tile_width\":64,\"tile_height\":64}",
		{"", "[subifd=0]", "[subifd=1]", "[subifd=2]", "[subifd=3]"}},
	{"jp2k", "{\"lossless\":true}",
		{"", "[page=1]", "[page=2]", "[page=3]", "[page=3]" /* of tiles of 512 pixels libvips writes four */}},
};

static const struct {
	int width, level;
} wanted[] = {{1700, 0}, {1600, 0}, {1300, 0}, {800, 1}, {799, 1}, {401, 1}, {300, 2}, {150, 3}, {99, 4}};

static void check(guint i, const char *path)
{
	for (guint w = 0; w < G_N_ELEMENTS(wanted); w++)
		for (int down = 0; down < 2; down++) {
			g_autofree char *step = g_strdup_printf("[{\"op\":\"thumbnail\",\"params\":{\"width\":%d%s}}]",
				wanted[w].width, down ? ",\"without_enlargement\":true" : "");
			g_autoptr(VipsImage) got = thumbnail(path, step);
			g_autoptr(VipsImage) right = of_level(path, pyramids[i].levels[wanted[w].level],
				wanted[w].width, down ? VIPS_SIZE_DOWN : VIPS_SIZE_BOTH);
			int width = down ? MIN(wanted[w].width, WIDTH) : wanted[w].width;
			if (got->Xsize != width)
				fail_msg("%s %s: %d wide", pyramids[i].save, step, got->Xsize);
			assert_same_picture(got, right);
		}
}

static void test_the_level_is_chosen_by_size(void **state)
{
	g_autoptr(JsonObject) spec = json_parse_object("{\"allow\":[\"jp2k\"]}", -1, NULL);

	assert_true(allow_open(spec, NULL));
	for (guint i = 0; i < G_N_ELEMENTS(pyramids); i++) {
		if (!format_available(pyramids[i].format))
			continue;
		g_autofree char *folder = scratch_folder();
		g_autofree char *path = saved(folder, pyramids[i].format, pyramids[i].save);
		check(i, path);
		files_remove_tree(folder);
	}
	allow_shut();
}

/* Where libvips' own choice is right, it is ours. */
static void test_libvips_chooses_the_same_where_it_enlarges(void **state)
{
	g_autofree char *folder = scratch_folder();
	g_autofree char *path = saved(folder, "tiff", pyramids[0].save);

	for (int width = 100; width < WIDTH; width += 217) {
		g_autofree char *step = g_strdup_printf(
			"[{\"op\":\"thumbnail\",\"params\":{\"width\":%d,\"height\":333,\"fit\":\"cover\"}}]", width);
		g_autoptr(VipsImage) got = thumbnail(path, step);
		g_autoptr(VipsSource) source = vips_source_new_from_file(path);
		g_autoptr(VipsImage) theirs = NULL;
		assert_int_equal(vips_thumbnail_source(
					 source, &theirs, width, "height", 333, "crop", VIPS_INTERESTING_CENTRE, NULL),
			0);
		assert_same_picture(got, theirs);
	}
	files_remove_tree(folder);
}

/* libvips takes the second page for a smaller copy of the first. */
static void test_a_documents_second_page_is_no_level(void **state)
{
	g_autofree char *folder = scratch_folder();
	g_autofree char *path = g_build_filename(folder, "two.tif", NULL);
	g_autoptr(GPtrArray) pages = g_ptr_array_new_with_free_func(g_object_unref);

	g_ptr_array_add(pages, picture(400, 300, 3, 8));
	g_ptr_array_add(pages, picture(200, 150, 3, 8));
	assert_true(tiff_join_save(pages, path, NULL, NULL, NULL));
	g_autoptr(VipsImage) got = thumbnail(path, "[{\"op\":\"thumbnail\",\"params\":{\"width\":100}}]");
	g_autoptr(VipsImage) right = of_level(path, "", 100, VIPS_SIZE_BOTH);
	assert_same_picture(got, right);
	files_remove_tree(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_level_is_chosen_by_size),
		cmocka_unit_test(test_libvips_chooses_the_same_where_it_enlarges),
		cmocka_unit_test(test_a_documents_second_page_is_no_level),
	};

	return cmocka_run_group_tests(tests, start_vips, NULL);
}

/* SPDX-License-Identifier: GPL-2.0-or-later
 * A disk that takes nothing for a moment: what was told to be written is written whole, or an error. */
#include "support.h"

#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "base/disk/files.h"
#include "base/json.h"
#include "image/describe/format_check.h"
#include "image/encode/write_errors.h"
#include "image/write/format_save.h"

static volatile sig_atomic_t refused;

static void limit_files(rlim_t bytes)
{
	struct rlimit limit;

	getrlimit(RLIMIT_FSIZE, &limit);
	limit.rlim_cur = bytes;
	setrlimit(RLIMIT_FSIZE, &limit);
}

/* The write that met the limit has failed (EFBIG); from here on there is room. */
static void lift(int number)
{
	(void)number;
	refused = 1;
	limit_files(RLIM_INFINITY);
}

static gint64 largest_below(const char *path)
{
	g_autoptr(GDir) folder = g_dir_open(path, 0, NULL);
	struct stat status;
	gint64 most = 0;

	if (!folder)
		return stat(path, &status) == 0 ? status.st_size : 0;
	for (const char *name; (name = g_dir_read_name(folder));) {
		g_autofree char *inside = g_build_filename(path, name, NULL);
		most = MAX(most, largest_below(inside));
	}
	return most;
}

static const struct {
	const char *format, *save;
} cases[] = {
	{"jpeg", "{}"},
	{"jpeg", "{\"progressive\":true}"},
	{"png", "{\"compression\":1}"},
	{"png", "{\"palette\":true}"},
	{"webp", "{\"effort\":0}"},
	{"tiff", "{}"},
	{"tiff", "{\"compression\":\"deflate\"}"},
	{"tiff", "{\"tile\":true,\"pyramid\":true}"},
	{"tiff", "{\"tile\":true,\"tile_width\":64,\"tile_height\":64,\"subifd\":true,\"compression\":\"jpeg\"}"},
	{"gif", "{}"},
	{"avif", "{\"effort\":0}"},
	{"heif", "{\"effort\":0}"},
	{"jp2k", "{}"},
	{"jxl", "{\"effort\":3}"},
	{"dz", "{\"tile_size\":64}"},
	{"dz", "{\"tile_size\":64,\"suffix\":\".png\"}"},
	{"dz", "{\"tile_size\":64,\"suffix\":\".webp\"}"},
	{"dz", "{\"layout\":\"zoomify\"}"},
	{"dz", "{\"layout\":\"google\"}"},
	{"dz", "{\"layout\":\"iiif\"}"},
	{"dz", "{\"layout\":\"iiif3\"}"},
	{"dz", "{\"tile_size\":64,\"container\":\"zip\"}"},
	{"dz", "{\"layout\":\"zoomify\",\"container\":\"zip\"}"},
	{"dz", "{\"layout\":\"google\",\"container\":\"zip\"}"},
	{"dz", "{\"layout\":\"iiif\",\"container\":\"zip\"}"},
	{"dz", "{\"layout\":\"iiif3\",\"container\":\"zip\"}"},
};

static void remove_all(const char *place)
{
	files_remove_tree(place);
	remove(place);
}

/* Room for so many bytes in a file, and then one refusal, or no room any more. */
static void save_with(guint i, VipsImage *image, const char *place, gint64 room, bool for_good)
{
	g_autoptr(JsonObject) save = json_parse_object(cases[i].save, -1, NULL);
	g_autoptr(GError) error = NULL;
	g_autoptr(VipsImage) copy = NULL; /* a saver that fails stops its picture */

	assert_int_equal(vips_copy(image, &copy, NULL), 0);
	remove_all(place);
	refused = 0;
	signal(SIGXFSZ, for_good ? SIG_IGN : lift);
	limit_files((rlim_t)room);
	bool ok = format_save(copy, place, cases[i].format, save, &error);
	limit_files(RLIM_INFINITY);
	if ((refused || for_good) && ok)
		fail_msg("%s %s: a write was refused at byte %" G_GINT64_FORMAT ", and all was said to be well",
			cases[i].format, cases[i].save, room);
	if (!ok && !strstr(error->message, g_strerror(EFBIG)))
		fail_msg("%s: not the reason: %s", cases[i].format, error->message);
}

static void try_rooms(VipsImage *image, int steps, bool for_good)
{
	g_autofree char *folder = scratch_folder();
	g_autofree char *place = g_build_filename(folder, "p", NULL);

	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(JsonObject) save = json_parse_object(cases[i].save, -1, NULL);
		g_autoptr(GError) error = NULL;
		if (!format_available(cases[i].format))
			continue;
		if (!format_save(image, place, cases[i].format, save, &error))
			fail_msg("%s %s: %s", cases[i].format, cases[i].save, error->message);
		gint64 whole = largest_below(place);
		assert_true(whole > 0);
		for (int step = 0; step < steps; step++)
			save_with(i, image, place, whole * step / steps, for_good);
		save_with(i, image, place, whole - 1, for_good);
		remove_all(place);
	}
	signal(SIGXFSZ, SIG_DFL);
	files_remove_tree(folder);
}

/* One write fails, wherever in the file: at the start, in the midst, at the very end. */
static void test_one_write_is_refused(void **state)
{
	g_autoptr(VipsImage) small = picture(90, 135, 3, 8);
	g_autoptr(VipsImage) larger = picture(500, 700, 3, 8);

	try_rooms(small, 20, false);
	try_rooms(larger, 2, false);
}

static void test_all_are_refused(void **state)
{
	g_autoptr(VipsImage) small = picture(90, 135, 3, 8);
	g_autoptr(VipsImage) larger = picture(500, 700, 3, 8);

	try_rooms(small, 5, true);
	try_rooms(larger, 2, true);
}

static int no_more(VipsRegion *out, void *sequence, void *a, void *b, gboolean *stop)
{
	(void)sequence;
	(void)b;
	(void)stop;
	if (VIPS_RECT_BOTTOM(&out->valid) > *(int *)a) {
		vips_error("test", "there are no more pixels");
		return -1;
	}
	vips_region_black(out);
	return 0;
}

/* A picture that ends too early: every saver says so, to files and to memory. */
static void test_the_picture_ends(void **state)
{
	g_autofree char *folder = scratch_folder();
	g_autofree char *place = g_build_filename(folder, "p", NULL);
	static int rows[] = {0, 10, 250};

	for (guint i = 0; i < 2 * G_N_ELEMENTS(cases) * G_N_ELEMENTS(rows); i++) {
		const char *format = cases[i / 6].format;
		g_autoptr(JsonObject) save = json_parse_object(cases[i / 6].save, -1, NULL);
		g_autoptr(VipsImage) image = vips_image_new();
		g_autoptr(GBytes) bytes = NULL;
		g_autoptr(GError) error = NULL;
		if (!format_available(format))
			continue;
		vips_image_init_fields(
			image, 300, 400, 3, VIPS_FORMAT_UCHAR, VIPS_CODING_NONE, VIPS_INTERPRETATION_sRGB, 1, 1);
		assert_int_equal(vips_image_pipelinev(image, VIPS_DEMAND_STYLE_ANY, NULL), 0);
		assert_int_equal(vips_image_generate(image, NULL, no_more, NULL, &rows[i / 2 % 3], NULL), 0);
		assert_false(i % 2 ? format_save_memory(image, format, save, &bytes, &error)
				   : format_save(image, place, format, save, &error));
		/* One thread that does without words (vips_error_freeze()) takes them from all. */
		if (!strstr(error->message, "no more pixels") && error->code != ERROR_SYSTEM)
			fail_msg("%s: %s", format, error->message);
		remove_all(place);
	}
	files_remove_tree(folder);
}

/* A large PNG, which is written without libvips' targets. */
static void test_a_large_png(void **state)
{
	g_autofree char *folder = scratch_folder();
	g_autofree char *place = g_build_filename(folder, "p", NULL);
	g_autoptr(VipsImage) image = picture(1500, 800, 3, 8);
	g_autoptr(JsonObject) save = json_parse_object("{\"compression\":1}", -1, NULL);
	guint png = 0;

	while (!g_str_equal(cases[png].save, "{\"compression\":1}"))
		png++;
	assert_true(format_save(image, place, "png", save, NULL));
	gint64 whole = largest_below(place);
	for (int step = 0; step < 6; step++)
		for (int for_good = 0; for_good < 2; for_good++)
			save_with(png, image, place, step < 5 ? whole * step / 5 : whole - 1, for_good);
	signal(SIGXFSZ, SIG_DFL);
	files_remove_tree(folder);
}

/* dzsave does not look at how a tile was closed: whatever wrote it, a close that fails is a refusal. */
static void test_a_close_that_fails(void **state)
{
	g_autoptr(VipsImage) image = picture(8, 8, 3, 8);

	for (int full = 0; full < 2; full++) {
		g_autoptr(GError) error = NULL;
		struct write_errors writes = write_errors_begin(image, LAYERS_NONE);
		FILE *file = fopen(full ? "/dev/full" : "/dev/null", "w");
		assert_non_null(file);
		assert_int_equal(fputs("tile", file), 1);
		assert_int_equal(fclose(file), full ? EOF : 0);
		assert_int_equal(write_errors_end(&writes, true, NULL, &error), !full);
		if (full)
			assert_non_null(strstr(error->message, g_strerror(ENOSPC)));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_close_that_fails),
		cmocka_unit_test(test_one_write_is_refused),
		cmocka_unit_test(test_all_are_refused),
		cmocka_unit_test(test_the_picture_ends),
		cmocka_unit_test(test_a_large_png),
	};

	return cmocka_run_group_tests(tests, start_vips, NULL);
}

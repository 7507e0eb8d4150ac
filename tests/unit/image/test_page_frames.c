/* SPDX-License-Identifier: GPL-2.0-or-later
 * Several pages: opened one by one, joined again; which options of outputs go together. */
#include "support.h"

#include "base/json.h"
#include "image/describe/check_step.h"
#include "image/read/page_frames.h"
#include "image/write/format_save.h"

static GBytes *pages_of(const char *format, int count)
{
	VipsImage *images[8];
	g_autoptr(VipsImage) joined = NULL, copy = NULL;
	GBytes *bytes = NULL;
	int delays[8];

	for (int i = 0; i < count; i++) {
		g_autoptr(VipsImage) page = picture(40, 30, 3, 8);
		assert_int_equal(vips_linear1(page, &images[i], 1, i * 40, "uchar", TRUE, NULL), 0);
		delays[i] = 100 * (i + 1);
	}
	assert_int_equal(vips_arrayjoin(images, &joined, count, "across", 1, NULL), 0);
	assert_int_equal(vips_copy(joined, &copy, NULL), 0);
	vips_image_set_int(copy, VIPS_META_PAGE_HEIGHT, 30);
	vips_image_set_array_int(copy, "delay", delays, count);
	vips_image_set_int(copy, "loop", 5);
	assert_true(format_save_memory(copy, format, NULL, &bytes, NULL));
	for (int i = 0; i < count; i++)
		g_object_unref(images[i]);
	return bytes;
}

/* Each frame is what libvips' own loader makes of that page alone. */
static void test_each_page_alone(void **state)
{
	static const char *const formats[] = {"gif", "webp", "tiff"};

	for (guint f = 0; f < G_N_ELEMENTS(formats); f++) {
		g_autoptr(GBytes) bytes = pages_of(formats[f], 3);
		g_autoptr(GError) error = NULL;
		auto_struct(page_frames) frames = page_frames_open("x", bytes, NULL, &error);
		gsize length;
		const void *data = g_bytes_get_data(bytes, &length);
		assert_null(error);
		assert_int_equal(frames->images->len, 3);
		for (int i = 0; i < 3; i++) {
			g_autoptr(VipsImage) alone = vips_image_new_from_buffer(data, length, "", "page", i, NULL);
			assert_non_null(alone);
			assert_same_picture(g_ptr_array_index(frames->images, (guint)i), alone);
			assert_int_equal(page_frames_count(g_ptr_array_index(frames->images, (guint)i)), 1);
		}
	}
}

static void test_joined_with_their_time(void **state)
{
	g_autoptr(GBytes) bytes = pages_of("webp", 3);
	auto_struct(page_frames) frames = page_frames_open("x", bytes, NULL, NULL);
	g_autoptr(VipsImage) joined = NULL;
	int *delays, count, loop;

	assert_true(page_frames_join(frames, frames->images, &joined, NULL));
	assert_int_equal(page_frames_count(joined), 3);
	assert_int_equal(vips_image_get_page_height(joined), 30);
	assert_int_equal(vips_image_get_array_int(joined, "delay", &delays, &count), 0);
	assert_int_equal(count, 3);
	assert_int_equal(delays[2], 300);
	assert_int_equal(vips_image_get_int(joined, "loop", &loop), 0);
	assert_int_equal(loop, 5);
}

static void test_unlike_pages_are_told(void **state)
{
	struct page_frames none = {0};
	g_autoptr(GPtrArray) pages = g_ptr_array_new_with_free_func(g_object_unref);
	g_autoptr(VipsImage) joined = NULL;
	g_autoptr(GError) size = NULL, colours = NULL;

	g_ptr_array_add(pages, picture(40, 30, 3, 8));
	g_ptr_array_add(pages, picture(40, 31, 3, 8));
	assert_false(page_frames_join(&none, pages, &joined, &size));
	assert_string_equal(size->message,
		"page 2 is 40 x 31 pixels after the chain, page 1 is 40 x 30, and this format needs one size. Write tiff, "
		"which holds both, resize to a width and height with fit: contain, or write pages: first at the output");
	g_ptr_array_set_size(pages, 1);
	g_ptr_array_add(pages, picture(40, 30, 1, 8));
	assert_false(page_frames_join(&none, pages, &joined, &colours));
	assert_non_null(strstr(colours->message, "other colours"));
}

static void test_wanted(void **state)
{
	g_autoptr(GBytes) bytes = pages_of("gif", 2);
	g_autoptr(VipsImage) opened = NULL;
	g_autoptr(VipsImage) single = picture(10, 10, 3, 8);
	g_autoptr(JsonObject) first = json_parse_object("{\"pages\":\"first\"}", -1, NULL);

	assert_true(format_open("x", bytes, false, NULL, &opened, NULL));
	assert_true(page_frames_wanted(opened, "webp", NULL));
	assert_false(page_frames_wanted(opened, "webp", first));
	assert_false(page_frames_wanted(opened, "jpeg", NULL));
	assert_false(page_frames_wanted(single, "gif", NULL));
}

static void test_limits_count_every_frame(void **state)
{
	static const char *const formats[] = {"gif", "tiff"};
	const struct image_limits limits = {.megapixels = 0.003};

	for (guint f = 0; f < G_N_ELEMENTS(formats); f++) {
		g_autoptr(GBytes) bytes = pages_of(formats[f], 3);
		g_autoptr(GError) error = NULL;
		auto_struct(page_frames) frames = page_frames_open("x", bytes, &limits, &error);
		assert_null(frames);
		assert_non_null(strstr(error->message, "3 frames or pages are 0.0036 megapixels together"));
	}
}

/* One picture of a long animation is fine. */
static void test_the_limit_of_frames_is_for_those_that_are_read(void **state)
{
	g_autoptr(GBytes) bytes = pages_of("gif", 3);
	g_autoptr(VipsImage) opened = NULL;
	g_autoptr(GError) error = NULL;

	assert_true(format_open("x", bytes, false, &(struct image_limits){.frames = 2}, &opened, NULL));
	assert_int_equal(opened->Ysize, 30);
	auto_struct(page_frames) all = page_frames_open("x", bytes, &(struct image_limits){.frames = 3}, NULL);
	assert_int_equal(all->images->len, 3);
	auto_struct(page_frames) refused = page_frames_open("x", bytes, &(struct image_limits){.frames = 2}, &error);
	assert_null(refused);
	assert_string_equal(error->message,
		"3 frames or pages, above the limit of 2 (limits: frames); raise it, or write pages: first at the output");
}

/* Cut anywhere: an error, or as many frames as were promised; never a crash. */
static void test_truncated(void **state)
{
	static const char *const formats[] = {"gif", "webp", "tiff"};

	for (guint f = 0; f < G_N_ELEMENTS(formats); f++) {
		g_autoptr(GBytes) bytes = pages_of(formats[f], 3);
		g_autoptr(GBytes) cut = g_bytes_new_from_bytes(bytes, 0, g_bytes_get_size(bytes) * 2 / 3);
		g_autoptr(GError) error = NULL;
		auto_struct(page_frames) frames = page_frames_open("x", cut, NULL, &error);
		bool damaged = frames == NULL;
		for (guint i = 0; frames && i < frames->images->len; i++) {
			gsize length;
			g_autofree void *pixels = vips_image_write_to_memory(frames->images->pdata[i], &length);
			damaged = damaged || !pixels;
		}
		if (!damaged)
			fail_msg("half a %s was read whole", formats[f]);
		vips_error_clear();
	}
}

/* What an output's options say about each other. */
static void test_options_together(void **state)
{
	static const struct {
		const char *output, *message; /* NULL: right */
	} cases[] = {
		{"{name: a.jpg, strip: true, keep: [icc]}", "take one of them out"},
		{"{name: a.jpg, keep: [icc, exfi]}",
			"keep takes a list of icc, exif, xmp, iptc, not 'exfi'; did you mean 'exif'?"},
		{"{name: a.jpg, keep: icc}", NULL},
		{"{name: a.tif, tiled: true, tile_width: 100}", "tile_width must be a multiple of 16"},
		{"{name: a.tif, tile_height: 100}", NULL},
		{"{name: a.tif, compression: ccittfax4}", "add bitdepth: 1"},
		{"{name: a.tif, compression: jpeg, bitdepth: 4}", "jpeg and webp pack 8 bits"},
		{"{name: a.png, bitdepth: 16, palette: true}", "a palette has at most 8 bits"},
		{"{name: a.png, bitdepth: 4, dither: 0.5}", NULL},
		{"{name: a.jxl, quality: 80, distance: 2}", "say the same"},
		{"{name: a.dzi}", NULL},
		{"{name: a.zip, format: dz}", NULL},
		{"{name: a, format: dz, container: zip}", "a zip needs a name that ends so"},
		{"{name: a.zip, format: dz, container: fs}", "take container: fs out"},
		{"{name: a, format: dz, title: ../b}", "title becomes a file's name"},
		{"{name: a, format: dz, layout: iiif, overlap: 600, tile_size: 512}", "overlap must be smaller"},
		{"{name: \"{stem}.{ext}\", pages: first}", NULL},
		{"{name: a.jpg, pages: first}", "jpeg has no option 'pages'"},
	};

	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *text = g_strdup_printf("steps: [invert]\noutputs:\n  - %s\n", cases[i].output);
		auto_struct(diagnostics) errors = diagnostics_new("p.yaml");
		auto_struct(pipeline) pipeline =
			definition_parse("p.yaml", text, strlen(text), &image_step_rules, errors);
		g_autofree char *told = diagnostics_text(errors);
		if (cases[i].message ? !strstr(told, cases[i].message) : !pipeline)
			fail_msg("%s: %s", cases[i].output, told);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_page_alone),
		cmocka_unit_test(test_joined_with_their_time),
		cmocka_unit_test(test_unlike_pages_are_told),
		cmocka_unit_test(test_wanted),
		cmocka_unit_test(test_limits_count_every_frame),
		cmocka_unit_test(test_the_limit_of_frames_is_for_those_that_are_read),
		cmocka_unit_test(test_truncated),
		cmocka_unit_test(test_options_together),
	};

	return cmocka_run_group_tests(tests, start_vips, NULL);
}

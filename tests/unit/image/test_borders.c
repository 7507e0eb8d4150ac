/* SPDX-License-Identifier: GPL-2.0-or-later
 * border, frame, round_corners, flatten, text: what they do to pixels, in every kind of picture, and that tiles equal the whole. */
#include <math.h>
#include <stdlib.h>

#include "compose_support.h"

static void tiles_equal_the_whole(void **state)
{
	static const struct {
		const char *operation, *params;
	} cases[] = {
		{"border", "'width':9,'colour':'#102030'"},
		{"border", "'top':40,'left':3,'colour':'transparent'"},
		{"frame", "'width':21"},
		{"frame", "'width':3,'inner_width':0,'style':'sunken','colour':'white'"},
		{"frame", "'style':'flat','inner_colour':'red'"},
		{"round_corners", "'radius':30"},
		{"round_corners", "'scale':0.5,'background':'#336699'"},
		{"flatten", "'background':'#336699'"},
		{"flatten", ""},
		{"text", "'text':'Hello {stem}','size':20"},
		{"text", "'text':'a\\nbb','size':30,'background':'#00000080','gravity':'west','opacity':0.5"},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++)
		assert_tiles_equal_whole(cases[i].operation, cases[i].params);
}

static void a_border_is_libvips_embed(void **state)
{
	static const double blue[] = {16, 32, 48, 255};
	g_autoptr(VipsImage) in = picture(WIDTH, HEIGHT, 4, 8);
	g_autoptr(VipsImage) same = picture(WIDTH, HEIGHT, 4, 8);
	g_autoptr(VipsImage) wanted = NULL;
	g_autoptr(VipsImage) got = built(in, "border", "'width':5,'left':11,'colour':'#102030'");
	VipsArrayDouble *background = vips_array_double_new(blue, 4);

	assert_int_equal(vips_embed(same, &wanted, 11, 5, WIDTH + 16, HEIGHT + 10, "extend", VIPS_EXTEND_BACKGROUND,
				 "background", background, NULL),
		0);
	vips_area_unref(VIPS_AREA(background));
	assert_same_picture(got, wanted);
	assert_refused("border", "'colour':'red'", "needs width");
}

static void a_frame_has_four_sides_and_a_line(void **state)
{
	g_autoptr(VipsImage) in = picture(WIDTH, HEIGHT, 3, 8);
	g_autoptr(VipsImage) out =
		built(in, "frame", "'width':10,'colour':'#646464','inner_width':3,'inner_colour':'red'");
	static const double light[] = {162, 162, 162}, dark[] = {60, 60, 60}, red[] = {255, 0, 0};
	int right = WIDTH + 25, bottom = HEIGHT + 25;

	assert_int_equal(out->Xsize, WIDTH + 26);
	assert_int_equal(out->Ysize, HEIGHT + 26);
	assert_pixel(out, 80, 0, light);
	assert_pixel(out, 0, 50, light);
	assert_pixel(out, 80, bottom, dark);
	assert_pixel(out, right, 50, dark);
	/* Mitred: the corner at the top right changes sides on its diagonal. */
	assert_pixel(out, right - 3, 2, light);
	assert_pixel(out, right - 2, 3, dark);
	assert_pixel(out, 10, 50, red);
	assert_pixel(out, 12, 12, red);
	for (int i = 0; i < 100; i += 9) {
		g_autofree double *was = pixel_at(in, i, i);
		assert_pixel(out, i + 13, i + 13, was);
	}
}

/* 16 bits: the same grey, and the picture's own pixels. */
static void a_frame_keeps_the_depth(void **state)
{
	g_autoptr(VipsImage) in = picture(WIDTH, HEIGHT, 2, 16);
	g_autoptr(VipsImage) out = built(in, "frame", "'width':4,'style':'flat','colour':'white'");

	assert_int_equal(out->BandFmt, VIPS_FORMAT_USHORT);
	assert_int_equal(out->Type, VIPS_INTERPRETATION_GREY16);
	assert_pixel(out, 0, 0, (const double[]){65535, 65535});
}

static void corners_are_round(void **state)
{
	g_autoptr(VipsImage) in = patch_of(60, 40, 3, (const double[]){10, 20, 30});
	g_autoptr(VipsImage) out = built(in, "round_corners", "'radius':12");
	g_autoptr(VipsImage) flat = built(in, "round_corners", "'radius':12,'background':'white'");
	double sum = 0;

	assert_int_equal(out->Bands, 4);
	assert_int_equal(flat->Bands, 3);
	assert_pixel(out, 0, 0, (const double[]){10, 20, 30, 0});
	assert_pixel(out, 30, 0, (const double[]){10, 20, 30, 255});
	assert_pixel(out, 0, 20, (const double[]){10, 20, 30, 255});
	assert_pixel(flat, 59, 39, (const double[]){255, 255, 255});
	assert_pixel(flat, 30, 20, (const double[]){10, 20, 30});
	for (int y = 0; y < 40; y++)
		for (int x = 0; x < 60; x++) {
			g_autofree double *a = pixel_at(out, x, y);
			assert_pixel(out, 59 - x, y, a);
			assert_pixel(out, x, 39 - y, a);
			sum += a[3] / 255;
		}
	/* Smooth edges add up to the area: a rectangle less what four quarters of a disc leave. */
	assert_true(fabs(sum - (60 * 40 - (4 - G_PI) * 12 * 12)) < 3);
	assert_refused("round_corners", "", "needs radius or scale");
	assert_refused("round_corners", "'radius':3,'scale':0.1", "one of them");
}

/* A radius that is too large is as large as it can be. */
static void corners_meet_at_most(void **state)
{
	g_autoptr(VipsImage) in = patch_of(30, 30, 1, (const double[]){9});
	g_autoptr(VipsImage) all = built(in, "round_corners", "'radius':1000");
	g_autoptr(VipsImage) disc = built(in, "round_corners", "'scale':0.5");

	assert_same_picture(all, disc);
	g_autofree double *top = pixel_at(disc, 15, 0);
	assert_true(top[0] == 9 && top[1] > 250);
}

static void flatten_is_libvips(void **state)
{
	static const double background[] = {51, 102, 153}, deep[] = {51 * 257, 102 * 257, 153 * 257};

	for (int depth = 8; depth <= 16; depth += 8) {
		g_autoptr(VipsImage) in = picture(WIDTH, HEIGHT, 4, depth);
		g_autoptr(VipsImage) same = picture(WIDTH, HEIGHT, 4, depth);
		g_autoptr(VipsImage) wanted = NULL;
		g_autoptr(VipsImage) got = built(in, "flatten", "'background':'#336699'");
		VipsArrayDouble *levels = vips_array_double_new(depth == 16 ? deep : background, 3);
		assert_int_equal(vips_flatten(same, &wanted, "background", levels, NULL), 0);
		vips_area_unref(VIPS_AREA(levels));
		assert_same_picture(got, wanted);
	}
	/* Without alpha there is nothing to take out. */
	g_autoptr(VipsImage) in = picture(WIDTH, HEIGHT, 3, 8);
	g_autoptr(VipsImage) got = built(in, "flatten", "");
	assert_same_picture(got, in);
}

/* The bounding box of what changed. */
static VipsRect changed(VipsImage *before, VipsImage *after)
{
	VipsRect box = {0, 0, 0, 0};
	bool any = false;

	for (int y = 0; y < before->Ysize; y++)
		for (int x = 0; x < before->Xsize; x++) {
			g_autofree double *a = pixel_at(before, x, y);
			g_autofree double *b = pixel_at(after, x, y);
			if (memcmp(a, b, sizeof(double) * (gsize)before->Bands) == 0)
				continue;
			VipsRect pixel = {x, y, 1, 1};
			if (any)
				vips_rect_unionrect(&box, &pixel, &box);
			else
				box = pixel;
			any = true;
		}
	return box;
}

static void text_goes_where_it_is_told(void **state)
{
	g_autoptr(VipsImage) in = patch_of(200, 100, 3, (const double[]){0, 0, 0});
	static const struct {
		const char *gravity;
		int right, down; /* -1: at the left, 0: in the middle, 1: at the right */
	} cases[] = {{"northwest", -1, -1}, {"top-right", 1, -1}, {"centre", 0, 0}, {"south", 0, 1}, {"east", 1, 0}};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *params =
			g_strdup_printf("'text':'HHH','size':20,'margin':6,'gravity':'%s'", cases[i].gravity);
		g_autoptr(VipsImage) out = built(in, "text", params);
		VipsRect box = changed(in, out);
		assert_in_range(box.height, 10, 24);
		int left = box.left, right = 200 - VIPS_RECT_RIGHT(&box), top = box.top,
		    bottom = 100 - VIPS_RECT_BOTTOM(&box);
		if (cases[i].right == -1)
			assert_in_range(left, 6, 8);
		if (cases[i].right == 1)
			assert_in_range(right, 6, 8);
		if (cases[i].right == 0)
			assert_true(abs(left - right) <= 3);
		if (cases[i].down == -1)
			assert_in_range(top, 6, 8);
		if (cases[i].down == 1)
			assert_in_range(bottom, 6, 8);
		if (cases[i].down == 0)
			assert_true(abs(top - bottom) <= 3);
	}
}

static void text_has_its_colour_at_any_depth(void **state)
{
	for (size_t i = 0; i < G_N_ELEMENTS(kinds); i++) {
		g_autoptr(VipsImage) in = picture_of(&kinds[i]);
		g_autoptr(VipsImage) out = built(in, "text",
			"'text':'\xe2\x96\x88\xe2\x96\x88\xe2\x96\x88','size':40,'colour':'white','gravity':'centre'");
		double white = kinds[i].depth == 16 ? 65535 : kinds[i].cmyk ? 0 : 255;
		g_autofree double *got = pixel_at(out, WIDTH / 2, HEIGHT / 2);
		assert_int_equal(out->Bands, in->Bands);
		assert_int_equal(out->Type, in->Type);
		assert_true(got[0] == white);
	}
}

static void placeholders_are_filled_in(void **state)
{
	static const struct {
		const char *with, *without;
	} cases[] = {{"{stem}", "IMG_1"}, {"{date}!", "2026-11-23!"}, {"{{x}}", "{{x}}"},
		{"{width}x{height}", "157x101"}, {"<b>&amp;", "<b>&amp;"}};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(VipsImage) in = picture(WIDTH, HEIGHT, 3, 8);
		g_autofree char *with = g_strdup_printf("'text':'%s','size':18", cases[i].with);
		g_autofree char *without = g_strdup_printf("'text':'%s','size':18", cases[i].without);
		g_autoptr(VipsImage) a = built(in, "text", with);
		g_autoptr(VipsImage) b = built(in, "text", without);
		assert_same_picture(a, b);
	}
	/* Markup is text: two more letters are wider. */
	g_autoptr(VipsImage) in = patch_of(300, 60, 1, (const double[]){0});
	g_autoptr(VipsImage) tag = built(in, "text", "'text':'<b>x</b>','size':18");
	g_autoptr(VipsImage) plain = built(in, "text", "'text':'x','size':18");
	assert_true(changed(in, tag).width > 4 * changed(in, plain).width);
	assert_refused("text", "'text':'{stm}'", "did you mean {stem}?");
	assert_refused("text", "'text':'100 }'", "a brace itself is written twice");
	assert_refused("text", "'text':'{stem'", "a brace itself is written twice");
}

static void no_letters_are_no_error(void **state)
{
	g_autoptr(VipsImage) in = picture(WIDTH, HEIGHT, 3, 8);
	g_autoptr(VipsImage) empty = built(in, "text", "'text':''");
	g_autoptr(VipsImage) blank = built(in, "text", "'text':'  \\n{pipeline} '"); /* nothing is known of it */

	assert_same_picture(empty, in);
	assert_same_picture(blank, in);
}

static void text_is_wrapped(void **state)
{
	g_autoptr(VipsImage) in = patch_of(400, 200, 1, (const double[]){0});
	g_autoptr(VipsImage) line = built(in, "text", "'text':'one two three four five','size':20");
	g_autoptr(VipsImage) lines = built(in, "text", "'text':'one two three four five','size':20,'width':90");
	VipsRect one = changed(in, line), many = changed(in, lines);

	assert_true(many.width <= 92 && one.width > 150);
	assert_true(many.height > 2 * one.height);
}

static void a_background_is_a_box_behind(void **state)
{
	g_autoptr(VipsImage) in = patch_of(200, 100, 3, (const double[]){9, 9, 9});
	g_autoptr(VipsImage) out = built(in, "text",
		"'text':'HHH','size':20,'background':'#ff0000','padding':10,'gravity':'northwest','margin':0");
	VipsRect box = changed(in, out);

	assert_int_equal(box.left, 0);
	assert_int_equal(box.top, 0);
	assert_pixel(out, 0, 0, (const double[]){255, 0, 0});
	assert_pixel(out, 9, 9, (const double[]){255, 0, 0});
}

static void a_font_comes_from_a_file(void **state)
{
	static const char serif[] = "/usr/share/fonts/truetype/dejavu/DejaVuSerif-Bold.ttf";
	g_autofree char *copy = g_build_filename(assets, "own.ttf", NULL);
	g_autofree char *contents = NULL;
	gsize length;

	if (!g_file_get_contents(serif, &contents, &length, NULL))
		skip(); /* needs a font to copy */
	assert_true(g_file_set_contents(copy, contents, (gssize)length, NULL));
	g_autoptr(VipsImage) in = picture(WIDTH, HEIGHT, 1, 8);
	g_autoptr(VipsImage) own = built(in, "text", "'text':'Ragg','size':30,'fontfile':'@own.ttf'");
	g_autoptr(VipsImage) named = built(in, "text", "'text':'Ragg','size':30,'font':'DejaVu Serif Bold'");
	g_autoptr(VipsImage) sans = built(in, "text", "'text':'Ragg','size':30,'font':'DejaVu Sans'");
	gsize size;
	g_autofree uint8_t *a = vips_image_write_to_memory(own, &size);
	g_autofree uint8_t *b = vips_image_write_to_memory(named, &size);
	g_autofree uint8_t *c = vips_image_write_to_memory(sans, &size);
	assert_memory_not_equal(a, c, size);
	assert_memory_equal(a, b, size);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tiles_equal_the_whole),
		cmocka_unit_test(a_border_is_libvips_embed),
		cmocka_unit_test(a_frame_has_four_sides_and_a_line),
		cmocka_unit_test(a_frame_keeps_the_depth),
		cmocka_unit_test(corners_are_round),
		cmocka_unit_test(corners_meet_at_most),
		cmocka_unit_test(flatten_is_libvips),
		cmocka_unit_test(text_goes_where_it_is_told),
		cmocka_unit_test(text_has_its_colour_at_any_depth),
		cmocka_unit_test(placeholders_are_filled_in),
		cmocka_unit_test(no_letters_are_no_error),
		cmocka_unit_test(text_is_wrapped),
		cmocka_unit_test(a_background_is_a_box_behind),
		cmocka_unit_test(a_font_comes_from_a_file),
	};

	return cmocka_run_group_tests(tests, start_assets, remove_assets);
}

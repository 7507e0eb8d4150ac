/* SPDX-License-Identifier: GPL-2.0-or-later
 * Every operation against libvips called directly: no byte may differ. */
#include "alpha_support.h"

#include "image/quirks/quirks.h"

static const struct kind {
	int bands, depth;
} kinds[] = {{1, 8}, {2, 8}, {3, 8}, {4, 8}, {1, 16}, {3, 16}, {4, 16}};
enum { WIDTH = 157, HEIGHT = 101 };

/* The chain and libvips by hand, on pictures of their own, agree for every kind of picture. */
static void assert_equals(const char *steps, direct by_hand)
{
	g_autoptr(JsonArray) array = chain(steps);

	for (size_t i = 0; i < G_N_ELEMENTS(kinds); i++) {
		g_autoptr(VipsImage) a = picture(WIDTH, HEIGHT, kinds[i].bands, kinds[i].depth);
		g_autoptr(VipsImage) b = picture(WIDTH, HEIGHT, kinds[i].bands, kinds[i].depth);
		g_autoptr(VipsImage) got = NULL, wanted = NULL;
		g_autoptr(GError) error = NULL;
		if (!chain_build(array, 0, a, NULL, &got, &error))
			fail_msg("%s: %s", steps, error->message);
		assert_int_equal(by_hand(b, &wanted), 0);
		assert_same_picture(got, wanted);
	}
}

/* 16 bits of alpha stay as they are; libvips changes some by one where alpha beside scRGB is 0 to 1. */
static int grayscale(VipsImage *in, VipsImage **out)
{
	g_autoptr(VipsImage) colours = NULL, alpha = NULL, grey = NULL;

	if (in->BandFmt != VIPS_FORMAT_USHORT)
		return vips_colourspace(in, out, VIPS_INTERPRETATION_B_W, NULL);
	if (!vips_image_hasalpha(in) || !quirk(QUIRK_ALPHA_OF_SCRGB))
		return vips_colourspace(in, out, VIPS_INTERPRETATION_GREY16, NULL);
	return vips_extract_band(in, &colours, 0, "n", in->Bands - 1, NULL) ||
	       vips_extract_band(in, &alpha, in->Bands - 1, NULL) ||
	       vips_colourspace(colours, &grey, VIPS_INTERPRETATION_GREY16, NULL) ||
	       vips_bandjoin2(grey, alpha, out, NULL);
}

static int plain_blur(VipsImage *in, VipsImage **out)
{
	return vips_gaussblur(in, out, 3, NULL);
}

static int blur(VipsImage *in, VipsImage **out)
{
	return by_alpha(in, plain_blur, out);
}

static int plain_fine_blur(VipsImage *in, VipsImage **out)
{
	return vips_gaussblur(in, out, 2, "min_ampl", 0.02, NULL);
}

static int fine_blur(VipsImage *in, VipsImage **out)
{
	return by_alpha(in, plain_fine_blur, out);
}

static int sharpen(VipsImage *in, VipsImage **out)
{
	return vips_sharpen(in, out, "sigma", 1.2, "m2", 5.0, NULL);
}

static int plain_sharpen(VipsImage *in, VipsImage **out)
{
	return vips_sharpen(in, out, NULL);
}

static int invert(VipsImage *in, VipsImage **out)
{
	return vips_invert(in, out, NULL);
}

static int flip(VipsImage *in, VipsImage **out)
{
	return vips_flip(in, out, VIPS_DIRECTION_VERTICAL, NULL);
}

static int flop(VipsImage *in, VipsImage **out)
{
	return vips_flip(in, out, VIPS_DIRECTION_HORIZONTAL, NULL);
}

static int crop(VipsImage *in, VipsImage **out)
{
	return vips_extract_area(in, out, 11, 7, 83, 61, NULL);
}

static int rot90(VipsImage *in, VipsImage **out)
{
	return vips_rot(in, out, VIPS_ANGLE_D90, NULL);
}

static int rot180(VipsImage *in, VipsImage **out)
{
	return vips_rot(in, out, VIPS_ANGLE_D180, NULL);
}

static int rot270(VipsImage *in, VipsImage **out)
{
	return vips_rot(in, out, VIPS_ANGLE_D270, NULL);
}

static int same(VipsImage *in, VipsImage **out)
{
	return vips_copy(in, out, NULL);
}

static int rotate12(VipsImage *in, VipsImage **out)
{
	return vips_rotate(in, out, 12, NULL);
}

static int rotate_left(VipsImage *in, VipsImage **out)
{
	return vips_rotate(in, out, 352.5, NULL);
}

static int plain_resize_width(VipsImage *in, VipsImage **out)
{
	return vips_resize(in, out, 60.0 / WIDTH, NULL);
}

static int resize_width(VipsImage *in, VipsImage **out)
{
	return by_alpha(in, plain_resize_width, out);
}

static int plain_resize_fill(VipsImage *in, VipsImage **out)
{
	return vips_resize(in, out, 60.0 / WIDTH, "vscale", 90.0 / HEIGHT, "kernel", VIPS_KERNEL_CUBIC, NULL);
}

static int resize_fill(VipsImage *in, VipsImage **out)
{
	return by_alpha(in, plain_resize_fill, out);
}

static int plain_resize_up(VipsImage *in, VipsImage **out)
{
	return vips_resize(in, out, 1.7, NULL);
}

static int resize_up(VipsImage *in, VipsImage **out)
{
	return by_alpha(in, plain_resize_up, out);
}

static int resize_nearest(VipsImage *in, VipsImage **out)
{
	return vips_resize(in, out, 60.0 / WIDTH, "kernel", VIPS_KERNEL_NEAREST, NULL);
}

static int to_height_50(VipsImage *in, VipsImage **out)
{
	return vips_resize(in, out, 50.0 / HEIGHT, NULL);
}

static int resize_cover(VipsImage *in, VipsImage **out)
{
	g_autoptr(VipsImage) sized = NULL;

	return by_alpha(in, to_height_50, &sized) ||
	       vips_extract_area(sized, out, (sized->Xsize - 40) / 2, 0, 40, 50, NULL);
}

static int resize_contain(VipsImage *in, VipsImage **out)
{
	g_autoptr(VipsImage) sized = NULL;

	return resize_width(in, &sized) ||
	       vips_embed(sized, out, 0, (80 - sized->Ysize) / 2, 60, 80, "extend", VIPS_EXTEND_BLACK, NULL);
}

static int thumbnail(VipsImage *in, VipsImage **out)
{
	return vips_thumbnail_image(in, out, 60, "height", 50, NULL);
}

static int thumbnail_cover(VipsImage *in, VipsImage **out)
{
	return vips_thumbnail_image(in, out, 40, "height", 50, "crop", VIPS_INTERESTING_CENTRE, NULL);
}

static int thumbnail_width(VipsImage *in, VipsImage **out)
{
	return vips_thumbnail_image(in, out, 60, "height", VIPS_MAX_COORD, NULL);
}

static int sobel(VipsImage *in, VipsImage **out)
{
	return vips_sobel(in, out, NULL);
}

static int linear(VipsImage *in, VipsImage **out)
{
	return vips_linear1(in, out, 1.5, -3, "uchar", TRUE, NULL);
}

static int similarity(VipsImage *in, VipsImage **out)
{
	VipsInterpolate *nohalo = vips_interpolate_new("nohalo");
	int result = vips_similarity(in, out, "angle", 3.0, "interpolate", nohalo, NULL);

	g_object_unref(nohalo);
	return result;
}

static int grey_blur_rotate(VipsImage *in, VipsImage **out)
{
	g_autoptr(VipsImage) grey = NULL, blurred = NULL;

	return grayscale(in, &grey) || blur(grey, &blurred) || rot90(blurred, out);
}

static void test_against_libvips(void **state)
{
	static const struct {
		const char *steps;
		direct by_hand;
	} cases[] = {
		{"[{'op':'grayscale'}]", grayscale},
		{"[{'op':'blur','params':{'sigma':3}}]", blur},
		{"[{'op':'blur','params':{'sigma':3,'premultiply':false}}]", plain_blur},
		{"[{'op':'blur','params':{'sigma':2.0,'min_amplitude':0.02}}]", fine_blur},
		{"[{'op':'sharpen','params':{'sigma':1.2,'m2':5}}]", sharpen},
		{"[{'op':'sharpen','params':{}}]", plain_sharpen},
		{"[{'op':'invert'}]", invert},
		{"[{'op':'flip'}]", flip},
		{"[{'op':'flop'}]", flop},
		{"[{'op':'crop','params':{'left':11,'top':7,'width':83,'height':61}}]", crop},
		{"[{'op':'rotate','params':{'angle':90}}]", rot90},
		{"[{'op':'rotate','params':{'angle':-90}}]", rot270},
		{"[{'op':'rotate','params':{'angle':180}}]", rot180},
		{"[{'op':'rotate','params':{'angle':270}}]", rot270},
		{"[{'op':'rotate','params':{'angle':-360}}]", same},
		{"[{'op':'rotate','params':{'angle':12}}]", rotate12},
		{"[{'op':'rotate','params':{'angle':-7.5}}]", rotate_left},
		{"[{'op':'resize','params':{'width':60}}]", resize_width},
		{"[{'op':'resize','params':{'width':60,'premultiply':false}}]", plain_resize_width},
		{"[{'op':'resize','params':{'width':60,'kernel':'nearest'}}]", resize_nearest},
		{"[{'op':'resize','params':{'width':60,'height':1000}}]", resize_width},
		{"[{'op':'resize','params':{'width':60,'height':10,'fit':'outside'}}]", resize_width},
		{"[{'op':'resize','params':{'width':60,'height':90,'fit':'fill','kernel':'cubic'}}]", resize_fill},
		{"[{'op':'resize','params':{'width':40,'height':50,'fit':'cover'}}]", resize_cover},
		{"[{'op':'resize','params':{'width':60,'height':80,'fit':'contain'}}]", resize_contain},
		{"[{'op':'resize','params':{'scale':1.7}}]", resize_up},
		{"[{'op':'resize','params':{'scale':1.7,'without_enlargement':true}}]", same},
		{"[{'op':'resize','params':{'width':500,'height':400,'without_enlargement':true}}]", same},
		{"[{'op':'thumbnail','params':{'width':60,'height':50}}]", thumbnail},
		{"[{'op':'thumbnail','params':{'width':60}}]", thumbnail_width},
		{"[{'op':'thumbnail','params':{'width':40,'height':50,'fit':'cover'}}]", thumbnail_cover},
		{"[{'op':'auto_orient'}]", same},
		{"[{'op':'vips','params':{'operation':'sobel'}}]", sobel},
		{"[{'op':'vips','params':{'operation':'linear','a':1.5,'b':[-3],'uchar':true}}]", linear},
		{"[{'op':'vips','params':{'operation':'similarity','angle':3,'interpolate':'nohalo'}}]", similarity},
		{"[{'op':'grayscale'},{'op':'blur','params':{'sigma':3}},{'op':'rotate','params':{'angle':90}}]",
			grey_blur_rotate},
		{"[]", same},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *steps = g_strdelimit(g_strdup(cases[i].steps), "'", '"');
		assert_equals(steps, cases[i].by_hand);
	}
}

/* A width that is asked for is the width that comes out, whatever the rounding. */
static void test_resize_hits_the_size(void **state)
{
	for (int width = 1; width < 400; width += 7) {
		g_autoptr(VipsImage) in = picture(157, 33, 1, 8);
		g_autoptr(VipsImage) one = NULL, box = NULL;
		g_autofree char *text = g_strdup_printf("[{\"op\":\"resize\",\"params\":{\"width\":%d}}]", width);
		g_autofree char *both = g_strdup_printf(
			"[{\"op\":\"resize\",\"params\":{\"width\":%d,\"height\":%d,\"fit\":\"cover\"}}]", width,
			401 - width);
		g_autoptr(JsonArray) steps = chain(text);
		g_autoptr(JsonArray) cover = chain(both);
		assert_true(chain_build(steps, 0, in, NULL, &one, NULL));
		assert_true(chain_build(cover, 0, in, NULL, &box, NULL));
		assert_int_equal(one->Xsize, width);
		assert_int_equal(box->Xsize, width);
		assert_int_equal(box->Ysize, 401 - width);
	}
}

static void test_orientation(void **state)
{
	g_autoptr(VipsImage) a = picture(40, 30, 3, 8);
	g_autoptr(VipsImage) b = picture(40, 30, 3, 8);
	g_autoptr(VipsImage) got = NULL, wanted = NULL;
	g_autoptr(JsonArray) steps = chain("[{\"op\":\"auto_orient\"}]");

	vips_image_set_int(a, VIPS_META_ORIENTATION, 6);
	assert_true(chain_build(steps, 0, a, NULL, &got, NULL));
	assert_int_equal(rot90(b, &wanted), 0);
	assert_same_picture(got, wanted);
	assert_int_equal(vips_image_get_orientation(got), 1);
}

static void test_invert_may_spare_alpha(void **state)
{
	g_autoptr(VipsImage) in = picture(20, 10, 4, 8);
	g_autoptr(VipsImage) out = NULL;
	g_autoptr(JsonArray) steps = chain("[{\"op\":\"invert\",\"params\":{\"alpha\":false}}]");
	gsize length;

	assert_true(chain_build(steps, 0, in, NULL, &out, NULL));
	g_autofree uint8_t *before = vips_image_write_to_memory(in, &length);
	g_autofree uint8_t *after = vips_image_write_to_memory(out, &length);
	assert_int_equal(length, 20 * 10 * 4);
	for (gsize i = 0; i < length; i++)
		assert_int_equal(after[i], i % 4 == 3 ? before[i] : 255 - before[i]);
}

static void assert_corner(int bands, int depth, const char *background, const double *expected)
{
	g_autoptr(VipsImage) in = picture(40, 40, bands, depth);
	g_autoptr(VipsImage) out = NULL;
	g_autofree char *text =
		g_strdup_printf("[{\"op\":\"rotate\",\"params\":{\"angle\":45,\"background\":\"%s\"}}]", background);
	g_autoptr(JsonArray) steps = chain(text);
	g_autofree double *levels = NULL;
	int count;

	assert_true(chain_build(steps, 0, in, NULL, &out, NULL));
	assert_int_equal(vips_getpoint(out, &levels, &count, 0, 0, NULL), 0);
	assert_int_equal(count, bands);
	for (int i = 0; i < count; i++)
		assert_true(levels[i] == expected[i]);
}

static void test_backgrounds(void **state)
{
	assert_corner(3, 8, "#ff8000", (const double[]){255, 128, 0});
	assert_corner(3, 8, "f80", (const double[]){255, 136, 0});
	assert_corner(3, 16, "white", (const double[]){65535, 65535, 65535});
	assert_corner(4, 8, "#10203040", (const double[]){16, 32, 48, 64});
	assert_corner(4, 8, "transparent", (const double[]){0, 0, 0, 0});
	assert_corner(1, 8, "white", (const double[]){255});
	assert_corner(1, 16, "grey", (const double[]){128 * 257});
	assert_corner(2, 8, "red", (const double[]){54, 255});
}

static void assert_fails(const char *steps, const char *message)
{
	g_autoptr(VipsImage) in = picture(40, 30, 3, 8);
	g_autoptr(VipsImage) out = NULL;
	g_autoptr(JsonArray) array = chain(steps);
	g_autoptr(GError) error = NULL;

	assert_false(chain_build(array, 0, in, NULL, &out, &error));
	assert_null(out);
	assert_string_equal(error->message, message);
	assert_string_equal(vips_error_buffer(), "");
}

static void test_errors_name_the_step(void **state)
{
	assert_fails(
		"[{\"op\":\"flip\"},{\"op\":\"crop\",\"params\":{\"left\":1,\"top\":2,\"width\":40,\"height\":3}}]",
		"step 2 (crop): 40 x 3 at 1, 2 reaches outside the picture, which is 40 x 30 here");
	assert_fails("[{\"op\":\"nope\"}]", "step 1: unknown operation 'nope'");
	assert_fails("[7]", "step 1: unknown operation ''");
	assert_fails(
		"[{\"op\":\"vips\"}]", "step 1 (vips): libvips'  cannot be a step: it is not known to this libvips");
	assert_fails("[{\"op\":\"vips\",\"params\":{\"operation\":\"gaussblur\",\"sigma\":\"x\"}}]",
		"step 1 (vips): gaussblur: 'x' is of the wrong type");
	assert_fails("[{\"op\":\"vips\",\"params\":{\"operation\":\"gaussblur\",\"sigma\":-1}}]",
		"step 1 (vips): gaussblur: sigma is out of bounds");
	assert_fails("[{\"op\":\"vips\",\"params\":{\"operation\":\"gaussblur\",\"sigma\":{}}}]",
		"step 1 (vips): gaussblur: sigma is of the wrong type");
	assert_fails("[{\"op\":\"vips\",\"params\":{\"operation\":\"linear\",\"a\":[\"x\"],\"b\":[1]}}]",
		"step 1 (vips): linear: a list must hold numbers only");
	assert_fails("[{\"op\":\"vips\",\"params\":{\"operation\":\"jpegsave\"}}]",
		"step 1 (vips): libvips' jpegsave cannot be a step: it loads or saves files, which dropmill does itself");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_against_libvips),
		cmocka_unit_test(test_resize_hits_the_size),
		cmocka_unit_test(test_orientation),
		cmocka_unit_test(test_invert_may_spare_alpha),
		cmocka_unit_test(test_backgrounds),
		cmocka_unit_test(test_errors_name_the_step),
	};

	return cmocka_run_group_tests(tests, start_vips, NULL);
}

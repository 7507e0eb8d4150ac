/* SPDX-License-Identifier: GPL-2.0-or-later
 * Geometry that resamples, or that looks at the picture to know where to cut: against libvips called directly, in tiles, and
 * on pictures whose answer is known. */
#include "alpha_support.h"
#include "geometry_support.h"

#include <math.h>

enum { WIDTH = 157, HEIGHT = 101 };

static int with_interpolate(const char *name, VipsInterpolate **interpolate)
{
	return (*interpolate = vips_interpolate_new(name)) ? 0 : -1;
}

static int rotate_nearest(VipsImage *in, VipsImage **out)
{
	VipsInterpolate *nearest;
	int status = with_interpolate("nearest", &nearest) || vips_rotate(in, out, 30, "interpolate", nearest, NULL);

	g_object_unref(nearest);
	return status;
}

static int rotate_bicubic(VipsImage *in, VipsImage **out)
{
	VipsInterpolate *bicubic;
	int status = with_interpolate("bicubic", &bicubic) || vips_rotate(in, out, 350, "interpolate", bicubic, NULL);

	g_object_unref(bicubic);
	return status;
}

static int affine(VipsImage *in, VipsImage **out)
{
	return vips_affine(in, out, 1.2, 0.3, -0.1, 0.7, NULL);
}

static int affine_shifted(VipsImage *in, VipsImage **out)
{
	VipsInterpolate *nohalo;
	int status = with_interpolate("nohalo", &nohalo) ||
		     vips_affine(in, out, 1, 0, 0, 1, "idx", 0.5, "ody", -3.25, "interpolate", nohalo, NULL);

	g_object_unref(nohalo);
	return status;
}

static int shear_x(VipsImage *in, VipsImage **out)
{
	return vips_affine(in, out, 1, tan(G_PI / 9), 0, 1, NULL);
}

static int shear_both(VipsImage *in, VipsImage **out)
{
	double x = tan(G_PI / 4), y = tan(G_PI / 4);

	return vips_affine(in, out, 1, x, y, 1 + x * y, NULL);
}

static int to_width_80(VipsImage *in, VipsImage **out)
{
	return vips_resize(in, out, 80.0 / WIDTH, NULL);
}

static int cover_north(VipsImage *in, VipsImage **out)
{
	VipsImage *sized;
	int status = by_alpha(in, to_width_80, &sized) || vips_extract_area(sized, out, 0, 0, 80, 30, NULL);

	g_object_unref(sized);
	return status;
}

static int contain_bottom_right(VipsImage *in, VipsImage **out)
{
	VipsImage *sized;
	int status = by_alpha(in, to_width_80, &sized) || vips_embed(sized, out, 0, 90 - sized->Ysize, 80, 90, NULL);

	g_object_unref(sized);
	return status;
}

static int cover_attention(VipsImage *in, VipsImage **out)
{
	VipsImage *sized;
	int status = by_alpha(in, to_width_80, &sized) || vips_smartcrop(sized, out, 80, 30, NULL);

	g_object_unref(sized);
	return status;
}

static int thumbnail_entropy(VipsImage *in, VipsImage **out)
{
	return vips_thumbnail_image(in, out, 60, "height", 20, "crop", VIPS_INTERESTING_ENTROPY, NULL);
}

static int thumbnail_cover(VipsImage *in, VipsImage **out)
{
	return vips_thumbnail_image(in, out, 60, "height", 20, "crop", VIPS_INTERESTING_LOW, NULL);
}

static int thumbnail_outside(VipsImage *in, VipsImage **out)
{
	return vips_thumbnail_image(in, out, 60, "height", 20, "crop", VIPS_INTERESTING_ALL, NULL);
}

static int thumbnail_contain(VipsImage *in, VipsImage **out)
{
	VipsImage *sized;
	int status = vips_thumbnail_image(in, &sized, 60, "height", 70, NULL) ||
		     vips_embed(sized, out, 0, (70 - sized->Ysize) / 2, 60, 70, NULL);

	g_object_unref(sized);
	return status;
}

static int smart_attention(VipsImage *in, VipsImage **out)
{
	return vips_smartcrop(in, out, 50, 40, NULL);
}

static int smart_entropy(VipsImage *in, VipsImage **out)
{
	return vips_smartcrop(in, out, 50, 40, "interesting", VIPS_INTERESTING_ENTROPY, NULL);
}

static const struct {
	const char *steps;
	direct by_hand;
} cases[] = {
	{"{'op':'rotate','params':{'angle':30,'interpolate':'nearest'}}", rotate_nearest},
	{"{'op':'rotate','params':{'angle':-10,'interpolate':'bicubic'}}", rotate_bicubic},
	{"{'op':'affine','params':{'matrix':[[1.2,0.3],[-0.1,0.7]]}}", affine},
	{"{'op':'affine','params':{'matrix':[[1,0],[0,1]],'idx':0.5,'ody':-3.25,'interpolate':'nohalo'}}",
		affine_shifted},
	{"{'op':'shear','params':{'x':20}}", shear_x},
	{"{'op':'shear','params':{'x':45,'y':45}}", shear_both},
	{"{'op':'resize','params':{'width':80,'height':30,'fit':'cover','gravity':'north'}}", cover_north},
	{"{'op':'resize','params':{'width':80,'height':90,'fit':'contain','gravity':'bottom-right'}}",
		contain_bottom_right},
	{"{'op':'resize','params':{'width':80,'height':30,'fit':'cover','gravity':'attention'}}", cover_attention},
	{"{'op':'thumbnail','params':{'width':60,'height':20,'fit':'cover','gravity':'entropy'}}", thumbnail_entropy},
	{"{'op':'thumbnail','params':{'width':60,'height':20,'fit':'cover','gravity':'northwest'}}", thumbnail_cover},
	{"{'op':'thumbnail','params':{'width':60,'height':20,'fit':'outside'}}", thumbnail_outside},
	{"{'op':'thumbnail','params':{'width':60,'height':70,'fit':'contain'}}", thumbnail_contain},
	{"{'op':'smart_crop','params':{'width':50,'height':40}}", smart_attention},
	{"{'op':'smart_crop','params':{'width':50,'height':40,'strategy':'entropy'}}", smart_entropy},
};

static void test_against_libvips(void **state)
{
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++)
		for (size_t s = 0; s < G_N_ELEMENTS(shapes); s++) {
			g_autoptr(VipsImage) a = of_shape(&shapes[s], WIDTH, HEIGHT);
			g_autoptr(VipsImage) b = of_shape(&shapes[s], WIDTH, HEIGHT);
			g_autoptr(VipsImage) wanted = NULL;
			/* thumbnail and attention convert ink by a profile, and this picture has none */
			if (shapes[s].cmyk &&
				(strstr(cases[i].steps, "thumbnail") || strstr(cases[i].steps, "attention") ||
					strstr(cases[i].steps, "smart_crop")))
				continue;
			g_autoptr(VipsImage) got = with_steps(cases[i].steps, a);
			assert_int_equal(cases[i].by_hand(b, &wanted), 0);
			assert_same_picture(got, wanted);
		}
}

static void test_what_resamples_tiles(void **state)
{
	static const struct shape some[] = {{3, 8, false}, {4, 16, false}};
	static const char *const steps[] = {
		"{'op':'rotate','params':{'angle':30,'interpolate':'nearest','background':'#ff8000'}}",
		"{'op':'rotate','params':{'angle':-77,'interpolate':'nohalo'}}",
		"{'op':'affine','params':{'matrix':[[1.2,0.3],[-0.1,0.7]],'interpolate':'bicubic'}}",
		"{'op':'shear','params':{'x':20,'y':-10,'interpolate':'lbb'}}",
		"{'op':'resize','params':{'width':280,'height':270,'fit':'cover','gravity':'north'}}",
		"{'op':'resize','params':{'width':290,'height':400,'fit':'contain','gravity':'bottom'}}",
		"{'op':'pad','params':{'all':150,'mode':'mirror'}},{'op':'blur','params':{'sigma':3}}",
		"{'op':'rotate','params':{'angle':12}},{'op':'blur','params':{'sigma':3}}",
	};

	for (size_t i = 0; i < G_N_ELEMENTS(steps); i++)
		for (size_t s = 0; s < G_N_ELEMENTS(some); s++)
			assert_tiles(steps[i], &some[s]);
}

static void test_flags(void **state)
{
	const unsigned grid = OPERATION_ON_GRID, whole = OPERATION_READS_METADATA;

	assert_int_equal(flags_of("{'op':'affine','params':{'matrix':[[1,0],[0,2]]}}"), grid);
	assert_int_equal(flags_of("{'op':'shear','params':{'x':20}}"), grid);
	assert_int_equal(flags_of("{'op':'trim'}"), whole);
	assert_int_equal(flags_of("{'op':'smart_crop','params':{'width':5,'height':5}}"), whole);
	assert_int_equal(
		flags_of("{'op':'smart_crop','params':{'width':5,'height':5,'strategy':'low'}}"), OPERATION_SEQUENTIAL);
	assert_int_equal(flags_of("{'op':'resize','params':{'width':5,'height':5,'fit':'cover','gravity':'entropy'}}"),
		grid | whole);
	assert_int_equal(flags_of("{'op':'resize','params':{'width':5,'height':5,'fit':'cover'}}"), grid);
	assert_int_equal(
		flags_of(
			"{'op':'blur'},{'op':'thumbnail','params':{'width':5,'height':5,'fit':'cover','gravity':'attention'}}"),
		grid | whole);
}

/* A picture of noise at 20, 15, 60 x 40 on a ground of one colour; the last band of 2 or 4 is alpha. */
static VipsImage *on_ground(const struct shape *shape, double colour, double alpha)
{
	g_autoptr(VipsImage) noise = of_shape(shape, 60, 40);
	bool has_alpha = !shape->cmyk && shape->bands % 2 == 0;
	double scale = shape->depth == 16 ? 257 : 1, ground[4];
	VipsImage *out = NULL, *bright = NULL;

	for (int i = 0; i < shape->bands; i++)
		ground[i] = (has_alpha && i == shape->bands - 1 ? alpha : colour) * scale;
	VipsArrayDouble *background = vips_array_double_new(ground, shape->bands);
	/* Opaque and far from the ground everywhere, so that where it ends is certain. */
	double half[4], add[4];
	for (int i = 0; i < shape->bands; i++) {
		bool is_alpha = has_alpha && i == shape->bands - 1;
		half[i] = is_alpha ? 0 : 0.3;
		add[i] = (is_alpha ? 255 : 150) * scale;
	}
	assert_int_equal(vips_linear(noise, &bright, half, add, shape->bands, NULL), 0);
	g_autoptr(VipsImage) wide = bright;
	g_autoptr(VipsImage) back = NULL;
	assert_int_equal(vips_cast(wide, &back, noise->BandFmt, NULL), 0);
	assert_int_equal(vips_embed(back, &out, 20, 15, 97, 81, "extend", VIPS_EXTEND_BACKGROUND, "background",
				 background, NULL),
		0);
	vips_area_unref(VIPS_AREA(background));
	return out;
}

static void assert_trimmed(const char *steps, VipsImage *in, bool trims)
{
	g_autoptr(VipsImage) out = with_steps(steps, in);
	g_autoptr(VipsImage) wanted = NULL;

	if (!trims) {
		assert_same_picture(out, in);
		return;
	}
	/* libvips smooths with a median of 3 x 3 before it compares: the box's corner pixels alone are lost, no row or column. */
	assert_int_equal(vips_extract_area(in, &wanted, 20, 15, 60, 40, NULL), 0);
	assert_same_picture(out, wanted);
}

static void test_trim_finds_the_picture(void **state)
{
	for (size_t s = 0; s < G_N_ELEMENTS(shapes); s++) {
		const struct shape *shape = &shapes[s];
		bool alpha = !shape->cmyk && shape->bands % 2 == 0;
		g_autoptr(VipsImage) dark = on_ground(shape, 40, 255);
		g_autoptr(VipsImage) empty = NULL;
		assert_int_equal(vips_extract_area(dark, &empty, 0, 0, 97, 12, NULL), 0);
		assert_trimmed("{'op':'trim'}", dark, true);
		assert_trimmed("{'op':'trim','params':{'threshold':50}}", dark, true);
		assert_trimmed("{'op':'trim','params':{'threshold':250}}", dark, false);
		assert_trimmed("{'op':'trim'}", empty, false);
		if (!shape->cmyk)
			assert_trimmed("{'op':'trim','params':{'background':'#282828'}}", dark, true);
		if (alpha) {
			/* Transparent ground of the picture's own colour: alpha alone tells. */
			g_autoptr(VipsImage) clear = on_ground(shape, 180, 0);
			assert_trimmed("{'op':'trim'}", clear, true);
			assert_trimmed("{'op':'trim','params':{'background':'transparent'}}", clear, true);
		}
	}
}

static void test_errors(void **state)
{
	g_autoptr(VipsImage) in = picture(4000, 3, 3, 8);
	g_autoptr(VipsImage) wide = picture(70000, 2, 1, 8);

	assert_refused("{'op':'affine','params':{'matrix':[[1000,0],[0,1]]}}", wide,
		"step 1 (affine): the picture would have 70000000 x 2 pixels; a side can have 10000000 at most");
	assert_refused("{'op':'affine','params':{'matrix':[[1,2],[2,4]]}}", in,
		"step 1 (affine): matrix: this one makes the picture flat (its determinant is 0)");
	assert_refused("{'op':'affine'}", in,
		"step 1 (affine): matrix: this one makes the picture flat (its determinant is 0)");
	assert_told("affine: {matrix: [[1, 2], [2, 4]]}", "affine: matrix: this one makes the picture flat");
	assert_told("affine: {matrix: [[1, 2, 3], [2, 4, 5]]}", "matrix must be");
	assert_told("affine: [[1, 0.2], [0, 1]]", "");
	assert_told("shear", "shear: needs x or y");
	assert_told("skew: {x: 20}", "");
	assert_told("shear: {x: 90}", "shear: x must be -89 to 89 (deg), not 90");
	assert_told("resize: {width: 9, gravity: north}", "gravity is used with fit: cover and fit: contain only");
	assert_told("resize: {width: 9, height: 9, fit: contain, gravity: attention}",
		"gravity: attention goes with fit: cover");
	assert_told("thumbnail: {width: 9, height: 9, fit: cover, background: red}",
		"background is used with fit: contain only");
	assert_told("thumbnail: {width: 9, height: 9, fit: cover, position: attention}", "");
	assert_told("rotate: {angle: 3, interpolator: bicubic, bg: white}", "");
	assert_told("trim", "");
	assert_told("trim: 20", "");
	assert_told("smartcrop: {width: 3, height: 3, interesting: entropy}", "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_against_libvips),
		cmocka_unit_test(test_what_resamples_tiles),
		cmocka_unit_test(test_flags),
		cmocka_unit_test(test_trim_finds_the_picture),
		cmocka_unit_test(test_errors),
	};

	return cmocka_run_group_tests(tests, start_vips, NULL);
}

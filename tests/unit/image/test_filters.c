/* SPDX-License-Identifier: GPL-2.0-or-later
 * Filters made of kernels: against libvips called directly, and against values computed by hand. */
#include "image/quirks/quirks.h"
#include "image/write/format_save.h"
#include "tone_support.h"

#include <math.h>

/* A grey picture of 8 or 16 bits, black but for what is written into it. */
static VipsImage *grey(int width, int height, int depth, const int *levels)
{
	gsize count = (gsize)width * (gsize)height;
	g_autofree uint16_t *words = g_new0(uint16_t, count);
	uint8_t *bytes = (uint8_t *)words;

	for (gsize i = 0; i < count; i++)
		if (depth == 16)
			words[i] = (uint16_t)(levels[i] * 257);
		else
			bytes[i] = (uint8_t)levels[i];
	VipsImage *image = vips_image_new_from_memory_copy(words, count * (gsize)(depth / 8), width, height, 1,
		depth == 16 ? VIPS_FORMAT_USHORT : VIPS_FORMAT_UCHAR);
	image->Type = depth == 16 ? VIPS_INTERPRETATION_GREY16 : VIPS_INTERPRETATION_B_W;
	return image;
}

/* The middle pixel of 5 x 5 after the step, in levels of 8 bits. */
static double middle_after(const char *steps, int depth, const int *levels)
{
	g_autoptr(VipsImage) in = grey(5, 5, depth, levels);
	g_autoptr(VipsImage) out = with_steps(steps, in);
	g_autofree double *values = values_of(out);

	return values[12] / (depth == 16 ? 257 : 1);
}

static const int dot[25] = {[12] = 90}, corner[25] = {[6] = 90};
static const int ramp[25] = {
	10, 20, 30, 40, 50, 10, 20, 30, 40, 50, 10, 20, 30, 40, 50, 10, 20, 30, 40, 50, 10, 20, 30, 40, 50};

static void test_convolve_by_hand(void **state)
{
	static const char box[] = "{'op':'convolve','params':{'kernel':[[1,1,1],[1,1,1],[1,1,1]]}}";
	static const char upper_left[] = "{'op':'conv','params':{'kernel':[[1,0,0],[0,0,0],[0,0,0]]}}";

	for (int depth = 8; depth <= 16; depth += 8) {
		assert_float_equal(middle_after(box, depth, dot), 10, 1e-9);
		/* Not mirrored: the weight at the upper left is for the pixel there. */
		assert_float_equal(middle_after(upper_left, depth, corner), 90, 1e-9);
		/* The weights add up to nothing, so they are not divided. */
		assert_float_equal(
			middle_after("{'op':'convolve','params':{'kernel':[[-1,0,1]]}}", depth, ramp), 20, 1e-9);
		assert_float_equal(
			middle_after("{'op':'convolve','params':{'kernel':[[1],[1],[1]],'scale':2}}", depth, ramp), 45,
			1e-9);
		assert_float_equal(
			middle_after("{'op':'convolve','params':{'kernel':[[0,0],[0,0]],'offset':0.2}}", depth, ramp),
			51, 1e-9);
		/* What leaves the range is clipped, and fractions are rounded, not cut off. */
		assert_float_equal(
			middle_after("{'op':'convolve','params':{'kernel':[[99]],'scale':1}}", depth, ramp), 255, 1e-9);
	}
	assert_float_equal(middle_after("{'op':'convolve','params':{'kernel':[[1]],'scale':16}}", 8, ramp), 2, 0);
}

static VipsImage *conv_directly(VipsImage *in, VipsPrecision precision)
{
	g_autoptr(VipsImage) kernel = vips_image_new_matrixv(3, 3, 1.0, 2.0, 1.0, 2.0, 5.0, 2.0, 1.0, 2.0, 1.0);
	g_autoptr(VipsImage) made = NULL, rounded = NULL;
	VipsImage *out = NULL;

	vips_image_set_double(kernel, "scale", 17);
	assert_int_equal(vips_conv(in, &made, kernel, "precision", precision, NULL), 0);
	assert_int_equal(vips_round(made, &rounded, VIPS_OPERATION_ROUND_RINT, NULL), 0);
	assert_int_equal(vips_cast(rounded, &out, in->BandFmt, NULL), 0);
	return out;
}

static void test_convolve_is_libvips_conv(void **state)
{
	for (size_t kind = 0; kind < G_N_ELEMENTS(kinds); kind++)
		for (int whole = 0; whole < 2; whole++) {
			if (kinds[kind].bands % 2 == 0)
				continue;
			g_autofree char *steps =
				g_strdup_printf("{'op':'convolve','params':{'kernel':[[1,2,1],[2,5,2],[1,2,1]],"
						"'precision':'%s'}}",
					whole ? "integer" : "float");
			g_autoptr(VipsImage) a = of_kind(kind);
			g_autoptr(VipsImage) b = of_kind(kind);
			g_autoptr(VipsImage) got = with_steps(steps, a);
			g_autoptr(VipsImage) wanted =
				conv_directly(b, whole ? VIPS_PRECISION_INTEGER : VIPS_PRECISION_FLOAT);
			assert_same_picture(got, wanted);
		}
}

/* libvips would divide by 0 and end the process: as a step of ours, with the sum of the kernel as its scale, and as libvips' own. */
static void test_a_scale_that_is_rounded_to_nothing(void **state)
{
	static const char *const steps[] = {
		"[{'op':'convolve','params':{'kernel':[[1,2,1]],'scale':0.4,'precision':'integer'}}]",
		"[{'op':'convolve','params':{'kernel':[[0.1,0.2,0.1]],'precision':'integer'}}]",
		"[{'op':'vips','params':{'operation':'conv','precision':'integer','mask':{'matrix':[[1,2,1]],'scale':0.4}}}]",
		"[{'op':'vips','params':{'operation':'convi','mask':{'matrix':[[1,2,1]],'scale':-0.5}}}]",
	};
	for (size_t i = 0; i < G_N_ELEMENTS(steps); i++) {
		g_autoptr(JsonArray) list = chain(steps[i]);
		g_autoptr(VipsImage) source = picture(30, 20, 3, 8);
		g_autoptr(VipsImage) out = NULL;
		g_autoptr(GError) error = NULL;
		assert_false(chain_build(list, 0, source, NULL, &out, &error));
		assert_non_null(strstr(error->message, "is rounded to 0 with precision integer"));
	}
}

static void test_edges_are_libvips_own(void **state)
{
	for (size_t kind = 0; kind < G_N_ELEMENTS(kinds); kind++) {
		if (kinds[kind].bands % 2 == 0)
			continue;
		g_autoptr(VipsImage) a = of_kind(kind);
		g_autoptr(VipsImage) b = of_kind(kind);
		g_autoptr(VipsImage) sobel = with_steps("{'op':'edges'}", a);
		g_autoptr(VipsImage) wanted = NULL;
		assert_int_equal(vips_sobel(b, &wanted, NULL), 0);
		if (b->BandFmt == VIPS_FORMAT_UCHAR || !quirk(QUIRK_SOBEL_OF_8_BITS))
			assert_same_picture(sobel, wanted);
		g_autoptr(VipsImage) canny = with_steps("{'op':'edges','params':{'method':'canny','sigma':2}}", a);
		g_autoptr(VipsImage) made = NULL, rounded = NULL, cast = NULL;
		assert_int_equal(vips_canny(b, &made, "sigma", 2.0, NULL), 0);
		assert_int_equal(vips_round(made, &rounded, VIPS_OPERATION_ROUND_RINT, NULL), 0);
		assert_int_equal(vips_cast(rounded, &cast, b->BandFmt, NULL), 0);
		cast->Type = b->Type;
		assert_same_picture(canny, cast);
	}
}

static void test_a_straight_edge_is_as_bright_for_all(void **state)
{
	static const char *const methods[] = {"sobel", "prewitt", "scharr"};

	for (int depth = 8; depth <= 16; depth += 8)
		for (size_t i = 0; i < G_N_ELEMENTS(methods); i++) {
			g_autofree char *steps = g_strdup_printf("{'op':'edges','params':{'method':'%s'}}", methods[i]);
			assert_float_equal(middle_after(steps, depth, ramp), 4 * 20, 1e-9);
		}
	assert_float_equal(middle_after("{'op':'edges','params':{'method':'laplacian'}}", 8, corner), 90, 0);
	assert_float_equal(middle_after("{'op':'laplacian'}", 8, ramp), 0, 0);
	assert_float_equal(middle_after("{'op':'laplacian'}", 16, corner), 90, 0);
}

static void test_emboss(void **state)
{
	static const char usual[] = "{'op':'convolve','params':{'kernel':[[-2,-1,0],[-1,1,1],[0,1,2]]}}";
	g_autoptr(VipsImage) a = of_kind(2);
	g_autoptr(VipsImage) b = of_kind(2);
	g_autoptr(VipsImage) got = with_steps("{'op':'emboss'}", a);
	g_autoptr(VipsImage) wanted = with_steps(usual, b);

	assert_same_picture(got, wanted);
	/* Light from the right falls on what becomes darker to the right: here it becomes brighter. */
	assert_true(middle_after("{'op':'emboss','params':{'angle':0}}", 8, ramp) < 30);
	assert_true(middle_after("{'op':'emboss','params':{'angle':180}}", 8, ramp) > 30);
	assert_float_equal(middle_after("{'op':'emboss','params':{'angle':90}}", 8, ramp), 30, 0);
	assert_float_equal(middle_after("{'op':'emboss','params':{'angle':90,'relief':true}}", 8, ramp), 128, 0);
	assert_float_equal(middle_after("{'op':'emboss','params':{'strength':0}}", 16, ramp), 30, 0);
}

/* A Gaussian by hand: weights of a dot of 90 levels in the middle. */
static double gaussian_at_the_middle(double sigma, int reach)
{
	double sum = 0;

	for (int i = -reach; i <= reach; i++)
		sum += exp(-i * i / (2 * sigma * sigma));
	return 90 / (sum * sum);
}

static void test_unsharp(void **state)
{
	double blurred = gaussian_at_the_middle(0.5, 2), narrow = gaussian_at_the_middle(0.5, 1);
	static const char plain[] = "{'op':'unsharp','params':{'sigma':0.5,'amount':0.5,'threshold':%g,'radius':%d}}";

	for (int depth = 8; depth <= 16; depth += 8) {
		double rounding = depth == 8 ? 0.5 : 0.5 / 257 + 1e-4;
		g_autofree char *low = g_strdup_printf(plain, 0.0, 0), *high = g_strdup_printf(plain, 0.3, 0),
				*cut = g_strdup_printf(plain, 0.0, 1);
		assert_float_equal(middle_after(low, depth, dot), 90 + 0.5 * (90 - blurred), rounding);
		assert_float_equal(middle_after(cut, depth, dot), 90 + 0.5 * (90 - narrow), rounding);
		assert_float_equal(middle_after(high, depth, dot), 90, 0); /* 0.3 of 255 is more than the difference */
		/* A straight ramp is its own blur. */
		assert_float_equal(middle_after(low, depth, ramp), 30, 0);
		assert_float_equal(middle_after("{'op':'high_pass','params':{'sigma':0.5}}", depth, dot),
			(depth == 8 ? 128 : 32768 / 257.0) + 90 - blurred, rounding);
	}
}

static void test_motion_blur(void **state)
{
	static const int row[25] = {[10] = 90, [11] = 90, [12] = 90, [13] = 90, [14] = 90};

	/* Along the line nothing changes, across it most of it goes away. */
	assert_float_equal(middle_after("{'op':'motion_blur','params':{'length':4}}", 8, row), 90, 0);
	assert_true(middle_after("{'op':'motion_blur','params':{'length':4,'angle':90}}", 8, row) < 35);
	assert_true(middle_after("{'op':'motion_blur','params':{'length':4,'angle':45}}", 8, row) < 50);
	assert_float_equal(middle_after("{'op':'motion_blur','params':{'length':201,'angle':33}}", 16, ramp), 30, 1);
}

static const char *const all[] = {"{'op':'convolve','params':{'kernel':[[1,2,3,4],[0,-1,0,2]],'offset':0.1}}",
	"{'op':'convolve','params':{'kernel':[[1,2,1],[2,4,2],[1,2,1]],'precision':'integer'}}", "{'op':'edges'}",
	"{'op':'edges','params':{'method':'canny'}}", "{'op':'edges','params':{'method':'prewitt'}}",
	"{'op':'edges','params':{'method':'scharr'}}", "{'op':'laplacian'}", "{'op':'emboss','params':{'angle':33}}",
	"{'op':'unsharp','params':{'sigma':2,'threshold':0.02}}", "{'op':'high_pass'}", "{'op':'noise'}",
	"{'op':'noise','params':{'type':'impulse','monochrome':true}}", "{'op':'noise','params':{'type':'uniform'}}"};

static void test_tiles_equal_the_whole(void **state)
{
	for (size_t i = 0; i < G_N_ELEMENTS(all); i++)
		for (size_t kind = 0; kind < G_N_ELEMENTS(kinds); kind++) {
			assert_tiles_equal_whole(all[i], kind);
			assert_kept(all[i], kind);
			assert_false(is_global(all[i], kind));
		}
	for (size_t kind = 0; kind < G_N_ELEMENTS(kinds); kind++)
		assert_tiles_equal_whole("{'op':'motion_blur','params':{'length':15,'angle':30}}", kind);
}

/* CMYK has four bands of colour, and alpha behind them where there are five. */
static void test_cmyk(void **state)
{
	g_autoptr(VipsImage) cmyk = picture(WIDTH, HEIGHT, 4, 8);
	g_autoptr(VipsImage) five = picture(WIDTH, HEIGHT, 5, 8);

	cmyk->Type = five->Type = VIPS_INTERPRETATION_CMYK;
	for (size_t i = 0; i < G_N_ELEMENTS(all); i++) {
		g_autoptr(VipsImage) a = with_steps(all[i], cmyk);
		g_autoptr(VipsImage) b = with_steps(all[i], five);
		assert_int_equal(a->Type, VIPS_INTERPRETATION_CMYK);
		g_autofree double *before = values_of(cmyk), *after = values_of(a);
		g_autofree double *before_5 = values_of(five), *after_5 = values_of(b);
		int changed = 0;
		for (int p = 0; p < WIDTH * HEIGHT; p++) {
			changed += before[p * 4 + 3] != after[p * 4 + 3];
			assert_true(before_5[p * 5 + 4] == after_5[p * 5 + 4]);
		}
		assert_true(changed > 100);
	}
}

static void test_other_pictures_are_told_what_helps(void **state)
{
	for (size_t i = 0; i < G_N_ELEMENTS(all); i++) {
		g_autofree char *steps =
			g_strconcat("{'op':'vips','params':{'operation':'cast','format':'float'}},", all[i], NULL);
		g_autoptr(VipsImage) in = of_kind(2);
		g_autoptr(GError) error = NULL;
		assert_null(try_steps(steps, in, &error));
		assert_non_null(strstr(error->message, "it works on 8 and 16 bits a band, this picture has float"));
	}
}

/* A tall file that is read once, top to bottom, with the widest reach of each. */
static void test_a_source_that_is_read_once(void **state)
{
	static const char *const wide[] = {"{'op':'box_blur','params':{'width':3,'height':1001}}",
		"{'op':'unsharp','params':{'sigma':100}}", "{'op':'high_pass','params':{'sigma':100}}",
		"{'op':'morphology','params':{'method':'top_hat','radius':100}}",
		"{'op':'rank','params':{'width':1,'height':201}}", "{'op':'edges'}",
		"{'op':'edges','params':{'method':'scharr'}}", "{'op':'edges','params':{'method':'canny','sigma':50}}",
		"{'op':'noise'}", "{'op':'blur','params':{'sigma':400}}",
		"{'op':'motion_blur','params':{'length':201,'angle':90}}"};
	g_autoptr(VipsImage) image = picture(5, 2500, 4, 8);
	g_autoptr(GBytes) file = NULL;

	assert_true(format_save_memory(image, "png", NULL, &file, NULL));
	for (size_t i = 0; i < G_N_ELEMENTS(wide); i++) {
		g_autoptr(VipsImage) once = NULL, any = NULL;
		assert_true(format_open("a.png", file, true, NULL, &once, NULL));
		assert_true(format_open("a.png", file, false, NULL, &any, NULL));
		g_autoptr(VipsImage) a = with_steps(wide[i], once);
		g_autoptr(VipsImage) b = with_steps(wide[i], any);
		assert_same_picture(a, b);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_convolve_by_hand),
		cmocka_unit_test(test_convolve_is_libvips_conv),
		cmocka_unit_test(test_a_scale_that_is_rounded_to_nothing),
		cmocka_unit_test(test_edges_are_libvips_own),
		cmocka_unit_test(test_a_straight_edge_is_as_bright_for_all),
		cmocka_unit_test(test_emboss),
		cmocka_unit_test(test_unsharp),
		cmocka_unit_test(test_motion_blur),
		cmocka_unit_test(test_tiles_equal_the_whole),
		cmocka_unit_test(test_cmyk),
		cmocka_unit_test(test_other_pictures_are_told_what_helps),
		cmocka_unit_test(test_a_source_that_is_read_once),
	};

	return cmocka_run_group_tests(tests, start_vips, NULL);
}

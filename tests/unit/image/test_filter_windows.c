/* SPDX-License-Identifier: GPL-2.0-or-later
 * Filters of a window, against the same computed plainly: box_blur, median, rank, morphology. */
#include "tone_support.h"

#include <math.h>
#include <stdlib.h>

/* Pixels of the window around (x, y), those beyond the edge repeated; band by band. Returns how many. */
static int window_of(const double *values, int bands, int band, int x, int y, int width, int height, double *window)
{
	int count = 0;

	for (int j = y - height / 2; j < y - height / 2 + height; j++)
		for (int i = x - width / 2; i < x - width / 2 + width; i++)
			window[count++] =
				values[(CLAMP(j, 0, HEIGHT - 1) * WIDTH + CLAMP(i, 0, WIDTH - 1)) * bands + band];
	return count;
}

static int ascending(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

typedef double (*plainly)(double *window, int count, int index);

static double ranked(double *window, int count, int index)
{
	qsort(window, (size_t)count, sizeof *window, ascending);
	return window[index];
}

static double mean(double *window, int count, int index)
{
	double sum = 0;

	(void)index;
	for (int i = 0; i < count; i++)
		sum += window[i];
	return floor(sum / count + 0.5);
}

/* Looks at one pixel of seven, and at each edge: the window is sorted anew for each. */
static void assert_plainly(const char *steps, size_t kind, int width, int height, int index, bool alpha, plainly how)
{
	g_autoptr(VipsImage) in = of_kind(kind);
	g_autoptr(VipsImage) out = with_steps(steps, in);
	g_autofree double *before = values_of(in);
	g_autofree double *after = values_of(out);
	g_autofree double *window = g_new(double, (size_t)width *(size_t)height);
	int bands = in->Bands, colours = bands % 2 || alpha ? bands : bands - 1;

	for (int at = 0; at < WIDTH * HEIGHT; at += at % WIDTH < 2 || at % WIDTH > WIDTH - 4 ? 1 : 7)
		for (int band = 0; band < colours; band++) {
			int count = window_of(before, bands, band, at % WIDTH, at / WIDTH, width, height, window);
			double wanted = how(window, count, index), got = after[at * bands + band];
			if (got != wanted)
				fail_msg("%s, %d bands of %d bits: %g instead of %g at %d,%d", steps, bands,
					kinds[kind].depth, got, wanted, at % WIDTH, at / WIDTH);
		}
}

static void test_rank_is_right_for_every_window(void **state)
{
	static const struct {
		int width, height, index;
	} cases[] = {{1, 1, 0}, {3, 3, 0}, {3, 3, 4}, {3, 3, 8}, {5, 2, 3}, {5, 5, 7}, {5, 5, 24}, {4, 7, 20},
		{9, 11, 98}, {13, 13, 0}, {31, 3, 50}, {150, 1, 149}};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++)
		for (size_t kind = 0; kind < G_N_ELEMENTS(kinds); kind += i % 3 + 1) {
			g_autofree char *steps =
				g_strdup_printf("{'op':'rank','params':{'width':%d,'height':%d,'index':%d}}",
					cases[i].width, cases[i].height, cases[i].index);
			assert_plainly(steps, kind, cases[i].width, cases[i].height, cases[i].index, false, ranked);
		}
	assert_plainly("{'op':'rank','params':{'width':5}}", 0, 5, 5, 12, false, ranked);
}

static void test_median(void **state)
{
	for (int size = 1; size <= 21; size += 4) {
		g_autofree char *steps = g_strdup_printf("{'op':'median','params':{'size':%d}}", size);
		assert_plainly(steps, (size_t)size % 8, size, size, size * size / 2, false, ranked);
	}
	assert_plainly("{'op':'denoise'}", 6, 3, 3, 4, false, ranked);
}

/* The window may be larger than the picture, where libvips refuses. */
static void test_small_pictures(void **state)
{
	static const char *const steps[] = {"{'op':'median','params':{'size':7}}",
		"{'op':'box_blur','params':{'radius':9}}", "{'op':'dilate','params':{'radius':8,'shape':'disk'}}",
		"{'op':'convolve','params':{'kernel':[[1,1,1,1,1]]}}", "{'op':'edges','params':{'method':'scharr'}}",
		"{'op':'unsharp'}", "{'op':'noise'}", "{'op':'emboss'}", "{'op':'motion_blur','params':{'length':30}}",
		"{'op':'edges','params':{'method':'canny'}}"};

	for (size_t i = 0; i < G_N_ELEMENTS(steps); i++)
		for (int width = 1; width < 4; width++) {
			g_autoptr(VipsImage) in = picture(width, 4 - width, 4, 8);
			g_autoptr(VipsImage) out = with_steps(steps[i], in);
			gsize length;
			g_autofree uint8_t *pixels = vips_image_write_to_memory(out, &length);
			assert_non_null(pixels);
			assert_int_equal(out->Xsize, width);
			assert_int_equal(out->Ysize, 4 - width);
		}
}

static void test_box_blur_is_the_mean(void **state)
{
	for (size_t kind = 0; kind < G_N_ELEMENTS(kinds); kind++) {
		assert_plainly("{'op':'box_blur','params':{'premultiply':false}}", kind, 3, 3, 0, true, mean);
		assert_plainly("{'op':'box_blur','params':{'width':8,'height':5,'premultiply':false}}", kind, 8, 5, 0,
			true, mean);
	}
	assert_plainly("{'op':'box_blur','params':{'radius':0}}", 2, 1, 1, 0, true, mean);
	assert_plainly("{'op':'box_blur','params':{'height':6,'premultiply':false}}", 3, 6, 6, 0, true, mean);
	assert_plainly("{'op':'box_blur','params':{'radius':40}}", 6, 81, 81, 0, true, mean);
}

/* Is (dx, dy) in the shape? */
static bool in_shape(const char *shape, int radius, int dx, int dy)
{
	if (g_str_equal(shape, "disk"))
		return dx * dx + dy * dy <= radius * radius;
	if (g_str_equal(shape, "diamond"))
		return abs(dx) + abs(dy) <= radius;
	if (g_str_equal(shape, "plus"))
		return dx == 0 || dy == 0;
	if (g_str_equal(shape, "horizontal"))
		return dy == 0;
	return g_str_equal(shape, "vertical") ? dx == 0 : true;
}

static double extreme(const double *values, int bands, int at, int band, const char *shape, int radius, int sign)
{
	int x = at % WIDTH, y = at / WIDTH;
	double best = -G_MAXDOUBLE;

	for (int dy = -radius; dy <= radius; dy++)
		for (int dx = -radius; dx <= radius; dx++)
			if (x + dx >= 0 && x + dx < WIDTH && y + dy >= 0 && y + dy < HEIGHT &&
				in_shape(shape, radius, dx, dy))
				best = MAX(best, sign * values[(at + dy * WIDTH + dx) * bands + band]);
	return sign * best;
}

/* Pixels outside the picture do not count, as in ImageMagick: to repeat those at the edge is the same for these shapes. */
static void test_morphology_is_the_extreme_under_a_shape(void **state)
{
	static const char *const shapes[] = {"square", "disk", "diamond", "plus", "horizontal", "vertical"};

	for (size_t i = 0; i < G_N_ELEMENTS(shapes) * 2; i++)
		for (size_t kind = i % 3; kind < G_N_ELEMENTS(kinds); kind += 3) {
			const char *shape = shapes[i / 2];
			int sign = i % 2 ? -1 : 1, radius = 1 + (int)kind;
			g_autofree char *steps = g_strdup_printf("{'op':'%s','params':{'radius':%d,'shape':'%s'}}",
				sign > 0 ? "dilate" : "erode", radius, shape);
			g_autoptr(VipsImage) in = of_kind(kind);
			g_autoptr(VipsImage) out = with_steps(steps, in);
			g_autofree double *before = values_of(in);
			g_autofree double *after = values_of(out);
			int bands = in->Bands, colours = bands % 2 ? bands : bands - 1;
			for (int at = 0; at < WIDTH * HEIGHT; at += 3)
				for (int band = 0; band < colours; band++)
					if (after[at * bands + band] !=
						extreme(before, bands, at, band, shape, radius, sign))
						fail_msg(
							"%s, %d bands, at %d,%d", steps, bands, at % WIDTH, at / WIDTH);
		}
}

static void assert_same_steps(const char *a, const char *b)
{
	for (size_t kind = 0; kind < G_N_ELEMENTS(kinds); kind++) {
		g_autoptr(VipsImage) one = of_kind(kind);
		g_autoptr(VipsImage) other = of_kind(kind);
		g_autoptr(VipsImage) got = with_steps(a, one);
		g_autoptr(VipsImage) wanted = with_steps(b, other);
		assert_same_picture(got, wanted);
	}
}

#define MORPH(METHOD) "{'op':'morphology','params':{'method':'" METHOD "','radius':2,'shape':'disk'}}"
#define ERODE "{'op':'erode','params':{'radius':2,'shape':'disk'}}"
#define DILATE "{'op':'dilate','params':{'radius':2,'shape':'disk'}}"

static void test_morphology_of_two_passes(void **state)
{
	assert_same_steps(MORPH("erode"), ERODE);
	assert_same_steps(MORPH("dilate"), DILATE);
	assert_same_steps(MORPH("open"), ERODE "," DILATE);
	assert_same_steps(MORPH("close"), DILATE "," ERODE);
	for (size_t kind = 0; kind < G_N_ELEMENTS(kinds); kind++) {
		g_autoptr(VipsImage) in = of_kind(kind);
		g_autoptr(VipsImage) dilated = with_steps(DILATE, in);
		g_autoptr(VipsImage) eroded = with_steps(ERODE, in);
		g_autoptr(VipsImage) gradient = with_steps(MORPH("gradient"), in);
		g_autoptr(VipsImage) opened = with_steps(MORPH("open"), in);
		g_autoptr(VipsImage) top = with_steps(MORPH("top_hat"), in);
		g_autoptr(VipsImage) closed = with_steps(MORPH("close"), in);
		g_autoptr(VipsImage) bottom = with_steps(MORPH("bottom_hat"), in);
		g_autofree double *before = values_of(in), *d = values_of(dilated), *e = values_of(eroded),
				  *g = values_of(gradient), *o = values_of(opened), *t = values_of(top),
				  *c = values_of(closed), *b = values_of(bottom);
		for (int i = 0; i < WIDTH * HEIGHT * in->Bands; i++) {
			if (in->Bands % 2 == 0 && i % in->Bands == in->Bands - 1)
				continue;
			assert_true(g[i] == d[i] - e[i]);
			assert_true(t[i] == before[i] - o[i]);
			assert_true(b[i] == c[i] - before[i]);
		}
	}
}

static void test_windows_in_tiles(void **state)
{
	static const char *const steps[] = {"{'op':'median'}", "{'op':'median','params':{'size':9}}",
		"{'op':'rank','params':{'width':4,'height':9,'index':3}}", "{'op':'box_blur','params':{'radius':12}}",
		"{'op':'box_blur','params':{'width':2,'height':7}}", "{'op':'dilate','params':{'radius':3}}",
		MORPH("open"), MORPH("gradient"), MORPH("bottom_hat")};

	for (size_t i = 0; i < G_N_ELEMENTS(steps); i++)
		for (size_t kind = 0; kind < G_N_ELEMENTS(kinds); kind++) {
			assert_tiles_equal_whole(steps[i], kind);
			assert_false(is_global(steps[i], kind));
			if (!strstr(steps[i], "box_blur"))
				assert_kept(steps[i], kind);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rank_is_right_for_every_window),
		cmocka_unit_test(test_median),
		cmocka_unit_test(test_small_pictures),
		cmocka_unit_test(test_box_blur_is_the_mean),
		cmocka_unit_test(test_morphology_is_the_extreme_under_a_shape),
		cmocka_unit_test(test_morphology_of_two_passes),
		cmocka_unit_test(test_windows_in_tiles),
	};

	return cmocka_run_group_tests(tests, start_vips, NULL);
}

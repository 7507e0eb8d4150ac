/* SPDX-License-Identifier: GPL-2.0-or-later
 * Operations that follow the picture: what they make of it, counted by hand; which of them look at all of it. */
#include "tone_support.h"

#include <math.h>

static const char *const global[] = {
	"{'op':'normalize'}",
	"{'op':'normalize','params':{'lower':0,'upper':100}}",
	"{'op':'equalize'}",
	"{'op':'equalize','params':{'mode':'lightness'}}",
	"{'op':'auto_level'}",
	"{'op':'auto_level','params':{'clip':2,'mode':'together'}}",
	"{'op':'white_balance'}",
};

static const char *const local[] = {
	"{'op':'clahe','params':{'width':15,'height':9}}",
	"{'op':'clahe','params':{'width':32,'max_slope':0,'mode':'lightness'}}",
	"{'op':'clahe','params':{'width':4000}}",
	"{'op':'white_balance','params':{'temperature':30}}",
	"{'op':'white_balance','params':{'temperature':-70,'tint':25}}",
};

static void test_what_is_global(void **state)
{
	for (size_t i = 0; i < G_N_ELEMENTS(global); i++)
		for (size_t kind = 2; kind < G_N_ELEMENTS(kinds); kind++) {
			assert_kept(global[i], kind);
			if (kinds[kind].bands < 3)
				continue;
			assert_true(is_global(global[i], kind));
			/* Its source must be open to be read twice. */
			assert_int_equal(flags_of(global[i]), 0);
		}
	for (size_t i = 0; i < G_N_ELEMENTS(local); i++)
		for (size_t kind = 0; kind < G_N_ELEMENTS(kinds); kind++) {
			assert_kept(local[i], kind);
			assert_false(is_global(local[i], kind));
			assert_tiles_equal_whole(local[i], kind);
		}
	assert_reads_once(local[3], 3);
}

/* A picture of few contrasts, in the middle of the range. */
static VipsImage *dull(size_t kind)
{
	g_autoptr(VipsImage) in = of_kind(kind);

	return with_steps("{'op':'levels','params':{'output_black':30,'output_white':60}}", in);
}

static void test_auto_level_by_hand(void **state)
{
	for (size_t i = 0; i < 2 * G_N_ELEMENTS(kinds); i++) {
		size_t kind = i / 2;
		bool together = i % 2;
		int bands = kinds[kind].bands, colours = bands < 3 ? 1 : 3;
		double most = kinds[kind].depth == 16 ? 65535 : 255, low[3], high[3];
		g_autoptr(VipsImage) in = dull(kind);
		g_autofree double *before = values_of(in);
		for (int band = 0; band < colours; band++) {
			low[band] = most;
			high[band] = 0;
			for (int p = 0; p < WIDTH * HEIGHT; p++) {
				low[band] = MIN(low[band], before[p * bands + band]);
				high[band] = MAX(high[band], before[p * bands + band]);
			}
		}
		double lowest = colours == 1 ? low[0] : MIN(low[0], MIN(low[1], low[2]));
		double highest = colours == 1 ? high[0] : MAX(high[0], MAX(high[1], high[2]));
		g_autoptr(VipsImage) out = with_steps(
			together ? "{'op':'auto_level','params':{'mode':'together'}}" : "{'op':'auto_levels'}", in);
		g_autofree double *after = values_of(out);
		for (int p = 0; p < WIDTH * HEIGHT; p++)
			for (int band = 0; band < colours; band++) {
				double from = together ? lowest : low[band], to = together ? highest : high[band];
				double wanted = (before[p * bands + band] - from) / (to - from) * most;
				assert_true(fabs(after[p * bands + band] - wanted) <= 0.5 + 1e-6);
			}
	}
}

/* One pixel in a hundred that is brighter than all others does not hold the picture down. */
static void test_clip_leaves_out_extremes(void **state)
{
	uint8_t levels[200];
	for (int i = 0; i < 200; i++)
		levels[i] = i == 0 ? 255 : i == 1 ? 0 : (uint8_t)(100 + i / 10);
	g_autoptr(VipsImage) in = vips_image_new_from_memory_copy(levels, sizeof levels, 20, 10, 1, VIPS_FORMAT_UCHAR);
	g_autoptr(VipsImage) all = with_steps("{'op':'auto_level'}", in);
	g_autoptr(VipsImage) most = with_steps("{'op':'auto_level','params':{'clip':2}}", in);
	g_autofree double *kept = values_of(all);
	g_autofree double *stretched = values_of(most);

	for (int i = 0; i < 200; i++) {
		assert_true(kept[i] == levels[i]);
		double wanted = (levels[i] - 100) / 19.0;
		assert_true(fabs(stretched[i] - 255 * (wanted < 0 ? 0 : wanted > 1 ? 1 : wanted)) <= 0.5);
	}
}

static void test_equalize_by_hand(void **state)
{
	for (size_t kind = 0; kind < G_N_ELEMENTS(kinds); kind++) {
		int bands = kinds[kind].bands, colours = bands < 3 ? 1 : 3, pixels = WIDTH * HEIGHT;
		double most = kinds[kind].depth == 16 ? 65535 : 255;
		g_autoptr(VipsImage) in = dull(kind);
		g_autoptr(VipsImage) out = with_steps("{'op':'equalise'}", in);
		g_autofree double *before = values_of(in);
		g_autofree double *after = values_of(out);
		for (int band = 0; band < colours; band++) {
			int darkest = 0;
			double least = most;
			for (int p = 0; p < pixels; p++)
				least = MIN(least, before[p * bands + band]);
			for (int p = 0; p < pixels; p++)
				darkest += before[p * bands + band] == least;
			for (int p = 0; p < pixels; p += 37) {
				int below = 0;
				for (int q = 0; q < pixels; q++)
					below += before[q * bands + band] <= before[p * bands + band];
				double wanted = most * (below - darkest) / (pixels - darkest);
				assert_true(fabs(after[p * bands + band] - wanted) <= 0.5 + 1e-6);
			}
		}
	}
}

/* What sharp's normalise does, in libvips' words: lightness from its lowest to its highest to 0 to 100. */
static void test_normalize_stretches_lightness(void **state)
{
	static const size_t whole[] = {0, 2, 4, 6};

	for (size_t i = 0; i < G_N_ELEMENTS(whole); i++) {
		g_autoptr(VipsImage) in = dull(whole[i]);
		g_autoptr(VipsImage) got = with_steps(global[1], in);
		g_autoptr(VipsImage) lab = NULL, lightness = NULL, stretched = NULL, wanted = NULL;
		double low, high, levels = in->BandFmt == VIPS_FORMAT_USHORT ? 257 : 1;
		assert_int_equal(vips_colourspace(in, &lab, VIPS_INTERPRETATION_LAB, NULL), 0);
		assert_int_equal(vips_extract_band(lab, &lightness, 0, NULL), 0);
		assert_int_equal(vips_min(lightness, &low, NULL), 0);
		assert_int_equal(vips_max(lightness, &high, NULL), 0);
		double f = 100 / (high - low), a[] = {f, 1, 1}, b[] = {-low * f, 0, 0};
		assert_int_equal(vips_linear(lab, &stretched, a, b, 3, NULL), 0);
		assert_int_equal(vips_colourspace(stretched, &wanted, in->Type, NULL), 0);
		assert_int_equal(got->BandFmt, wanted->BandFmt);
		g_autofree double *is = values_of(got);
		g_autofree double *should = values_of(wanted);
		for (int p = 0; p < WIDTH * HEIGHT * in->Bands; p++)
			assert_true(fabs(is[p] - should[p]) <= levels);
	}
}

/* A picture of one colour has nothing to stretch, spread or weigh. */
static void test_flat_pictures_stay(void **state)
{
	static const char *const steps[] = {"{'op':'normalize'}", "{'op':'equalize'}", "{'op':'auto_level'}",
		"{'op':'auto_level','params':{'mode':'each','clip':10}}"};

	for (size_t i = 0; i < G_N_ELEMENTS(steps); i++)
		for (int depth = 8; depth <= 16; depth += 8) {
			g_autoptr(VipsImage) in = flat(4, depth, (double[]){40, 90, 200, 128});
			g_autoptr(VipsImage) out = with_steps(steps[i], in);
			assert_same_picture(out, in);
		}
}

static void test_clahe_is_hist_local(void **state)
{
	g_autoptr(VipsImage) a = of_kind(2);
	g_autoptr(VipsImage) b = of_kind(2);
	g_autoptr(VipsImage) wanted = NULL;
	g_autoptr(VipsImage) got = with_steps(local[0], a);

	assert_int_equal(vips_hist_local(b, &wanted, 15, 9, "max_slope", 3, NULL), 0);
	assert_same_picture(got, wanted);
	/* 16 bits: the same contrast, with what is finer beside it. */
	g_autoptr(VipsImage) deep = of_kind(6);
	g_autoptr(VipsImage) scaled = NULL, whole = NULL, shallow = NULL, equal = NULL;
	assert_int_equal(vips_linear1(deep, &scaled, 1 / 257.0, 0, NULL), 0);
	assert_int_equal(vips_rint(scaled, &whole, NULL), 0);
	assert_int_equal(vips_cast(whole, &shallow, VIPS_FORMAT_UCHAR, NULL), 0);
	assert_int_equal(vips_hist_local(shallow, &equal, 15, 9, "max_slope", 3, NULL), 0);
	g_autoptr(VipsImage) out = with_steps(local[0], deep);
	g_autofree double *source = values_of(deep);
	g_autofree double *is = values_of(out);
	g_autofree double *coarse = values_of(equal);
	for (int p = 0; p < WIDTH * HEIGHT * 3; p++) {
		double exact = coarse[p] * 257 + source[p] - 257 * rint(source[p] / 257);
		assert_true(fabs(is[p] - (exact < 0 ? 0 : exact > 65535 ? 65535 : exact)) <= 1);
	}
}

static void test_white_balance_by_numbers(void **state)
{
	for (int depth = 8; depth <= 16; depth += 8) {
		const double grey[] = {128, 128, 128, 7};
		g_autoptr(VipsImage) in = flat(4, depth, grey);
		g_autoptr(VipsImage) warm = with_steps(local[3], in);
		g_autofree double *values = values_of(warm);
		double light = pow((128 / 255.0 + 0.055) / 1.055, 2.4), r = pow(2, 0.15), b = pow(2, -0.15);
		double sum = 0.2126 * r + 0.7152 + 0.0722 * b, gains[] = {r / sum, 1 / sum, b / sum};
		for (int band = 0; band < 3; band++) {
			double wanted = 255 * (1.055 * pow(light * gains[band], 1 / 2.4) - 0.055);
			assert_true(fabs(values[band] / (depth == 16 ? 257 : 1) - wanted) <= 0.5);
		}
	}
	/* Magenta takes green away. */
	g_autoptr(VipsImage) in = flat(3, 8, (double[]){100, 100, 100});
	g_autoptr(VipsImage) out = with_steps("{'op':'white_balance','params':{'tint':40}}", in);
	g_autofree double *values = values_of(out);
	assert_true(values[1] < 100 && values[0] > 100 && values[2] == values[0]);
}

/* A cast that was laid over a grey picture is taken away again. */
static void test_grey_world(void **state)
{
	g_autoptr(VipsImage) grey = dull(4);
	g_autoptr(VipsImage) rgb = with_steps("{'op':'colourspace','params':{'space':'rgb16'}}", grey);
	g_autoptr(VipsImage) cast = with_steps("{'op':'white_balance','params':{'temperature':60,'tint':-30}}", rgb);
	g_autoptr(VipsImage) out = with_steps("{'op':'white_balance'}", cast);
	g_autofree double *wanted = values_of(rgb);
	g_autofree double *tinted = values_of(cast);
	g_autofree double *got = values_of(out);
	double worst = 0, worst_before = 0;

	for (int p = 0; p < WIDTH * HEIGHT * 3; p++) {
		worst = MAX(worst, fabs(got[p] - wanted[p]));
		worst_before = MAX(worst_before, fabs(tinted[p] - wanted[p]));
	}
	assert_true(worst_before > 2000);
	assert_true(worst <= 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_is_global),
		cmocka_unit_test(test_auto_level_by_hand),
		cmocka_unit_test(test_clip_leaves_out_extremes),
		cmocka_unit_test(test_equalize_by_hand),
		cmocka_unit_test(test_normalize_stretches_lightness),
		cmocka_unit_test(test_flat_pictures_stay),
		cmocka_unit_test(test_clahe_is_hist_local),
		cmocka_unit_test(test_white_balance_by_numbers),
		cmocka_unit_test(test_grey_world),
	};

	return cmocka_run_group_tests(tests, start_vips, NULL);
}

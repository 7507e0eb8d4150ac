/* SPDX-License-Identifier: GPL-2.0-or-later
 * Operations on tones against values worked out by hand, for every kind of picture; alpha, depth and colour space stay; tiles
 * equal the whole. */
#include "tone_support.h"

#include <math.h>

/* What becomes of a level, 0 to 1, of a band of colour. */
typedef double (*by_hand)(double level, int band);

static double brighter(double x, int band)
{
	(void)band;
	return x + 0.2;
}
static double darker(double x, int band)
{
	(void)band;
	return x * 0.5 - 0.1;
}
static double more_contrast(double x, int band)
{
	(void)band;
	return (x - 0.5) * 2.414213562373095 + 0.5; /* tan(67.5 degrees) */
}
static double most_contrast(double x, int band)
{
	(void)band;
	return x < 0.5 ? 0 : 1;
}
static double least_contrast(double x, int band)
{
	(void)x;
	(void)band;
	return 0.5;
}
static double css_contrast(double x, int band)
{
	(void)band;
	return (x - 0.25) * 1.5 + 0.25;
}
static double levelled(double x, int band)
{
	(void)band;
	double at = (x - 0.1) / 0.6;
	return at < 0 ? 0.05 : at > 1 ? 0.95 : 0.05 + 0.9 * pow(at, 1 / 1.7);
}
static double negative(double x, int band)
{
	(void)band;
	return 1 - x;
}
static double gamma22(double x, int band)
{
	(void)band;
	return pow(x, 1 / 2.2);
}
static double cut(double x, int band)
{
	(void)band;
	return x >= 0.3 ? 1 : 0;
}
static double five_steps(double x, int band)
{
	(void)band;
	return floor(x * 4 + 0.5) / 4;
}
static double solar(double x, int band)
{
	(void)band;
	return x > 0.4 ? 1 - x : x;
}
static double same(double x, int band)
{
	(void)band;
	return x;
}
static double lines(double x, int band)
{
	(void)band;
	return 1.25 * x - 0.1;
}
static double lines_by_band(double x, int band)
{
	static const double a[] = {0.5, 2, -1}, b[] = {0.1, 0, 1};
	return a[band] * x + b[band];
}

static const struct {
	const char *step;
	by_hand wanted;
	bool only_rgb;
} cases[] = {
	{"{'op':'brightness','params':{'amount':20}}", brighter, false},
	{"{'op':'brightness','params':{'amount':-10,'factor':0.5}}", darker, false},
	{"{'op':'brightness'}", same, false},
	{"{'op':'contrast','params':{'amount':50}}", more_contrast, false},
	{"{'op':'contrast','params':{'amount':100}}", most_contrast, false},
	{"{'op':'contrast','params':{'amount':-100}}", least_contrast, false},
	{"{'op':'contrast','params':{'factor':1.5,'middle':25}}", css_contrast, false},
	{"{'op':'contrast'}", same, false},
	{"{'op':'levels','params':{'black':10,'white':70,'gamma':1.7,'output_black':5,'output_white':95}}", levelled,
		false},
	{"{'op':'levels','params':{'output_black':100,'output_white':0}}", negative, false},
	{"{'op':'levels'}", same, false},
	{"{'op':'gamma'}", gamma22, false},
	{"{'op':'gamma','params':{'gamma':1}}", same, false},
	{"{'op':'threshold','params':{'value':30,'grayscale':false}}", cut, false},
	{"{'op':'posterize','params':{'levels':5}}", five_steps, false},
	{"{'op':'solarize','params':{'value':40}}", solar, false},
	{"{'op':'linear','params':{'a':[1.25],'b':[-10]}}", lines, false},
	{"{'op':'linear'}", same, false},
	{"{'op':'linear','params':{'a':[0.5,2,-1],'b':[10,0,100]}}", lines_by_band, true},
	{"{'op':'invert','params':{'alpha':false}}", negative, false},
};

static void test_levels_by_hand(void **state)
{
	for (size_t i = 0; i < G_N_ELEMENTS(cases) * G_N_ELEMENTS(kinds); i++) {
		size_t kind = i % G_N_ELEMENTS(kinds);
		const char *step = cases[i / G_N_ELEMENTS(kinds)].step;
		int bands = kinds[kind].bands, colours = bands < 3 ? 1 : 3;
		double most = kinds[kind].depth == 16 ? 65535 : 255;
		if (cases[i / G_N_ELEMENTS(kinds)].only_rgb && colours == 1)
			continue;
		assert_kept(step, kind);
		g_autoptr(VipsImage) in = of_kind(kind);
		g_autoptr(VipsImage) out = with_steps(step, in);
		g_autofree double *before = values_of(in);
		g_autofree double *after = values_of(out);
		for (int p = 0; p < WIDTH * HEIGHT * bands; p++) {
			if (p % bands >= colours)
				continue;
			double wanted = cases[i / G_N_ELEMENTS(kinds)].wanted(before[p] / most, p % bands);
			wanted = (wanted < 0 ? 0 : wanted > 1 ? 1 : wanted) * most;
			/* The nearest level; sums in another order may fall on the other side of a half. */
			if (fabs(after[p] - wanted) > 0.5 + 1e-6)
				fail_msg("%s: %g became %g, not %g (%d bands of %d bits)", step, before[p], after[p],
					wanted, bands, kinds[kind].depth);
		}
	}
}

static void test_tiles_equal_the_whole(void **state)
{
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		assert_tiles_equal_whole(cases[i].step, 2);
		assert_tiles_equal_whole(cases[i].step, 7);
		assert_reads_once(cases[i].step, 3);
		assert_false(is_global(cases[i].step, 3));
	}
	assert_tiles_equal_whole("{'op':'threshold'}", 3);
	assert_tiles_equal_whole("{'op':'grayscale'}", 7);
}

/* libvips' gamma cuts fractions off, ours rounds: never more than one level apart. */
static void test_gamma_is_that_of_libvips(void **state)
{
	for (size_t kind = 0; kind < G_N_ELEMENTS(kinds); kind++) {
		if (kinds[kind].bands % 2 == 0)
			continue;
		g_autoptr(VipsImage) in = of_kind(kind);
		g_autoptr(VipsImage) ours = with_steps("{'op':'gamma','params':{'gamma':1.6}}", in);
		g_autoptr(VipsImage) theirs = NULL;
		assert_int_equal(vips_gamma(in, &theirs, "exponent", 1.6, NULL), 0);
		g_autofree double *a = values_of(ours);
		g_autofree double *b = values_of(theirs);
		for (int p = 0; p < WIDTH * HEIGHT * kinds[kind].bands; p++)
			assert_true(a[p] - b[p] >= 0 && a[p] - b[p] <= 1);
	}
}

/* On grey: as libvips makes it, then cut; level 128 is white at 8 bits, 127 is black. */
static void test_threshold_of_grey(void **state)
{
	for (size_t kind = 0; kind < G_N_ELEMENTS(kinds); kind++) {
		int bands = kinds[kind].bands, left = bands < 3 ? bands : bands - 2;
		double most = kinds[kind].depth == 16 ? 65535 : 255;
		g_autoptr(VipsImage) in = of_kind(kind);
		g_autoptr(VipsImage) colours = NULL, grey = NULL;
		assert_int_equal(vips_extract_band(in, &colours, 0, "n", bands < 3 ? 1 : 3, NULL), 0);
		assert_int_equal(
			vips_colourspace(colours, &grey,
				kinds[kind].depth == 16 ? VIPS_INTERPRETATION_GREY16 : VIPS_INTERPRETATION_B_W, NULL),
			0);
		g_autoptr(VipsImage) out = with_steps("{'op':'threshold'}", in);
		g_autofree double *source = values_of(in);
		g_autofree double *levels = values_of(grey);
		g_autofree double *got = values_of(out);
		assert_int_equal(out->Bands, left);
		assert_int_equal(out->BandFmt, in->BandFmt);
		for (int p = 0; p < WIDTH * HEIGHT; p++) {
			assert_true(got[p * left] == (levels[p] > most / 2 ? most : 0));
			if (left == 2)
				assert_true(got[p * left + 1] == source[p * bands + bands - 1]);
		}
	}
}

static void test_alpha_of_grayscale(void **state)
{
	g_autoptr(VipsImage) in = of_kind(7);
	g_autoptr(VipsImage) out = with_steps("{'op':'grayscale'}", in);
	g_autofree double *before = values_of(in);
	g_autofree double *after = values_of(out);

	assert_int_equal(out->Bands, 2);
	for (int p = 0; p < WIDTH * HEIGHT; p++)
		assert_true(before[4 * p + 3] == after[2 * p + 1]);
}

/* What cannot be worked on is refused with the step that helps. */
static void test_other_pictures_are_refused(void **state)
{
	g_autoptr(VipsImage) cmyk = of_kind(3);
	g_autoptr(VipsImage) rgb = of_kind(2);
	g_autoptr(VipsImage) lab = with_steps("{'op':'vips','params':{'operation':'colourspace','space':'lab'}}", rgb);
	g_autoptr(VipsImage) light =
		with_steps("{'op':'vips','params':{'operation':'colourspace','space':'scrgb'}}", rgb);
	VipsImage *pictures[] = {cmyk, lab, light};

	cmyk->Type = VIPS_INTERPRETATION_CMYK;
	for (size_t i = 0; i < G_N_ELEMENTS(cases) - 1; i++)
		for (size_t p = 0; p < G_N_ELEMENTS(pictures); p++) {
			g_autoptr(GError) error = NULL;
			assert_null(try_steps(cases[i].step, pictures[p], &error));
			assert_int_equal(error->code, ERROR_INPUT);
			assert_non_null(strstr(error->message, "colourspace: srgb"));
		}
	g_autoptr(GError) error = NULL;
	g_autoptr(VipsImage) grey = of_kind(0);
	assert_null(try_steps("{'op':'linear','params':{'a':[1,2,3]}}", grey, &error));
	assert_non_null(strstr(error->message, "3 numbers for a picture of 1 band of colour"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_levels_by_hand),
		cmocka_unit_test(test_tiles_equal_the_whole),
		cmocka_unit_test(test_gamma_is_that_of_libvips),
		cmocka_unit_test(test_threshold_of_grey),
		cmocka_unit_test(test_alpha_of_grayscale),
		cmocka_unit_test(test_other_pictures_are_refused),
	};

	return cmocka_run_group_tests(tests, start_vips, NULL);
}

/* SPDX-License-Identifier: GPL-2.0-or-later
 * Operations on colours against libvips called by hand, and against values worked out by hand; alpha and depth stay; tiles equal
 * the whole. */
#include "tone_support.h"

#include <math.h>

/* Those that keep everything but the levels of the colours. */
static const char *const keeping[] = {
	"{'op':'modulate','params':{'brightness':1.2,'saturation':0.6,'hue':70,'lightness':-5}}",
	"{'op':'modulate','params':{'saturation':3}}",
	"{'op':'modulate'}",
	"{'op':'saturation','params':{'factor':1.7}}",
	"{'op':'saturation','params':{'factor':0}}",
	"{'op':'desaturate','params':{'amount':40}}",
	"{'op':'desaturate'}",
};

/* Those that make RGB of grey. */
static const char *const colouring[] = {
	"{'op':'tint','params':{'colour':'#8a6d5a'}}",
	"{'op':'duotone','params':{'dark':'#102030','light':'#f0e0c0'}}",
	"{'op':'sepia'}",
	"{'op':'sepia','params':{'strength':35}}",
	"{'op':'false_colour'}",
};

static const char swap[] = "{'op':'recombine','params':{'matrix':[[0,0,1],[0,1,0],[1,0,0]]}}";
static const char mix[] = "{'op':'recombine','params':{'matrix':[[0.5,0.7,-0.1],[0.2,0.3,0.4],[1,-1,1]]}}";

static void assert_step(const char *step, size_t kind)
{
	assert_tiles_equal_whole(step, kind);
	assert_reads_once(step, kind);
	assert_false(is_global(step, kind));
}

static void test_alpha_depth_and_tiles(void **state)
{
	for (size_t i = 0; i < G_N_ELEMENTS(keeping) * G_N_ELEMENTS(kinds); i++)
		assert_kept(keeping[i / G_N_ELEMENTS(kinds)], i % G_N_ELEMENTS(kinds));
	for (size_t i = 0; i < G_N_ELEMENTS(keeping); i++) {
		assert_step(keeping[i], 2);
		assert_step(keeping[i], 7);
	}
	for (size_t kind = 2; kind < G_N_ELEMENTS(kinds); kind++)
		if (kinds[kind].bands > 2) {
			assert_kept(swap, kind);
			assert_kept(mix, kind);
			assert_step(mix, kind);
		}
	for (size_t i = 0; i < G_N_ELEMENTS(colouring) * G_N_ELEMENTS(kinds); i++) {
		size_t kind = i % G_N_ELEMENTS(kinds);
		const char *step = colouring[i / G_N_ELEMENTS(kinds)];
		bool alpha = kinds[kind].bands % 2 == 0, deep = kinds[kind].depth == 16;
		g_autoptr(VipsImage) in = of_kind(kind);
		g_autoptr(VipsImage) out = with_steps(step, in);
		g_autofree double *before = values_of(in);
		g_autofree double *after = values_of(out);
		assert_int_equal(out->Bands, alpha ? 4 : 3);
		assert_int_equal(out->BandFmt, in->BandFmt);
		assert_int_equal(out->Type, deep ? VIPS_INTERPRETATION_RGB16 : VIPS_INTERPRETATION_sRGB);
		for (int p = 0; alpha && p < WIDTH * HEIGHT; p++)
			assert_true(after[4 * p + 3] == before[(p + 1) * in->Bands - 1]);
		if (kind == 0 || kind == 3 || kind == 6)
			assert_step(step, kind);
	}
}

/* The same in libvips' own words. */
static void test_modulate_is_lch(void **state)
{
	static const size_t whole[] = {0, 2, 4, 6}; /* kinds without alpha */

	for (size_t i = 0; i < G_N_ELEMENTS(whole); i++) {
		g_autoptr(VipsImage) a = of_kind(whole[i]);
		g_autoptr(VipsImage) b = of_kind(whole[i]);
		g_autoptr(VipsImage) lch = NULL, changed = NULL, wanted = NULL;
		double times[] = {1.2, 0.6, 1}, plus[] = {-5, 0, 70};
		assert_int_equal(vips_colourspace(b, &lch, VIPS_INTERPRETATION_LCH, NULL), 0);
		assert_int_equal(vips_linear(lch, &changed, times, plus, 3, NULL), 0);
		assert_int_equal(vips_colourspace(changed, &wanted, b->Type, NULL), 0);
		g_autoptr(VipsImage) got = with_steps(keeping[0], a);
		assert_same_picture(got, wanted);
	}
}

/* Nothing asked, nothing changed: no rounding on the way. */
static void test_neutral_values_change_nothing(void **state)
{
	static const char *const neutral[] = {"{'op':'modulate'}", "{'op':'saturation','params':{'factor':1}}",
		"{'op':'desaturate','params':{'amount':0}}", "{'op':'sepia','params':{'strength':0}}",
		"{'op':'recombine','params':{'matrix':[[1,0,0],[0,1,0],[0,0,1]]}}"};

	for (size_t i = 0; i < G_N_ELEMENTS(neutral); i++)
		for (size_t kind = 2; kind < G_N_ELEMENTS(kinds); kind++) {
			if (kinds[kind].bands < 3)
				continue;
			g_autoptr(VipsImage) in = of_kind(kind);
			g_autoptr(VipsImage) same = of_kind(kind);
			g_autoptr(VipsImage) out = with_steps(neutral[i], in);
			assert_same_picture(out, same);
		}
}

/* One pixel of a flat picture; levels 0 to 255 whatever the depth. */
static void assert_becomes(const char *step, int depth, int bands, const double *from, int count, const double *wanted)
{
	g_autoptr(VipsImage) in = flat(bands, depth, from);
	g_autoptr(VipsImage) out = with_steps(step, in);
	g_autofree double *got = values_of(out);

	assert_int_equal(out->Bands, count);
	for (int i = 0; i < count; i++)
		if (fabs(got[i] / (depth == 16 ? 257 : 1) - wanted[i]) > 0.5 + 1e-6)
			fail_msg("%s at %d bits: band %d is %g, not %g", step, depth, i, got[i], wanted[i]);
}

static void test_values_by_hand(void **state)
{
	const double picture[] = {100, 150, 201, 77};
	for (int depth = 8; depth <= 16; depth += 8) {
		assert_becomes("{'op':'sepia'}", depth, 4, picture, 4,
			(double[]){39.3 + 0.769 * 150 + 0.189 * 201, 34.9 + 0.686 * 150 + 0.168 * 201,
				27.2 + 0.534 * 150 + 0.131 * 201, 77});
		assert_becomes(swap, depth, 4, picture, 4, (double[]){201, 150, 100, 77});
		assert_becomes(mix, depth, 4, picture, 4, (double[]){134.9, 145.4, 151, 77});
		assert_becomes("{'op':'recombine','params':{'matrix':[[0,0,0,1],[0,1,0,0],[0,0,1,0],[1,0,0,0]]}}",
			depth, 4, picture, 4, (double[]){77, 150, 201, 100});
		assert_becomes("{'op':'recombine','params':{'matrix':[[9,9,9],[-1,0,0],[0,0,1]]}}", depth, 3, picture,
			3, (double[]){255, 0, 201});
		static const char duotone[] = "{'op':'duotone','params':{'dark':'#102030','light':'#f0e0c0'}}";
		assert_becomes(duotone, depth, 1, (double[]){0}, 3, (double[]){16, 32, 48});
		assert_becomes(duotone, depth, 1, (double[]){255}, 3, (double[]){240, 224, 192});
		assert_becomes(duotone, depth, 2, (double[]){51, 9}, 4, (double[]){60.8, 70.4, 76.8, 9});
		static const char tint[] = "{'op':'tint','params':{'colour':'#ff4010'}}";
		assert_becomes(tint, depth, 1, (double[]){0}, 3, (double[]){0, 0, 0});
		assert_becomes(tint, depth, 1, (double[]){255}, 3, (double[]){255, 255, 255});
	}
}

/* A grey of lightness 50 takes all of the tint's colour and keeps its lightness. */
static void test_tint_keeps_lightness(void **state)
{
	g_autoptr(VipsImage) tint = flat(3, 8, (double[]){0x8a, 0x6d, 0x5a});
	g_autoptr(VipsImage) wanted = NULL;
	assert_int_equal(vips_colourspace(tint, &wanted, VIPS_INTERPRETATION_LAB, NULL), 0);
	g_autofree double *colour = values_of(wanted);

	for (int level = 20; level < 256; level += 33) {
		g_autoptr(VipsImage) grey = flat(1, 8, (double[]){level});
		g_autoptr(VipsImage) tinted = with_steps(colouring[0], grey);
		g_autoptr(VipsImage) before = NULL, after = NULL;
		assert_int_equal(vips_colourspace(grey, &before, VIPS_INTERPRETATION_LAB, NULL), 0);
		assert_int_equal(vips_colourspace(tinted, &after, VIPS_INTERPRETATION_LAB, NULL), 0);
		g_autofree double *was = values_of(before);
		g_autofree double *is = values_of(after);
		double share = 1 - pow(was[0] / 50 - 1, 2);
		assert_true(fabs(was[0] - is[0]) < 0.5);
		assert_true(fabs(is[1] - share * colour[1]) < 0.8);
		assert_true(fabs(is[2] - share * colour[2]) < 0.8);
	}
}

static void test_false_colour_is_that_of_libvips(void **state)
{
	g_autoptr(VipsImage) a = of_kind(0);
	g_autoptr(VipsImage) b = of_kind(0);
	g_autoptr(VipsImage) wanted = NULL;
	g_autoptr(VipsImage) got = with_steps("{'op':'falsecolour'}", a);

	assert_int_equal(vips_falsecolour(b, &wanted, NULL), 0);
	wanted->Type = VIPS_INTERPRETATION_sRGB;
	assert_same_picture(got, wanted);
}

static void test_what_is_refused(void **state)
{
	static const struct {
		const char *step, *says;
		size_t kind;
	} refused[] = {
		{"{'op':'recombine','params':{'matrix':[[1,0,0],[0,1,0],[0,0,1]]}}", "colourspace: srgb", 1},
		{"{'op':'recombine','params':{'matrix':[[1,0,0,0],[0,1,0,0],[0,0,1,0]]}}", "as many rows as columns",
			2},
		{"{'op':'recombine','params':{'matrix':[[1,0,0,0],[0,1,0,0],[0,0,1,0],[0,0,0,1]]}}", "has 3 of uchar",
			2},
		{"{'op':'colourspace','params':{'space':'lab'}},{'op':'modulate','params':{'hue':9}}",
			"colourspace: srgb", 2},
		{"{'op':'colourspace','params':{'space':'cmyk'}},{'op':'sepia'}", "icc: srgb", 2},
		{"{'op':'colourspace','params':{'space':'scrgb'}},{'op':'tint','params':{'colour':'red'}}",
			"colourspace: srgb", 2},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(refused); i++) {
		g_autoptr(VipsImage) in = of_kind(refused[i].kind);
		g_autoptr(GError) error = NULL;
		assert_null(try_steps(refused[i].step, in, &error));
		assert_int_equal(error->code, ERROR_INPUT);
		if (!strstr(error->message, refused[i].says))
			fail_msg("%s", error->message);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_alpha_depth_and_tiles),
		cmocka_unit_test(test_modulate_is_lch),
		cmocka_unit_test(test_neutral_values_change_nothing),
		cmocka_unit_test(test_values_by_hand),
		cmocka_unit_test(test_tint_keeps_lightness),
		cmocka_unit_test(test_false_colour_is_that_of_libvips),
		cmocka_unit_test(test_what_is_refused),
	};

	return cmocka_run_group_tests(tests, start_vips, NULL);
}

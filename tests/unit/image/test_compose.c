/* SPDX-License-Identifier: GPL-2.0-or-later
 * watermark, composite, mask: what they do to pixels, in every kind of picture, and that tiles equal the whole. */
#include <math.h>

#include "compose_support.h"

#include "image/kernels/blend.h"
#include "image/kernels/position_images.h"

static void tiles_equal_the_whole(void **state)
{
	static const char *const watermarks[] = {"'image':'@mark.png'",
		"'image':'@mark16.png','gravity':'centre','opacity':0.4", "'image':'@grey.png','left':-5,'top':90",
		"'image':'@mark.png','repeat':true,'margin':7,'opacity':0.3",
		"'image':'@mark.png','scale':0.5,'blend':'multiply'", "'image':'@mark.png','scale':3,'gravity':'north'",
		"'image':'@white.png','left':500"};

	for (size_t i = 0; i < G_N_ELEMENTS(watermarks); i++)
		assert_tiles_equal_whole("watermark", watermarks[i]);
	for (const char *const *blend = blend_names; *blend; blend++) {
		g_autofree char *params =
			g_strdup_printf("'image':'@mark.png','blend':'%s','left':60,'top':33,'opacity':0.7", *blend);
		assert_tiles_equal_whole("composite", params);
	}
	assert_tiles_equal_whole("mask", "'image':'@mark.png'");
	assert_tiles_equal_whole("mask", "'image':'@grey.png','invert':true");
}

/* Bands, depth and colour space stay; nothing outside of the watermark changes, nor does anything under a transparent part of it. */
static void a_picture_keeps_its_kind(void **state)
{
	for (size_t i = 0; i < G_N_ELEMENTS(kinds); i++) {
		g_autoptr(VipsImage) in = picture_of(&kinds[i]);
		g_autoptr(VipsImage) out = built(in, "watermark", "'image':'@half.png','left':50,'top':40");
		g_autoptr(VipsImage) invisible =
			built(in, "watermark", "'image':'@half.png','left':50,'top':40,'opacity':0");
		assert_int_equal(out->Bands, in->Bands);
		assert_int_equal(out->BandFmt, in->BandFmt);
		assert_int_equal(out->Type, in->Type);
		for (int y = 30; y < 60; y++)
			for (int x = 40; x < 80; x++) {
				g_autofree double *was = pixel_at(in, x, y);
				if (x < 50 || x >= 70 || y < 40 || y >= 50)
					assert_pixel(out, x, y, was);
				if (!has_alpha(&kinds[i]) || was[in->Bands - 1] > 0)
					assert_pixel(invisible, x, y, was);
			}
	}
}

static void over_is_a_weighted_mean(void **state)
{
	static const double mark[] = {200, 100, 50};
	g_autoptr(VipsImage) in = picture(WIDTH, HEIGHT, 3, 8);
	g_autoptr(VipsImage) deep = picture(WIDTH, HEIGHT, 3, 16);
	g_autoptr(VipsImage) out = built(in, "watermark", "'image':'@half.png','left':0,'top':0,'opacity':0.5");
	g_autoptr(VipsImage) deep_out = built(deep, "watermark", "'image':'@half.png','left':0,'top':0,'opacity':0.5");
	double weight = 0.5 * 128 / 255;

	for (int y = 0; y < 10; y++)
		for (int x = 0; x < 20; x++) {
			g_autofree double *was = pixel_at(in, x, y);
			g_autofree double *is = pixel_at(out, x, y);
			g_autofree double *was_deep = pixel_at(deep, x, y);
			g_autofree double *is_deep = pixel_at(deep_out, x, y);
			for (int band = 0; band < 3; band++) {
				assert_true(fabs(is[band] - (was[band] * (1 - weight) + mark[band] * weight)) < 0.501);
				/* Floats have 24 bits: a little more than half a level of 65,536. */
				assert_true(fabs(is_deep[band] - (was_deep[band] * (1 - weight) +
									 mark[band] * 257 * weight)) < 0.51);
			}
		}
}

static void white_is_white_at_any_depth(void **state)
{
	static const struct {
		int bands, depth;
		double white[4];
	} cases[] = {{1, 8, {255}}, {3, 8, {255, 255, 255}}, {1, 16, {65535}}, {4, 16, {65535, 65535, 65535, 65535}}};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(VipsImage) in = picture(WIDTH, HEIGHT, cases[i].bands, cases[i].depth);
		g_autoptr(VipsImage) out =
			built(in, "watermark", "'image':'@white.png','gravity':'southeast','margin':3");
		assert_pixel(out, WIDTH - 4, HEIGHT - 4, cases[i].white);
		assert_pixel(out, WIDTH - 23, HEIGHT - 13, cases[i].white);
		g_autofree double *was = pixel_at(in, WIDTH - 3, HEIGHT - 4);
		assert_pixel(out, WIDTH - 3, HEIGHT - 4, was);
	}
}

/* libvips cuts fractions off, and so is at most a level lower. */
static void composite_is_libvips_rounded(void **state)
{
	for (const char *const *blend = blend_names; *blend; blend++) {
		g_autoptr(VipsImage) in = picture(WIDTH, HEIGHT, 4, 8);
		g_autoptr(VipsImage) above = picture(40, 30, 4, 8);
		g_autoptr(VipsImage) wanted = NULL;
		g_autofree char *params =
			g_strdup_printf("'image':'@mark.png','blend':'%s','left':60,'top':33", *blend);
		g_autoptr(VipsImage) got = built(in, "composite", params);
		int mode = vips_enum_from_nick("test", VIPS_TYPE_BLEND_MODE, *blend);
		assert_int_equal(vips_composite2(in, above, &wanted, mode, "x", 60, "y", 33, NULL), 0);
		assert_int_equal(got->Bands, 4);
		for (int y = 34; y < 63; y += 5)
			for (int x = 61; x < 100; x += 3) {
				g_autofree double *is = pixel_at(got, x, y);
				g_autofree double *should = pixel_at(wanted, x, y);
				for (int band = 0; band < 4; band++)
					if (fabs(is[band] - should[band]) > 1)
						fail_msg("%s: band %d at %d, %d is %g, libvips has %g", *blend, band, x,
							y, is[band], should[band]);
			}
	}
}

static void only_some_modes_give_alpha(void **state)
{
	g_autoptr(VipsImage) in = picture(WIDTH, HEIGHT, 3, 8);

	for (const char *const *blend = blend_names; *blend; blend++) {
		g_autofree char *params = g_strdup_printf("'image':'@half.png','blend':'%s'", *blend);
		g_autoptr(VipsImage) out = built(in, "composite", params);
		assert_int_equal(out->Bands, g_strv_contains(blend_opaque_names, *blend) ? 3 : 4);
	}
	g_autoptr(VipsImage) kept = built(in, "composite", "'image':'@white.png','blend':'dest-in','left':0,'top':0");
	g_autofree double *was = pixel_at(in, 5, 5);
	assert_pixel(kept, 5, 5, (const double[]){was[0], was[1], was[2], 255});
	assert_pixel(kept, 50, 50, (const double[]){0, 0, 0, 0});
}

/* Ink is not light: multiply darkens a CMYK picture, which is more ink. */
static void multiply_darkens_ink_too(void **state)
{
	static const struct kind_of_picture cmyk = {4, 8, true};
	g_autoptr(VipsImage) in = picture_of(&cmyk);
	g_autoptr(VipsImage) out = built(in, "watermark", "'image':'@mark.png','blend':'multiply','left':0,'top':0");

	for (int x = 0; x < 40; x++) {
		g_autofree double *was = pixel_at(in, x, 7);
		g_autofree double *is = pixel_at(out, x, 7);
		for (int band = 0; band < 4; band++)
			assert_true(is[band] >= was[band]);
	}
}

static void repeated_watermarks_are_alike(void **state)
{
	g_autoptr(VipsImage) in = patch_of(WIDTH, HEIGHT, 3, (const double[]){10, 20, 30});
	g_autoptr(VipsImage) out = built(in, "watermark", "'image':'@mark.png','repeat':true,'margin':7");

	for (int y = 0; y < HEIGHT; y += 3)
		for (int x = 0; x < WIDTH; x += 3) {
			g_autofree double *first = pixel_at(out, x % 47, y % 37);
			assert_pixel(out, x, y, first);
		}
	assert_pixel(out, 41, 5, (const double[]){10, 20, 30});
}

static void scale_is_a_part_of_the_width(void **state)
{
	g_autoptr(VipsImage) in = patch_of(100, 80, 1, (const double[]){0});
	g_autoptr(VipsImage) out = built(in, "watermark", "'image':'@white.png','scale':0.6,'left':10,'top':20");

	for (int y = 0; y < 80; y++)
		for (int x = 0; x < 100; x++) {
			double inside = x >= 10 && x < 70 && y >= 20 && y < 50 ? 255 : 0;
			assert_pixel(out, x, y, &inside);
		}
}

/* Far larger than what is rendered in memory: 60,000 pixels wide, of which a few are asked for. */
static void a_huge_watermark_is_stretched(void **state)
{
	g_autoptr(VipsImage) in = NULL;

	assert_int_equal(vips_black(&in, 60000, 40000, NULL), 0);
	in->Type = VIPS_INTERPRETATION_B_W;
	g_autoptr(VipsImage) out = built(in, "watermark", "'image':'@half.png','scale':1,'left':0,'top':0");
	g_autoptr(VipsRegion) region = vips_region_new(out);
	VipsRect middle = {30000, 15000, 8, 8}, below = {30000, 30000, 8, 8};
	double grey = 0.2126 * 200 + 0.7152 * 100 + 0.0722 * 50;
	assert_int_equal(vips_region_prepare(region, &middle), 0);
	assert_true(fabs(*VIPS_REGION_ADDR(region, 30004, 15004) - grey * 128 / 255) < 12);
	assert_int_equal(vips_region_prepare(region, &below), 0);
	assert_int_equal(*VIPS_REGION_ADDR(region, 30004, 30004), 0);
}

static void stretching_is_exact(void **state)
{
	g_autoptr(VipsImage) memory = picture(40, 30, 4, 16);
	g_autoptr(VipsImage) same = NULL, large = NULL;
	gsize length;

	assert_true(position_images_stretch(memory, 40, 30, true, &same, NULL));
	/* Where there is no alpha, there is no colour to be told. */
	for (int y = 0; y < 30; y++)
		for (int x = 0; x < 40; x++) {
			g_autofree double *was = pixel_at(memory, x, y);
			if (was[3] > 0)
				assert_pixel(same, x, y, was);
		}
	assert_true(position_images_stretch(memory, 333, 211, true, &large, NULL));
	g_autofree uint8_t *cut = in_tiles(large, 37, 29);
	g_autofree uint8_t *whole = vips_image_write_to_memory(large, &length);
	assert_memory_equal(cut, whole, length);
}

static void mask_is_brightness(void **state)
{
	g_autoptr(VipsImage) mask = picture(WIDTH, HEIGHT, 1, 8);
	add_asset("full.png", picture(WIDTH, HEIGHT, 1, 8));

	for (size_t i = 0; i < G_N_ELEMENTS(kinds); i++) {
		g_autoptr(VipsImage) in = picture_of(&kinds[i]);
		g_autoptr(VipsImage) out = built(in, "mask", "'image':'@full.png','resize':false");
		int alpha = in->Bands - has_alpha(&kinds[i]);
		double most = kinds[i].depth == 16 ? 65535 : 255;
		assert_int_equal(out->Bands, alpha + 1);
		assert_int_equal(out->BandFmt, in->BandFmt);
		assert_int_equal(out->Type, in->Type);
		for (int x = 3; x < WIDTH; x += 11) {
			g_autofree double *expected = g_new0(double, (gsize)alpha + 1);
			g_autofree double *was = pixel_at(in, x, 50);
			g_autofree double *white = pixel_at(mask, x, 50);
			memcpy(expected, was, (gsize)alpha * sizeof(double));
			expected[alpha] = rint((has_alpha(&kinds[i]) ? was[alpha] : most) * white[0] / 255);
			assert_pixel(out, x, 50, expected);
		}
	}
}

static void a_mask_of_another_size_may_be_an_error(void **state)
{
	g_autoptr(VipsImage) in = picture(WIDTH, HEIGHT, 3, 8);
	g_autoptr(JsonArray) steps = step_of("mask", "'image':'@grey.png','resize':false");
	g_autoptr(VipsImage) out = NULL;
	g_autoptr(GError) error = NULL;

	assert_false(chain_build(steps, 0, in, NULL, &out, &error));
	assert_non_null(strstr(error->message, "the mask is 23 x 57 and the picture 157 x 101"));
}

static void contradictions_are_refused(void **state)
{
	assert_refused("watermark", "'image':'@mark.png','left':1,'gravity':'north'", "choose one");
	assert_refused("watermark", "'image':'@mark.png','top':1,'margin':5", "margin goes with gravity");
	assert_refused("watermark", "'image':'@mark.png','repeat':true,'gravity':'north'", "repeat fills");
	assert_refused("composite", "'image':'@mark.png','left':1,'gravity':'north'", "choose one");
}

static void other_pictures_are_refused_with_a_reason(void **state)
{
	g_autoptr(VipsImage) in = picture(40, 30, 3, 8);
	g_autoptr(VipsImage) real = NULL, out = NULL;
	g_autoptr(GError) error = NULL;
	g_autoptr(JsonArray) steps = step_of("watermark", "'image':'@mark.png'");

	assert_int_equal(vips_cast(in, &real, VIPS_FORMAT_FLOAT, NULL), 0);
	assert_false(chain_build(steps, 0, real, NULL, &out, &error));
	assert_non_null(strstr(error->message, "needs a grey, RGB or CMYK picture of 8 or 16 bits"));
}

/* What the watermark's file says of itself is not the picture's. */
static void metadata_stays_the_pictures(void **state)
{
	VipsImage *mark = picture(20, 20, 3, 8);
	vips_image_set_string(mark, "png-comment-0-Title", "the watermark's");
	add_asset("titled.png", mark);
	g_autoptr(VipsImage) in = picture(WIDTH, HEIGHT, 3, 8);
	vips_image_set_int(in, "own", 7);
	g_autoptr(VipsImage) out = built(in, "watermark", "'image':'@titled.png'");
	int own;

	assert_int_equal(vips_image_get_int(out, "own", &own), 0);
	assert_int_equal(own, 7);
	assert_int_equal(vips_image_get_typeof(out, "png-comment-0-Title"), 0);
	assert_int_equal(vips_image_get_typeof(out, VIPS_META_LOADER), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tiles_equal_the_whole),
		cmocka_unit_test(a_picture_keeps_its_kind),
		cmocka_unit_test(over_is_a_weighted_mean),
		cmocka_unit_test(white_is_white_at_any_depth),
		cmocka_unit_test(composite_is_libvips_rounded),
		cmocka_unit_test(only_some_modes_give_alpha),
		cmocka_unit_test(multiply_darkens_ink_too),
		cmocka_unit_test(repeated_watermarks_are_alike),
		cmocka_unit_test(scale_is_a_part_of_the_width),
		cmocka_unit_test(a_huge_watermark_is_stretched),
		cmocka_unit_test(stretching_is_exact),
		cmocka_unit_test(mask_is_brightness),
		cmocka_unit_test(a_mask_of_another_size_may_be_an_error),
		cmocka_unit_test(contradictions_are_refused),
		cmocka_unit_test(other_pictures_are_refused_with_a_reason),
		cmocka_unit_test(metadata_stays_the_pictures),
	};

	return cmocka_run_group_tests(tests, start_assets, remove_assets);
}

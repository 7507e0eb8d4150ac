/* SPDX-License-Identifier: GPL-2.0-or-later
 * Grey is libvips' grey: every colour there is, alpha and what else lies behind it, the header, and what is not 8-bit sRGB. */
#include "image/kernels/grey.h"

#include "support.h"

static VipsImage *libvips_grey(VipsImage *in, VipsInterpretation space)
{
	VipsImage *out = NULL;

	assert_int_equal(vips_colourspace(in, &out, space, NULL), 0);
	return out;
}

static VipsImage *our_grey(VipsImage *in, VipsInterpretation space)
{
	g_autoptr(GError) error = NULL;
	VipsImage *out = NULL;

	assert_true(grey_of(in, space, &out, &error));
	assert_null(error);
	return out;
}

static VipsImage *every_colour(void)
{
	g_autofree uint8_t *pixels = g_malloc(3 << 24);
	uint8_t *at = pixels;

	for (uint32_t colour = 0; colour < 1 << 24; colour++) {
		*at++ = (uint8_t)(colour >> 16);
		*at++ = (uint8_t)(colour >> 8);
		*at++ = (uint8_t)colour;
	}
	VipsImage *image = vips_image_new_from_memory_copy(pixels, 3 << 24, 4096, 4096, 3, VIPS_FORMAT_UCHAR);
	image->Type = VIPS_INTERPRETATION_sRGB;
	return image;
}

static void every_colour_is_exact(void **state)
{
	g_autoptr(VipsImage) one = every_colour();
	g_autoptr(VipsImage) other = every_colour();
	g_autoptr(VipsImage) got = our_grey(one, VIPS_INTERPRETATION_B_W);
	g_autoptr(VipsImage) wanted = libvips_grey(other, VIPS_INTERPRETATION_B_W);

	assert_same_picture(got, wanted);
}

/* Headers decide what comes after: the grid that is asked for, what a saver writes. */
static void other_bands_and_the_header_are_kept(void **state)
{
	for (int bands = 3; bands <= 5; bands++) {
		g_autoptr(VipsImage) one = picture(203, 97, bands, 8);
		g_autoptr(VipsImage) other = picture(203, 97, bands, 8);
		vips_image_set_string(one, "exif-data-like", "kept");
		one->Xres = 11.8;
		g_autoptr(VipsImage) got = our_grey(one, VIPS_INTERPRETATION_B_W);
		g_autoptr(VipsImage) wanted = libvips_grey(other, VIPS_INTERPRETATION_B_W);
		const char *text = NULL;

		assert_same_picture(got, wanted);
		assert_int_equal(got->dhint, wanted->dhint);
		assert_int_equal(got->Coding, wanted->Coding);
		assert_int_equal(vips_image_hasalpha(got), vips_image_hasalpha(wanted));
		assert_int_equal(vips_image_get_string(got, "exif-data-like", &text), 0);
		assert_string_equal(text, "kept");
		assert_true(got->Xres > 11.7);
	}
}

static void other_pictures_go_libvips_way(void **state)
{
	static const struct {
		int bands, depth;
		VipsInterpretation type, space;
	} cases[] = {
		{3, 16, VIPS_INTERPRETATION_RGB16, VIPS_INTERPRETATION_GREY16},
		{4, 16, VIPS_INTERPRETATION_RGB16, VIPS_INTERPRETATION_GREY16},
		{1, 8, VIPS_INTERPRETATION_B_W, VIPS_INTERPRETATION_B_W},
		{2, 8, VIPS_INTERPRETATION_B_W, VIPS_INTERPRETATION_B_W},
		{4, 8, VIPS_INTERPRETATION_CMYK, VIPS_INTERPRETATION_B_W},
		{3, 8, VIPS_INTERPRETATION_HSV, VIPS_INTERPRETATION_B_W},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(VipsImage) one = picture(120, 50, cases[i].bands, cases[i].depth);
		g_autoptr(VipsImage) other = picture(120, 50, cases[i].bands, cases[i].depth);
		one->Type = other->Type = cases[i].type;
		g_autoptr(VipsImage) got = our_grey(one, cases[i].space);
		g_autoptr(VipsImage) wanted = libvips_grey(other, cases[i].space);
		assert_same_picture(got, wanted);
	}
}

/* The source may be let go: the image reads from it until it ends. */
static void the_source_is_kept(void **state)
{
	VipsImage *source = picture(64, 64, 3, 8);
	g_autoptr(VipsImage) got = our_grey(source, VIPS_INTERPRETATION_B_W);
	g_object_unref(source);
	g_autoptr(VipsImage) other = picture(64, 64, 3, 8);
	g_autoptr(VipsImage) wanted = libvips_grey(other, VIPS_INTERPRETATION_B_W);

	assert_same_picture(got, wanted);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_colour_is_exact),
		cmocka_unit_test(other_bands_and_the_header_are_kept),
		cmocka_unit_test(other_pictures_go_libvips_way),
		cmocka_unit_test(the_source_is_kept),
	};

	return cmocka_run_group_tests(tests, start_vips, NULL);
}

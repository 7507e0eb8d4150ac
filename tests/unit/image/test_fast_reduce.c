/* SPDX-License-Identifier: GPL-2.0-or-later
 * Shrinking by SSE2 is libvips' shrinking, byte for byte: factors, kernels, bands, parts of a picture, the edges. */
#include "image/fast/fast.h"

#include "image/quirks/quirks.h"
#include "support.h"

static VipsObjectClass *class;
static int (*libvips_build)(VipsObject *object);

static VipsImage *shrink(VipsImage *in, double factor, VipsKernel kernel)
{
	VipsImage *out = NULL;

	assert_int_equal(vips_reduceh(in, &out, factor, "kernel", kernel, "gap", 2.0, NULL), 0);
	return out;
}

/* Of a random place, and not of the whole: positions add up from the left of what is asked for. */
static void assert_same_part(VipsImage *got, VipsImage *wanted, const VipsRect *part)
{
	g_autoptr(VipsRegion) a = vips_region_new(got), b = vips_region_new(wanted);

	assert_int_equal(vips_region_prepare(a, part), 0);
	assert_int_equal(vips_region_prepare(b, part), 0);
	for (int y = part->top; y < VIPS_RECT_BOTTOM(part); y++)
		assert_memory_equal(VIPS_REGION_ADDR(a, part->left, y), VIPS_REGION_ADDR(b, part->left, y),
			(gsize)part->width * VIPS_IMAGE_SIZEOF_PEL(got));
}

typedef int (*build_fn)(VipsObject *object);

static void compare(int width, int bands, double factor, VipsKernel kernel, GRand *dice)
{
	const build_fn ours = class->build;
	g_autoptr(VipsImage) one = picture(width, 6, bands, 8);
	g_autoptr(VipsImage) other = picture(width, 6, bands, 8);
	g_autoptr(VipsImage) got = shrink(one, factor, kernel);

	class->build = libvips_build;
	g_autoptr(VipsImage) wanted = shrink(other, factor, kernel);
	class->build = ours;
	assert_same_picture(got, wanted);
	assert_int_equal(got->dhint, wanted->dhint);
	for (int i = 0; i < 4; i++) {
		VipsRect part = {.left = g_rand_int_range(dice, 0, got->Xsize), .top = g_rand_int_range(dice, 0, 6)};
		part.width = g_rand_int_range(dice, 1, got->Xsize - part.left + 1);
		part.height = g_rand_int_range(dice, 1, 6 - part.top + 1);
		assert_same_part(got, wanted, &part);
	}
}

static void factors_kernels_and_bands(void **state)
{
	static const VipsKernel kernels[] = {VIPS_KERNEL_LANCZOS3, VIPS_KERNEL_LANCZOS2, VIPS_KERNEL_CUBIC};
	static const double factors[] = {1.001, 627.0 / 576, 5957.0 / 4288, 1.6, 2, 2.5, 3.3, 7.9, 31};
	GRand *dice = g_rand_new_with_seed(15);

	for (gsize k = 0; k < G_N_ELEMENTS(kernels); k++)
		for (gsize f = 0; f < G_N_ELEMENTS(factors); f++)
			for (int bands = 1; bands <= 5; bands++)
				compare(g_rand_int_range(dice, 40, 900), bands, factors[f], kernels[k], dice);
	for (int i = 0; i < 200; i++)
		compare(g_rand_int_range(dice, 7, 300), 3 + i % 2, g_rand_double_range(dice, 1, 4),
			VIPS_KERNEL_LANCZOS3, dice);
	g_rand_free(dice);
}

/* Only where libvips is slow; there it has not found itself to differ. */
static void it_is_installed_for_old_versions(void **state)
{
#ifdef __SSE2__
	assert_int_equal(class->build != libvips_build, quirk(QUIRK_SLOW_REDUCEH));
#else
	assert_true(class->build == libvips_build);
#endif
}

static int start(void **state)
{
	if (start_vips(state))
		return -1;
	class = g_type_class_ref(vips_type_find("VipsOperation", "reduceh"));
	libvips_build = class->build;
	fast_install();
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(factors_kernels_and_bands),
		cmocka_unit_test(it_is_installed_for_old_versions),
	};

	return cmocka_run_group_tests(tests, start, NULL);
}

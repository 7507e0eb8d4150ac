/* SPDX-License-Identifier: GPL-2.0-or-later
 * Shrinking by vectors is libvips' shrinking, byte for byte: factors, kernels, bands, floats, parts of a picture, the edges. */
#include "image/fast/fast.h"

#include "image/quirks/quirks.h"
#include "support.h"

typedef int (*build_fn)(VipsObject *object);

/* An operation of libvips, with and without what was installed. */
struct side {
	const char *operation;
	int (*shrink)(VipsImage *in, VipsImage **out, double factor, ...);
	VipsObjectClass *class;
	build_fn libvips_build;
};

static struct side sides[] = {{"reduceh", vips_reduceh, NULL, NULL}, {"reducev", vips_reducev, NULL, NULL}};

static VipsImage *shrink(const struct side *side, VipsImage *in, double factor, VipsKernel kernel)
{
	VipsImage *out = NULL;

	assert_int_equal(side->shrink(in, &out, factor, "kernel", kernel, "gap", 2.0, NULL), 0);
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

/* Of floats, none of them a whole number. */
static VipsImage *picture_of(int width, int height, int bands, VipsBandFormat format)
{
	g_autoptr(VipsImage) bytes = picture(width, height, bands, 8);
	g_autoptr(VipsImage) scaled = NULL;
	VipsImage *image = NULL;

	if (format == VIPS_FORMAT_UCHAR)
		return g_steal_pointer(&bytes);
	assert_int_equal(vips_linear1(bytes, &scaled, 1.37, -11.3, NULL), 0);
	assert_int_equal(vips_cast(scaled, &image, format, NULL), 0);
	return image;
}

/* What another program thinks of as a picture that is read downwards: libvips puts a cache of rows behind reducev. */
static void set_sequential(VipsImage *image)
{
	vips_image_set_int(image, VIPS_META_SEQUENTIAL, 1);
}

struct one_case {
	VipsBandFormat format;
	int length, bands;
	double factor;
	VipsKernel kernel;
	bool sequential;
};

static void compare(const struct side *side, const struct one_case *one, GRand *dice)
{
	const build_fn ours = side->class->build;
	const bool down = side == &sides[1];
	const int width = down ? 7 : one->length, height = down ? one->length : 7;
	g_autoptr(VipsImage) first = picture_of(width, height, one->bands, one->format);
	g_autoptr(VipsImage) second = picture_of(width, height, one->bands, one->format);

	if (one->sequential) {
		set_sequential(first);
		set_sequential(second);
	}
	g_autoptr(VipsImage) got = shrink(side, first, one->factor, one->kernel);
	side->class->build = side->libvips_build;
	g_autoptr(VipsImage) wanted = shrink(side, second, one->factor, one->kernel);
	side->class->build = ours;
	assert_same_picture(got, wanted);
	assert_int_equal(got->dhint, wanted->dhint);
	for (int i = 0; i < 4 && !one->sequential; i++) {
		VipsRect part = {g_rand_int_range(dice, 0, got->Xsize), g_rand_int_range(dice, 0, got->Ysize), 0, 0};
		part.width = g_rand_int_range(dice, 1, got->Xsize - part.left + 1);
		part.height = g_rand_int_range(dice, 1, got->Ysize - part.top + 1);
		assert_same_part(got, wanted, &part);
	}
}

static void compare_all(const struct side *side, VipsBandFormat format)
{
	static const VipsKernel kernels[] = {VIPS_KERNEL_LANCZOS3, VIPS_KERNEL_LANCZOS2, VIPS_KERNEL_CUBIC};
	static const double factors[] = {1.001, 627.0 / 576, 5957.0 / 4288, 1.6, 2, 2.5, 3.3, 7.9, 31};
	GRand *dice = g_rand_new_with_seed(15);

	for (gsize k = 0; k < G_N_ELEMENTS(kernels); k++)
		for (gsize f = 0; f < G_N_ELEMENTS(factors); f++)
			for (int bands = 1; bands <= 5; bands++)
				compare(side,
					&(struct one_case){format, g_rand_int_range(dice, 40, 900), bands, factors[f],
						kernels[k], (k + f + (gsize)bands) % 2},
					dice);
	for (int i = 0; i < 200; i++)
		compare(side,
			&(struct one_case){format, g_rand_int_range(dice, 7, 300), 3 + i % 2,
				g_rand_double_range(dice, 1, 4), VIPS_KERNEL_LANCZOS3, false},
			dice);
	g_rand_free(dice);
}

static void bytes_across(void **state)
{
	compare_all(&sides[0], VIPS_FORMAT_UCHAR);
}

static void floats_across(void **state)
{
	compare_all(&sides[0], VIPS_FORMAT_FLOAT);
}

static void floats_down(void **state)
{
	compare_all(&sides[1], VIPS_FORMAT_FLOAT);
}

/* It is not touched. */
static void bytes_down(void **state)
{
	compare_all(&sides[1], VIPS_FORMAT_UCHAR);
}

/* libvips is replaced in pixels that differ from nothing: what computes them is ours. */
static void assert_replaced(const struct side *side, VipsBandFormat format, int bands, bool sequential, bool expected)
{
	g_autoptr(VipsImage) in = picture_of(50, 50, bands, format);
	if (sequential)
		set_sequential(in);
	g_autoptr(VipsImage) out = shrink(side, in, 1.7, VIPS_KERNEL_LANCZOS3);
	bool found = false;

	for (VipsImage *image = out; image; image = image->upstream ? image->upstream->data : NULL)
		found |= g_object_get_data(G_OBJECT(image), "dropmill-reduce") != NULL;
	assert_int_equal(found, expected);
}

/* Where libvips is slow and the processor can do it; there it has not found itself to differ. */
static void it_is_installed_where_libvips_is_slow(void **state)
{
#ifdef __x86_64__
	const bool avx = __builtin_cpu_supports("avx");
	const bool bytes = quirk(QUIRK_SLOW_REDUCEH), floats = avx && quirk(QUIRK_SLOW_FLOATS_REDUCED);
#else
	const bool bytes = false, floats = false;
#endif

	assert_replaced(&sides[0], VIPS_FORMAT_UCHAR, 3, false, bytes);
	assert_replaced(&sides[0], VIPS_FORMAT_UCHAR, 2, false, false);
	assert_replaced(&sides[0], VIPS_FORMAT_FLOAT, 2, false, floats);
	assert_replaced(&sides[0], VIPS_FORMAT_FLOAT, 4, true, floats);
	assert_replaced(&sides[1], VIPS_FORMAT_FLOAT, 2, false, floats);
	assert_replaced(&sides[1], VIPS_FORMAT_FLOAT, 4, true, floats);
	assert_replaced(&sides[1], VIPS_FORMAT_UCHAR, 4, true, false);
}

static int start(void **state)
{
	if (start_vips(state))
		return -1;
	for (gsize i = 0; i < G_N_ELEMENTS(sides); i++) {
		sides[i].class = g_type_class_ref(vips_type_find("VipsOperation", sides[i].operation));
		sides[i].libvips_build = sides[i].class->build;
	}
	fast_install();
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bytes_across),
		cmocka_unit_test(floats_across),
		cmocka_unit_test(floats_down),
		cmocka_unit_test(bytes_down),
		cmocka_unit_test(it_is_installed_where_libvips_is_slow),
	};

	return cmocka_run_group_tests(tests, start, NULL);
}

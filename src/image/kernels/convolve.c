/* SPDX-License-Identifier: GPL-2.0-or-later
 * Kernels of numbers over a picture: see convolve.h. */
#include "image/kernels/convolve.h"

#include <math.h>

#include "base/error.h"
#include "image/kernels/neighbours.h"
#include "image/operations/groups.h"
#include "image/table/vips_error.h"

#define KERNEL_MAX 31
#define LENGTH_MAX 201

bool convolve_with(VipsImage *in, const double *weights, int width, int height, double scale, double offset,
	VipsImage **out, GError **error)
{
	g_autoptr(VipsImage) kernel = vips_image_new_matrix_from_array(width, height, weights, width * height);

	if (!kernel)
		return vips_failed(error, NULL);
	vips_image_set_double(kernel, "scale", scale);
	vips_image_set_double(kernel, "offset", offset);
	return vips_conv(in, out, kernel, "precision", VIPS_PRECISION_FLOAT, NULL) == 0 || vips_failed(error, NULL);
}

bool convolve_gaussian(VipsImage *in, double sigma, int radius, VipsImage **out, GError **error)
{
	int reach = radius > 0 ? radius : (int)ceil(3 * sigma), width = 2 * reach + 1;
	g_autofree double *weights = g_new(double, width);
	g_autoptr(VipsImage) rows = NULL;
	double sum = 0;

	/* In steps of 2^-20: exp() may differ in its last digit from one processor to another. */
	for (int i = 0; i < width; i++) {
		double distance = (i - reach) / sigma;
		weights[i] = rint(exp(-distance * distance / 2) * (1 << 20));
		sum += weights[i];
	}
	return convolve_with(in, weights, width, 1, sum, 0, &rows, error) &&
	       convolve_with(rows, weights, 1, width, sum, 0, out, error);
}

bool convolve_scale_fits(double scale, bool integer, GError **error)
{
	if (scale == 0)
		return fail(error, ERROR_INPUT, "scale must not be 0: the sum is divided by it");
	if (integer && fabs(scale) <= 0.5)
		return fail(error, ERROR_INPUT,
			"a scale of %.4g is rounded to 0 with precision integer; multiply kernel and scale, or take precision: float",
			scale);
	return true;
}

static double sum_of(VipsImage *kernel)
{
	const double *weights = (const double *)(const void *)VIPS_IMAGE_ADDR(kernel, 0, 0);
	double sum = 0;

	for (gsize i = 0; i < (gsize)kernel->Xsize * (gsize)kernel->Ysize; i++)
		sum += weights[i];
	return sum;
}

static bool convolve(VipsImage *in, const struct args *args, VipsImage **out, GError **error)
{
	g_autoptr(VipsImage) kernel = param_matrix(args, "kernel");
	bool whole = g_str_equal(param_string(args, "precision"), "integer");

	if (!kernel)
		return fail(error, ERROR_INPUT, "kernel is not rows of as many numbers each");
	/* A kernel that neither brightens nor darkens by itself, unless its sum is nothing to divide by. */
	double sum = sum_of(kernel);
	double scale = param_given(args, "scale") ? param_double(args, "scale") : fabs(sum) < 1e-9 ? 1 : sum;
	if (!convolve_scale_fits(scale, whole, error))
		return false;
	vips_image_set_double(kernel, "scale", scale);
	vips_image_set_double(kernel, "offset", param_double(args, "offset") * filter_most(in));
	return vips_conv(in, out, kernel, "precision", whole ? VIPS_PRECISION_INTEGER : VIPS_PRECISION_FLOAT, NULL) ==
		       0 ||
	       vips_failed(error, NULL);
}

static bool build_convolve(VipsImage *in, const struct args *args, VipsImage **out, GError **error)
{
	return filter_colours(in, convolve, args, out, error);
}

static bool check_convolve(const struct args *args, GError **error)
{
	return !param_given(args, "scale") || convolve_scale_fits(param_double(args, "scale"),
						      g_str_equal(param_string(args, "precision"), "integer"), error);
}

/* Points along the line, each shared between the four pixels around it, in steps of 1/256: whole numbers add up to the same
 * everywhere. */
static bool motion(VipsImage *in, const struct args *args, VipsImage **out, GError **error)
{
	int length = CLAMP(param_int(args, "length"), 1, LENGTH_MAX);
	double angle = param_double(args, "angle") * G_PI / 180;
	int reach = length / 2 + 1, width = 2 * reach + 1, points = 8 * length;
	g_autofree double *weights = g_new0(double, (gsize)width *(gsize)width);
	double sum = 0;

	for (int i = 0; i < points; i++) {
		double along = ((i + 0.5) / points - 0.5) * length;
		int x = (int)lrint((reach + along * cos(angle)) * 256),
		    y = (int)lrint((reach - along * sin(angle)) * 256);
		int fx = x % 256, fy = y % 256;
		double *at = weights + (y / 256) * width + x / 256;
		at[0] += (256 - fx) * (256 - fy);
		at[1] += fx * (256 - fy);
		at[width] += (256 - fx) * fy;
		at[width + 1] += fx * fy;
		sum += 65536;
	}
	return convolve_with(in, weights, width, width, sum, 0, out, error);
}

static bool build_motion(VipsImage *in, const struct args *args, VipsImage **out, GError **error)
{
	return filter_bands(in, motion, args, out, error);
}

const struct operation convolve_operations[] = {
	{
		.name = "convolve",
		.aliases = NAMES("conv", "convolution"),
		.group = "filter",
		.summary = "Any kernel: the sum of weights times pixels, over scale, plus offset; alpha is left alone.",
		.params = PARAMS(
			{.name = "kernel",
				.type = PARAM_MATRIX,
				.unit = "",
				.min = -1000000,
				.max = 1000000,
				.count_max = KERNEL_MAX,
				.required = true,
				.aliases = NAMES("matrix", "mask"),
				.help = "weights, a list of rows; it is laid on the picture as it is written, not mirrored"},
			DOUBLE_PARAM("scale", "", -1000000000, 1000000000, NULL,
				"what the sum is divided by; without it, the sum of the weights, or 1 where that is 0"),
			DOUBLE_PARAM("offset", "", -1, 1, "0",
				"added at the end, as part of the range: 0.5 is mid-grey at 8 and 16 bits",
				.aliases = NAMES("bias")),
			CHOICE_PARAM("precision", NAMES("float", "integer"), "float",
				"integer is faster on 8 bits and rounds the weights, as libvips does")),
		.flags = OPERATION_SEQUENTIAL,
		.check = check_convolve,
		.build = build_convolve,
	},
	{
		.name = "motion_blur",
		.group = "filter",
		.summary = "Blurs along a line, as if the camera had moved.",
		.params = PARAMS(INT_PARAM("length", "px", 1, LENGTH_MAX, "9", "how far it moved"),
			DOUBLE_PARAM("angle", "deg", -360, 360, "0", "0 is to the right, 90 up"), PREMULTIPLY),
		.flags = OPERATION_SEQUENTIAL,
		.mixes = operation_mixes_always,
		.build = build_motion,
	},
	{.name = NULL},
};

/* SPDX-License-Identifier: GPL-2.0-or-later
 * Filters: what looks at a pixel's neighbours. */
#include <math.h>

#include "base/error.h"
#include "image/kernels/box_mean.h"
#include "image/kernels/convolve.h"
#include "image/kernels/neighbours.h"
#include "image/operations/groups.h"
#include "image/quirks/quirks.h"
#include "image/table/vips_error.h"

static bool build_blur(VipsImage *in, const struct args *args, VipsImage **out, GError **error)
{
	return vips_gaussblur(in, out, param_double(args, "sigma"), "min_ampl", param_double(args, "min_amplitude"),
		       NULL) == 0 ||
	       vips_failed(error, NULL);
}

static bool build_sharpen(VipsImage *in, const struct args *args, VipsImage **out, GError **error)
{
	return vips_sharpen(in, out, "sigma", param_double(args, "sigma"), "x1", param_double(args, "x1"), "y2",
		       param_double(args, "y2"), "y3", param_double(args, "y3"), "m1", param_double(args, "m1"), "m2",
		       param_double(args, "m2"), NULL) == 0 ||
	       vips_failed(error, NULL);
}

/* libvips would take its default in silence. */
static bool check_sharpen(const struct args *args, GError **error)
{
	if (param_double(args, "sigma") > 10 && quirk(QUIRK_SHARPEN_TO_10))
		return fail(error, ERROR_INPUT,
			"sigma can be 10 at most with libvips %s; use unsharp for larger details",
			vips_version_string());
	return true;
}

#define BOX_MAX 1001

static bool box(VipsImage *in, const struct args *args, VipsImage **out, GError **error)
{
	int around = 2 * param_int(args, "radius") + 1;
	int width = param_given(args, "width") ? param_int(args, "width") : 0;
	int height = param_given(args, "height") ? param_int(args, "height") : 0;

	/* Of width and height one alone means a square. */
	if (!width)
		width = height ? height : around;
	if (!height)
		height = width;
	return box_mean(in, CLAMP(width, 1, BOX_MAX), CLAMP(height, 1, BOX_MAX), out, error);
}

static bool build_box_blur(VipsImage *in, const struct args *args, VipsImage **out, GError **error)
{
	return filter_bands(in, box, args, out, error);
}

static bool check_box_blur(const struct args *args, GError **error)
{
	if (param_given(args, "radius") && (param_given(args, "width") || param_given(args, "height")))
		return fail(error, ERROR_INPUT, "give radius, or width and height, not both");
	return true;
}

/* in + amount * (in - blurred), where they differ by threshold or more. */
static bool unsharp(VipsImage *in, const struct args *args, VipsImage **out, GError **error)
{
	double threshold = param_double(args, "threshold") * filter_most(in);
	g_autoptr(VipsImage) blurred = NULL, detail = NULL, size = NULL, stands_out = NULL, more = NULL, sharp = NULL;

	if (!convolve_gaussian(in, param_double(args, "sigma"), param_int(args, "radius"), &blurred, error))
		return false;
	if (vips_subtract(in, blurred, &detail, NULL) || vips_abs(detail, &size, NULL) ||
		vips_relational_const1(size, &stands_out, VIPS_OPERATION_RELATIONAL_MOREEQ, threshold, NULL) ||
		vips_linear1(detail, &more, param_double(args, "amount"), 0, NULL) ||
		vips_add(in, more, &sharp, NULL) || vips_ifthenelse(stands_out, sharp, in, out, NULL))
		return vips_failed(error, NULL);
	return true;
}

static bool build_unsharp(VipsImage *in, const struct args *args, VipsImage **out, GError **error)
{
	return filter_colours(in, unsharp, args, out, error);
}

static bool high_pass(VipsImage *in, const struct args *args, VipsImage **out, GError **error)
{
	g_autoptr(VipsImage) blurred = NULL, detail = NULL;

	if (!convolve_gaussian(in, param_double(args, "sigma"), 0, &blurred, error))
		return false;
	if (vips_subtract(in, blurred, &detail, NULL) || vips_linear1(detail, out, 1, rint(filter_most(in) / 2), NULL))
		return vips_failed(error, NULL);
	return true;
}

static bool build_high_pass(VipsImage *in, const struct args *args, VipsImage **out, GError **error)
{
	return filter_colours(in, high_pass, args, out, error);
}

/* One of sharpen's curve parameters; libvips' own bounds. */
#define CURVE(NAME, FALLBACK, HELP) DOUBLE_PARAM(NAME, "", 0, 1000000, FALLBACK, HELP)

const struct operation filter_operations[] = {
	{
		.name = "blur",
		.aliases = NAMES("gaussian_blur", "gaussblur"),
		.group = "filter",
		.summary = "Gaussian blur: libvips' gaussblur.",
		.params = PARAMS(
			DOUBLE_PARAM("sigma", "px", 0.01, 500, "1.5", "how far it reaches; below 0.2 nothing changes"),
			DOUBLE_PARAM("min_amplitude", "", 0.001, 1, "0.2",
				"where the bell is cut off: smaller is more exact and slower",
				.aliases = NAMES("min_ampl")),
			PREMULTIPLY),
		.flags = OPERATION_SEQUENTIAL,
		.mixes = operation_mixes_always,
		.build = build_blur,
	},
	{
		.name = "sharpen",
		.group = "filter",
		.summary = "Sharpens lightness, not colour: libvips' sharpen.",
		.params = PARAMS(
			DOUBLE_PARAM("sigma", "px", 0.000001, 1000, "0.5",
				"size of the details that are raised; 10 at most where `dropmill version --verbose` names sharpen-to-10"),
			CURVE("x1", "2", "where flat ends and jagged begins"), CURVE("y2", "10", "most it brightens"),
			CURVE("y3", "20", "most it darkens"), CURVE("m1", "0", "strength in flat areas"),
			CURVE("m2", "3", "strength in jagged areas")),
		.flags = OPERATION_SEQUENTIAL,
		.check = check_sharpen,
		.build = build_sharpen,
	},
	{
		.name = "box_blur",
		.aliases = NAMES("boxblur", "mean"),
		.group = "filter",
		.summary = "The mean of the pixels around, as fast for any size.",
		.params =
			PARAMS(INT_PARAM("radius", "px", 0, (BOX_MAX - 1) / 2, "1",
				       "how far it reaches to either side: the window is 2 * radius + 1 wide and high"),
				INT_PARAM("width", "px", 1, BOX_MAX, NULL, "width of the window, instead of radius"),
				INT_PARAM("height", "px", 1, BOX_MAX, NULL,
					"height of the window; of width and height one alone means a square"),
				PREMULTIPLY),
		.flags = OPERATION_SEQUENTIAL,
		.mixes = operation_mixes_always,
		.check = check_box_blur,
		.build = build_box_blur,
	},
	{
		.name = "unsharp",
		.aliases = NAMES("unsharp_mask", "usm"),
		.group = "filter",
		.summary = "Sharpens by what a blur takes away, as ImageMagick's -unsharp; alpha is left alone.",
		.params = PARAMS(DOUBLE_PARAM("sigma", "px", 0.1, 100, "1", "size of the details that are raised"),
			DOUBLE_PARAM("amount", "", 0, 10, "1", "how much of the difference is added",
				.aliases = NAMES("gain")),
			DOUBLE_PARAM("threshold", "", 0, 1, "0.05",
				"smaller differences are left alone, as part of the range: 0.05 is about 13 of 255 levels"),
			INT_PARAM("radius", "px", 0, 300, "0", "where the blur is cut off; 0: at three sigma")),
		.flags = OPERATION_SEQUENTIAL,
		.build = build_unsharp,
	},
	{
		.name = "high_pass",
		.aliases = NAMES("highpass"),
		.group = "filter",
		.summary = "What a blur takes away, on mid-grey; alpha is left alone.",
		.params = PARAMS(DOUBLE_PARAM(
			"sigma", "px", 0.1, 100, "3", "size of the details that stay", .aliases = NAMES("radius"))),
		.flags = OPERATION_SEQUENTIAL,
		.build = build_high_pass,
	},
	{.name = NULL},
};

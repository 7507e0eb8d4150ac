/* SPDX-License-Identifier: GPL-2.0-or-later
 * Filters that look for a change of brightness: edges, laplacian, emboss. */
#include <math.h>

#include "base/error.h"
#include "image/kernels/convolve.h"
#include "image/kernels/neighbours.h"
#include "image/operations/groups.h"
#include "image/quirks/quirks.h"
#include "image/table/vips_error.h"

/* The change across and down, brought to a size: libvips' sobel gives a straight step from a to b the level 4 |a - b|, and so
 * do the others. */
static bool gradients(VipsImage *in, double middle, double outer, VipsImage **out, GError **error)
{
	const double across[] = {-outer, 0, outer, -middle, 0, middle, -outer, 0, outer};
	const double down[] = {-outer, -middle, -outer, 0, 0, 0, outer, middle, outer};
	double scale = (middle + 2 * outer) / 4;
	g_autoptr(VipsImage) x = NULL, y = NULL, x_size = NULL, y_size = NULL;

	/* The sums are whole numbers, so the division comes last, where it cannot break a tie. */
	if (!convolve_with(in, across, 3, 3, 1, 0, &x, error) || !convolve_with(in, down, 3, 3, 1, 0, &y, error))
		return false;
	g_autoptr(VipsImage) sum = NULL;
	if (vips_abs(x, &x_size, NULL) || vips_abs(y, &y_size, NULL) || vips_add(x_size, y_size, &sum, NULL) ||
		vips_linear1(sum, out, 1 / scale, 0, NULL))
		return vips_failed(error, NULL);
	return true;
}

static bool laplacian(VipsImage *in, const struct args *args, VipsImage **out, GError **error)
{
	static const double kernel[] = {-1, -1, -1, -1, 8, -1, -1, -1, -1};
	g_autoptr(VipsImage) change = NULL;

	(void)args;
	if (!convolve_with(in, kernel, 3, 3, 1, 0, &change, error))
		return false;
	return vips_abs(change, out, NULL) == 0 || vips_failed(error, NULL);
}

static bool edges(VipsImage *in, const struct args *args, VipsImage **out, GError **error)
{
	const char *method = param_string(args, "method");

	if (g_str_equal(method, "prewitt"))
		return gradients(in, 1, 1, out, error);
	if (g_str_equal(method, "scharr"))
		return gradients(in, 10, 3, out, error);
	if (g_str_equal(method, "laplacian"))
		return laplacian(in, args, out, error);
	if (g_str_equal(method, "sobel") && in->BandFmt != VIPS_FORMAT_UCHAR && quirk(QUIRK_SOBEL_OF_8_BITS))
		return gradients(in, 2, 1, out, error);
	if (g_str_equal(method, "sobel"))
		return vips_sobel(in, out, NULL) == 0 || vips_failed(error, NULL);
	return vips_canny(in, out, "sigma", param_double(args, "sigma"), NULL) == 0 || vips_failed(error, NULL);
}

static bool build_edges(VipsImage *in, const struct args *args, VipsImage **out, GError **error)
{
	return filter_colours(in, edges, args, out, error);
}

static bool check_edges(const struct args *args, GError **error)
{
	if (param_given(args, "sigma") && !g_str_equal(param_string(args, "method"), "canny"))
		return fail(
			error, ERROR_INPUT, "sigma is for method: canny; %s has none", param_string(args, "method"));
	return true;
}

static bool build_laplacian(VipsImage *in, const struct args *args, VipsImage **out, GError **error)
{
	return filter_colours(in, laplacian, args, out, error);
}

/* Light from an angle: the change of brightness towards it, on the picture or on mid-grey. At 135 degrees and strength 1 the kernel is
 * the usual -2 -1 0, -1 1 1, 0 1 2. */
static bool emboss(VipsImage *in, const struct args *args, VipsImage **out, GError **error)
{
	static const double across[] = {-1, 0, 1, -1, 0, 1, -1, 0, 1}, down[] = {-1, -1, -1, 0, 0, 0, 1, 1, 1};
	double angle = param_double(args, "angle") * G_PI / 180;
	double strength = param_double(args, "strength") * G_SQRT2;
	bool relief = param_bool(args, "relief");
	double kernel[9];

	/* In steps of 1/4096, since the last digit of cos() may differ from one processor to another. */
	for (int i = 0; i < 9; i++)
		kernel[i] = rint(4096 * strength * (down[i] * sin(angle) - across[i] * cos(angle)));
	if (!relief)
		kernel[4] = 4096;
	return convolve_with(in, kernel, 3, 3, 4096, relief ? rint(filter_most(in) / 2) : 0, out, error);
}

static bool build_emboss(VipsImage *in, const struct args *args, VipsImage **out, GError **error)
{
	return filter_colours(in, emboss, args, out, error);
}

const struct operation edge_operations[] = {
	{
		.name = "edges",
		.aliases = NAMES("edge", "edge_detect"),
		.group = "filter",
		.summary = "Edges bright on black, in each band of colour; alpha is left alone.",
		.params = PARAMS(
			CHOICE_PARAM("method", NAMES("sobel", "canny", "prewitt", "scharr", "laplacian"), "sobel",
				"sobel and canny are libvips'; prewitt and scharr show a straight edge as bright as "
				"sobel does"),
			DOUBLE_PARAM("sigma", "px", 0.01, 1000, "1.4",
				"canny alone: size of the details that are passed over")),
		.flags = OPERATION_SEQUENTIAL,
		.check = check_edges,
		.build = build_edges,
	},
	{
		.name = "laplacian",
		.group = "filter",
		.summary = "How much a pixel differs from the eight around it, bright on black; alpha is left alone.",
		.params = NO_PARAMS,
		.flags = OPERATION_SEQUENTIAL,
		.build = build_laplacian,
	},
	{
		.name = "emboss",
		.group = "filter",
		.summary = "Raises edges as if light fell on them from one side; alpha is left alone.",
		.params = PARAMS(DOUBLE_PARAM("strength", "", 0, 10, "1", "how high they stand"),
			DOUBLE_PARAM("angle", "deg", -360, 360, "135",
				"where the light comes from: 0 is the right, 90 the top, 135 the top left"),
			BOOL_PARAM("relief", "false", "the edges alone, on mid-grey")),
		.flags = OPERATION_SEQUENTIAL,
		.build = build_emboss,
	},
	{.name = NULL},
};

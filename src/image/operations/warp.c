/* SPDX-License-Identifier: GPL-2.0-or-later
 * Geometry that turns and bends the picture, by libvips' affine: rotate, affine, shear. All but quarter turns resample, and
 * what they compute depends on the region asked for. */
#include <math.h>

#include "base/error.h"
#include "image/kernels/alpha.h"
#include "image/kernels/extent.h"
#include "image/operations/groups.h"
#include "image/table/colour.h"
#include "image/table/vips_error.h"

/* Clockwise degrees from 0 up to 360. */
static double turn(const struct args *args)
{
	double angle = fmod(param_double(args, "angle"), 360);

	return angle < 0 ? angle + 360 : angle;
}

/* Quarter turns move pixels and resample nothing. */
static bool is_quarter(double angle)
{
	return fmod(angle, 90) == 0;
}

static unsigned rotate_flags(const struct args *args)
{
	return is_quarter(turn(args)) ? 0 : OPERATION_ON_GRID;
}

/* vips_affine() puts the colour under the premultiplied picture, divides by alpha afterwards, and cuts off fractions.
 * So the colour is multiplied before, and raised a little, so that the cut is less than a level. */
static void premultiply(VipsArrayDouble *background, VipsImage *image)
{
	int count;
	double *levels = vips_array_double_get(background, &count);
	double most = image->BandFmt == VIPS_FORMAT_USHORT ? 65535 : 255;
	double lift = alpha_is_premultiplied(image) ? 0 : 0.01;

	for (int i = 0; vips_image_hasalpha(image) && i < count - 1; i++)
		levels[i] = (levels[i] + lift) * levels[count - 1] / most;
}

/* What rotate, affine and shear share. a to d as vips_affine() has them: x' = ax + by, y' = cx + dy. */
static bool transform(VipsImage *in, const struct args *args, const double matrix[4], const double offsets[4],
	VipsImage **out, GError **error)
{
	double xs[] = {0, matrix[0] * in->Xsize, matrix[1] * in->Ysize, matrix[0] * in->Xsize + matrix[1] * in->Ysize};
	double ys[] = {0, matrix[2] * in->Xsize, matrix[3] * in->Ysize, matrix[2] * in->Xsize + matrix[3] * in->Ysize};
	double left = 0, right = 0, top = 0, bottom = 0;

	/* libvips casts corners to int before it looks whether they fit. */
	for (int i = 1; i < 4; i++) {
		left = MIN(left, xs[i]);
		right = MAX(right, xs[i]);
		top = MIN(top, ys[i]);
		bottom = MAX(bottom, ys[i]);
	}
	if (!extent_possible((gint64)(right - left), (gint64)(bottom - top), error))
		return false;
	VipsArrayDouble *background = colour_in_bands(param_string(args, "background"), in, error);
	if (!background)
		return false;
	premultiply(background, in);
	g_autoptr(VipsInterpolate) interpolate = vips_interpolate_new(param_string(args, "interpolate"));
	bool ok = interpolate &&
		  vips_affine(in, out, matrix[0], matrix[1], matrix[2], matrix[3], "interpolate", interpolate,
			  "background", background, "idx", offsets[0], "idy", offsets[1], "odx", offsets[2], "ody",
			  offsets[3], "premultiplied", alpha_is_premultiplied(in), NULL) == 0;
	vips_area_unref(VIPS_AREA(background));
	return ok || vips_failed(error, NULL);
}

/* As vips_rotate() does it, which has no parameter for colours that are already premultiplied. */
static bool build_rotate(VipsImage *in, const struct args *args, VipsImage **out, GError **error)
{
	static const VipsAngle quarters[] = {VIPS_ANGLE_D0, VIPS_ANGLE_D90, VIPS_ANGLE_D180, VIPS_ANGLE_D270};
	double angle = turn(args), across = cos(VIPS_RAD(angle)), down = sin(VIPS_RAD(angle));
	const double matrix[] = {across, -down, down, across}, offsets[] = {0, 0, 0, 0};

	if (is_quarter(angle))
		return vips_rot(in, out, quarters[(int)(angle / 90) % 4], NULL) == 0 || vips_failed(error, NULL);
	return transform(in, args, matrix, offsets, out, error);
}

/* Zeros where there is no such matrix: the step came over the bus. */
static void matrix_of(const struct args *args, double matrix[4])
{
	g_autoptr(VipsImage) image = param_matrix(args, "matrix");
	bool fits = image && image->Xsize == 2 && image->Ysize == 2;

	for (int i = 0; i < 4; i++)
		matrix[i] = fits ? *VIPS_MATRIX(image, i % 2, i / 2) : 0;
}

static bool check_affine(const struct args *args, GError **error)
{
	double m[4];

	matrix_of(args, m);
	return fabs(m[0] * m[3] - m[1] * m[2]) > 1e-6 ||
	       fail(error, ERROR_INPUT, "matrix: this one makes the picture flat (its determinant is 0)");
}

static bool build_affine(VipsImage *in, const struct args *args, VipsImage **out, GError **error)
{
	double matrix[4];
	const double offsets[] = {param_double(args, "idx"), param_double(args, "idy"), param_double(args, "odx"),
		param_double(args, "ody")};

	if (!check_affine(args, error))
		return false;
	matrix_of(args, matrix);
	return transform(in, args, matrix, offsets, out, error);
}

static bool check_shear(const struct args *args, GError **error)
{
	return param_given(args, "x") || param_given(args, "y") || fail(error, ERROR_INPUT, "needs x or y");
}

/* First along x, then along y, so that the area stays the same and no two angles make the picture flat. */
static bool build_shear(VipsImage *in, const struct args *args, VipsImage **out, GError **error)
{
	double x = tan(VIPS_RAD(param_double(args, "x"))), y = tan(VIPS_RAD(param_double(args, "y")));
	const double matrix[] = {1, x, y, 1 + x * y}, offsets[] = {0, 0, 0, 0};

	return transform(in, args, matrix, offsets, out, error);
}

#define INTERPOLATE                                                                                                    \
	CHOICE_PARAM("interpolate", NAMES("nearest", "bilinear", "bicubic", "lbb", "nohalo", "vsqbs"), "bilinear",     \
		"how pixels are weighed: nearest keeps hard edges, bicubic and nohalo are the sharpest",               \
		.aliases = NAMES("interpolator", "interpolation", "filter"))
#define BACKGROUND(WHERE)                                                                                              \
	COLOUR_PARAM("background", NULL,                                                                               \
		WHERE "; default: zero in every band, so black, or transparent where there is alpha",                  \
		.aliases = NAMES("bg", "colour", "color"))
#define OFFSET(NAME, HELP) DOUBLE_PARAM(NAME, "px", -1000000, 1000000, "0", HELP)
#define ANGLE(NAME, HELP) DOUBLE_PARAM(NAME, "deg", -89, 89, "0", HELP)

const struct operation warp_operations[] = {
	{
		.name = "rotate",
		.group = "geometry",
		.summary =
			"Turns clockwise: quarter turns exactly (libvips' rot), other angles resampled (libvips' rotate, which "
			"weighs colours by alpha) on a larger canvas.",
		.params = PARAMS(DOUBLE_PARAM("angle", "deg", -360, 360, NULL,
					 "clockwise; negative turns the other way", .required = true),
			INTERPOLATE, BACKGROUND("of the corners")),
		.flags_of = rotate_flags,
		.build = build_rotate,
	},
	{
		.name = "affine",
		.group = "geometry",
		.summary =
			"Moves every pixel by a matrix: libvips' affine, which weighs colours by alpha, on a canvas that holds "
			"the result.",
		.params = PARAMS({.name = "matrix",
					 .type = PARAM_MATRIX,
					 .unit = "",
					 .min = -1000,
					 .max = 1000,
					 .count_min = 2,
					 .count_max = 2,
					 .required = true,
					 .help = "[[a, b], [c, d]]: x becomes ax + by, y becomes cx + dy"},
			INTERPOLATE, BACKGROUND("of what the picture does not cover"),
			OFFSET("idx", "added to x before the matrix"), OFFSET("idy", "added to y before the matrix"),
			OFFSET("odx", "added to x after it; the canvas stays where it is"),
			OFFSET("ody", "added to y after it")),
		.flags = OPERATION_ON_GRID,
		.check = check_affine,
		.build = build_affine,
	},
	{
		.name = "shear",
		.aliases = NAMES("skew"),
		.group = "geometry",
		.summary =
			"Slants the picture, first along x, then along y, on a larger canvas: libvips' affine, which weighs "
			"colours by alpha.",
		.params = PARAMS(ANGLE("x", "by which the left and right edges lean"),
			ANGLE("y", "by which the top and bottom edges lean"), INTERPOLATE,
			BACKGROUND("of the corners")),
		.flags = OPERATION_ON_GRID,
		.check = check_shear,
		.build = build_shear,
	},
	{.name = NULL},
};

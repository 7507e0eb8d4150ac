/* SPDX-License-Identifier: GPL-2.0-or-later
 * Geometry that moves pixels; size.c has what resamples to another size. */
#include <math.h>

#include "base/error.h"
#include "image/colour.h"
#include "image/groups.h"

static bool build_auto_orient(VipsImage *in, JsonObject *params G_GNUC_UNUSED, VipsImage **out, GError **error)
{
	return vips_autorot(in, out, NULL) == 0 || vips_failed(error, NULL);
}

/* Clockwise degrees from 0 up to 360. */
static double turn(JsonObject *params)
{
	double angle = fmod(param_double(operation_find("rotate"), params, "angle"), 360);

	return angle < 0 ? angle + 360 : angle;
}

/* Quarter turns move pixels and resample nothing. */
static bool is_quarter(double angle)
{
	return fmod(angle, 90) == 0;
}

static unsigned rotate_flags(JsonObject *params)
{
	return is_quarter(turn(params)) ? 0 : OPERATION_ON_GRID;
}

/* vips_rotate() lays the colour under the premultiplied picture and divides by alpha afterwards, cutting off fractions:
 * so the colour is multiplied before, and lifted a little so that what is cut off is not a level. */
static void premultiply(VipsArrayDouble *background, VipsImage *image)
{
	int count;
	double *levels = vips_array_double_get(background, &count);
	double most = image->BandFmt == VIPS_FORMAT_USHORT ? 65535 : 255;

	for (int i = 0; vips_image_hasalpha(image) && i < count - 1; i++)
		levels[i] = (levels[i] + 0.01) * levels[count - 1] / most;
}

static bool build_rotate(VipsImage *in, JsonObject *params, VipsImage **out, GError **error)
{
	static const VipsAngle quarters[] = {VIPS_ANGLE_D0, VIPS_ANGLE_D90, VIPS_ANGLE_D180, VIPS_ANGLE_D270};
	double angle = turn(params);

	if (is_quarter(angle))
		return vips_rot(in, out, quarters[(int)(angle / 90) % 4], NULL) == 0 || vips_failed(error, NULL);
	VipsArrayDouble *background =
		colour_in_bands(param_string(operation_find("rotate"), params, "background"), in, error);
	if (!background)
		return false;
	premultiply(background, in);
	bool ok = vips_rotate(in, out, angle, "background", background, NULL) == 0;
	vips_area_unref(VIPS_AREA(background));
	return ok || vips_failed(error, NULL);
}

static bool build_flip(VipsImage *in, JsonObject *params G_GNUC_UNUSED, VipsImage **out, GError **error)
{
	return vips_flip(in, out, VIPS_DIRECTION_VERTICAL, NULL) == 0 || vips_failed(error, NULL);
}

static bool build_flop(VipsImage *in, JsonObject *params G_GNUC_UNUSED, VipsImage **out, GError **error)
{
	return vips_flip(in, out, VIPS_DIRECTION_HORIZONTAL, NULL) == 0 || vips_failed(error, NULL);
}

static bool build_crop(VipsImage *in, JsonObject *params, VipsImage **out, GError **error)
{
	const struct operation *self = operation_find("crop");
	int left = param_int(self, params, "left"), top = param_int(self, params, "top");
	int width = param_int(self, params, "width"), height = param_int(self, params, "height");

	if ((gint64)left + width > in->Xsize || (gint64)top + height > in->Ysize)
		return fail(error, ERROR_INPUT, "%d x %d at %d, %d reaches outside the picture, which is %d x %d here",
			width, height, left, top, in->Xsize, in->Ysize);
	return vips_extract_area(in, out, left, top, width, height, NULL) == 0 || vips_failed(error, NULL);
}

#define EDGE(NAME, ALIAS)                                                                                              \
	{                                                                                                              \
		.name = NAME, .type = PARAM_INT, .unit = "px", .min = 0, .max = 10000000, .fallback = "0",             \
		.aliases = NAMES(ALIAS), .help = "where the area begins"                                               \
	}
#define SIDE(NAME)                                                                                                     \
	{                                                                                                              \
		.name = NAME, .type = PARAM_INT, .unit = "px", .min = 1, .max = 10000000, .required = true,            \
		.help = "of the area; it must lie inside the picture"                                                  \
	}

const struct operation geometry_operations[] = {
	{
		.name = "auto_orient",
		.aliases = NAMES("autorotate", "auto_rotate", "autoorient", "autorot"),
		.group = "geometry",
		.summary =
			"Turns the picture upright as its orientation tag says, and removes the tag: libvips' autorot.",
		.params = NO_PARAMS,
		.build = build_auto_orient,
	},
	{
		.name = "rotate",
		.group = "geometry",
		.summary =
			"Turns clockwise: quarter turns exactly (libvips' rot), other angles resampled (libvips' rotate, "
			"bilinear) on a larger canvas.",
		.params = PARAMS({.name = "angle",
					 .type = PARAM_DOUBLE,
					 .unit = "deg",
					 .min = -360,
					 .max = 360,
					 .required = true,
					 .help = "clockwise; negative turns the other way"},
			{.name = "background",
				.type = PARAM_COLOUR,
				.aliases = NAMES("bg"),
				.help = "of the corners; default: zero in every band, so black, or transparent where there is alpha"}),
		.flags_of = rotate_flags,
		.build = build_rotate,
	},
	{
		.name = "flip",
		.aliases = NAMES("flip_vertical"),
		.group = "geometry",
		.summary = "Upside down: mirrors top and bottom.",
		.params = NO_PARAMS,
		.build = build_flip,
	},
	{
		.name = "flop",
		.aliases = NAMES("mirror", "flip_horizontal"),
		.group = "geometry",
		.summary = "Mirrors left and right.",
		.params = NO_PARAMS,
		.flags = OPERATION_SEQUENTIAL,
		.build = build_flop,
	},
	{
		.name = "crop",
		.aliases = NAMES("extract", "extract_area"),
		.group = "geometry",
		.summary = "Cuts out an area: libvips' extract_area.",
		.params = PARAMS(EDGE("left", "x"), EDGE("top", "y"), SIDE("width"), SIDE("height")),
		.flags = OPERATION_SEQUENTIAL,
		.build = build_crop,
	},
	{.name = NULL},
};

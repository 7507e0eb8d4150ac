/* SPDX-License-Identifier: GPL-2.0-or-later
 * Geometry that moves pixels and changes none; area.c cuts and adds, layout.c repeats, warp.c turns and bends, size.c
 * resamples to another size. */
#include "image/operations/groups.h"
#include "image/table/vips_error.h"

static bool build_auto_orient(VipsImage *in, const struct args *args G_GNUC_UNUSED, VipsImage **out, GError **error)
{
	return vips_autorot(in, out, NULL) == 0 || vips_failed(error, NULL);
}

static bool build_flip(VipsImage *in, const struct args *args G_GNUC_UNUSED, VipsImage **out, GError **error)
{
	return vips_flip(in, out, VIPS_DIRECTION_VERTICAL, NULL) == 0 || vips_failed(error, NULL);
}

static bool build_flop(VipsImage *in, const struct args *args G_GNUC_UNUSED, VipsImage **out, GError **error)
{
	return vips_flip(in, out, VIPS_DIRECTION_HORIZONTAL, NULL) == 0 || vips_failed(error, NULL);
}

/* Over a diagonal: a quarter turn, then a mirror. */
static bool turn_and_mirror(VipsImage *in, VipsDirection direction, VipsImage **out, GError **error)
{
	g_autoptr(VipsImage) turned = NULL;

	if (vips_rot(in, &turned, VIPS_ANGLE_D90, NULL) || vips_flip(turned, out, direction, NULL))
		return vips_failed(error, NULL);
	return true;
}

static bool build_transpose(VipsImage *in, const struct args *args G_GNUC_UNUSED, VipsImage **out, GError **error)
{
	return turn_and_mirror(in, VIPS_DIRECTION_HORIZONTAL, out, error);
}

static bool build_transverse(VipsImage *in, const struct args *args G_GNUC_UNUSED, VipsImage **out, GError **error)
{
	return turn_and_mirror(in, VIPS_DIRECTION_VERTICAL, out, error);
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
		.name = "flip",
		.aliases = NAMES("flip_vertical", "vertical_flip", "mirror_vertical"),
		.group = "geometry",
		.summary = "Upside down: mirrors top and bottom.",
		.params = NO_PARAMS,
		.build = build_flip,
	},
	{
		.name = "flop",
		.aliases = NAMES("mirror", "flip_horizontal", "horizontal_flip", "mirror_horizontal"),
		.group = "geometry",
		.summary = "Mirrors left and right.",
		.params = NO_PARAMS,
		.flags = OPERATION_SEQUENTIAL,
		.build = build_flop,
	},
	{
		.name = "transpose",
		.group = "geometry",
		.summary = "Mirrors over the diagonal from the top left: columns become rows.",
		.params = NO_PARAMS,
		.build = build_transpose,
	},
	{
		.name = "transverse",
		.group = "geometry",
		.summary = "Mirrors over the diagonal from the top right.",
		.params = NO_PARAMS,
		.build = build_transverse,
	},
	{.name = NULL},
};

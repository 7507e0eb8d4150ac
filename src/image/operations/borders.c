/* SPDX-License-Identifier: GPL-2.0-or-later
 * What goes round a picture and below it: border, frame, round_corners, flatten. */
#include <math.h>

#include "base/error.h"
#include "image/kernels/blend.h"
#include "image/kernels/position_images.h"
#include "image/operations/groups.h"
#include "image/table/colour.h"
#include "image/table/vips_error.h"

/* How far the bevelled sides of a frame are from its colour, towards white and black. */
#define BEVEL 0.4

/* Takes in; so many pixels more on each side. */
static bool surround(
	VipsImage *in, int top, int right, int bottom, int left, const char *colour, VipsImage **out, GError **error)
{
	g_autoptr(VipsImage) inner = in;
	VipsArrayDouble *background = colour_in_bands(colour, inner, error);

	if (!background)
		return false;
	bool ok = vips_embed(inner, out, left, top, inner->Xsize + left + right, inner->Ysize + top + bottom, "extend",
			  VIPS_EXTEND_BACKGROUND, "background", background, NULL) == 0;
	vips_area_unref(VIPS_AREA(background));
	return ok || vips_failed(error, NULL);
}

static bool check_border(const struct args *args, GError **error)
{
	static const char *const sides[] = {"width", "top", "right", "bottom", "left"};

	for (guint i = 0; i < G_N_ELEMENTS(sides); i++)
		if (param_given(args, sides[i]))
			return true;
	return fail(error, ERROR_INPUT, "needs width, or one of top, right, bottom and left");
}

static int side(const struct args *args, const char *name)
{
	return param_int(args, param_given(args, name) ? name : "width");
}

static bool build_border(VipsImage *in, const struct args *args, VipsImage **out, GError **error)
{
	return surround(g_object_ref(in), side(args, "top"), side(args, "right"), side(args, "bottom"),
		side(args, "left"), param_string(args, "colour"), out, error);
}

/* The colour towards white (part > 0) or black. Takes colour. */
static VipsArrayDouble *shade(VipsArrayDouble *colour, const struct kind *kind, double part)
{
	int count;
	const double *levels = vips_array_double_get(colour, &count);
	double shaded[5];

	/* Of ink, less is lighter. */
	double goal = (part > 0) == (kind->colours != 4) ? kind->most : 0;
	for (int i = 0; i < count; i++)
		shaded[i] = i < kind->colours ? rint(levels[i] + fabs(part) * (goal - levels[i])) : levels[i];
	vips_area_unref(VIPS_AREA(colour));
	return vips_array_double_new(shaded, count);
}

static bool lay_in_sides(VipsImage *in, int width, const char *colour, double bevel, VipsImage **out, GError **error)
{
	g_autoptr(VipsImage) sides = NULL;
	VipsArrayDouble *colours[4] = {NULL};
	struct kind kind;
	bool ok = kind_of(in, &kind, error);

	/* top, right, bottom, left: light falls from the top left */
	for (int i = 0; ok && i < 4; i++) {
		colours[i] = colour_in_bands(colour, in, error);
		ok = colours[i] != NULL;
		if (ok && bevel != 0)
			colours[i] = shade(colours[i], &kind, i == 0 || i == 3 ? bevel : -bevel);
	}
	ok = ok && position_images_sides(in, in->Xsize + 2 * width, in->Ysize + 2 * width, colours, &sides, error) &&
	     position_images_patch(sides, in, width, width, out, error);
	for (int i = 0; i < 4; i++)
		if (colours[i])
			vips_area_unref(VIPS_AREA(colours[i]));
	return ok;
}

static bool build_frame(VipsImage *in, const struct args *args, VipsImage **out, GError **error)
{
	const char *style = param_string(args, "style");
	int inner = param_int(args, "inner_width"), width = param_int(args, "width");
	g_autoptr(VipsImage) lined = NULL;

	if (!surround(g_object_ref(in), inner, inner, inner, inner, param_string(args, "inner_colour"), &lined, error))
		return false;
	double bevel = g_str_equal(style, "flat") ? 0 : g_str_equal(style, "sunken") ? -BEVEL : BEVEL;
	return lay_in_sides(lined, width, param_string(args, "colour"), bevel, out, error);
}

/* Alpha out of the picture, the colour where it was. Takes in. */
static bool flatten(VipsImage *in, const char *colour, VipsImage **out, GError **error)
{
	g_autoptr(VipsImage) above = in;
	g_autoptr(VipsImage) colours = NULL;
	struct kind kind;

	if (!kind_of(above, &kind, error))
		return false;
	if (!kind.alpha)
		return vips_copy(above, out, NULL) == 0 || vips_failed(error, NULL);
	/* The background has the bands that will be left. */
	if (vips_extract_band(above, &colours, 0, "n", kind.colours, NULL))
		return vips_failed(error, NULL);
	VipsArrayDouble *background = colour_in_bands(colour, colours, error);
	if (!background)
		return false;
	bool ok = vips_flatten(above, out, "background", background, "max_alpha", kind.most, NULL) == 0;
	vips_area_unref(VIPS_AREA(background));
	return ok || vips_failed(error, NULL);
}

static bool build_flatten(VipsImage *in, const struct args *args, VipsImage **out, GError **error)
{
	return flatten(g_object_ref(in), param_string(args, "background"), out, error);
}

static bool check_round_corners(const struct args *args, GError **error)
{
	if (param_given(args, "radius") == param_given(args, "scale"))
		return fail(error, ERROR_INPUT, "needs radius or scale, one of them");
	return true;
}

static bool build_round_corners(VipsImage *in, const struct args *args, VipsImage **out, GError **error)
{
	double shorter = VIPS_MIN(in->Xsize, in->Ysize);
	double radius =
		param_given(args, "scale") ? shorter * param_double(args, "scale") : param_double(args, "radius");
	g_autoptr(VipsImage) mask = NULL, cut = NULL;

	if (!position_images_round_mask(in->Xsize, in->Ysize, VIPS_MIN(radius, shorter / 2), &mask, error) ||
		!overlay_cut(in, mask, &cut, error))
		return false;
	if (param_given(args, "background"))
		return flatten(g_steal_pointer(&cut), param_string(args, "background"), out, error);
	*out = g_steal_pointer(&cut);
	return true;
}

#define SIDE(NAME) INT_PARAM(NAME, "px", 0, 100000, NULL, "of this side, instead of width")
#define COLOUR(NAME, FALLBACK, ALIAS, HELP) COLOUR_PARAM(NAME, FALLBACK, HELP, .aliases = NAMES(ALIAS))

const struct operation frame_operations[] = {
	{
		.name = "border",
		.group = "composition",
		.summary = "Puts a border of one colour round the picture, which becomes larger by it.",
		.params = PARAMS(INT_PARAM("width", "px", 0, 100000, "0", "of every side", .aliases = NAMES("size")),
			COLOUR("colour", "black", "color", "of the border"), SIDE("top"), SIDE("right"), SIDE("bottom"),
			SIDE("left")),
		.flags = OPERATION_SEQUENTIAL,
		.check = check_border,
		.build = build_border,
	},
	{
		.name = "frame",
		.group = "composition",
		.summary = "Puts a frame round the picture, bevelled or flat, with a line inside it.",
		.params = PARAMS(INT_PARAM("width", "px", 1, 100000, "24", "of the frame, without the line inside",
					 .aliases = NAMES("size")),
			COLOUR("colour", "#b0a080", "color", "of the frame"),
			INT_PARAM(
				"inner_width", "px", 0, 100000, "2", "of the line between picture and frame; 0: none"),
			COLOUR("inner_colour", "black", "inner_color", "of that line"),
			CHOICE_PARAM("style", NAMES("raised", "sunken", "flat"), "raised",
				"raised: light on top and left, shade on the other sides; sunken: the other way round")),
		.flags = OPERATION_SEQUENTIAL,
		.build = build_frame,
	},
	{
		.name = "round_corners",
		.aliases = NAMES("rounded_corners", "rounded", "round"),
		.group = "composition",
		.summary = "Rounds the corners off: they become transparent, or of the background's colour.",
		.params = PARAMS(DOUBLE_PARAM("radius", "px", 0, 100000, NULL, "at most half of the shorter side"),
			DOUBLE_PARAM("scale", "", 0, 0.5, NULL,
				"the radius as a part of the shorter side, instead of radius; 0.5 makes a square a disc"),
			COLOUR("background", NULL, "bg",
				"of the corners; default: none, the picture gets an alpha band")),
		.flags = OPERATION_SEQUENTIAL,
		.check = check_round_corners,
		.build = build_round_corners,
	},
	{
		.name = "flatten",
		.group = "composition",
		.summary =
			"Takes alpha out and lays the picture on a colour: libvips' flatten; without alpha the picture stays as it is.",
		.params = PARAMS(COLOUR("background", "white", "bg", "what shows through")),
		.flags = OPERATION_SEQUENTIAL,
		.build = build_flatten,
	},
	{.name = NULL},
};

/* SPDX-License-Identifier: GPL-2.0-or-later
 * Geometry that repeats, shifts and takes whole pixels: tile, wrap, zoom, subsample, pixelate. */
#include "image/kernels/extent.h"
#include "image/operations/groups.h"
#include "image/table/vips_error.h"

static bool build_tile(VipsImage *in, const struct args *args, VipsImage **out, GError **error)
{
	int across = param_int(args, "across"), down = param_int(args, "down");

	if (!extent_possible((gint64)in->Xsize * across, (gint64)in->Ysize * down, error))
		return false;
	return vips_replicate(in, out, across, down, NULL) == 0 || vips_failed(error, NULL);
}

static bool build_wrap(VipsImage *in, const struct args *args, VipsImage **out, GError **error)
{
	int x = param_given(args, "x") ? param_int(args, "x") : in->Xsize / 2;
	int y = param_given(args, "y") ? param_int(args, "y") : in->Ysize / 2;

	if (!extent_possible(2 * (gint64)in->Xsize, 2 * (gint64)in->Ysize, error))
		return false;
	return vips_wrap(in, out, "x", x, "y", y, NULL) == 0 || vips_failed(error, NULL);
}

/* x and y, where given, else factor. */
static void factors(const struct args *args, int *x, int *y)
{
	int factor = param_int(args, "factor");

	*x = param_given(args, "x") ? param_int(args, "x") : factor;
	*y = param_given(args, "y") ? param_int(args, "y") : factor;
}

static bool build_zoom(VipsImage *in, const struct args *args, VipsImage **out, GError **error)
{
	int x, y;

	factors(args, &x, &y);
	if (!extent_possible((gint64)in->Xsize * x, (gint64)in->Ysize * y, error))
		return false;
	return vips_zoom(in, out, x, y, NULL) == 0 || vips_failed(error, NULL);
}

static bool build_subsample(VipsImage *in, const struct args *args, VipsImage **out, GError **error)
{
	int x, y;

	factors(args, &x, &y);
	return vips_subsample(in, out, MIN(x, in->Xsize), MIN(y, in->Ysize), NULL) == 0 || vips_failed(error, NULL);
}

/* Wide enough that a block's mean is not rounded before its end; a transparent pixel's colour must not show, so it
 * counts by its alpha. */
static bool to_sums(VipsImage *in, VipsImage **out, GError **error)
{
	g_autoptr(VipsImage) wide = NULL;

	if (vips_cast(in, &wide, VIPS_FORMAT_DOUBLE, NULL) ||
		(vips_image_hasalpha(in) ? vips_premultiply(wide, out, NULL) : vips_copy(wide, out, NULL)))
		return vips_failed(error, NULL);
	return true;
}

static bool from_means(VipsImage *means, VipsImage *in, VipsImage **out, GError **error)
{
	g_autoptr(VipsImage) plain = NULL, round = NULL;

	if ((vips_image_hasalpha(in) ? vips_unpremultiply(means, &plain, NULL) : vips_copy(means, &plain, NULL)) ||
		vips_rint(plain, &round, NULL) || vips_cast(round, out, in->BandFmt, NULL))
		return vips_failed(error, NULL);
	return true;
}

static bool build_pixelate(VipsImage *in, const struct args *args, VipsImage **out, GError **error)
{
	int size = param_int(args, "size");
	int x = MIN(size, in->Xsize), y = MIN(size, in->Ysize);
	g_autoptr(VipsImage) sums = NULL, rows = NULL, means = NULL, small = NULL, blocks = NULL;

	if (!to_sums(in, &sums, error))
		return false;
	if (vips_shrinkv(sums, &rows, y, "ceil", TRUE, NULL) || vips_shrinkh(rows, &means, x, "ceil", TRUE, NULL))
		return vips_failed(error, NULL);
	if (!from_means(means, in, &small, error))
		return false;
	if (vips_zoom(small, &blocks, x, y, NULL) || vips_extract_area(blocks, out, 0, 0, in->Xsize, in->Ysize, NULL))
		return vips_failed(error, NULL);
	return true;
}

#define COUNT(NAME, HELP) INT_PARAM(NAME, "", 1, 100000, "2", HELP)
#define SHIFT(NAME, HELP) INT_PARAM(NAME, "px", -10000000, 10000000, NULL, HELP)
#define FACTOR(NAME, ALIASES, FALLBACK, HELP) INT_PARAM(NAME, "", 1, 10000, FALLBACK, HELP, .aliases = ALIASES)

const struct operation layout_operations[] = {
	{
		.name = "tile",
		.aliases = NAMES("replicate", "repeat"),
		.group = "geometry",
		.summary = "The picture again and again, side by side: libvips' replicate.",
		.params = PARAMS(COUNT("across", "how many side by side"), COUNT("down", "how many below each other")),
		.build = build_tile,
	},
	{
		.name = "wrap",
		.aliases = NAMES("roll"),
		.group = "geometry",
		.summary = "Shifts the picture; what leaves at one edge comes in at the other: libvips' wrap.",
		.params = PARAMS(SHIFT("x", "to the right; default: half the width"),
			SHIFT("y", "downwards; default: half the height")),
		.build = build_wrap,
	},
	{
		.name = "zoom",
		.group = "geometry",
		.summary = "Larger by a whole factor, each pixel a block of its own colour: libvips' zoom.",
		.params = PARAMS(FACTOR("factor", NAMES("scale"), "2", "how many times as wide and as high"),
			FACTOR("x", NAMES("xfac"), NULL, "how many times as wide, instead of factor"),
			FACTOR("y", NAMES("yfac"), NULL, "how many times as high, instead of factor")),
		.flags = OPERATION_SEQUENTIAL,
		.build = build_zoom,
	},
	{
		.name = "subsample",
		.aliases = NAMES("decimate"),
		.group = "geometry",
		.summary = "Smaller by a whole factor: takes every Nth pixel, without averaging: libvips' subsample.",
		.params = PARAMS(FACTOR("factor", NAMES("scale"), "2", "takes every Nth column and row"),
			FACTOR("x", NAMES("xfac"), NULL, "takes every Nth column, instead of factor"),
			FACTOR("y", NAMES("yfac"), NULL, "takes every Nth row, instead of factor")),
		.build = build_subsample,
	},
	{
		.name = "pixelate",
		.aliases = NAMES("pixelize", "pixelise", "mosaic"),
		.group = "geometry",
		.summary =
			"Square blocks from the top left, each the mean of its pixels, weighed by alpha; blocks that the "
			"edge cuts count their last column or row for what is missing.",
		.params = PARAMS(INT_PARAM("size", "px", 1, 10000, "10",
			"of a block; a larger one than the picture is the picture",
			.aliases = NAMES("block", "pixel"))),
		.build = build_pixelate,
	},
	{.name = NULL},
};

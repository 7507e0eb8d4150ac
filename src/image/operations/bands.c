/* SPDX-License-Identifier: GPL-2.0-or-later
 * Bands and their depth: alpha added and taken away, bands picked and joined, 8 or 16 bits, premultiplied or not. */
#include <math.h>

#include "base/error.h"
#include "image/kernels/alpha.h"
#include "image/operations/groups.h"
#include "image/quirks/quirks.h"
#include "image/table/vips_error.h"

static bool copy(VipsImage *in, VipsImage **out, GError **error)
{
	return vips_copy(in, out, NULL) == 0 || vips_failed(error, NULL);
}

/* The brightest level of the picture, whatever it is kept in: a picture in floating point tells by its colour space. */
static double most_of(VipsImage *in)
{
	VipsInterpretation space = vips_image_guess_interpretation(in);

	if (space == VIPS_INTERPRETATION_scRGB)
		return 1;
	return in->BandFmt == VIPS_FORMAT_USHORT || space == VIPS_INTERPRETATION_GREY16 ||
			       space == VIPS_INTERPRETATION_RGB16
		       ? 65535
		       : 255;
}

/* Alpha of what cannot be seen through. */
static double most_of_alpha(VipsImage *in)
{
	bool light = vips_image_guess_interpretation(in) == VIPS_INTERPRETATION_scRGB;

	return light && !quirk(QUIRK_ALPHA_OF_SCRGB) ? 255 : most_of(in);
}

static bool build_remove_alpha(VipsImage *in, const struct args *args G_GNUC_UNUSED, VipsImage **out, GError **error)
{
	if (!vips_image_hasalpha(in))
		return copy(in, out, error);
	return vips_extract_band(in, out, 0, "n", in->Bands - 1, NULL) == 0 || vips_failed(error, NULL);
}

static bool build_ensure_alpha(VipsImage *in, const struct args *args, VipsImage **out, GError **error)
{
	double level = most_of_alpha(in) * param_double(args, "value");

	if (vips_image_hasalpha(in))
		return copy(in, out, error);
	if (vips_band_format_isint(in->BandFmt))
		level = rint(level);
	return vips_bandjoin_const1(in, out, level, NULL) == 0 || vips_failed(error, NULL);
}

/* What so many bands are, that were not all picked: savers go by it. */
static VipsInterpretation space_of(VipsImage *in, int bands)
{
	bool deep = most_of(in) == 65535;

	return bands < 3 ? (deep ? VIPS_INTERPRETATION_GREY16 : VIPS_INTERPRETATION_B_W)
			 : (deep ? VIPS_INTERPRETATION_RGB16 : VIPS_INTERPRETATION_sRGB);
}

static bool build_extract_band(VipsImage *in, const struct args *args, VipsImage **out, GError **error)
{
	int band = param_int(args, "band"), count = param_int(args, "count");
	g_autoptr(VipsImage) picked = NULL;

	if (band < 0)
		band += in->Bands;
	if (band < 0 || band + count > in->Bands)
		return fail(error, ERROR_INPUT, "%d band%s from number %d: the picture has %d here, counted from 0",
			count, count == 1 ? "" : "s", param_int(args, "band"), in->Bands);
	if (count == in->Bands)
		return copy(in, out, error);
	if (vips_extract_band(in, &picked, band, "n", count, NULL) ||
		vips_copy(picked, out, "interpretation", space_of(in, count), NULL))
		return vips_failed(error, NULL);
	return true;
}

static bool check_join(const struct args *args, GError **error)
{
	return param_given(args, "values") != param_given(args, "image") ||
	       fail(error, ERROR_INPUT, "needs values or image, one of them");
}

/* The bands that are put behind: of the file, in the picture's depth. */
static bool open_bands(VipsImage *in, JsonObject *asset, VipsImage **out, GError **error)
{
	g_autoptr(VipsImage) image = asset_image(asset, error);

	if (!image)
		return false;
	if (image->Xsize != in->Xsize || image->Ysize != in->Ysize)
		return fail(error, ERROR_INPUT,
			"image is %d x %d, the picture %d x %d here; put a step before it that makes them alike",
			image->Xsize, image->Ysize, in->Xsize, in->Ysize);
	return vips_cast(image, out, in->BandFmt, "shift", TRUE, NULL) == 0 || vips_failed(error, NULL);
}

static bool build_join(VipsImage *in, const struct args *args, VipsImage **out, GError **error)
{
	g_autoptr(VipsImage) joined = NULL;
	guint count;
	g_autofree double *values = param_numbers(args, "values", &count);

	if (param_given(args, "image")) {
		g_autoptr(VipsImage) bands = NULL;
		if (!open_bands(in, param_asset(args, "image"), &bands, error))
			return false;
		if (vips_bandjoin2(in, bands, &joined, NULL))
			return vips_failed(error, NULL);
	} else {
		/* A band more than the colours of light is alpha. */
		double most = most_of_alpha(in);
		for (guint i = 0; i < count; i++) {
			values[i] = values[i] * most / 100;
			if (vips_band_format_isint(in->BandFmt))
				values[i] = rint(values[i]);
		}
		if (!count)
			return fail(error, ERROR_INPUT, "needs values or image");
		if (vips_bandjoin_const(in, &joined, values, (int)count, NULL))
			return vips_failed(error, NULL);
	}
	/* Grey that was given bands is RGB now; a band more than the colours is alpha, and the colour space stays. */
	VipsInterpretation space = vips_image_guess_interpretation(in);
	bool grey = space == VIPS_INTERPRETATION_B_W || space == VIPS_INTERPRETATION_GREY16;
	if (grey)
		space = space_of(in, joined->Bands);
	return vips_copy(joined, out, "interpretation", space, NULL) == 0 || vips_failed(error, NULL);
}

static bool check_cast(const struct args *args, GError **error)
{
	int depth = param_int(args, "depth");

	return depth == 8 || depth == 16 || fail(error, ERROR_INPUT, "depth is 8 or 16, not %d", depth);
}

/* The colour space that goes with the depth: converters and savers take levels by it. */
static VipsInterpretation space_in_depth(VipsImage *in, bool deep)
{
	VipsInterpretation space = vips_image_guess_interpretation(in);

	switch (space) {
	case VIPS_INTERPRETATION_B_W:
	case VIPS_INTERPRETATION_GREY16:
		return deep ? VIPS_INTERPRETATION_GREY16 : VIPS_INTERPRETATION_B_W;
	case VIPS_INTERPRETATION_sRGB:
	case VIPS_INTERPRETATION_RGB:
	case VIPS_INTERPRETATION_RGB16:
		return deep ? VIPS_INTERPRETATION_RGB16 : VIPS_INTERPRETATION_sRGB;
	default:
		return space;
	}
}

/* Floating point is scaled to levels up to most, and rounded; libvips' shift would cut its fractions off first. most 0: as it is. */
static bool from_float(VipsImage *in, double most, VipsBandFormat format, VipsImage **out, GError **error)
{
	g_autoptr(VipsImage) scaled = NULL, rounded = NULL;
	g_autofree double *scales = g_new(double, (gsize)in->Bands), *offsets = g_new0(double, (gsize)in->Bands);

	for (int band = 0; band < in->Bands; band++) {
		bool alpha = vips_image_hasalpha(in) && band == in->Bands - 1;
		scales[band] = most > 0 ? most / (alpha ? most_of_alpha(in) : most_of(in)) : 1;
	}
	if (vips_linear(in, &scaled, scales, offsets, in->Bands, NULL) || vips_rint(scaled, &rounded, NULL) ||
		vips_cast(rounded, out, format, NULL))
		return vips_failed(error, NULL);
	return true;
}

static bool build_cast(VipsImage *in, const struct args *args, VipsImage **out, GError **error)
{
	bool deep = param_int(args, "depth") == 16, shift = param_bool(args, "shift");
	VipsBandFormat format = deep ? VIPS_FORMAT_USHORT : VIPS_FORMAT_UCHAR;
	VipsInterpretation space = space_in_depth(in, deep);
	g_autoptr(VipsImage) converted = NULL;

	if (vips_band_format_isint(in->BandFmt)) {
		if (vips_cast(in, &converted, format, "shift", shift, NULL))
			return vips_failed(error, NULL);
	} else if (!from_float(in, shift ? (deep ? 65535 : 255) : 0, format, &converted, error)) {
		return false;
	}
	return vips_copy(converted, out, "interpretation", space, NULL) == 0 || vips_failed(error, NULL);
}

/* libvips takes the last of several bands for alpha, whatever it is. */
static bool build_premultiply(VipsImage *in, const struct args *args G_GNUC_UNUSED, VipsImage **out, GError **error)
{
	if (!vips_image_hasalpha(in))
		return copy(in, out, error);
	if (vips_premultiply(in, out, NULL))
		return vips_failed(error, NULL);
	alpha_note("premultiply", *out);
	return true;
}

/* The depth that goes with the colour space. libvips' own guess leaves grey in floating point. */
static VipsBandFormat depth_of(VipsImage *in)
{
	if (vips_band_format_isint(in->BandFmt))
		return in->BandFmt;
	switch (vips_image_guess_interpretation(in)) {
	case VIPS_INTERPRETATION_GREY16:
	case VIPS_INTERPRETATION_RGB16:
		return VIPS_FORMAT_USHORT;
	case VIPS_INTERPRETATION_B_W:
	case VIPS_INTERPRETATION_sRGB:
	case VIPS_INTERPRETATION_RGB:
	case VIPS_INTERPRETATION_CMYK:
		return VIPS_FORMAT_UCHAR;
	default:
		return in->BandFmt; /* Lab and the like are fractions */
	}
}

static bool build_unpremultiply(VipsImage *in, const struct args *args G_GNUC_UNUSED, VipsImage **out, GError **error)
{
	VipsBandFormat format = depth_of(in);
	g_autoptr(VipsImage) plain = NULL;

	if (!vips_image_hasalpha(in))
		return copy(in, out, error);
	if (vips_unpremultiply(in, &plain, NULL))
		return vips_failed(error, NULL);
	alpha_note("unpremultiply", plain);
	if (!vips_band_format_isint(format))
		return copy(plain, out, error);
	return from_float(plain, 0, format, out, error);
}

const struct operation band_operations[] = {
	{
		.name = "remove_alpha",
		.aliases = NAMES("removealpha", "drop_alpha"),
		.group = "bands",
		.summary =
			"Drops the alpha band, and shows the colours that transparent pixels have; flatten lays them "
			"on a background instead.",
		.params = NO_PARAMS,
		.flags = OPERATION_SEQUENTIAL,
		.build = build_remove_alpha,
	},
	{
		.name = "ensure_alpha",
		.aliases = NAMES("ensurealpha", "add_alpha", "addalpha"),
		.group = "bands",
		.summary = "Gives a picture that has no alpha band one; leaves others alone.",
		.params = PARAMS(DOUBLE_PARAM("value", "", 0, 1, "1", "0 is transparent, 1 opaque, as sharp has it",
			.aliases = NAMES("alpha", "opacity"))),
		.flags = OPERATION_SEQUENTIAL,
		.build = build_ensure_alpha,
	},
	{
		.name = "extract_band",
		.aliases = NAMES("extract_channel", "channel"),
		.group = "bands",
		.summary = "Picks bands: one or two are a grey picture, three are RGB; libvips' extract_band.",
		.params = PARAMS(INT_PARAM("band", "", -100, 100, NULL,
					 "the first, counted from 0; -1 is the last, alpha where there is one",
					 .required = true, .aliases = NAMES("channel")),
			INT_PARAM("count", "", 1, 100, "1", "how many", .aliases = NAMES("n"))),
		.flags = OPERATION_SEQUENTIAL,
		.build = build_extract_band,
	},
	{
		.name = "join",
		.aliases = NAMES("bandjoin", "join_bands", "join_channel"),
		.group = "bands",
		.summary =
			"Puts bands behind those of the picture, of one level each or from a file: libvips' bandjoin. One "
			"behind the colours is alpha; grey with two more is RGB.",
		.params = PARAMS(
			{.name = "values",
				.type = PARAM_NUMBERS,
				.unit = "%",
				.min = 0,
				.max = 100,
				.count_min = 1,
				.count_max = 4,
				.aliases = NAMES("value"),
				.help = "a level for each new band, of the range, so that it means the same at 8 and 16 bits"},
			{.name = "image",
				.type = PARAM_ASSET,
				.asset = ASSET_IMAGE,
				.aliases = NAMES("file", "input", "path"),
				.help = "all bands of this one, in the picture's depth; it must have the picture's size"}),
		.flags = OPERATION_SEQUENTIAL,
		.check = check_join,
		.build = build_join,
	},
	{
		.name = "cast",
		.aliases = NAMES("depth", "bit_depth"),
		.group = "bands",
		.summary = "To 8 or 16 bits a band: libvips' cast with its shift, so that white stays white.",
		.params = PARAMS(INT_PARAM("depth", "bits", 8, 16, NULL, "8 or 16", .required = true,
					 .aliases = NAMES("bits", "to")),
			BOOL_PARAM("shift", "true",
				"scale the levels to the new range; false keeps their numbers and clips them",
				.aliases = NAMES("scale"))),
		.flags = OPERATION_SEQUENTIAL,
		.check = check_cast,
		.build = build_cast,
	},
	{
		.name = "premultiply",
		.group = "bands",
		.summary =
			"Colours times alpha, in floating point until unpremultiply, so that filters in between do not "
			"spread the colours of transparent pixels; a picture without alpha is left alone.",
		.params = NO_PARAMS,
		.flags = OPERATION_SEQUENTIAL,
		.build = build_premultiply,
	},
	{
		.name = "unpremultiply",
		.group = "bands",
		.summary =
			"Colours divided by alpha, back in the depth that the colour space has: libvips' unpremultiply; a picture without alpha is left alone.",
		.params = NO_PARAMS,
		.flags = OPERATION_SEQUENTIAL,
		.build = build_unpremultiply,
	},
	{.name = NULL},
};

/* SPDX-License-Identifier: GPL-2.0-or-later
 * Colours: more or less of them, others, or maps in their place. Alpha is left alone. */
#include <math.h>
#include <string.h>

#include "base/error.h"
#include "image/kernels/tone_support.h"
#include "image/operations/groups.h"
#include "image/table/colour.h"
#include "image/table/vips_error.h"

struct modulation {
	double brightness, saturation, hue, lightness;
};

/* In LCh (lightness, chroma, hue), as sharp does it: lightness is what the eye sees, and hue turns without changing it. */
static bool modulate(VipsImage *in, const struct modulation *m, VipsImage **out, GError **error)
{
	g_autoptr(VipsImage) colours = NULL, lch = NULL, changed = NULL, back = NULL;
	double a[] = {m->brightness, m->saturation, 1}, b[] = {m->lightness, 0, m->hue};
	struct tone_support tones;

	if (!tone_support_of(in, &tones, error))
		return false;
	bool same_light = m->brightness == 1 && m->lightness == 0;
	/* The way to LCh and back costs rounding: not for nothing. */
	if (same_light && (tones.colours == 1 || (m->saturation == 1 && m->hue == 0)))
		return vips_copy(in, out, NULL) == 0 || vips_failed(error, NULL);
	if (same_light && m->saturation == 0) {
		/* Equal bands, which rounding would not make. */
		g_autoptr(VipsImage) grey = NULL;
		if (!tone_support_grey(in, &tones, &grey, error))
			return false;
		VipsImage *three[] = {grey, grey, grey};
		if (vips_bandjoin(three, &back, 3, NULL))
			return vips_failed(error, NULL);
		return tone_support_rejoin(in, &tones, back, in->Type, out, error);
	}
	VipsInterpretation space = tones.colours == 1 ? tones.grey : tones.rgb;
	if (!tone_support_colours(in, &tones, &colours, error))
		return false;
	if (vips_colourspace(colours, &lch, VIPS_INTERPRETATION_LCH, NULL) ||
		vips_linear(lch, &changed, a, b, 3, NULL) || vips_colourspace(changed, &back, space, NULL))
		return vips_failed(error, NULL);
	return tone_support_rejoin(in, &tones, back, in->Type, out, error);
}

static bool build_modulate(VipsImage *in, const struct args *args, VipsImage **out, GError **error)
{
	struct modulation m = {param_double(args, "brightness"), param_double(args, "saturation"),
		param_double(args, "hue"), param_double(args, "lightness")};

	return modulate(in, &m, out, error);
}

static bool build_saturation(VipsImage *in, const struct args *args, VipsImage **out, GError **error)
{
	struct modulation m = {1, param_double(args, "factor"), 0, 0};

	return modulate(in, &m, out, error);
}

static bool build_desaturate(VipsImage *in, const struct args *args, VipsImage **out, GError **error)
{
	struct modulation m = {1, 1 - param_double(args, "amount") / 100, 0, 0};

	return modulate(in, &m, out, error);
}

/* Puts red, green and blue from a table (levels x 1, three bands) in the place of each grey. */
static bool map_grey(VipsImage *in, const struct tone_support *tones, VipsImage *table, VipsImage **out, GError **error)
{
	g_autoptr(VipsImage) grey = NULL, mapped = NULL;

	if (!tone_support_grey(in, tones, &grey, error))
		return false;
	if (vips_maplut(grey, &mapped, table, NULL))
		return vips_failed(error, NULL);
	return tone_support_rejoin(in, tones, mapped, tones->rgb, out, error);
}

/* Lab of one colour. */
static bool lab_of(const double rgba[4], double lab[3], GError **error)
{
	float levels[3] = {(float)rgba[0], (float)rgba[1], (float)rgba[2]};
	g_autoptr(VipsImage) pixel = vips_image_new_from_memory(levels, sizeof levels, 1, 1, 3, VIPS_FORMAT_FLOAT);
	g_autoptr(VipsImage) converted = NULL;
	g_autofree double *point = NULL;
	int count;

	if (!pixel ||
		vips_colourspace(
			pixel, &converted, VIPS_INTERPRETATION_LAB, "source_space", VIPS_INTERPRETATION_sRGB, NULL) ||
		vips_getpoint(converted, &point, &count, 0, 0, NULL))
		return vips_failed(error, NULL);
	memcpy(lab, point, 3 * sizeof *lab);
	return true;
}

/* CIE lightness of a level of grey, 0 to 100. */
static double lightness(double level)
{
	double light = tone_to_light(level);

	return light > 216.0 / 24389 ? 116 * cbrt(light) - 16 : light * 24389 / 27;
}

/* For every grey a colour of the same lightness: most of the tint in the middle, none in black and white. */
static VipsImage *tint_table(const struct tone_support *tones, const double tint[3], GError **error)
{
	gsize count = 3 * (gsize)tones->levels;
	g_autofree float *lab = g_new(float, count);
	VipsImage *table = NULL;

	for (int level = 0; level < tones->levels; level++) {
		double l = lightness(level / (tones->levels - 1.0));
		double share = 1 - (l / 50 - 1) * (l / 50 - 1);
		lab[3 * level] = (float)l;
		lab[3 * level + 1] = (float)(share * tint[1]);
		lab[3 * level + 2] = (float)(share * tint[2]);
	}
	g_autoptr(VipsImage) image =
		vips_image_new_from_memory_copy(lab, count * sizeof *lab, tones->levels, 1, 3, VIPS_FORMAT_FLOAT);
	if (!image || vips_colourspace(image, &table, tones->rgb, "source_space", VIPS_INTERPRETATION_LAB, NULL))
		vips_failed(error, NULL);
	return table;
}

/* The colour was checked with the definition, but it came over the bus. */
static bool parse_colour(const char *text, double rgba[4], GError **error)
{
	return (text && colour_parse(text, rgba)) || fail(error, ERROR_INPUT, "'%s' is not a colour", text ? text : "");
}

static bool build_tint(VipsImage *in, const struct args *args, VipsImage **out, GError **error)
{
	double rgba[4], lab[3];
	struct tone_support tones;

	if (!tone_support_of(in, &tones, error) || !parse_colour(param_string(args, "colour"), rgba, error) ||
		!lab_of(rgba, lab, error))
		return false;
	g_autoptr(VipsImage) table = tint_table(&tones, lab, error);
	return table && map_grey(in, &tones, table, out, error);
}

struct duotone {
	double dark[4], light[4];
};

static double between(double level, int band, const void *data)
{
	const struct duotone *d = data;

	return (d->dark[band] + level * (d->light[band] - d->dark[band])) / 255;
}

static bool build_duotone(VipsImage *in, const struct args *args, VipsImage **out, GError **error)
{
	struct duotone duotone;
	struct tone_support tones;

	if (!tone_support_of(in, &tones, error) || !parse_colour(param_string(args, "dark"), duotone.dark, error) ||
		!parse_colour(param_string(args, "light"), duotone.light, error))
		return false;
	const struct tone_support coloured = {.colours = 3, .levels = tones.levels};
	g_autoptr(VipsImage) table = tone_support_table(&coloured, 3, between, &duotone, error);
	return table && map_grey(in, &tones, table, out, error);
}

static bool build_false_colour(VipsImage *in, const struct args *args G_GNUC_UNUSED, VipsImage **out, GError **error)
{
	g_autoptr(VipsImage) grey = NULL, shallow = NULL, mapped = NULL, deep = NULL;
	struct tone_support tones;

	if (!tone_support_of(in, &tones, error) || !tone_support_grey(in, &tones, &grey, error))
		return false;
	/* libvips' map has 256 colours: 16 bits would be clipped, not mapped. */
	if (vips_cast(grey, &shallow, VIPS_FORMAT_UCHAR, "shift", TRUE, NULL) ||
		vips_falsecolour(shallow, &mapped, NULL) || vips_cast(mapped, &deep, in->BandFmt, "shift", TRUE, NULL))
		return vips_failed(error, NULL);
	return tone_support_rejoin(in, &tones, deep, tones.rgb, out, error);
}

/* W3C Filter Effects, sepia(): between the picture itself and these brown weights. */
static bool build_sepia(VipsImage *in, const struct args *args, VipsImage **out, GError **error)
{
	static const double brown[9] = {0.393, 0.769, 0.189, 0.349, 0.686, 0.168, 0.272, 0.534, 0.131};
	double share = param_double(args, "strength") / 100, weights[9];
	g_autoptr(VipsImage) rgb = NULL, mixed = NULL;
	struct tone_support tones;

	for (int i = 0; i < 9; i++)
		weights[i] = share * brown[i] + (1 - share) * (i % 4 == 0);
	g_autoptr(VipsImage) matrix = vips_image_new_matrix_from_array(3, 3, weights, 9);
	if (!tone_support_of(in, &tones, error) || !tone_support_rgb(in, &tones, &rgb, error))
		return false;
	if (vips_recomb(rgb, &mixed, matrix, NULL))
		return vips_failed(error, NULL);
	return tone_support_rejoin(in, &tones, mixed, tones.rgb, out, error);
}

static bool check_recombine(const struct args *args, GError **error)
{
	g_autoptr(VipsImage) matrix = param_matrix(args, "matrix");

	return (matrix && matrix->Xsize == matrix->Ysize) ||
	       fail(error, ERROR_INPUT, "matrix must have as many rows as columns: 3 x 3 or 4 x 4");
}

/* 4 x 4: alpha, or the black of CMYK, is a band like any other. */
static bool recombine_four(VipsImage *in, VipsImage *matrix, VipsImage **out, GError **error)
{
	g_autoptr(VipsImage) mixed = NULL, whole = NULL;

	if (in->Bands != 4 || (in->BandFmt != VIPS_FORMAT_UCHAR && in->BandFmt != VIPS_FORMAT_USHORT))
		return fail(error, ERROR_INPUT,
			"a 4 x 4 matrix is for pictures of 4 bands of 8 or 16 bits, this one has %d of %s", in->Bands,
			vips_enum_nick(VIPS_TYPE_BAND_FORMAT, in->BandFmt));
	if (vips_recomb(in, &mixed, matrix, NULL))
		return vips_failed(error, NULL);
	if (!tone_support_round(mixed, in->BandFmt, &whole, error))
		return false;
	return vips_copy(whole, out, "interpretation", in->Type, NULL) == 0 || vips_failed(error, NULL);
}

static bool build_recombine(VipsImage *in, const struct args *args, VipsImage **out, GError **error)
{
	g_autoptr(VipsImage) matrix = param_matrix(args, "matrix");
	g_autoptr(VipsImage) colours = NULL, mixed = NULL;
	struct tone_support tones;

	if (!check_recombine(args, error))
		return false;
	if (matrix->Xsize == 4)
		return recombine_four(in, matrix, out, error);
	if (!tone_support_of(in, &tones, error))
		return false;
	if (tones.colours != 3)
		return fail(error, ERROR_INPUT,
			"a 3 x 3 matrix is for RGB pictures, this one is grey; put a step before it: colourspace: srgb");
	if (!tone_support_colours(in, &tones, &colours, error))
		return false;
	if (vips_recomb(colours, &mixed, matrix, NULL))
		return vips_failed(error, NULL);
	return tone_support_rejoin(in, &tones, mixed, in->Type, out, error);
}

#define FACTOR(NAME, HELP) DOUBLE_PARAM(NAME, "", 0, 100, "1", HELP)
#define PERCENT(NAME, HELP) DOUBLE_PARAM(NAME, "%", 0, 100, "100", HELP)
#define COLOUR(NAME, ALIAS, HELP) COLOUR_PARAM(NAME, NULL, HELP, .required = true, .aliases = NAMES(ALIAS))

const struct operation colour_operations[] = {
	{
		.name = "modulate",
		.group = "colour",
		.summary = "Brightness, saturation and hue as the eye sees them, in LCh as sharp has it.",
		.params = PARAMS(FACTOR("brightness", "multiplies lightness"),
			FACTOR("saturation", "multiplies chroma; 0 is grey"),
			DOUBLE_PARAM("hue", "deg", -360, 360, "0", "turns the colours round"),
			DOUBLE_PARAM("lightness", "%", -100, 100, "0", "added to lightness, of 100")),
		.flags = OPERATION_SEQUENTIAL,
		.build = build_modulate,
	},
	{
		.name = "saturation",
		.aliases = NAMES("saturate"),
		.group = "colour",
		.summary = "More or less colour at the same lightness.",
		.params = PARAMS(DOUBLE_PARAM(
			"factor", "", 0, 100, NULL, "1 changes nothing, 0 is grey (the bands stay)", .required = true)),
		.flags = OPERATION_SEQUENTIAL,
		.build = build_saturation,
	},
	{
		.name = "desaturate",
		.group = "colour",
		.summary = "Takes colour away and keeps the bands; grayscale makes a picture of one band.",
		.params = PARAMS(PERCENT("amount", "of the colour that is taken away")),
		.flags = OPERATION_SEQUENTIAL,
		.build = build_desaturate,
	},
	{
		.name = "tint",
		.group = "colour",
		.summary =
			"One colour in place of all, at the same lightness, as sharp's tint: most in the middle tones, "
			"black and white stay; a grey picture becomes RGB.",
		.params = PARAMS(COLOUR("colour", "color", "whose hue and chroma are laid over")),
		.flags = OPERATION_SEQUENTIAL,
		.build = build_tint,
	},
	{
		.name = "duotone",
		.aliases = NAMES("gradient_map"),
		.group = "colour",
		.summary = "From one colour in the shadows to another in the lights; a grey picture becomes RGB.",
		.params = PARAMS(COLOUR("dark", "shadows", "in place of black"),
			COLOUR("light", "highlights", "in place of white")),
		.flags = OPERATION_SEQUENTIAL,
		.build = build_duotone,
	},
	{
		.name = "sepia",
		.group = "colour",
		.summary = "Brown as old photographs, as CSS has it; a grey picture becomes RGB.",
		.params = PARAMS(PERCENT("strength", "0 changes nothing")),
		.flags = OPERATION_SEQUENTIAL,
		.build = build_sepia,
	},
	{
		.name = "false_colour",
		.aliases = NAMES("falsecolour", "false_color", "falsecolor"),
		.group = "colour",
		.summary = "Shows small differences of brightness as colours: libvips' falsecolour, of 256 greys.",
		.params = NO_PARAMS,
		.flags = OPERATION_SEQUENTIAL,
		.build = build_false_colour,
	},
	{
		.name = "recombine",
		.aliases = NAMES("recomb", "color_matrix", "colour_matrix"),
		.group = "colour",
		.summary =
			"New bands as sums of the old ones: libvips' recomb, rounded and clipped to the picture's depth.",
		.params = PARAMS({.name = "matrix",
			.type = PARAM_MATRIX,
			.unit = "",
			.min = -1000,
			.max = 1000,
			.count_min = 3,
			.count_max = 4,
			.required = true,
			.help = "3 x 3: a row for each of red, green and blue, alpha is left alone; 4 x 4: pictures of four "
				"bands, RGBA or CMYK"}),
		.flags = OPERATION_SEQUENTIAL,
		.check = check_recombine,
		.build = build_recombine,
	},
	{.name = NULL},
};

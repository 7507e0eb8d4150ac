/* SPDX-License-Identifier: GPL-2.0-or-later
 * Tones: what changes the brightness of pixels, each band by a curve of its own. Alpha is left alone. */
#include <math.h>

#include "base/error.h"
#include "image/kernels/grey.h"
#include "image/kernels/tone_support.h"
#include "image/operations/groups.h"
#include "image/read/profile.h"
#include "image/table/vips_error.h"

static bool to_grey(VipsImage *in, const void *space, VipsImage **out, GError **error)
{
	return grey_of(in, *(const VipsInterpretation *)space, out, error);
}

static bool build_grayscale(VipsImage *in, const struct args *args G_GNUC_UNUSED, VipsImage **out, GError **error)
{
	/* B_W is 8 bits, so a 16-bit picture would lose half of its depth. */
	VipsInterpretation space =
		in->BandFmt == VIPS_FORMAT_USHORT ? VIPS_INTERPRETATION_GREY16 : VIPS_INTERPRETATION_B_W;

	/* Alpha stays as it is: see QUIRK_GREY16_THROUGH_FLOATS. */
	if (space == VIPS_INTERPRETATION_GREY16)
		return profile_convert_colours(in, to_grey, &space, out, error);
	return grey_of(in, space, out, error);
}

static bool build_invert(VipsImage *in, const struct args *args, VipsImage **out, GError **error)
{
	if (!vips_image_hasalpha(in) || param_bool(args, "alpha"))
		return vips_invert(in, out, NULL) == 0 || vips_failed(error, NULL);
	g_autoptr(VipsImage) colour = NULL, alpha = NULL, inverted = NULL;
	if (vips_extract_band(in, &colour, 0, "n", in->Bands - 1, NULL) ||
		vips_extract_band(in, &alpha, in->Bands - 1, NULL) || vips_invert(colour, &inverted, NULL) ||
		vips_bandjoin2(inverted, alpha, out, NULL))
		return vips_failed(error, NULL);
	return true;
}

struct line {
	double slope, offset;
};

static double on_line(double level, int band G_GNUC_UNUSED, const void *data)
{
	const struct line *line = data;

	return level * line->slope + line->offset;
}

static bool build_brightness(VipsImage *in, const struct args *args, VipsImage **out, GError **error)
{
	struct line line = {param_double(args, "factor"), param_double(args, "amount") / 100};

	return tone_support_map(in, on_line, &line, out, error);
}

/* A slope round the middle. From -100 to 100: the angle of the line, from lying flat to standing upright. */
static bool build_contrast(VipsImage *in, const struct args *args, VipsImage **out, GError **error)
{
	double amount = param_double(args, "amount"), middle = param_double(args, "middle") / 100;
	struct line line = {.slope = param_double(args, "factor")};

	if (param_given(args, "amount"))
		line.slope = amount >= 100 ? 1e6 : amount <= -100 ? 0 : tan(G_PI / 4 * (amount / 100 + 1));
	line.offset = middle * (1 - line.slope);
	return tone_support_map(in, on_line, &line, out, error);
}

static bool check_contrast(const struct args *args, GError **error)
{
	return !param_given(args, "amount") || !param_given(args, "factor") ||
	       fail(error, ERROR_INPUT, "give amount or factor, not both");
}

struct levels {
	double black, white, gamma, output_black, output_white;
};

static double stretched(double level, int band G_GNUC_UNUSED, const void *data)
{
	const struct levels *l = data;
	double at = pow(VIPS_CLIP(0, (level - l->black) / (l->white - l->black), 1), 1 / l->gamma);

	return l->output_black + at * (l->output_white - l->output_black);
}

static struct levels levels_of(const struct args *args)
{
	return (struct levels){
		.black = param_double(args, "black") / 100,
		.white = param_double(args, "white") / 100,
		.gamma = param_double(args, "gamma"),
		.output_black = param_double(args, "output_black") / 100,
		.output_white = param_double(args, "output_white") / 100,
	};
}

static bool check_levels(const struct args *args, GError **error)
{
	struct levels levels = levels_of(args);

	return levels.black < levels.white || fail(error, ERROR_INPUT, "black must be below white");
}

static bool build_levels(VipsImage *in, const struct args *args, VipsImage **out, GError **error)
{
	struct levels levels = levels_of(args);

	return tone_support_map(in, stretched, &levels, out, error);
}

static double powered(double level, int band G_GNUC_UNUSED, const void *data)
{
	return pow(level, *(const double *)data);
}

static bool build_gamma(VipsImage *in, const struct args *args, VipsImage **out, GError **error)
{
	double exponent = 1 / param_double(args, "gamma");

	return tone_support_map(in, powered, &exponent, out, error);
}

static double black_or_white(double level, int band G_GNUC_UNUSED, const void *data)
{
	return level >= *(const double *)data;
}

static bool build_threshold(VipsImage *in, const struct args *args, VipsImage **out, GError **error)
{
	double value = param_double(args, "value") / 100;
	struct tone_support tones;

	if (!tone_support_of(in, &tones, error))
		return false;
	if (tones.colours == 1 || !param_bool(args, "grayscale"))
		return tone_support_map(in, black_or_white, &value, out, error);
	g_autoptr(VipsImage) grey = NULL, cut = NULL;
	return tone_support_grey(in, &tones, &grey, error) &&
	       tone_support_map(grey, black_or_white, &value, &cut, error) &&
	       tone_support_rejoin(in, &tones, cut, tones.grey, out, error);
}

static double stepped(double level, int band G_GNUC_UNUSED, const void *data)
{
	int steps = *(const int *)data - 1;

	return floor(level * steps + 0.5) / steps;
}

static bool build_posterize(VipsImage *in, const struct args *args, VipsImage **out, GError **error)
{
	int levels = param_int(args, "levels");

	return tone_support_map(in, stepped, &levels, out, error);
}

static double reversed_above(double level, int band G_GNUC_UNUSED, const void *data)
{
	return level > *(const double *)data ? 1 - level : level;
}

static bool build_solarize(VipsImage *in, const struct args *args, VipsImage **out, GError **error)
{
	double value = param_double(args, "value") / 100;

	return tone_support_map(in, reversed_above, &value, out, error);
}

struct lines {
	const double *a, *b;
	guint a_count, b_count;
};

static double on_lines(double level, int band, const void *data)
{
	const struct lines *lines = data;

	return level * lines->a[lines->a_count > 1 ? band : 0] + lines->b[lines->b_count > 1 ? band : 0] / 100;
}

static bool build_linear(VipsImage *in, const struct args *args, VipsImage **out, GError **error)
{
	struct lines lines = {0};
	struct tone_support tones;
	g_autofree double *a = param_numbers(args, "a", &lines.a_count);
	g_autofree double *b = param_numbers(args, "b", &lines.b_count);

	if (!tone_support_of(in, &tones, error))
		return false;
	guint most = MAX(lines.a_count, lines.b_count), colours = (guint)tones.colours;
	if ((lines.a_count > 1 && lines.a_count != colours) || (lines.b_count > 1 && lines.b_count != colours))
		return fail(error, ERROR_INPUT, "%u numbers for a picture of %u %s; give one, or as many", most,
			colours, colours == 1 ? "band of colour" : "bands of colour");
	lines.a = a;
	lines.b = b;
	return tone_support_map(in, on_lines, &lines, out, error);
}

#define PERCENT(NAME, FALLBACK, HELP) DOUBLE_PARAM(NAME, "%", 0, 100, FALLBACK, HELP)
/* -100 to 100 per cent, as sliders have it */
#define SLIDER(NAME, FALLBACK, HELP) DOUBLE_PARAM(NAME, "%", -100, 100, FALLBACK, HELP)

const struct operation tone_operations[] = {
	{
		.name = "grayscale",
		.aliases = NAMES("greyscale", "gray", "grey", "mono"),
		.group = "tone",
		.summary =
			"To grey: libvips' colourspace to b-w, or grey16 for a 16-bit picture; an alpha band is kept.",
		.params = NO_PARAMS,
		.flags = OPERATION_SEQUENTIAL,
		.build = build_grayscale,
	},
	{
		.name = "invert",
		.aliases = NAMES("negate", "negative"),
		.group = "tone",
		.summary = "The negative: libvips' invert.",
		.params = PARAMS(BOOL_PARAM(
			"alpha", "true", "the alpha band too, as libvips and sharp do; false leaves it alone")),
		.flags = OPERATION_SEQUENTIAL,
		.build = build_invert,
	},
	{
		.name = "brightness",
		.aliases = NAMES("brighten"),
		.group = "tone",
		.summary =
			"Brighter or darker, by adding to every level as ImageMagick's -brightness-contrast does, or by "
			"multiplying as CSS does; modulate changes the lightness that the eye sees.",
		.params = PARAMS(
			SLIDER("amount", "0", "added, of the range from black to white: 100 makes everything white"),
			DOUBLE_PARAM("factor", "", 0, 100, "1", "multiplied, before amount is added")),
		.flags = OPERATION_SEQUENTIAL,
		.build = build_brightness,
	},
	{
		.name = "contrast",
		.group = "tone",
		.summary =
			"More or less contrast round the middle: by a slider as ImageMagick's -brightness-contrast has it, "
			"or by a factor as CSS has it.",
		.params =
			PARAMS(SLIDER("amount", "0",
				       "-100 leaves only the middle, 100 only black and white; 50 is a slope of 2.41"),
				DOUBLE_PARAM("factor", "", 0, 100, "1", "the slope itself, instead of amount"),
				PERCENT("middle", "50", "the level that stays")),
		.flags = OPERATION_SEQUENTIAL,
		.check = check_contrast,
		.build = build_contrast,
	},
	{
		.name = "levels",
		.aliases = NAMES("level"),
		.group = "tone",
		.summary = "Stretches the levels between black and white over the whole range, with gamma in between.",
		.params = PARAMS(PERCENT("black", "0", "what becomes black, of the range"),
			PERCENT("white", "100", "what becomes white"),
			DOUBLE_PARAM("gamma", "", 0.01, 100, "1", "of the middle tones; above 1 brightens"),
			PERCENT("output_black", "0", "level that black is given"),
			PERCENT("output_white", "100", "level that white is given; below output_black is a negative")),
		.flags = OPERATION_SEQUENTIAL,
		.check = check_levels,
		.build = build_levels,
	},
	{
		.name = "gamma",
		.group = "tone",
		.summary =
			"Brightens or darkens the middle tones: level to the power of 1/gamma, as ImageMagick's -gamma "
			"and libvips' gamma have it.",
		.params = PARAMS(DOUBLE_PARAM("gamma", "", 0.01, 100, "2.2", "above 1 brightens, below darkens",
			.aliases = NAMES("exponent", "value"))),
		.flags = OPERATION_SEQUENTIAL,
		.build = build_gamma,
	},
	{
		.name = "threshold",
		.aliases = NAMES("binarize", "binarise"),
		.group = "tone",
		.summary = "Black or white: what reaches the value becomes white.",
		.params = PARAMS(PERCENT("value", "50", "of the range; 50 is level 128 of 8 bits"),
			BOOL_PARAM("grayscale", "true",
				"first to grey, so that a grey picture comes out; false cuts each band",
				.aliases = NAMES("greyscale"))),
		.flags = OPERATION_SEQUENTIAL,
		.build = build_threshold,
	},
	{
		.name = "posterize",
		.aliases = NAMES("posterise"),
		.group = "tone",
		.summary = "So many levels a band, evenly spread from black to white.",
		.params = PARAMS(INT_PARAM("levels", "", 2, 256, "4", "how many are left in each band")),
		.flags = OPERATION_SEQUENTIAL,
		.build = build_posterize,
	},
	{
		.name = "solarize",
		.aliases = NAMES("solarise"),
		.group = "tone",
		.summary = "The negative of what is brighter than the value.",
		.params = PARAMS(PERCENT("value", "50", "of the range")),
		.flags = OPERATION_SEQUENTIAL,
		.build = build_solarize,
	},
	{
		.name = "linear",
		.group = "tone",
		.summary =
			"Every level times a plus b, rounded and clipped; vips: {operation: linear} gives floating point instead.",
		.params = PARAMS({.name = "a",
					 .type = PARAM_NUMBERS,
					 .unit = "",
					 .min = -1000,
					 .max = 1000,
					 .count_min = 1,
					 .count_max = 3,
					 .fallback = "1",
					 .aliases = NAMES("multiply"),
					 .help = "for all bands of colour, or one each"},
			{.name = "b",
				.type = PARAM_NUMBERS,
				.unit = "%",
				.min = -100000,
				.max = 100000,
				.count_min = 1,
				.count_max = 3,
				.fallback = "0",
				.aliases = NAMES("add"),
				.help = "for all bands of colour, or one each; of the range, so 50 is 127.5 of 8 bits"}),
		.flags = OPERATION_SEQUENTIAL,
		.build = build_linear,
	},
	{.name = NULL},
};

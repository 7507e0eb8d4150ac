/* SPDX-License-Identifier: GPL-2.0-or-later
 * White balance: each band of colour times a factor, in light rather than in levels. */
#include <math.h>

#include "image/kernels/tone_support.h"
#include "image/operations/groups.h"
#include "image/table/vips_error.h"

/* How much of the luminance each band of sRGB has (BT.709). */
static const double luminance[3] = {0.2126, 0.7152, 0.0722};

struct gains {
	double of_band[3];
};

static double in_light(double level, int band, const void *data)
{
	const struct gains *gains = data;

	return tone_from_light(tone_to_light(level) * gains->of_band[band]);
}

static bool by_numbers(const struct args *args)
{
	return param_given(args, "temperature") || param_given(args, "tint");
}

/* Half a stop at either end of the sliders; a grey keeps its luminance. */
static struct gains gains_of_numbers(const struct args *args)
{
	double warm = param_double(args, "temperature") / 200, magenta = param_double(args, "tint") / 200;
	struct gains gains = {{exp2(warm), exp2(-magenta), exp2(-warm)}};
	double sum = 0;

	for (int i = 0; i < 3; i++)
		sum += luminance[i] * gains.of_band[i];
	for (int i = 0; i < 3; i++)
		gains.of_band[i] /= sum;
	return gains;
}

/* The grey world: what makes all of the picture grey on average, of the same luminance. */
static bool gains_of_picture(VipsImage *in, const struct tone_support *tones, struct gains *gains, GError **error)
{
	g_autoptr(VipsImage) colours = NULL, histogram = NULL;
	double light[3] = {0, 0, 0}, target = 0;
	gsize length;

	if (!tone_support_colours(in, tones, &colours, error))
		return false;
	if (vips_hist_find(colours, &histogram, NULL))
		return vips_failed(error, NULL);
	g_autofree guint32 *counts = vips_image_write_to_memory(histogram, &length);
	if (!counts)
		return vips_failed(error, NULL);
	for (int level = 0; level < histogram->Xsize; level++)
		for (int band = 0; band < 3; band++)
			light[band] += counts[3 * level + band] * tone_to_light(level / (tones->levels - 1.0));
	for (int band = 0; band < 3; band++)
		target += luminance[band] * light[band];
	for (int band = 0; band < 3; band++)
		gains->of_band[band] = light[band] > 0 ? target / light[band] : 1;
	return true;
}

static bool build_white_balance(VipsImage *in, const struct args *args, VipsImage **out, GError **error)
{
	struct gains gains;
	struct tone_support tones;

	if (!tone_support_of(in, &tones, error))
		return false;
	if (tones.colours == 1)
		return vips_copy(in, out, NULL) == 0 || vips_failed(error, NULL);
	if (by_numbers(args))
		gains = gains_of_numbers(args);
	else if (!gains_of_picture(in, &tones, &gains, error))
		return false;
	return tone_support_map(in, in_light, &gains, out, error);
}

static unsigned white_balance_flags(const struct args *args)
{
	return by_numbers(args) ? OPERATION_SEQUENTIAL : 0;
}

const struct operation white_balance_operations[] = {
	{
		.name = "white_balance",
		.aliases = NAMES("whitebalance", "auto_white_balance"),
		.group = "colour",
		.summary =
			"Removes a colour cast by numbers. Without numbers the picture becomes grey on average (grey world), "
			"which needs the whole picture. A grey picture stays as it is.",
		.params = PARAMS(DOUBLE_PARAM("temperature", "%", -100, 100, "0",
					 "above 0 warmer, below cooler; 100 is half a stop more red and less blue",
					 .aliases = NAMES("warmth")),
			DOUBLE_PARAM("tint", "%", -100, 100, "0", "above 0 to magenta, below to green")),
		.flags_of = white_balance_flags,
		.build = build_white_balance,
	},
	{.name = NULL},
};

/* SPDX-License-Identifier: GPL-2.0-or-later
 * Tone and colour. */
#include "image/groups.h"

static bool build_grayscale(VipsImage *in, JsonObject *params G_GNUC_UNUSED, VipsImage **out, GError **error)
{
	/* B_W is 8 bits, so a 16-bit picture would lose half of its depth. */
	VipsInterpretation space =
		in->BandFmt == VIPS_FORMAT_USHORT ? VIPS_INTERPRETATION_GREY16 : VIPS_INTERPRETATION_B_W;

	return vips_colourspace(in, out, space, NULL) == 0 || vips_failed(error, NULL);
}

static bool build_invert(VipsImage *in, JsonObject *params, VipsImage **out, GError **error)
{
	if (!vips_image_hasalpha(in) || param_bool(operation_find("invert"), params, "alpha"))
		return vips_invert(in, out, NULL) == 0 || vips_failed(error, NULL);
	g_autoptr(VipsImage) colour = NULL, alpha = NULL, inverted = NULL;
	if (vips_extract_band(in, &colour, 0, "n", in->Bands - 1, NULL) ||
		vips_extract_band(in, &alpha, in->Bands - 1, NULL) || vips_invert(colour, &inverted, NULL) ||
		vips_bandjoin2(inverted, alpha, out, NULL))
		return vips_failed(error, NULL);
	return true;
}

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
		.params = PARAMS({.name = "alpha",
			.type = PARAM_BOOL,
			.fallback = "true",
			.help = "the alpha band too, as libvips and sharp do; false leaves it alone"}),
		.flags = OPERATION_SEQUENTIAL,
		.build = build_invert,
	},
	{.name = NULL},
};

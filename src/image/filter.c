/* SPDX-License-Identifier: GPL-2.0-or-later
 * Filters: what looks at a pixel's neighbours. */
#include "image/groups.h"

static bool build_blur(VipsImage *in, JsonObject *params, VipsImage **out, GError **error)
{
	const struct operation *self = operation_find("blur");

	return vips_gaussblur(in, out, param_double(self, params, "sigma"), "min_ampl",
		       param_double(self, params, "min_amplitude"), NULL) == 0 ||
	       vips_failed(error, NULL);
}

static bool build_sharpen(VipsImage *in, JsonObject *params, VipsImage **out, GError **error)
{
	const struct operation *self = operation_find("sharpen");

	return vips_sharpen(in, out, "sigma", param_double(self, params, "sigma"), "x1",
		       param_double(self, params, "x1"), "y2", param_double(self, params, "y2"), "y3",
		       param_double(self, params, "y3"), "m1", param_double(self, params, "m1"), "m2",
		       param_double(self, params, "m2"), NULL) == 0 ||
	       vips_failed(error, NULL);
}

/* One of sharpen's curve parameters; libvips' own bounds. */
#define CURVE(NAME, FALLBACK, HELP)                                                                                    \
	{                                                                                                              \
		.name = NAME, .type = PARAM_DOUBLE, .unit = "", .min = 0, .max = 1000000, .fallback = FALLBACK,        \
		.help = HELP                                                                                           \
	}

const struct operation filter_operations[] = {
	{
		.name = "blur",
		.aliases = NAMES("gaussian_blur", "gaussblur"),
		.group = "filter",
		.summary = "Gaussian blur: libvips' gaussblur; alpha is blurred like any band, not premultiplied.",
		.params = PARAMS({.name = "sigma",
					 .type = PARAM_DOUBLE,
					 .unit = "px",
					 .min = 0.01,
					 .max = 500,
					 .fallback = "1.5",
					 .help = "how far it reaches; below 0.2 nothing changes"},
			{.name = "min_amplitude",
				.type = PARAM_DOUBLE,
				.unit = "",
				.min = 0.001,
				.max = 1,
				.fallback = "0.2",
				.aliases = NAMES("min_ampl"),
				.help = "where the bell is cut off: smaller is more exact and slower"}),
		.flags = OPERATION_SEQUENTIAL,
		.build = build_blur,
	},
	{
		.name = "sharpen",
		.group = "filter",
		.summary = "Sharpens lightness, not colour: libvips' sharpen.",
		.params = PARAMS({.name = "sigma",
					 .type = PARAM_DOUBLE,
					 .unit = "px",
					 .min = 0.000001,
					 .max = 1000,
					 .fallback = "0.5",
					 .help = "size of the details that are raised"},
			CURVE("x1", "2", "where flat ends and jagged begins"), CURVE("y2", "10", "most it brightens"),
			CURVE("y3", "20", "most it darkens"), CURVE("m1", "0", "strength in flat areas"),
			CURVE("m2", "3", "strength in jagged areas")),
		.flags = OPERATION_SEQUENTIAL,
		.build = build_sharpen,
	},
	{.name = NULL},
};

/* SPDX-License-Identifier: GPL-2.0-or-later
 * The table of implied steps: see implied.h. */
#include "definition/implied.h"

const struct implied_step implied_steps[IMPLIED_COUNT] = {
	[IMPLIED_PAGES] = {"pages", "icc", "profile", "srgb",
		"the pages have different profiles, and the file holds one"},
	[IMPLIED_PROFILE] = {"profile", "icc", "profile", "srgb",
		"the output keeps no profile, so its colours become sRGB"},
	[IMPLIED_INK] = {"ink", "icc", "profile", "srgb", "the format holds no CMYK"},
	[IMPLIED_SPACE] = {"space", "colourspace", "space", "srgb", "the format does not hold this colour space"},
	[IMPLIED_DEPTH] = {"depth", "cast", "depth", "8", "the output holds 8 bits a band"},
	[IMPLIED_BLACK] = {"black", "flatten", "background", "black",
		"the format holds no transparency; background sets the colour"},
	[IMPLIED_WHITE] = {"white", "flatten", "background", "white",
		"the format holds no transparency; background sets the colour"},
};

char *implied_text(enum implied which)
{
	const struct implied_step *step = &implied_steps[which];

	return g_strdup_printf("%s: {%s: %s}", step->operation, step->parameter, step->value);
}

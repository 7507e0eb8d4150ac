/* SPDX-License-Identifier: GPL-2.0-or-later
 * Colours: see colour.h. */
#include "image/table/colour.h"

#include <math.h>
#include <string.h>

#include "base/error.h"

/* In the order of colour_names. */
static const char *const colour_values[] = {
	"000000ff", "ffffffff", "808080ff", "808080ff", "ff0000ff", "00ff00ff", "0000ffff", "00000000"};
const char *const colour_names[] = {"black", "white", "gray", "grey", "red", "lime", "blue", "transparent", NULL};
G_STATIC_ASSERT(G_N_ELEMENTS(colour_values) + 1 == G_N_ELEMENTS(colour_names));

bool colour_parse(const char *text, double rgba[4])
{
	for (guint i = 0; colour_names[i]; i++)
		if (g_ascii_strcasecmp(text, colour_names[i]) == 0)
			return colour_parse(colour_values[i], rgba);
	if (*text == '#')
		text++;
	gsize length = strlen(text);
	if ((length != 3 && length != 6 && length != 8) || strspn(text, "0123456789abcdefABCDEF") != length)
		return false;
	rgba[3] = 255;
	for (guint i = 0; i < (length == 8 ? 4 : 3); i++) {
		int high = g_ascii_xdigit_value(text[length == 3 ? i : 2 * i]);
		int low = g_ascii_xdigit_value(text[length == 3 ? i : 2 * i + 1]);
		rgba[i] = 16 * high + low;
	}
	return true;
}

VipsArrayDouble *colour_in_bands(const char *text, VipsImage *image, GError **error)
{
	double rgba[4] = {0, 0, 0, 0};
	double bands[5] = {0, 0, 0, 0, 0};
	int count = vips_image_get_bands(image);

	if (!text)
		return vips_array_double_newv(1, 0.0);
	if (!colour_parse(text, rgba)) {
		fail(error, ERROR_INPUT, "'%s' is not a colour", text);
		return NULL;
	}
	/* BT.709, whole levels: what the eye takes for the same grey. */
	double grey = rint(0.2126 * rgba[0] + 0.7152 * rgba[1] + 0.0722 * rgba[2]);
	int colours;
	switch (vips_image_guess_interpretation(image)) {
	case VIPS_INTERPRETATION_B_W:
	case VIPS_INTERPRETATION_GREY16:
		bands[0] = grey;
		colours = 1;
		break;
	case VIPS_INTERPRETATION_sRGB:
	case VIPS_INTERPRETATION_RGB:
	case VIPS_INTERPRETATION_RGB16:
		memcpy(bands, rgba, 3 * sizeof(double));
		colours = 3;
		break;
	case VIPS_INTERPRETATION_CMYK:
		for (guint i = 0; i < 3; i++)
			bands[i] = 255 - rgba[i];
		colours = 4;
		break;
	default:
		fail(error, ERROR_INPUT, "a background colour needs a grey, RGB or CMYK picture");
		return NULL;
	}
	if (count < colours || count > colours + 1) {
		fail(error, ERROR_INPUT, "no background colour for a picture of %d bands", count);
		return NULL;
	}
	bands[colours] = rgba[3];
	if (image->BandFmt == VIPS_FORMAT_USHORT)
		for (int i = 0; i < count; i++)
			bands[i] *= 257;
	return vips_array_double_new(bands, count);
}

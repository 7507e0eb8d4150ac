/* SPDX-License-Identifier: GPL-2.0-or-later
 * What operations on tones and colours share: see tone_support.h. */
#include "image/kernels/tone_support.h"

#include <math.h>

#include "base/error.h"
#include "image/kernels/grey.h"
#include "image/operations/operations.h"
#include "image/table/vips_error.h"

static const char *nick(GType type, int value)
{
	return vips_enum_nick(type, value);
}

bool tone_support_of(VipsImage *in, struct tone_support *tones, GError **error)
{
	VipsInterpretation space = vips_image_guess_interpretation(in);
	bool deep = in->BandFmt == VIPS_FORMAT_USHORT;

	*tones = (struct tone_support){
		.levels = deep ? 65536 : 256,
		.grey = deep ? VIPS_INTERPRETATION_GREY16 : VIPS_INTERPRETATION_B_W,
		.rgb = deep ? VIPS_INTERPRETATION_RGB16 : VIPS_INTERPRETATION_sRGB,
	};
	switch (space) {
	case VIPS_INTERPRETATION_B_W:
	case VIPS_INTERPRETATION_GREY16:
		tones->colours = 1;
		break;
	case VIPS_INTERPRETATION_sRGB:
	case VIPS_INTERPRETATION_RGB:
	case VIPS_INTERPRETATION_RGB16:
		tones->colours = 3;
		break;
	default:
		return fail(error, ERROR_INPUT,
			"it works on grey and RGB pictures, this one is %s; put a step before it: "
			"icc: srgb (with the picture's profile) or colourspace: srgb",
			nick(VIPS_TYPE_INTERPRETATION, space));
	}
	if (in->Coding != VIPS_CODING_NONE || (in->BandFmt != VIPS_FORMAT_UCHAR && !deep))
		return fail(error, ERROR_INPUT,
			"it works on 8 and 16 bits a band, this picture has %s; put a step before it: colourspace: srgb",
			in->Coding != VIPS_CODING_NONE ? "packed pixels" : nick(VIPS_TYPE_BAND_FORMAT, in->BandFmt));
	if (in->Bands < tones->colours)
		return fail(error, ERROR_INPUT, "a picture of %d bands cannot be %s", in->Bands,
			nick(VIPS_TYPE_INTERPRETATION, space));
	return true;
}

VipsImage *tone_support_table(
	const struct tone_support *tones, int bands, tone_curve curve, const void *data, GError **error)
{
	double most = tones->levels - 1;
	gsize count = (gsize)tones->levels * (gsize)bands;
	bool deep = tones->levels > 256;
	g_autofree guint16 *words = g_new(guint16, count);
	guint8 *bytes = (guint8 *)words;

	for (gsize i = 0; i < count; i++) {
		int level = (int)(i / (gsize)bands), band = (int)(i % (gsize)bands);
		double new =
			band < tones->colours ? rint(VIPS_CLIP(0, curve(level / most, band, data), 1) * most) : level;
		if (deep)
			words[i] = (guint16) new;
		else
			bytes[i] = (guint8) new;
	}
	VipsImage *table = vips_image_new_from_memory_copy(
		words, count * (deep ? 2 : 1), tones->levels, 1, bands, deep ? VIPS_FORMAT_USHORT : VIPS_FORMAT_UCHAR);
	if (!table)
		vips_failed(error, "look-up table");
	return table;
}

bool tone_support_map(VipsImage *in, tone_curve curve, const void *data, VipsImage **out, GError **error)
{
	struct tone_support tones;

	if (!tone_support_of(in, &tones, error))
		return false;
	g_autoptr(VipsImage) table = tone_support_table(&tones, in->Bands, curve, data, error);
	if (!table)
		return false;
	table->Type = in->Type; /* maplut takes the colour space of a table of several bands */
	return vips_maplut(in, out, table, NULL) == 0 || vips_failed(error, NULL);
}

bool tone_support_colours(VipsImage *in, const struct tone_support *tones, VipsImage **colours, GError **error)
{
	g_autoptr(VipsImage) bands = NULL;

	if (vips_extract_band(in, &bands, 0, "n", tones->colours, NULL) ||
		vips_copy(bands, colours, "interpretation", tones->colours == 1 ? tones->grey : tones->rgb, NULL))
		return vips_failed(error, NULL);
	return true;
}

/* vips_cast() cuts fractions off. */
bool tone_support_round(VipsImage *in, VipsBandFormat format, VipsImage **out, GError **error)
{
	g_autoptr(VipsImage) whole = NULL;

	if (in->BandFmt == format)
		return vips_copy(in, out, NULL) == 0 || vips_failed(error, NULL);
	if (vips_round(in, &whole, VIPS_OPERATION_ROUND_RINT, NULL) || vips_cast(whole, out, format, NULL))
		return vips_failed(error, NULL);
	return true;
}

bool tone_support_rejoin(VipsImage *in, const struct tone_support *tones, VipsImage *colours, VipsInterpretation space,
	VipsImage **out, GError **error)
{
	g_autoptr(VipsImage) fitting = NULL, rest = NULL, joined = NULL;

	if (!tone_support_round(colours, in->BandFmt, &fitting, error))
		return false;
	if (in->Bands == tones->colours)
		return vips_copy(fitting, out, "interpretation", space, NULL) == 0 || vips_failed(error, NULL);
	if (vips_extract_band(in, &rest, tones->colours, "n", in->Bands - tones->colours, NULL) ||
		vips_bandjoin2(fitting, rest, &joined, NULL) || vips_copy(joined, out, "interpretation", space, NULL))
		return vips_failed(error, NULL);
	return true;
}

bool tone_support_grey(VipsImage *in, const struct tone_support *tones, VipsImage **out, GError **error)
{
	g_autoptr(VipsImage) colours = NULL;

	if (!tone_support_colours(in, tones, &colours, error))
		return false;
	return grey_of(colours, tones->grey, out, error);
}

bool tone_support_rgb(VipsImage *in, const struct tone_support *tones, VipsImage **out, GError **error)
{
	g_autoptr(VipsImage) colours = NULL, joined = NULL;

	if (!tone_support_colours(in, tones, &colours, error))
		return false;
	if (tones->colours == 3) {
		*out = g_steal_pointer(&colours);
		return true;
	}
	VipsImage *same[] = {colours, colours, colours};
	if (vips_bandjoin(same, &joined, 3, NULL) || vips_copy(joined, out, "interpretation", tones->rgb, NULL))
		return vips_failed(error, NULL);
	return true;
}

double tone_to_light(double level)
{
	return level <= 0.04045 ? level / 12.92 : pow((level + 0.055) / 1.055, 2.4);
}

double tone_from_light(double light)
{
	return light <= 0.0031308 ? light * 12.92 : 1.055 * pow(light, 1 / 2.4) - 0.055;
}

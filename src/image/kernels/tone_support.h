/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   what operations on tones and colours share: which bands are colour and which are left alone, curves as look-up tables,
 *            and the way back to the depth and colour space that came in. Levels are fractions of the range, 0 to 1, so that they
 *            mean the same at 8 and 16 bits. Private to image/.
 * Thread:    the thread that owns the images. Ownership: images are returned owned in *out.
 */
#pragma once

#include <stdbool.h>

#include "image/table/auto.h"

struct tone_support {
	int colours;                  /* bands of colour: 1 grey, 3 RGB; bands behind them (alpha) are left alone */
	int levels;                   /* 256 or 65536 */
	VipsInterpretation grey, rgb; /* of this depth: b-w and srgb, or grey16 and rgb16 */
};

/* Grey or RGB of 8 or 16 bits; anything else is refused with the step that helps. */
bool tone_support_of(VipsImage *in, struct tone_support *tones, GError **error);

/* Gives the new level of a level, of that band of colour; what leaves 0 to 1 is clipped. */
typedef double (*tone_curve)(double level, int band, const void *data);

/* Every band of colour through its curve, by a look-up table: exact, and the same wherever the pixel lies. */
bool tone_support_map(VipsImage *in, tone_curve curve, const void *data, VipsImage **out, GError **error);

/* The same as a table: levels x 1, one band for each of bands, in the depth of tones. NULL with error. */
VipsImage *tone_support_table(
	const struct tone_support *tones, int bands, tone_curve curve, const void *data, GError **error);

/* The bands of colour alone, then back together with the other bands of in. A result of another depth (floating point)
 * is rounded to that of in. space is the result's. */
bool tone_support_colours(VipsImage *in, const struct tone_support *tones, VipsImage **colours, GError **error);
bool tone_support_rejoin(VipsImage *in, const struct tone_support *tones, VipsImage *colours, VipsInterpretation space,
	VipsImage **out, GError **error);

/* Grey of the picture, one band in its own depth. */
bool tone_support_grey(VipsImage *in, const struct tone_support *tones, VipsImage **out, GError **error);
/* Its colours as red, green and blue: those of a grey picture are the same. */
bool tone_support_rgb(VipsImage *in, const struct tone_support *tones, VipsImage **out, GError **error);
/* To integers of that format, to the nearest one. */
bool tone_support_round(VipsImage *in, VipsBandFormat format, VipsImage **out, GError **error);

/* sRGB's curve: from a level to light, 0 to 1, and back. */
double tone_to_light(double level);
double tone_from_light(double light);

/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   the ICC profile in a picture: does it say how the numbers are to be seen, and are they sRGB? Where it goes, the
 *            colours stay: they are converted first.
 * Thread:    any. Ownership: images are returned owned.
 */
#pragma once

#include <stdbool.h>
#include <vips/vips.h>

#include "definition/reader/definition.h"

/* Bands of colour of a space; 0 where libvips has no rule for it. */
int profile_colours_in(VipsInterpretation space);

/* Bands of the colours that a profile describes, by its header; 0: none that a picture has here. */
int profile_bands(const void *data, gsize length);
/* Size of the embedded profile; 0: there is none. */
int profile_embedded_bands(VipsImage *image);

/* libpng takes the embedded one, once it is trimmed (1.6: png_set_iCCP); colours that are not the picture's are not looked at. It leaves
 * out what it does not take, and only warns. True: there is none. */
bool profile_suits_png(VipsImage *image);
/* Cuts off what lies behind the profile in its bytes. The image has a header of its own. */
void profile_trim(VipsImage *image);

/* Runs convert on the bands of colour alone and puts the others back, scaled to the new depth: libvips' own way makes 65280 of an alpha of 255. */
typedef bool (*profile_conversion)(VipsImage *in, const void *data, VipsImage **out, GError **error);
bool profile_convert_colours(
	VipsImage *in, profile_conversion convert, const void *data, VipsImage **out, GError **error);

/* Without its profile the picture would look different: one is embedded that is made for these bands, and it is not sRGB (grey: sRGB's
 * curve). Integers of 8 and 16 bits alone have colours that a profile describes. One that cannot be read is treated as
 * sRGB, as libvips does (CMYK: as libvips' own). */
bool profile_matters(VipsImage *image);

/* libvips can convert by the one that is embedded, or there is none. Takes no colours, only tries to link. Clears libvips' words where not. */
bool profile_works(VipsImage *image);

/* Both have the same one, or none. */
bool profile_same(VipsImage *one, VipsImage *other);

/* The same colours in sRGB, grey in a grey of sRGB's curve, and no profile: a picture for which it does not matter keeps its numbers. */
bool profile_settle(VipsImage *in, VipsImage **out, GError **error);

/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   the grey of a picture, as libvips' colourspace has it, in a quarter of its time for what most pictures are: sRGB of 8 bits.
 *            libvips goes through three floats a pixel; here luminance is summed in integers, and libvips' own function is asked only
 *            where the sum lies so near to the edge between two levels that rounding decides. Private to image/.
 * Thread:    as libvips' own. Ownership: the image is returned owned; it keeps what it reads from.
 */
#pragma once

#include <stdbool.h>
#include <vips/vips.h>

/* The same header and bytes as vips_colourspace(in, out, space): space is B_W or GREY16; bands behind the colours are kept. */
bool grey_of(VipsImage *in, VipsInterpretation space, VipsImage **out, GError **error);

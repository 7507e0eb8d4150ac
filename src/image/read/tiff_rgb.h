/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   TIFFs in YCbCr whose compression does not bring them to RGB, and old-style JPEG in TIFF: libtiff converts them, by the
 *            coefficients, subsampling and reference black and white that their header tells.
 * Thread:    any. Ownership: images are returned owned.
 */
#pragma once

#include <stdbool.h>
#include <vips/vips.h>

/* The picture of this directory of the file, with the header that libvips read of it as RGB. Pixels are decoded on request.
 * sequential: keeps the last decoded rows only; rows above them are decoded again. Otherwise all decoded rows stay in memory, 4 bytes a pixel.
 * NULL: libvips' error buffer says why, with "unsupported: " in front for what libtiff does not convert. */
VipsImage *tiff_rgb_new(GBytes *file, guint page, VipsImage *header, bool sequential);

/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   what watermark, text, mask and composite share: a second picture made alike to the first (colours, depth, size), where it
 *            goes, and how it is blended in. A picture keeps its bands, depth and colour space. Private to image/.
 * Thread:    any; the store of rendered pictures is one for the process.
 * Ownership: images are returned owned.
 */
#pragma once

#include "image/kernels/blend.h"
#include "image/kernels/gravity.h"
#include "image/table/params.h"

/* The asset's picture in the colours and depth of kind, always with alpha, without metadata, width x height (0: its own size). Rendered once
 * and kept for the next. */
bool overlay_open(JsonObject *asset, const struct kind *kind, int width, int height, VipsImage **out, GError **error);

/* The same, as one band of 8 bits: how bright it is where it shows. */
bool overlay_open_mask(JsonObject *asset, int width, int height, VipsImage **out, GError **error);

/* How wide and high the asset's picture is, upright. */
bool overlay_size(JsonObject *asset, int *width, int *height, GError **error);

/* Pixels alone, in memory, without metadata. */
VipsImage *overlay_to_memory(VipsImage *image, VipsInterpretation type, GError **error);

/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   colours as people write them ("#ff8800", "white"), and as the bands of a picture. Private to image/.
 * Thread:    any. Ownership: arrays are returned owned.
 */
#pragma once

#include <stdbool.h>
#include <vips/vips.h>

extern const char *const colour_names[]; /* ends with NULL */

/* "#rgb", "#rrggbb", "#rrggbbaa" (the # may be left out) or a name; rgba are 0 to 255. */
bool colour_parse(const char *text, double rgba[4]);

/* The colour in the bands, depth and colour space of image; NULL text is zero in every band. Alpha counts only where the
 * picture has an alpha band. Returns owned (vips_area_unref), NULL with error for colour spaces without a rule. */
VipsArrayDouble *colour_in_bands(const char *text, VipsImage *image, GError **error);

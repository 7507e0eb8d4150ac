/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   a finished picture made ready for libvips' saver, where the saver alone would surprise. Private to image/.
 * Thread:    the thread that owns the image. Ownership: *out is owned.
 */
#pragma once

#include <json-glib/json-glib.h>

#include "image/table/format_table.h"

/* The metadata alone: what the file gets of it. image has a header of its own. */
void format_prepare_metadata(VipsImage *image, const struct format *format, JsonObject *save);

bool format_prepare(VipsImage *in, const struct format *format, JsonObject *save, VipsImage **out, GError **error);

/* Does its profile say how the picture is to be seen, and will it not be in the file? Then format_save() applies it before: as a last step
 * would do, strip with keep: all but icc. */
bool format_drops_profile(VipsImage *image, const char *format, JsonObject *save);

/* What it does, for format_changes.c too. Colours that every reader of a format takes: grey or RGB, or bands without a meaning. */
bool prepare_is_plain(const VipsImage *image);
/* CMYK, and the format holds none: RGB comes of it, and its profile goes. */
bool prepare_makes_ink_rgb(VipsImage *image, const struct format *format, JsonObject *save);
/* Its files hold no transparency. */
bool prepare_is_opaque(const struct format *format, JsonObject *save);
bool prepare_is_webp_in_tiff(JsonObject *save);

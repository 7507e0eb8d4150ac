/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   a finished picture made ready for libvips' saver, where the saver alone would surprise. Private to image/.
 * Thread:    the thread that owns the image. Ownership: *out is owned.
 */
#ifndef DROPMILL_IMAGE_WRITE_FORMAT_PREPARE_H
#define DROPMILL_IMAGE_WRITE_FORMAT_PREPARE_H

#include <json-glib/json-glib.h>

#include "image/table/format_table.h"

bool format_prepare(VipsImage *in, const struct format *format, JsonObject *save, VipsImage **out, GError **error);

#endif

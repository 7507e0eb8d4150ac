/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   EXIF added to a finished TIFF: see tiff_exif.h.
 * Thread:    any. Ownership: as said below.
 */
#pragma once

#include <stdbool.h>
#include <vips/vips.h>

/* At path, which is then on disk, or in memory. Takes *bytes and gives new ones. */
bool tiff_exif_add_file(VipsImage *image, const char *path, GError **error);
bool tiff_exif_add_bytes(VipsImage *image, GBytes **bytes, GError **error);

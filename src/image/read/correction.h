/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   sound files that libvips shows in wrong colours, or not at all, while their header tells the right ones. What needs
 *            other bytes of the header is read through a patched source; what needs other pixels is corrected after loading:
 *            PBM, PGM, PPM: comments, ASCII, largest values other than 255 and 65535; TIFF: YCbCr without JPEG, old-style JPEG, JPEG whose colours
 *            the photometric tag gives wrongly; HEIF and AVIF: grey of limited range.
 * Thread:    any. Ownership: correction_free().
 */
#pragma once

#include <stdbool.h>
#include <vips/vips.h>

struct correction;

/* What this file needs, which a loader of this nickname ("tiffload_source") reads; bytes NULL: the file at path. *out NULL: nothing.
 * Error: ERROR_INPUT, the file is damaged; ERROR_RETRY, ERROR_SYSTEM: it cannot be read. */
bool correction_find(const char *path, GBytes *bytes, const char *loader, struct correction **out, GError **error);
void correction_free(struct correction *correction);

/* What libvips reads in place of the file; NULL: the file itself. Returns owned. */
VipsSource *correction_source(const struct correction *correction);

/* The image in its right colours; page: of the loader, from 0. Takes image. NULL: libvips' error buffer says why. */
VipsImage *correction_apply(const struct correction *correction, VipsImage *image, guint page, VipsAccess access);

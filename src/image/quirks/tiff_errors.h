/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   libvips shows the pixels of a damaged TIFF unless it is to stop at warnings, too (QUIRK_TIFF_DAMAGE_UNSEEN); and then it stops at
 *            any warning about a tag. Here stand functions of ours before libtiff's, which take libvips' notes of errors and warnings from
 *            it: what libtiff returns decides, as in libvips before.
 * Thread:    any, after tiff_errors_see().
 * Ownership: none.
 */
#pragma once

#include <vips/vips.h>

/* Before the first picture; links the functions. */
void tiff_errors_see(void);
/* What libvips has to stop at to see damage in files of this loader, by its nickname; NULL: unknown. */
VipsFailOn tiff_errors_fail_on(const char *loader);

/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   small copies of the original that lie in its metadata. They show what a crop or a mosaic hides, so no output carries them.
 * Thread:    any. Ownership: the caller's image, whose header must be a copy of its own.
 */
#pragma once

#include <vips/vips.h>

/* The thumbnail of EXIF, those of Photoshop's resources, those of XMP. */
void previews_drop(VipsImage *image);

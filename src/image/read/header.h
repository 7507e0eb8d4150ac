/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   another picture's header, without the picture; EXIF changed, and nothing else; what kind of colours it tells of.
 * Thread:    any. Ownership: returned owned.
 */
#pragma once

#include <stdbool.h>
#include <vips/vips.h>

/* Size, format, resolution and all metadata of this image, with a hint for whole lines; its pixels are to be generated.
 * Unlike the result of vips_image_pipelinev(), it has no link to the other. When a saver ends, libvips tells every
 * picture upstream that it may close its file. A picture that is still read from top to bottom would then have to start
 * again ("out of order read"). NULL: libvips says why. */
VipsImage *header_like(VipsImage *image);

/* A black picture of another size, with the same header and metadata otherwise. NULL: libvips says why. */
VipsImage *header_black(VipsImage *image, int width, int height);

/* Sets the block of EXIF alone. libvips would set all its fields again, also those that a step has removed or changed:
 * the orientation of a picture that was turned upright, the resolution. image is our own copy of the header. */
void header_set_exif(VipsImage *image, const void *block, gsize length);

/* Grey, RGB, or bands without a meaning: numbers that are levels from black to white, in the format's own range. */
bool header_has_levels(const VipsImage *image);

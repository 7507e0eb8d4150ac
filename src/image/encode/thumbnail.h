/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   the thumbnail in a JPEG's EXIF: a small copy of the finished picture. It is known only when the picture is written, and EXIF is in front
 *            of the pixels. So EXIF gets an empty thumbnail of a fixed size first, and its bytes are written over when the file is finished. No
 *            other byte of the file moves or changes. What the thumbnail does not need of its room is filled as JPEG allows, with
 *            0xff before its last marker. Private to image/.
 * Thread:    the thread that owns the image. Ownership: borrows everything.
 */
#pragma once

#include <stdbool.h>
#include <vips/vips.h>

/* Room in the EXIF that JPEG's saver will write of this image, and what EXIF says of a thumbnail. EXIF is at most 65,533 bytes: nothing is
 * reserved when it has no room. image has a header of its own, with the metadata that the file gets, and no other thumbnail. */
void thumbnail_reserve(VipsImage *image);
/* Bytes; 0: nothing. */
gsize thumbnail_reserved(VipsImage *image);

/* Makes the thumbnail from the finished JPEG of this image: at path, and then on disk, or bytes, which nobody else has yet. Does nothing where
 * nothing is reserved. False: the JPEG is to be thrown away. */
bool thumbnail_fill(VipsImage *image, const char *path, GBytes *bytes, GError **error);

/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   EXIF in TIFF, which libvips' saver leaves out. A finished TIFF gets a new first directory at its end: the entries of the old one as
 *            they are, what the picture's EXIF says of it (camera, date, author), and the directories of EXIF and GPS. Left out are maker's
 *            notes, whose places are those of another file, and the thumbnail. Private to image/.
 * Thread:    any. Ownership: what is returned is owned.
 */
#pragma once

#include <stdbool.h>
#include <vips/vips.h>

/* The bytes to append at `at` (even) of a TIFF in the machine's byte order. directory is its first one, as in the file,
 * up to the offset of the next one. *first: where the new directory is, for the file's head. NULL: the picture has no
 * EXIF to tell of. */
GByteArray *tiff_exif_tail(
	VipsImage *image, bool big, const guint8 *directory, gsize length, guint64 at, guint64 *first);

/* A number of 2, 4 or 8 bytes in the machine's order. */
guint64 tiff_exif_number(const guint8 *at, gsize length);

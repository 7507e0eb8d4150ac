/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   the one place that knows versions of libvips (8.14 to 8.18). What a newer libvips does right is left to it.
 * Thread:    any, after vips_init(). Each quirk is found out once, when somebody asks; what libvips said of other things stays.
 * Ownership: rows are constant.
 */
#pragma once

#include <stdbool.h>

/* The longest side of a picture, in pixels: libvips' own bound up to 8.15 (100,000,000 from 8.16 on), and the protocol's FIELD_SIDE_PX. */
#define SIDE_MOST_PX 10000000

enum quirk {
	QUIRK_ALPHA_OF_SCRGB,
	QUIRK_SOBEL_OF_8_BITS,
	QUIRK_SHARPEN_TO_10,
	QUIRK_FLAT_ZIP,
	QUIRK_HEIF_OF_MULTIBAND,
	QUIRK_JXL_OF_OTHER_SPACES,
	QUIRK_TIFF_JPEG_EDGES,
	QUIRK_GIF_OF_EQUAL_FRAMES,
	QUIRKS
};

struct quirk_row {
	const char *name;           /* a word for `--version --verbose` */
	const char *what;           /* what libvips does */
	const char *done;           /* what dropmill does about it */
	int since, until;           /* versions as 81600 for 8.16.0; until is the first without it, 0: none */
	bool (*found)(bool *found); /* asks libvips, false when it cannot; NULL: the version alone tells */
};

/* Does the libvips in use have it? */
bool quirk(enum quirk which);

/* Its row. Borrowed, for good. */
const struct quirk_row *quirk_row(enum quirk which);

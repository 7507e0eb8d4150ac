/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   the one place that knows versions of libvips (8.14 to 8.18) and of the libraries below it. What a newer libvips does right is left
 *            to it. Some rows change nothing that the program does at run time: they say why something is done in every version.
 * Thread:    any, after vips_init(). Each quirk is found out once, when somebody asks; what libvips said of other things stays.
 * Ownership: rows are constant.
 */
#pragma once

#include <stdbool.h>
#include <vips/vips.h>

/* Versions of the headers that dropmill is built with; the library that it finds may be newer. See the rows of these names. */
#define BUILT_BEFORE(minor) (VIPS_MAJOR_VERSION == 8 && VIPS_MINOR_VERSION < (minor))
#define BUILT_WITHOUT_AUTOPTR BUILT_BEFORE(16) /* QUIRK_OWN_AUTOPTR */
#define BUILT_WITH_GSF BUILT_BEFORE(15)        /* QUIRK_TILES_BY_GSF */

/* The longest side of a picture, in pixels: see QUIRK_SIDE_OF_100_MILLION, and the protocol's FIELD_SIDE_PX. */
#define SIDE_MOST_PX 10000000

enum quirk {
	QUIRK_NONE, /* stands for no quirk */
	QUIRK_ALPHA_OF_SCRGB,
	QUIRK_SOBEL_OF_8_BITS,
	QUIRK_SHARPEN_TO_10,
	QUIRK_FLAT_ZIP,
	QUIRK_HEIF_OF_MULTIBAND,
	QUIRK_JXL_OF_OTHER_SPACES,
	QUIRK_TIFF_JPEG_EDGES,
	QUIRK_GIF_OF_EQUAL_FRAMES,
	QUIRK_RANK_OF_8_BITS,
	QUIRK_CONV_BY_ROUNDED_SCALE,
	QUIRK_GREY_BY_709,
	QUIRK_GREY16_THROUGH_FLOATS,
	QUIRK_ROUNDED_PREMULTIPLIED,
	QUIRK_PIXELS_OF_VECTORS,
	QUIRK_EXR_BY_NAME,
	QUIRK_THUMBNAIL_FAIL_ON,
	QUIRK_TIFF_HALF_FLOATS,
	QUIRK_PNM_LARGEST_VALUE,
	QUIRK_HEIF_GREY_RANGE,
	QUIRK_PAGES_TO_10000,
	QUIRK_LAST_BLOCK_UNSEEN,
	QUIRK_THREAD_ERRORS_UNSEEN,
	QUIRK_TILES_BY_FCLOSE,
	QUIRK_TILES_BY_GSF,
	QUIRK_TIFF_TILES_FROM_RIGHT,
	QUIRK_TIFF_DAMAGE_UNSEEN,
	QUIRK_PROPERTIES_BESIDE,
	QUIRK_PNG_BY_TAG,
	QUIRK_DEEP_TO_8_BITS,
	QUIRK_TIFF_WEBP_OF_ALL,
	QUIRK_JXL_WITHOUT_METADATA,
	QUIRK_ZSTD_LEVEL,
	QUIRK_SIDE_OF_100_MILLION,
	QUIRK_OWN_AUTOPTR,
	QUIRK_OLD_NAMES,
	QUIRK_SLOW_REDUCEH,
	QUIRK_SLOW_FLOATS_REDUCED,
	QUIRK_LANCZOS_BY_ONE_QUOTIENT,
	QUIRKS
};

struct quirk_row {
	const char *name;           /* a word for `--version --verbose` */
	const char *what;           /* what libvips, or a library below it, does */
	const char *done;           /* what dropmill does about it */
	int since, until;           /* versions as 81600 for 8.16.0; until is the first without it, 0: none */
	bool (*found)(bool *found); /* asks libvips, false when it cannot; NULL: the version alone tells */
};

/* Does the libvips in use have it? */
bool quirk(enum quirk which);

/* Its row. Borrowed, for good. */
const struct quirk_row *quirk_row(enum quirk which);
/* 81600 is "8.16", and 81702 "8.17.2"; 0: "". Returns owned. */
char *quirk_version_text(int version);
/* The table of the manual, which is that of all versions. Returns owned. */
char *quirks_markdown(void);

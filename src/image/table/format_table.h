/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   the table of formats that can be written: libvips' saver, options, limits. Private to image/.
 * Thread:    constant.
 */
#pragma once

#include "image/quirks/quirks.h"
#include "image/table/params.h"

/* Property of an option that libvips' saver does not know: format_prepare.c or format_save.c reads it. */
#define OWN_OPTION "-"

struct format {
	const char *name;
	const char *saver;       /* libvips' nickname, for files */
	const char *compression; /* libvips' heifsave makes two formats */
	const char *summary;     /* for people: what it is for, what it cannot hold */
	const struct param *options;
	int longest_px; /* of a side, of one frame; 0: none to speak of */
	gint64 most_px; /* of one frame; 0: none */
	bool pages;     /* several frames or pages in one file */
	bool deep;      /* 16 bits a band */
	bool any;       /* libvips' saver takes any colour space and depth, whether readers can or not */
	bool spaces;    /* holds every colour space, and readers know which it is */
	bool light;     /* holds numbers that are not whole, and linear light as it is */
	bool ink;       /* holds CMYK */
	bool opaque;    /* holds no transparency; of a folder, .suffix decides */
	bool folder;    /* a folder of files */
	struct {
		const char *kind; /* a word of keep */
		enum quirk quirk; /* only libvips with this one lacks it; QUIRK_NONE: all do */
	} lacks[4]; /* metadata that the format, or libvips' saver of it, does not hold; tried in test_format_lost.c */
	bool no_profile;        /* holds no ICC profile */
	bool no_grey;           /* grey is written as RGB, which a profile of grey does not describe */
	const char *roomy_peer; /* formats without the limit, for the message */
};

/* Values of the parameter keep_colours: "seen" converts before a profile is dropped, "raw" keeps the numbers. Ends with NULL. */
extern const char *const keep_colours_values[];

extern const struct format format_table[];
extern const guint format_count;

const struct format *format_find(const char *name); /* NULL when unknown */

extern const struct param format_common_options[]; /* what every format knows */
/* For an output that keeps the source's format, which is not known before: pages counts if there are several. */
extern const struct param format_kept_options[];

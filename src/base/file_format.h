/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   the table of file formats: first bytes, endings, media type, libvips' loader. How they are saved is in
 *            image/table/format_table.c.
 * Thread:    any. Ownership: everything is static.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#define FILE_FORMATS_MAX 32

struct file_format {
	const char *name;           /* "jpeg"; NULL ends the table */
	const char *called;         /* by people, with its article: "an ICO" */
	const char *const *endings; /* without dot, the usual one first, ended by NULL; NULL: none */
	const char *type;           /* media type of an output; NULL: none that browsers show */
	const char *loader;         /* libvips' nickname, without _source and _buffer; NULL: is not read */
	const char
		*untrusted;  /* libvips' class of its loaders, if a definition must allow them; NULL: is always read */
	const char *content; /* the format that its files have by their first bytes; NULL: its own */
	bool from_file; /* its library reads no memory: CFITSIO, OpenEXR, OpenSlide, and libvips for its own format */
	bool written;
	struct signature {
		const char *bytes;
		size_t length;
	} signatures[4]; /* first bytes, each enough by itself; those that are not that simple are in sniff.c */
};

extern const struct file_format file_formats[];

/* NULL when unknown; name may be NULL. */
const struct file_format *file_format_find(const char *name);

/* The format of an ending without dot, whatever its case, or NULL. */
const struct file_format *file_format_by_ending(const char *ending);

/* The format of a libvips loader ("svgload_source"): the first row that names it. NULL when unknown; nickname may be NULL. */
const struct file_format *file_format_by_loader(const char *nickname);

/* Is it one that can be written as well as read? An output may then keep its source's format. format may be NULL. */
bool file_format_is_kept(const char *format);

/* What people call it, with its article. The name itself when unknown. */
const char *file_format_called(const char *format);

/* The usual ending of a format without dot ("jpg" for "jpeg"), or NULL; format may be NULL. */
const char *file_format_ending(const char *format);

enum file_formats_kind {
	FILE_FORMATS_READ,      /* whether it must be allowed or not */
	FILE_FORMATS_SAFE,      /* always read */
	FILE_FORMATS_ALLOWABLE, /* read where a definition has it in allow: */
	FILE_FORMATS_WRITTEN,
	FILE_FORMATS_KINDS
};

/* The names of a kind, in the order of the table; ends with NULL. */
const char *const *file_format_names(enum file_formats_kind kind);

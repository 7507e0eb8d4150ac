/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   what a parameter of an operation is (type, unit, bounds, default), and the arguments of one step as its build function reads
 *            them.
 * Thread:    tables are constant; arguments belong to the thread that builds. Ownership: borrowed, but for what is said to be owned.
 */
#pragma once

#include <json-glib/json-glib.h>
#include <stdbool.h>
#include <vips/vips.h>

#include "image/asset/asset.h"

enum param_type {
	PARAM_INT,
	PARAM_DOUBLE,
	PARAM_BOOL,
	PARAM_CHOICE,
	PARAM_STRING,
	PARAM_COLOUR,
	PARAM_NUMBERS, /* a list of numbers, or one alone */
	PARAM_MATRIX,  /* a list of rows, lists of as many numbers each */
	PARAM_ASSET,   /* a file that the definition names: see image/asset/asset.h */
	PARAM_CHOICES, /* a list of choices, or one alone: an array of texts */
};

struct param {
	const char *name;
	enum param_type type;
	const char *unit; /* "px", "deg", "" ... */
	double min, max;  /* inclusive; PARAM_INT, PARAM_DOUBLE, and each number of PARAM_NUMBERS and PARAM_MATRIX */
	unsigned count_min,
		count_max;     /* PARAM_NUMBERS: how many; PARAM_MATRIX: rows, and columns; count_max 0: no bound */
	enum asset_kind asset; /* PARAM_ASSET */
	const char *fallback;  /* default as text for people and for the checker; NULL: none */
	bool required;
	const char *const *choices; /* PARAM_CHOICE and PARAM_CHOICES; ends with NULL */
	const char *const *aliases; /* other names; ends with NULL; may be NULL */
	const char *property;       /* libvips' name of it, where the build needs one; NULL: the same */
	const char *help;
};

/* For tables: lists that end as the readers expect. */
#define NAMES(...) ((const char *const[]){__VA_ARGS__, NULL})
#define NO_PARAMS ((const struct param[]){{.name = NULL}})
#define PARAMS(...) ((const struct param[]){__VA_ARGS__, {.name = NULL}})
/* One parameter. Fields that few need follow: INT_PARAM("size", "px", 1, 9, NULL, "of the mark", .required = true). */
/* clang-format off */
#define A_PARAM(TYPE, NAME, FALLBACK, HELP, ...)                                                                       \
	{.name = NAME, .type = TYPE, .fallback = FALLBACK, .help = HELP, __VA_ARGS__}
/* clang-format on */
#define INT_PARAM(NAME, UNIT, MIN, MAX, FALLBACK, HELP, ...)                                                           \
	A_PARAM(PARAM_INT, NAME, FALLBACK, HELP, .unit = UNIT, .min = MIN, .max = MAX, __VA_ARGS__)
#define DOUBLE_PARAM(NAME, UNIT, MIN, MAX, FALLBACK, HELP, ...)                                                        \
	A_PARAM(PARAM_DOUBLE, NAME, FALLBACK, HELP, .unit = UNIT, .min = MIN, .max = MAX, __VA_ARGS__)
#define CHOICE_PARAM(NAME, CHOICES, FALLBACK, HELP, ...)                                                               \
	A_PARAM(PARAM_CHOICE, NAME, FALLBACK, HELP, .choices = CHOICES, __VA_ARGS__)
#define BOOL_PARAM(NAME, FALLBACK, HELP, ...) A_PARAM(PARAM_BOOL, NAME, FALLBACK, HELP, __VA_ARGS__)
#define COLOUR_PARAM(NAME, FALLBACK, HELP, ...) A_PARAM(PARAM_COLOUR, NAME, FALLBACK, HELP, __VA_ARGS__)
#define STRING_PARAM(NAME, FALLBACK, HELP, ...) A_PARAM(PARAM_STRING, NAME, FALLBACK, HELP, __VA_ARGS__)

/* The arguments of one step. */
struct args {
	const struct param *params; /* of the operation; ends with a NULL name */
	JsonObject *given;          /* by name; NULL: nothing */
};

/* The given value, else the default. */
int param_int(const struct args *args, const char *name);
double param_double(const struct args *args, const char *name);
bool param_bool(const struct args *args, const char *name);
const char *param_string(const struct args *args, const char *name);
bool param_given(const struct args *args, const char *name);
/* PARAM_NUMBERS: the numbers, those of the fallback ("1, 0.5") where none are given; NULL and 0 where there are none. Returns owned. */
double *param_numbers(const struct args *args, const char *name, guint *count);
/* PARAM_MATRIX: as libvips' matrix image (scale 1, offset 0); NULL where it is not given. Returns owned. */
VipsImage *param_matrix(const struct args *args, const char *name);
/* PARAM_ASSET: for asset_bytes() and asset_image(); NULL where it is not given. Borrowed. */
JsonObject *param_asset(const struct args *args, const char *name);

/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   one table of fields per object of the API. fields_object() renders an object by its table, and fields_schema() describes it by
 *            the same table, so that /api/openapi.json cannot differ from what is served. Unknown values are null, text is made valid UTF-8,
 *            times are ISO 8601 in UTC, and seconds have as many digits as mean something.
 * Thread:    any. Ownership: tables are static; JSON members of a struct are taken.
 */
#pragma once

#include <glib.h>
#include <json-glib/json-glib.h>
#include <stdbool.h>

/* What the struct's member is. */
enum field_type {
	FIELD_SAME, /* an object of the same struct's members: .of */
	FIELD_TEXT,
	FIELD_BOOL,
	FIELD_INT,
	FIELD_UINT, /* an enum is one */
	FIELD_INT64,
	FIELD_UINT64,
	FIELD_DOUBLE,
	FIELD_OBJECT,
	FIELD_ARRAY,
};
/* How it is shown, where that is not said by its type. */
enum field_show {
	SHOW_PLAIN,   /* a double: in tenths */
	SHOW_WORD,    /* a number as the word of this place in .words */
	SHOW_TIME,    /* microseconds since 1970; 0: null */
	SHOW_SECONDS, /* microseconds: in tenths, below a second in thousandths */
	SHOW_EXACT,   /* a double as it is */
};
/* When it is null. */
enum field_unknown {
	NEVER_NULL,
	NULL_IF_NONE, /* a pointer that is NULL, or a time of 0 */
	NULL_BELOW_0,
	NULL_BELOW_1,
	ABSENT_IF_NONE, /* left out */
};

struct table;
struct field {
	const char *name;
	enum field_type type;
	gsize at;
	enum field_show show;
	enum field_unknown unknown;
	const char *about;
	const char *const *words; /* all that a text or SHOW_WORD may say, ended by NULL */
	const struct table *of;   /* of an object, or of an array's elements */
	const char *items;        /* of an array without .of: its elements' JSON type */
};
struct table {
	const char *name; /* of its schema; NULL: written where it is used */
	const char *about;
	const struct table *base;   /* its fields come first; of the same struct */
	const struct field *fields; /* ended by one without a name */
};

/* Type and place of a struct's member, in a row of fields. */
/* clang-format off */
#define MEMBER(type_, member)                                                                                          \
	.type = _Generic(((type_ *)0)->member,                                                                         \
		char *: FIELD_TEXT, const char *: FIELD_TEXT, bool: FIELD_BOOL, int: FIELD_INT, guint: FIELD_UINT,     \
		gint64: FIELD_INT64, guint64: FIELD_UINT64, double: FIELD_DOUBLE,                                      \
		JsonObject *: FIELD_OBJECT, JsonArray *: FIELD_ARRAY),                                                 \
	.at = offsetof(type_, member)
/* clang-format on */

/* Returns owned. */
JsonObject *fields_object(const struct table *table, const void *from);
/* The same as compact text. */
char *fields_text(const struct table *table, const void *from);
/* A schema that names the table, or is its own when it has no name. Named ones are added to `schemas`, with those that they name.
 * Returns owned. */
JsonObject *fields_schema(const struct table *table, JsonObject *schemas);

/* A struct's number. */
gint64 field_number(const struct field *field, const void *from);
void set_text(JsonObject *object, const char *name, const char *text /* made valid UTF-8; NULL: null */);

/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   the table of a definition's keys: where each lies in struct pipeline, what it may be, what it is if it is not written. The reader,
 *            the canonical JSON both ways, the schema and the reference are made of it.
 * Thread:    any. Ownership: everything is static.
 */
#pragma once

#include <glib.h>

enum key_type {
	KEY_TEXT,
	KEY_TEXTS, /* a list of them; may be NULL */
	KEY_BOOL,
	KEY_INTEGER,  /* int or unsigned */
	KEY_NUMBER,   /* double, above 0 */
	KEY_DURATION, /* gint64, us; low -1: may be never, which is -1 */
	KEY_BYTES,    /* gint64; 0: not written */
	KEY_CHOICE,   /* an enum, by .words */
	KEY_MAP,      /* of the keys that are .within it */
	KEY_OWN,      /* the reader and the JSON have code of their own */
};

struct definition_key {
	const char *name;   /* NULL ends the table */
	const char *within; /* the map that it is in; NULL: the definition */
	enum key_type type;
	gsize at;
	double low, high, initial; /* initial: a choice by its number */
	const char *const *words;
	const char *example; /* of a map, for messages */
	const char *schema;  /* JSON Schema of its value, with ' for "; NULL: by the type */
	const char *help;    /* for people */
};

/* In the order of the manual; the keys of a map come after it. */
extern const struct definition_key definition_keys[];

/* NULL when there is none. within: NULL or the map's name. */
const struct definition_key *definition_key_find(const char *within, const char *name);

/* Of enum originals and enum on_conflict, as definitions spell them; they end with NULL. */
extern const char *const originals_names[];
extern const char *const on_conflict_names[];

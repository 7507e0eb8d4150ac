/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   output names: "{stem}-thumb.webp" and what it becomes for a given source.
 * Thread:    any. Ownership: plain strings, returned owned.
 */
#pragma once

#include <glib.h>
#include <json-glib/json-glib.h>
#include <stdbool.h>

/* Placeholders: {stem} (name without its last ending), {ext} (that ending, as written, without the dot), {pipeline}.
 * {date}: local day of the drop, 2026-11-23; {date:%Y/%m} as strftime has it. {width} and {height}: of the output. {n}:
 * a running number of the pipeline; {n:04} with leading zeros, also for width and height. {hash}: the first 12 hex
 * digits of the SHA-256 of the original's bytes. "{{" and "}}" are literal braces. */

/* What a name depends on beyond the source's name and the time it was dropped. */
enum template_use {
	TEMPLATE_SIZE = 1, /* of the output: known once it is planned or made */
	TEMPLATE_NUMBER = 2,
	TEMPLATE_HASH = 4,
};
#define TEMPLATE_HASH_DIGITS 12

struct template_values {
	const char *relative; /* the source's path below the inbox */
	const char *pipeline;
	const char *
		format_ext; /* the ending for {ext} when the source has none (e.g. "jpg"); may be NULL: then the dot in front of {ext} goes too */
	const char *
		kept_ext; /* the ending for {ext} in place of the source's; NULL: the source's. See pipeline_kept_ending() */
	gint64 dropped_wall_us;
	gint64 number;     /* 0: not known */
	const char *hash;  /* NULL: not known */
	int width, height; /* 0: not known */
};

/* Checks a template. On error says what is wrong and offset_bytes where (from 0). Refuses: unknown
 * placeholders (with did-you-mean), "..", an absolute path, an empty name, NUL or newline. */
bool template_check(const char *name, gsize *offset_bytes, GError **error);

/* Expands for a source; its sub-folders are kept in front of the result: ("a/b/c.tif", "{stem}.jpg") is "a/b/c.jpg". A placeholder
 * whose value is not known stays as it is written. Returns owned; NULL with error when a component would exceed 255 bytes or
 * lead out of the folder. */
char *template_expand(const char *name, const struct template_values *values, GError **error);

/* The union of enum template_use over the name. */
unsigned template_uses(const char *name);

/* What placeholders in a step's texts stand for, for a source with this path, dropped then: "stem", "ext", "pipeline",
 * "date" (2026-11-23, local time). Returns owned. */
JsonObject *template_names(const char *relative, const char *pipeline, gint64 dropped_wall_us);

/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   output names: "{stem}-thumb.webp" and what it becomes for a given source.
 * Thread:    any. Ownership: plain strings, returned owned.
 */
#ifndef DROPMILL_PIPELINE_TEMPLATE_H
#define DROPMILL_PIPELINE_TEMPLATE_H

#include <glib.h>
#include <json-glib/json-glib.h>
#include <stdbool.h>

/* The placeholders known now: {stem} (name without its last ending), {ext} (that ending, as written,
 * without the dot), {pipeline}. "{{" and "}}" are literal braces. */

/* Checks a template. On error says what is wrong and offset_bytes where (from 0). Refuses: unknown
 * placeholders (with did-you-mean), "..", an absolute path, an empty name, NUL or newline. */
bool template_check(const char *name, gsize *offset_bytes, GError **error);

/* Expands for a source with this relative path (sub-folders are kept in front of the result):
 * ("a/b/c.tif", "{stem}.jpg", "web") is "a/b/c.jpg". format_ext: the ending for {ext} when the source
 * has none (e.g. "jpg"); may be NULL: then the dot in front of {ext} goes too. Returns owned; NULL with error when a
 * component would exceed 255 bytes or lead out of the folder. */
char *template_expand(
	const char *name, const char *relative, const char *pipeline, const char *format_ext, GError **error);

/* What placeholders in a step's texts stand for, for a source with this path, dropped then: "stem", "ext", "pipeline",
 * "date" (2026-11-23, local time). Returns owned. */
JsonObject *template_names(const char *relative, const char *pipeline, gint64 dropped_wall_us);

/* The format that a template's literal ending names ("{stem}.jpg" is "jpeg"), or NULL when it ends in
 * {ext} or has no literal ending. Returns borrowed. Unknown endings return NULL with *unknown set to the
 * ending (borrowed from name). */
const char *template_format(const char *name, const char **unknown);

/* The format that an ending without dot names ("JPG" is "jpeg"), or NULL. Returns borrowed. */
const char *template_ending_format(const char *ending);

/* The ending that was probably meant by one that names no format, or NULL. Returns borrowed. */
const char *template_ending_meant(const char *ending);

/* True when the name ends in {ext}: whatever is written is named as the source was. */
bool template_ends_in_ext(const char *name);

#endif

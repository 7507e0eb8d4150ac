/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   a list of steps (the JSON that tasks carry) becomes a libvips graph.
 * Thread:    the thread that owns the images. Ownership: images are returned owned.
 */
#pragma once

#include <json-glib/json-glib.h>
#include <stdbool.h>
#include <vips/vips.h>

#include "image/table/auto.h"

struct build_context;

/* Appends steps (see steps_to_json()) from index first on to in. A step whose condition is false for the picture before
 * it is left out. context may be NULL: nothing is known. Errors are prefixed "step N (blur): ", N from 1. */
bool chain_build(JsonArray *steps, guint first, VipsImage *in, const struct build_context *context, VipsImage **out,
	GError **error);

/* Each page (VipsImage) through the chain by itself, as a picture that came alone. Returns owned (VipsImage); NULL with an error, prefixed
 * "page N: ". */
GPtrArray *chain_build_pages(
	JsonArray *steps, const GPtrArray *pages, const struct build_context *context, GError **error);

/* The same as chain_build() on an opened file. The first step may load the file itself (thumbnail: shrink-on-load), if
 * its condition is true for source. context has the file. */
bool chain_open(
	JsonArray *steps, VipsImage *source, const struct build_context *context, VipsImage **out, GError **error);

/* Does a condition (`when:` of an output) hold of this picture? False with an error when it is none. */
bool chain_holds(
	const char *condition, VipsImage *image, const struct build_context *context, bool *holds, GError **error);

/* Adds [output, index] to list for each index that left_out (see build_context) has once for each page, and empties
 * left_out. An index below common is of the common steps: its output is -1, and it is added once. */
void chain_tell_left_out(GArray *left_out, guint times, guint common, int output, JsonArray *list);

/* Puts "format" and "pages" of the opened file into the "names" of a job's description, for conditions. */
void chain_name_source(JsonObject *spec, VipsImage *source);

/* The error of a job none of whose outputs' conditions holds. Always false. */
bool chain_none_made(VipsImage *source, JsonObject *names, GError **error);

/* Flags of all steps, as if every condition were true. OPERATION_ON_GRID, _READS_METADATA and _READS_PROFILE: if any
 * step has it. _LOADS: if the first step has it. OPERATION_SEQUENTIAL: if every step has it. */
unsigned chain_flags(JsonArray *steps);

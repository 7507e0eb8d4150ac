/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   the table of operations. One entry an operation: name, aliases, one sentence, parameters (see params.h), and how to build it
 *            from libvips. The table feeds the YAML checker, `dropmill ops`, the manual.
 * Thread:    the table is constant. build functions run on the thread that owns the images.
 * Ownership: build returns an owned image in *out.
 */
#pragma once

#include <json-glib/json-glib.h>
#include <stdbool.h>
#include <vips/vips.h>

#include "definition/reader/definition.h"
#include "image/table/params.h"

enum operation_flags {
	/* The result depends on the shape of the requested region (reduce and affine accumulate coordinates). It is
	 * computed on the grid of libvips' own sink, and the source is opened for random access. */
	OPERATION_ON_GRID = 1 << 0,
	/* Reads its input top to bottom, so a sequential source will do. */
	OPERATION_SEQUENTIAL = 1 << 1,
	/* As first step it reads the file itself (shrink-on-load), so the job is whole. */
	OPERATION_LOADS = 1 << 2,
	/* Reads metadata beyond the header, orientation and profile, or looks at the whole picture in more than one pass
	 * (trim, smart_crop): the job is whole. */
	OPERATION_READS_METADATA = 1 << 3,
	/* Reads the picture's ICC profile: it goes to those who compute tiles. */
	OPERATION_READS_PROFILE = 1 << 4,
};

/* The parameter of each operation whose `mixes` is set. */
/* clang-format off */
#define PREMULTIPLY                                                                                                    \
	{.name = "premultiply",                                                                                        \
		.type = PARAM_BOOL,                                                                                    \
		.fallback = "true",                                                                                    \
		.help = "weigh colours by alpha, where there is any, so that those of transparent pixels do not show " \
			"at edges; false: every band by itself, as libvips does"}
/* clang-format on */

/* What a build function may know besides its input: what is the same for every step of one job. */
struct build_context {
	JsonObject *
		names; /* what placeholders in texts stand for: "stem", "ext", "pipeline", "date" (2026-11-23); NULL: nothing */
	const char *source_path; /* file to open, when the chain starts from a file; else NULL */
	GBytes *source_bytes;    /* or its bytes; else NULL */
	GArray *left_out; /* guint: gets the index in the list of each step that a condition left out; NULL: nobody asks */
};

struct operation {
	const char *name;
	const char *const *aliases; /* ends with NULL; may be NULL */
	const char *group;          /* "geometry", "tone", "filter", ... */
	const char *summary;        /* one sentence */
	const struct param *params; /* ends with a NULL name */
	unsigned flags;
	/* Flags that depend on the parameters, instead of the field above; may be NULL. */
	unsigned (*flags_of)(const struct args *args);
	/* Cross-parameter check after each parameter passed its own; may be NULL. */
	bool (*check)(const struct args *args, GError **error);
	/* Reads all parameters itself, instead of the table (`vips`); NULL after adding a diagnostic; may be NULL. */
	JsonObject *(*check_node)(unsigned line, unsigned column, const struct node *value, struct diagnostics *errors);
	bool (*build)(VipsImage *in, const struct args *args, VipsImage **out, GError **error);
	/* Does build() mix neighbouring pixels of this picture, in every band? Then colours are weighed by alpha: see image/kernels/alpha.h. It goes with
	 * the parameter PREMULTIPLY; NULL: never, or libvips' own operation does it by itself. */
	bool (*mixes)(VipsImage *in, const struct args *args);
	/* What is done to the result of build() after it, when its colours are no longer weighed by alpha; may be NULL. */
	bool (*finish)(VipsImage *in, const struct args *args, VipsImage **out, GError **error);
	/* The same for the few that need to know more, instead of build(). context is never NULL here. */
	bool (*build_with)(VipsImage *in, const struct args *args, const struct build_context *context, VipsImage **out,
		GError **error);
	/* OPERATION_LOADS: opens the source itself instead of build(). */
	bool (*load)(const struct build_context *context, const struct args *args, VipsImage **out, GError **error);
};

/* The table, one operation after the other from 0; NULL behind the last. `vips` is an entry like any other.
 * It lies in pieces: each group's file ends with its own, so that an operation is written in one place. */
const struct operation *operation_at(guint index);

/* By name or alias; NULL when unknown. */
const struct operation *operation_find(const char *name);

/* The flags of one step: the table's, or for `vips` what introspection tells. */
unsigned operation_flags(const char *name, JsonObject *params);

/* For the column `mixes`. */
static inline bool operation_mixes_always(VipsImage *in G_GNUC_UNUSED, const struct args *args G_GNUC_UNUSED)
{
	return true;
}

/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   a list of steps (the JSON that tasks carry) becomes a libvips graph.
 * Thread:    the thread that owns the images. Ownership: images are returned owned.
 */
#ifndef DROPMILL_IMAGE_CHAIN_H
#define DROPMILL_IMAGE_CHAIN_H

#include <json-glib/json-glib.h>
#include <stdbool.h>
#include <vips/vips.h>

#include "image/auto.h"

struct build_context;

/* Appends steps (see steps_to_json()) from index first on to in. context may be NULL: nothing is known. Errors are prefixed "step N (blur): ", N from 1. */
bool chain_build(JsonArray *steps, guint first, VipsImage *in, const struct build_context *context, VipsImage **out,
	GError **error);

/* The union of OPERATION_ON_GRID, _LOADS (only of the first step) and _READS_METADATA over the steps, and
 * OPERATION_SEQUENTIAL when every step has it. */
unsigned chain_flags(JsonArray *steps);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   what would happen to a picture in a pipeline, without doing it: `dropmill explain` and `once --dry-run`. The plan is the one that
 *            a codec makes; a step that looks at the whole picture while the chain is built does so here, too.
 * Thread:    the main thread. Ownership: said below.
 */
#pragma once

#include <json-glib/json-glib.h>
#include <stdbool.h>

#include "definition/pipeline.h"

struct explain_options {
	const char *out; /* the out folder */
	bool once;       /* outputs lie in it, not in a folder of the pipeline's name */
	int tile;        /* px; 0: the default, and small pictures are not cut */
};

/* As JSON: see `dropmill explain --json`. Errors: ERROR_INPUT when the picture would fail, with the reason. Returns owned. */
JsonObject *explain(
	const struct pipeline *pipeline, const char *file, const struct explain_options *options, GError **error);

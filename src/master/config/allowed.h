/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   what workers and codecs may open, as words of their command line: --read=FOLDER, --write=FOLDER. See sandbox/path_allowlist.h.
 * Thread:    the master's loop. Ownership: lists returned are owned.
 */
#pragma once

#include <json-glib/json-glib.h>

#include "definition/pipeline.h"
#include "master/config/settings.h"

/* Workers of `run`: the inboxes, kept assets, the output folder. definitions NULL: not read yet, the inboxes are below --watch. */
char **allowed_to_workers(const struct options *options, const GPtrArray *definitions);
/* Workers of `once`, whose files and assets lie anywhere. */
char **allowed_to_once(const struct options *options);
/* Workers of `dropmill worker`: what --allow says. ERROR_SYSTEM when a folder is not there. */
char **allowed_by_user(const struct options *options, GError **error);
/* The codec of one job of this pipeline: its original, kept assets, the output folder, into its request as "read" and "write". assets: their folder;
 * NULL: none are kept. */
void allowed_to_codec(
	const struct settings *settings, const char *assets, const struct pipeline *pipeline, JsonObject *request);

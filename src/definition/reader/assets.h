/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   the assets (files that a definition names: watermarks, masks, fonts, profiles) in steps. In parameters each is an object
 *            {"sha256", "path", "bytes", "kept"}: the hash of the bytes, where they lay when the definition was read, how many, and where a
 *            copy is kept (may be missing).
 * Thread:    any. Ownership: arrays are owned, what is in them is borrowed from the steps.
 */
#pragma once

#include "definition/pipeline.h"

/* All of a pipeline's, or of anything that holds steps (a task's spec); each hash once. Arrays of JsonObject. */
GPtrArray *assets_of_pipeline(const struct pipeline *pipeline);
GPtrArray *assets_of_json(JsonObject *object);
/* Each mention of each, for those who write something into it. */
GPtrArray *assets_mentioned(const struct pipeline *pipeline);

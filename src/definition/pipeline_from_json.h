/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   a pipeline out of the JSON that pipeline_to_json() makes.
 * Thread:    any. Ownership: what is returned is owned.
 */
#pragma once

#include "definition/pipeline.h"

/* Of pipeline_to_json(p) it equals p. It shares nothing with the object. */
struct pipeline *pipeline_from_json(JsonObject *object, GError **error);

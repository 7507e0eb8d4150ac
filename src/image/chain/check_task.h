/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   the chain of a task against this program's own table of operations: it was checked with the definition, but it came over the
 *            bus. Operations, names, types and bounds of parameters, as the checker of definitions has them.
 * Thread:    any. Ownership: borrows.
 */
#pragma once

#include <glib.h>
#include <json-glib/json-glib.h>
#include <stdbool.h>

/* More steps than any definition has. */
#define CHECK_TASK_STEPS_MOST 10000

/* spec: of a task. Looks at "steps", and at those of each of its "outputs". ERROR_INPUT says which step, and what is wrong. */
bool check_task(JsonObject *spec, GError **error);

/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   an explanation for people, and `dropmill explain`.
 * Thread:    the main thread.
 */
#pragma once

#include <json-glib/json-glib.h>

/* The same for people. Returns owned. */
char *explain_text(JsonObject *explained);

/* explain [--json] [--out DIR] [--pipelines DIR] [--tile PX] PIPELINE FILE...; exit code 0, 1 (a definition or a file is wrong), 2
 * (usage). */
int explain_command(int argc, char **argv);

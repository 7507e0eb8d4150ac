/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   definition files, read and judged one by one and together, for `check` and `definitions`.
 * Thread:    the main thread. Ownership: checked_free().
 */
#pragma once

#include "definition/pipeline.h"
#include "definition/yaml/diagnostics.h"

struct checked {
	char *path;
	struct pipeline *pipeline; /* NULL: wrong */
	struct diagnostics *errors, *warnings;
	GPtrArray *named; /* paths of the assets that it names, whether they are there or not */
};

/* Reads these files (char *). Two that give their pipelines one name: the second is wrong. Returns struct checked, owned. */
GPtrArray *checked_read(const GPtrArray *paths);

/* What is hardly meant, in each of them and between them. */
void checked_warn(const GPtrArray *files, const char *watch, const char *out);

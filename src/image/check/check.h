/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   what a definition says, checked against a table of parameters; shared by operations and save options.
 *            Private to image/.
 * Thread:    any. Ownership: nodes and lists are borrowed; values go into an object of the caller's.
 */
#pragma once

#include "definition/yaml/diagnostics.h"
#include "definition/yaml/node.h"
#include "image/table/params.h"

/* Whose parameters, for messages: "blur has no parameter 'sigm'", "jpeg has no option 'qualty'". */
struct check_subject {
	const char *name; /* "blur" */
	const char *noun; /* "parameter" */
};

/* By name or alias; NULL when unknown. */
const struct param *check_find(const struct param *params, const char *name);

/* One value into object under the parameter's name; false after a diagnostic at the value. */
bool check_value(const struct check_subject *subject, const struct param *param, const struct node *value,
	JsonObject *object, struct diagnostics *errors);

/* A map's entries, except those with reserved keys (ends with NULL; may be NULL), into object. False after at least one
 * diagnostic. Does not look whether required ones are there. */
bool check_map(const struct check_subject *subject, const struct param *params, const struct node *map,
	const char *const *reserved, JsonObject *object, struct diagnostics *errors);

/* "blur has no parameter 'sigm'; did you mean 'sigma'?" known and also end with NULL; also may be NULL. */
void check_unknown(const struct check_subject *subject, const struct node_entry *entry, const char *const *known,
	const char *const *also, struct diagnostics *errors);

/* What a parameter may be, for people: "0.01 to 500 (px)", "inside | cover", "a list of 3 numbers, each 0 to 1". Returns owned. */
char *check_accepts(const struct param *param);

/* "0.01 to 500 (px)". Returns owned. */
char *check_range(double min, double max, const char *unit);

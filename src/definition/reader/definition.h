/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   reads one definition file (YAML) into a struct pipeline, or says line and column of
 *            everything that is wrong with it.
 * Thread:    any. Ownership: results are returned owned.
 */
#pragma once

#include "definition/pipeline.h"
#include "definition/yaml/diagnostics.h"
#include "definition/yaml/node.h"

/* What the definition reader must know about images; image/operations provides it, so that this module
 * needs no libvips. */
struct step_rules {
	/* Checks one step: operation as written (name or alias) at line, column. value is the node after it. NULL or
	 * NODE_NULL: nothing; a scalar: the operation's first parameter; a map: its parameters. Returns an owned step
	 * with the canonical name, or NULL after adding at least one diagnostic. */
	struct step *(*check_step)(const char *operation, unsigned line, unsigned column, const struct node *value,
		struct diagnostics *errors);
	bool (*is_operation)(const char *name); /* or an alias of one */
	/* Checks save options of an output of this format. NULL: the source's own; then only options that every format
	 * has. keys: the map's entries that are not name, format or steps. Returns owned. */
	JsonObject *(*check_save)(
		const char *format, const struct node *output, const char *const *reserved, struct diagnostics *errors);
	bool (*can_load)(const char *name); /* of FILE_FORMATS_ALLOWABLE: can this libvips read it? */
};

/* The keys of an output that are not save options of its format; ends with NULL. */
extern const char *const definition_output_keys[];

/* Reads path. NULL when there is any error; all of them are in the list, in file order. */
struct pipeline *definition_read(const char *path, const struct step_rules *rules, struct diagnostics *errors);

/* The same from text; path gives name and messages. */
struct pipeline *definition_parse(
	const char *path, const char *text, gsize length, const struct step_rules *rules, struct diagnostics *errors);

/* All *.yaml and *.yml files of a folder, sorted by name; hidden ones, and those whose names begin with '_',
 * which others include, are passed over. Returns owned paths. */
GPtrArray *definition_list(const char *folder, GError **error);

/* The file of a pipeline that is given by its name in this folder, or by a path. Returns owned; NULL with an error that suggests. */
char *definition_find(const char *folder, const char *name, GError **error);

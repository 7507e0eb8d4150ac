/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   the files that a definition is made of: itself, what its `include:` brings in below its own keys, and lists of steps.
 *            Private to this module.
 * Thread:    any. Ownership: sources_free(); trees that come from it belong to it.
 */
#pragma once

#include "base/auto.h"
#include "definition/yaml/node.h"
#include "definition/yaml/vars.h"

struct sources;

/* errors is borrowed. ours: does this file look like a definition, or like steps? Asked of included files from other folders, before a message
 * may quote them. */
struct sources *sources_new(
	struct diagnostics *errors, bool (*ours)(const struct node *tree, const void *user), const void *user);
void sources_free(struct sources *sources); /* NULL is fine */
DEFINE_AUTO(sources, sources_free)

/* A file of a definition: NULL, or what is wrong with it. A file that was not named by a person (included) is really called .yaml or .yml,
 * links followed. Owned. */
char *include_read(const char *path, bool included, char **text, gsize *length);

/* Reads a definition's file. False with a diagnostic in line 1: not there, no file, more than a megabyte. */
bool sources_read(const char *path, char **text, gsize *length, struct diagnostics *errors);

/* The definition's own text as a tree, with what it includes below its keys and every variable in place. NULL after a
 * diagnostic, or when the text is not a map. */
struct node *sources_root(struct sources *sources, const char *text, gsize length);

/* The steps of the file that an `include:` among steps names, ready to be read, or NULL after a diagnostic. Until
 * sources_leave() the file is open, and may not include itself. */
const struct node *sources_enter(struct sources *sources, const struct node *name);
void sources_leave(struct sources *sources);

/* Anything else that the definition is made of, into its hash. */
void sources_add_bytes(struct sources *sources, const char *bytes, gsize length);
/* SHA-256 of all of it, hex: of the file's bytes when there is nothing else. Borrowed; nothing can be added any more. */
const char *sources_hash(struct sources *sources);

/* Absolute paths of what was included, without the definition itself. Owned, ends with NULL. */
GPtrArray *sources_files(const struct sources *sources);

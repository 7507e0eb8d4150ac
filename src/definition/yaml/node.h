/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   a YAML document as a tree that remembers where each thing stood, and what its scalars mean.
 * Thread:    any; a tree belongs to whoever made it.
 * Ownership: node_free() on the root frees the whole tree; children are borrowed.
 */
#pragma once

#include "base/auto.h"
#include "definition/yaml/diagnostics.h"

enum node_kind { NODE_NULL, NODE_SCALAR, NODE_LIST, NODE_MAP };

struct node {
	enum node_kind kind;
	const char *file;      /* where it stands; interned */
	unsigned line, column; /* from 1 */
	char *text;            /* NODE_SCALAR: the text, as written */
	bool quoted;           /* NODE_SCALAR: a quoted scalar is a string whatever it looks like */
	unsigned text_column;  /* NODE_SCALAR: where text begins, if the file has it letter by letter; else 0 */
	GPtrArray *items;      /* NODE_LIST: struct node; NODE_MAP: struct node_entry, in the order written */
};

struct node_entry {
	char *key;
	unsigned line, column; /* of the key, from 1 */
	struct node *value;
};

/* A node without file, text or items. Returns owned. */
struct node *node_new(enum node_kind kind, unsigned line, unsigned column);
void node_free(struct node *node); /* NULL is fine */
void node_destroy(void *node);     /* the same as a GDestroyNotify */
DEFINE_AUTO(node, node_free)

/* The value under key in a map, or NULL. Borrowed. */
const struct node *node_get(const struct node *map, const char *key);

/* Scalars read as YAML 1.2 core schema does. False when the node is not of that type. */
bool node_as_bool(const struct node *node, bool *value);
bool node_as_int(const struct node *node, gint64 *value);
bool node_as_double(const struct node *node, double *value); /* integers too; finite only */
const char *node_as_string(const struct node *node);         /* any scalar; NULL otherwise; borrowed */

/* Column of the character at this byte of a scalar's text; the scalar's own where that is not known. */
unsigned node_text_column(const struct node *node, gsize offset_bytes);

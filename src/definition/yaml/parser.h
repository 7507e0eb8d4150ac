/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   YAML text as a tree of nodes. The only place that knows libyaml.
 * Thread:    any. Ownership: the tree is owned.
 */
#pragma once

#include "definition/yaml/node.h"

/* Parses YAML text (UTF-8, one document; anchors and aliases are resolved, merge keys `<<` too). What an alias
 * brings keeps the place where it was written. Syntax errors, duplicate keys, alias bombs (over 10,000 nodes) and
 * nesting deeper than 64 go to the list. NULL on error; an empty document is a NODE_NULL. Returns owned. */
struct node *node_parse(const char *text, gsize length, struct diagnostics *errors);

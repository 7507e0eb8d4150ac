/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   `vars:` and what stands for them: ${name}, or ${NAME:-default}, in any text of a definition. A name that vars: does not
 *            have is taken from the environment. A text that is nothing but one ${name} becomes what the variable is, a number
 *            where that is a number; $${ is a plain ${. Private to this module.
 * Thread:    any. Ownership: vars_free(); nodes are borrowed and must outlive it.
 */
#pragma once

#include "base/auto.h"
#include "definition/yaml/node.h"

struct vars;

/* What comes from the environment goes into checksum, which is borrowed: with it the definition is another one. */
struct vars *vars_new(GChecksum *checksum);
void vars_free(struct vars *vars); /* NULL is fine */
DEFINE_AUTO(vars, vars_free)

/* Adds the entries of a `vars:` map. A name that is known already stays what it is. */
void vars_add(struct vars *vars, const struct node *map, struct diagnostics *errors);

/* Puts their values into every scalar from this node on. */
void vars_expand(struct vars *vars, struct node *node, struct diagnostics *errors);

/* Errors in those that nothing uses. */
void vars_check(struct vars *vars, struct diagnostics *errors);

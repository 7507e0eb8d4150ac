/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   what libyaml says of a text that is not YAML, as a sentence that tells what to mend. Private to node.c.
 * Thread:    any. Ownership: strings are returned owned.
 */
#ifndef DROPMILL_DEFINITION_YAML_SYNTAX_H
#define DROPMILL_DEFINITION_YAML_SYNTAX_H

#include <glib.h>
#include <stdbool.h>

/* The message for libyaml's problem (context and problem may be NULL) in this line of the text, from 0. at_start:
 * it belongs to where the context began, not to where the problem showed. */
char *syntax_message(
	const char *text, gsize length, gsize line, const char *context, const char *problem, bool *at_start);

/* Line and column, both from 0 and counted in characters, of a byte that the text has. */
void syntax_place(const char *text, gsize offset_bytes, gsize *line, gsize *column);

#endif

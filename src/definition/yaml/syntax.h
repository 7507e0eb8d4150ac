/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   libyaml's error in a text that is not YAML, as a sentence that says what to correct. Private to node.c.
 * Thread:    any. Ownership: strings are returned owned.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

/* The message for libyaml's problem in this line of the text, from 0. context and problem may be NULL. at_start: it
 * belongs to the start of the context, not to the place of the problem. */
char *syntax_message(
	const char *text, gsize length, gsize line, const char *context, const char *problem, bool *at_start);

/* Line and column, both from 0 and counted in characters, of a byte that the text has. */
void syntax_place(const char *text, gsize offset_bytes, gsize *line, gsize *column);

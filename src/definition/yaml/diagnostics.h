/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   what is wrong with a definition, and where: file:line:column: message.
 * Thread:    any; a list belongs to whoever made it.
 * Ownership: the list owns its entries; strings are copied in.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "base/auto.h"

struct diagnostic {
	char *file;
	unsigned line;   /* from 1 */
	unsigned column; /* from 1 */
	char *message;
};

struct diagnostics; /* a list of struct diagnostic for one file, and those that it includes */

struct diagnostics *diagnostics_new(const char *file);
void diagnostics_free(struct diagnostics *list); /* NULL is fine */
DEFINE_AUTO(diagnostics, diagnostics_free)

/* Adds one error at line, column (both from 1). The list is kept in the order of the file, not of the calls. A message
 * at a place is added only once, because a step behind an alias is checked at each use. Control characters become \xNN,
 * and a message of more than 500 bytes is cut. */
void diagnostics_add(struct diagnostics *list, unsigned line, unsigned column, const char *format, ...)
	G_GNUC_PRINTF(4, 5);

/* Diagnostics from now on belong to this file, until another is entered. NULL is the first one again. Returns the one
 * before, borrowed, to go back to. Entries are in the order of the files, then of their lines. */
const char *diagnostics_enter(struct diagnostics *list, const char *file);

const char *diagnostics_file(const struct diagnostics *list); /* the one that was entered, or the first; borrowed */
/* Every file that was entered, the first one first. Borrowed. */
const GPtrArray *diagnostics_files(const struct diagnostics *list);
unsigned diagnostics_count(const struct diagnostics *list);
const struct diagnostic *diagnostics_get(const struct diagnostics *list, unsigned index);

/* "file:line:column: message", one a line, each ended by a newline. Returns owned text ("" for an empty list). */
char *diagnostics_text(const struct diagnostics *list);

/* The candidate nearest to word by edit distance. NULL when none is near enough to be a likely slip: more than a third
 * of the letters differ. Neither case nor "-" for "_" counts. Returns borrowed. candidates ends with NULL. */
const char *did_you_mean(const char *word, const char *const *candidates);

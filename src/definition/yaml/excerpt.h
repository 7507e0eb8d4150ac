/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   the line of a file that a message is about, with a caret below the place.
 * Thread:    any. Ownership: text is returned owned.
 */
#pragma once

/* Two lines for a terminal, each ended by a newline; "" when the text has no such line. line and column from 1. Long lines are cut
 * around the place, and control characters become blanks. */
char *excerpt(const char *text, unsigned line, unsigned column);

struct diagnostics;
/* "file:line:column: SEVERITYmessage" of each entry with its excerpt below, as far as its file can be read and is really called as a
 * definition is (.yaml, .yml), links followed. Returns owned text. */
char *excerpts(const struct diagnostics *list, const char *severity);

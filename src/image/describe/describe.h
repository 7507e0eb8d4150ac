/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   the table of operations for people and programs.
 * Thread:    any. Ownership: what is returned is owned.
 */
#pragma once

/* `dropmill ops`: text, Markdown or JSON of one operation (name) or all (NULL). Returns owned; NULL when unknown. */
char *operations_describe(const char *name, const char *form /* "text", "markdown", "json" */);

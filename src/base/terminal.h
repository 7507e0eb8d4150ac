/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   the one way of the commands to standard output and standard error. File names, definitions, libraries and the answers of a
 *            server may hold what moves a terminal's cursor, names its window, or turns a line's direction: all of that is shown as \xNN,
 *            never sent. `make lint-paths` finds who prints by another way.
 * Thread:    any. Ownership: texts returned are owned.
 */
#pragma once

#include <glib.h>

/* printf(). Ends of lines are sent: a name that may hold one goes through display_name() before. */
void terminal_print(const char *format, ...) G_GNUC_PRINTF(1, 2);

/* A message on standard error; it gets its end of line. What a library says in several lines goes on below, indented, so that no text
 * passes for a message of ours. */
void terminal_say(const char *format, ...) G_GNUC_PRINTF(1, 2);

/* Several lines of our own on standard error, as they are: diagnostics, usage. */
void terminal_say_lines(const char *text);

/* A path on a line of standard output: a program that reads it gets it as it is, a terminal shows it. */
void terminal_path(const char *path);

/* A line of JSON. Characters that JSON allows (U+007F, C1, turned directions) are escaped as \uNNNN. A byte that is not
 * UTF-8 becomes \\xNN, which reads back as the \xNN of the others. */
void terminal_json(const char *text);

/* On standard error in place of the current line, or its end. On standard output: an empty screen. */
void terminal_progress(const char *line);
void terminal_end_progress(void);
void terminal_clear(void);

/* What terminal_say() makes of a message, without the last end of line. */
char *terminal_harmless(const char *message);

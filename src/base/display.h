/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   text of unknown origin, such as a file name, as a terminal, a log or the page may show it.
 * Thread:    any. Ownership: strings returned are owned.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

/* A file name as people may see it in a log or on the page: valid UTF-8, control characters as \xNN. */
char *display_name(const char *name);
/* What it does not show as it is: what moves the cursor, colours the terminal or turns the direction of a line. All are below U+10000. */
bool display_is_unsafe(gunichar character);
/* Is it valid UTF-8 without such characters? */
bool display_is_safe(const char *text);

/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   where the page of this folder's mill is, for commands that ask it.
 * Thread:    the main thread. Ownership: returns owned.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

/* Notes the page's address in the lock of the state folder, which this process holds. */
bool find_page_note(const char *state, const char *url, GError **error);
/* HOST:PORT: of DROPMILL_HTTP, else of the mill that runs on the state folder, else of dropmill.yaml or its default. config: the path of
 * dropmill.yaml; NULL: as `dropmill run` finds it. */
char *find_page(const char *config, GError **error);

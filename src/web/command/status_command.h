/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   `dropmill status`.
 * Thread:    the main thread. Ownership: borrows argv.
 */
#pragma once

#include <glib.h>

/* The address of the mill's page without --http, owned; config: dropmill.yaml, or NULL. Given by whoever knows the mill's options. */
typedef char *(*status_find)(const char *config, GError **error);

/* `dropmill status [--json] [--http ADDR:PORT]`: the numbers of a running mill in a terminal. Exit 0, 1 (not
 * reachable), 2 (usage). argv[0] is the command's own name. */
int status_command(int argc, char **argv, status_find find);

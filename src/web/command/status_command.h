/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   `dropmill status`.
 * Thread:    the main thread. Ownership: borrows argv.
 */
#pragma once

/* `dropmill status [--json] [--http ADDR:PORT]`: the numbers of a running mill in a terminal. Exit 0, 1 (not
 * reachable), 2 (usage). argv[0] is the command's own name; DROPMILL_HTTP is the default address. */
int status_command(int argc, char **argv);

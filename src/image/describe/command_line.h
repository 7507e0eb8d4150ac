/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   what commands have in common: arguments, the start of libvips, exit codes.
 * Thread:    the main thread. Ownership: said where it matters.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

enum exit_code { EXIT_FINE = 0, EXIT_WRONG = 1, EXIT_USAGE = 2 };

/* Parses options into place; the rest are the arguments. Owned copy in *left. False after a message. */
bool command_parse(
	int argc, char **argv, const char *usage, const char *summary, const GOptionEntry *entries, char ***left);

/* Starts libvips; false after a message. */
bool command_start(const char *command);

/* Adds the folder's definitions to files (char *); false after a message. */
bool command_add_folder(GPtrArray *files, const char *folder, const char *command);

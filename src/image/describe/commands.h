/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   the commands that need the table of operations: `ops`, `check`, and the master's `definitions`.
 * Thread:    the main thread. argv[0] is the command's name. Returns the exit code: 0, 1 (something is wrong with a
 *            definition or a name), 2 (usage). Results go to standard output, usage problems to standard error.
 * Ownership: argv is borrowed.
 */
#pragma once

/* ops [NAME] [--json|--markdown], ops --schema */
int ops_command(int argc, char **argv);
/* check [--pipelines DIR] [--watch DIR] [--out DIR] [--json] [FILE...]: warnings do not change the exit code */
int check_command(int argc, char **argv);
/* definitions --json DIR|FILE...: one JSON object {"definitions": [{"file", "name", "pipeline", "errors", "watch"}]}; exit 0 also
 * when definitions have errors. */
int definitions_command(int argc, char **argv);

/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   `dropmill init [DIR]`: a folder that `dropmill run` can start in. Sample definitions, dropmill.yaml, watch/ and out/; nothing
 *            that is there is changed. The samples are the files of pipelines/ in the source, compiled in.
 * Thread:    the main thread, before any other starts. Ownership: none.
 */
#pragma once

#include "master/config/options.h"

/* argv[0] is "init". Returns the exit status. */
int init_command(int argc, char **argv);

/* Says what to do first, when there is no folder of definitions. True: it said so, and the command ends with status 2. command: "run". */
bool init_is_needed(const char *command, const struct options *options);

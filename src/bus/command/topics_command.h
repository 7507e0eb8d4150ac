/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   `dropmill topics`.
 * Thread:    the main thread. Ownership: borrows argv.
 */
#pragma once

/* `dropmill topics create|describe|delete ...`: options, output, exit status (0, 1 failed, 2 usage). argv[0] is "topics". */
int topics_command(int argc, char **argv);

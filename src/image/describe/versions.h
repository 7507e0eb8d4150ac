/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   `dropmill version --verbose`, the part of dropmill-image: libvips, the formats that it writes, and its quirks.
 * Thread:    the main thread. Ownership: borrows argv.
 */
#pragma once

/* Exit status 0, or 1: libvips does not start. */
int versions_command(int argc, char **argv);

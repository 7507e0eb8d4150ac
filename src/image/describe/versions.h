/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   `dropmill version --verbose`, the part of dropmill-image: libvips, the formats that it writes, and its quirks.
 * Thread:    main.
 */
#pragma once

int versions_command(int argc, char **argv);

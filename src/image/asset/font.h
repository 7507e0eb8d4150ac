/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   fonts that definitions name, for pango: it wants a file's path and a family's name, an asset is bytes. Private to image/.
 * Thread:    any. Ownership: strings are returned owned.
 */
#pragma once

#include <glib.h>

/* A path of this process that reads as the bytes; the same for the same hash, valid to the end of the process. */
char *font_path(const char *sha256, GBytes *bytes, GError **error);

/* What the font calls itself in its name table, family and style as pango reads them ("DejaVu Serif Bold"); NULL when it cannot be read. */
char *font_name(GBytes *bytes);

/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   what saving in a format changes in a picture though nobody asked for it, and which metadata it loses.
 * Thread:    any, one image to one thread. Ownership: what is returned is owned.
 */
#pragma once

#include <json-glib/json-glib.h>
#include <stdbool.h>
#include <vips/vips.h>

/* What format_save() converts though nobody asked for it: a set of bits, 1 << enum implied (definition/implied.h). */
unsigned format_implied(VipsImage *image, const char *format, JsonObject *save);
/* The words of such a set: "implied": ["profile", "depth"] into entry, if there is any. */
void format_tell_implied(unsigned set, JsonObject *entry);

/* Which of its metadata will not be in the file, though the output's options would keep it: "lost": ["exif", "xmp", "iptc"] into entry, if there
 * is any. "thumbnail": EXIF has no room for the one that was asked for. */
void format_tell_lost(VipsImage *image, const char *format, JsonObject *save, JsonObject *entry);

/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   sound files that libvips cannot read, and whose header does not tell enough to correct them (see correction.h). They fail with
 *            what they are and what helps, never as "damaged", and never with wrong colours.
 * Thread:    any. Ownership: borrows its arguments.
 */
#pragma once

#include <stdbool.h>
#include <vips/vips.h>

/* Is what libvips would show of this page true? By the file's header. Error: ERROR_INPUT. */
bool unsupported_check(const guint8 *data, gsize length, const char *format, guint page, GError **error);

/* After a loader refused a file: ERROR_INPUT with "unsupported: ..." where its words say so, "damaged image: ..." where not; trouble of the
 * system keeps its kind. Returns false. */
bool unsupported_failed(VipsSource *source, GError **error);

/* Nobody knows which of a TIFF's numbers are black and white (signed, floating-point or 32-bit ones). The mark is for
 * unsupported_save(); steps that give the numbers a meaning take it off. */
void unsupported_mark(VipsImage *image);
void unsupported_carry(VipsImage *from, VipsImage *to);
void unsupported_unmark(VipsImage *image);
bool unsupported_save(VipsImage *image, const char *format, GError **error);

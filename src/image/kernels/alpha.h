/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   colours weighed by alpha where an operation mixes neighbouring pixels, so that what is transparent does not show: libvips'
 *            premultiply, the operation, libvips' unpremultiply, and libvips' cast back to the format that came in. Private to image/.
 * Thread:    build functions on the thread that owns the images.
 * Ownership: images are returned owned in *out; others are borrowed.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <vips/vips.h>

struct args;
struct operation;

/* Builds the operation, on premultiplied colours where it mixes pixels of this picture. Not if the step says
 * premultiply: false, the picture has no alpha, or an earlier step has premultiplied it. Then what the operation
 * finishes. */
bool alpha_build(
	const struct operation *operation, VipsImage *in, const struct args *args, VipsImage **out, GError **error);

/* Has a step premultiplied this picture, and none taken it back? */
bool alpha_is_premultiplied(VipsImage *image);
/* Notes what libvips' operation of this name has made of image, if it is premultiply or unpremultiply. */
void alpha_note(const char *nickname, VipsImage *image);

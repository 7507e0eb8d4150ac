/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   a PNG by one thread, with the same bytes as in strips.
 * Thread:    any. Ownership: as said below.
 */
#pragma once

#include "image/write/parallel/strips.h"

/* A PNG by one thread, with the same bytes. image: as the saver gets it. */
bool parallel_save_png_suits(VipsImage *image, JsonObject *save);
/* suits: set to false, without an error, when the saver itself is to write it after all. */
bool parallel_save_png_save(VipsImage *image, const struct format *format, JsonObject *save,
	struct parallel_save_file *file, bool *suits, GError **error);

/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   libvips' saver of a format, with a definition's options. Private to image/; format_save() is for the
 *            others.
 * Thread:    any. Ownership: borrows everything; *bytes is returned owned.
 */
#pragma once

#include "image/read/format.h"
#include "image/table/format_table.h"

/* image: as format_prepare() made it. To path, or to memory (*bytes) when that is NULL. */
bool format_run_saver(VipsImage *image, const struct format *format, const char *path, GBytes **bytes, JsonObject *save,
	GError **error);

/* To a target of the caller's, who sees for himself whether it was all written. error NULL: whatever went wrong was wanted. */
bool format_run_saver_to(
	VipsImage *image, const struct format *format, VipsTarget *target, JsonObject *save, GError **error);

/* Can the format hold it? Asked before the first pixel is computed, with the chain's result. Errors (ERROR_INPUT) name the limit and
 * what to do. */
bool format_fits(VipsImage *image, const char *format, JsonObject *save, GError **error);

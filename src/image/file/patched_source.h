/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   a file in which a loader reads other bytes at some places. Neither the file nor its bytes are copied, however large they are and
 *            however many pages of it are open.
 * Thread:    one at a time, as libvips reads sources. Ownership: everything is returned owned.
 */
#pragma once

#include <vips/vips.h>

/* No patches yet. */
GPtrArray *patches_new(void);
/* From here on (bytes from the file's start) these bytes are read. They are copied. */
void patches_add(GPtrArray *patches, guint64 at, const void *bytes, gsize length);

/* Holds file and patches while it lives. */
VipsSource *patched_source_new(GBytes *file, GPtrArray *patches);

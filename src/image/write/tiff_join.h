/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   pages of different sizes or colours in one TIFF. libvips' saver takes several pages only as one strip of equal ones. So each page
 *            is saved by itself, as a picture that came alone, and the files are put one behind the other, their directories in one
 *            chain; each says that it is a page, and which.
 * Thread:    the thread that owns the images. Ownership: borrows the pages; *bytes is returned owned.
 */
#pragma once

#include <json-glib/json-glib.h>
#include <stdbool.h>
#include <vips/vips.h>

/* pages: VipsImage. To path (created or overwritten), or with path NULL to memory. save: the output's options for tiff; a pyramid has its
 * smaller copies in sub-directories, as with equal pages. Not fsynced. */
bool tiff_join_save(const GPtrArray *pages, const char *path, GBytes **bytes, JsonObject *save, GError **error);

/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   deep zoom: the options of libvips' dzsave, and the folder it leaves. With layout dz the folder holds
 *            TITLE.dzi and TITLE_files/, with the others what libvips puts into a folder of that name. Private to
 *            image/.
 * Thread:    the thread that owns the image.
 */
#pragma once

#include <json-glib/json-glib.h>
#include <stdbool.h>
#include <vips/vips.h>

/* One file (a zip) instead of a folder? */
bool pyramid_is_file(JsonObject *save);

/* An empty folder at path; what a run before left there goes. */
bool pyramid_make_folder(const char *path, GError **error);

/* What format_save.c's table does not say. path: the folder or the file; NULL: memory. */
bool pyramid_options(VipsOperation *operation, const char *path, JsonObject *save, GError **error);

/* After the saver: the files lie where they belong. */
bool pyramid_settle(const char *path, JsonObject *save, GError **error);

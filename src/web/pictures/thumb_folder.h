/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   the folder of kept thumbnails: files named by their key, within a bound.
 * Thread:    finding: any; sweeping: one. Ownership: paths are returned owned, types are borrowed.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

#define THUMB_FOLDER_BYTES (256 * (gint64)1024 * 1024)

/* Counts what is there and removes what was looked at longest ago, down to nine tenths of the bound. Returns the bytes that are left. */
gint64 thumb_folder_sweep(const char *folder);
/* The kept file of this key and its type ("image/jpeg"); NULL: none. It counts as looked at now. */
char *thumb_folder_find(const char *folder, const char *key, const char **type);
/* A file of this name with these bytes, whole or not at all. */
bool thumb_folder_put(const char *folder, const char *name, GBytes *bytes, GError **error);

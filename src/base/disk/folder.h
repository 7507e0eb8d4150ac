/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   a folder as one output: made durable, put in place of an older one at once, and as bytes for the way over the bus.
 * Thread:    any. Ownership: bytes are returned owned.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

/* All files below path, with their names: a GVariant a(ayay). Links and special files are an error. NULL on error. */
GBytes *folder_pack(const char *path, GError **error);

/* Makes path from such bytes, on disk; path must not exist. Other bytes are ERROR_SYSTEM. Names that lead out of it are refused: the bytes
 * come from elsewhere. */
bool folder_unpack(GBytes *bytes, const char *path, GError **error);

/* The sizes of the files in there, together. */
gint64 folder_packed_bytes(GBytes *bytes);

/* The size of a file, or of all files below a folder; 0 when there is none. */
gint64 folder_bytes(const char *path);

/* fsync of every file and folder below path, and of path, by the process that wrote them. A descriptor that is opened
 * later gets an earlier write error only once. */
bool folder_sync(const char *path, GError **error);

/* A file goes away at once, a folder with all in it by and by, in a thread of its own, so that a loop need not wait. What cannot be removed
 * now, on a disk that is read-only for a while, is remembered for folder_discard_again(). The name must never be used again. */
void folder_discard(const char *path);
void folder_discard_again(void);

/* temp becomes final in one step. A folder that was there goes away afterwards; anything else in the way is an error. */
bool folder_replace(const char *temp, const char *final, GError **error);

/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   durable files and folders: what was said to be on disk is on disk.
 * Thread:    any. Ownership: strings returned are owned.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <sys/types.h>

/* mkdir -p with mode 0777 & ~umask; each new folder's parent is fsynced. */
bool files_make_folder(const char *path, GError **error);
/* fsync of this descriptor, by the process that wrote to it: -1 with errno. Linux tells a write error once, then calls
 * the file clean: a file whose fsync, write or close failed is deleted and made again, never synced again. */
int files_sync_descriptor(int descriptor);
/* The end of a file that was written: fsync and close. path: for the error. */
bool files_finish(int descriptor, const char *path, GError **error);
/* A new file with these bytes, on disk. Nothing lies at path when that fails. */
bool files_write(const char *path, const void *bytes, gsize size, GError **error);
/* A file to be written by its descriptor, empty. Below a root (beneath.h) it is a new one: what has its name is removed, whoever put it there. */
int files_create(const char *path);
/* At most so many bytes from where the descriptor is; fewer where the file ends. NULL with errno. */
GBytes *files_read_all(int descriptor, gsize size);
/* fsync of a file or folder by its name, of the folder that holds path. */
bool files_sync(const char *path, GError **error);
bool files_sync_folder_of(const char *path, GError **error);
/* Removes a folder with all in it, never following a link. Errors are ignored: the remaining files are harmless. */
void files_remove_tree(const char *path);
/* Removes empty folders from path upwards, up to and without stop. */
void files_prune(const char *path, const char *stop);
/* With links followed as far as it is there; the rest as written. Owned. */
char *files_real(const char *path);

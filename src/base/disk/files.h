/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   durable file moves: what was said to be on disk is on disk.
 * Thread:    any. Ownership: strings returned are owned.
 */
#ifndef DROPMILL_BASE_DISK_FILES_H
#define DROPMILL_BASE_DISK_FILES_H

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
/* All that is in a file, read and not mapped: others may cut it short. */
GBytes *files_read(const char *path, GError **error);
/* At most so many bytes from where the descriptor is; fewer where the file ends. NULL with errno. */
GBytes *files_read_all(int descriptor, gsize size);
/* fsync of a file or folder by its name, of the folder that holds path. */
bool files_sync(const char *path, GError **error);
bool files_sync_folder_of(const char *path, GError **error);
/* The same for a folder below top; where something else than a folder has the name of one of its parts there, that part gets a number. The
 * owned path that it got; NULL on error. */
char *files_make_folder_beside(const char *path, const char *top, GError **error);
/* rename(), then fsync of the target's folder and, when another, the source's. */
bool files_move(const char *from, const char *to, GError **error);
/* rename(): -1 with errno. A folder may be renamed, too. Nothing is fsynced, but where it crosses file systems: see carry.h. */
int files_rename(const char *from, const char *to);
/* The same, but it never overwrites: EEXIST. */
int files_rename_new(const char *from, const char *to);
/* Two names of one file. */
bool files_same(const char *a, const char *b);
/* A rename that never overwrites: when `to` exists, "-1", "-2", ... goes before its ending. Returns the owned path it got, NULL on error.
 * Parents of `to` are made; those below top, unless it is NULL, as files_make_folder_beside() does. */
char *files_rename_beside(const char *from, const char *to, const char *top, GError **error);
/* fsync of the folders that a rename changed, the target's first: a crash in between shows the file twice, not never. May be repeated. */
bool files_sync_move(const char *from, const char *to, GError **error);
/* Both. NULL on error; it may be renamed already, where only the second failed. */
char *files_move_beside(const char *from, const char *to, GError **error);
/* The name that files_rename_beside() tries as number-th: "a-1.jpg"; number > 0. Never longer than a name may be. */
char *files_numbered(const char *path, unsigned number);
/* Removes a folder with all in it, never following a link. Errors are ignored: the remaining files are harmless. */
void files_remove_tree(const char *path);
/* Removes empty folders from path upwards, up to and without stop. */
void files_prune(const char *path, const char *stop);
/* With links followed as far as it is there; the rest as written. Owned. */
char *files_real(const char *path);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   durable file moves, also between file systems, and new names where one is taken.
 * Thread:    any. Ownership: strings returned are owned.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

/* files_make_folder() for a folder below top; where something else than a folder has the name of one of its parts there, that part gets a number. The
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
/* files_rename_beside() and files_sync_move(). NULL on error; it may be renamed already, where only the second failed. */
char *files_move_beside(const char *from, const char *to, GError **error);
/* The name that files_rename_beside() tries as number-th: "a-1.jpg"; number > 0. Never longer than a name may be. */
char *files_numbered(const char *path, unsigned number);

/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   several changes in one folder need one fsync of it. The first caller syncs a folder; all others that name it get
 *            the same answer. Made after the last change that it is to cover: a change made later is not on disk.
 *            A sync that failed is never repeated here: the kernel tells of lost pages once, so that a second sync "succeeds".
 * Thread:    one at a time. Ownership: sync_once_free().
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "base/auto.h"

struct sync_once;

struct sync_once *sync_once_new(void);
void sync_once_free(struct sync_once *once); /* NULL is fine */
DEFINE_AUTO(sync_once, sync_once_free)

/* once NULL: for this one alone. */
bool sync_once_folder(struct sync_once *once, const char *folder, GError **error);
bool sync_once_folder_of(struct sync_once *once, const char *path, GError **error);

/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   what beneath.c and beneath_steps.c share. Private to them.
 * Thread:    any. Ownership: roots are never freed.
 */
#ifndef DROPMILL_BASE_DISK_BENEATH_PRIVATE_H
#define DROPMILL_BASE_DISK_BENEATH_PRIVATE_H

#include "base/disk/beneath.h"

struct beneath_root;

/* The longest that holds the path, or (itself) is it; NULL: none. */
const struct beneath_root *beneath_root_of(const char *path, bool itself);
const char *beneath_root_path(const struct beneath_root *root);
bool beneath_plain(const char *path);
/* A path of this root. */
int beneath_open_in(const struct beneath_root *root, const char *path, int flags, mode_t mode);

#endif

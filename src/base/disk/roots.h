/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   the roots of beneath.h, and the way to a file or folder below one without following a link. All others than beneath.c
 *            add roots and compare names only.
 * Thread:    any. Ownership: roots are never freed.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <sys/types.h>

enum beneath_kind {
	BENEATH_OWN,   /* watch/, out/, a pipeline's folder in out/, the state folder */
	BENEATH_INBOX, /* strangers may write here: no root in it may be a link */
};

struct beneath_root;

/* For the life of the process; again is fine. */
void beneath_add(const char *root, enum beneath_kind kind);
/* Does it lie in this folder by its name? Whether links lead elsewhere is seen when it is opened. */
bool beneath_within(const char *path, const char *folder);
/* No part is "." or "..", which a walk without links could not judge. */
bool beneath_plain(const char *path);
/* The longest that holds the path, or (itself) is it; NULL: none. */
const struct beneath_root *beneath_root_of(const char *path, bool itself);
const char *beneath_root_path(const struct beneath_root *root);
/* A path of this root; -1 with errno, as beneath_open(). */
int beneath_open_in(const struct beneath_root *root, const char *path, int flags, mode_t mode);

/* For tests: as without openat2. */
void beneath_walk_by_parts(bool always);

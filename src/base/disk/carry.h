/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   a rename that crosses file systems: a copy under a temporary name in the target's folder, on disk with all that is in it, which
 *            the caller then renames. Only after that is what it was made of removed: after a crash both may be there, never none.
 *            Bytes, times, mode, owner and attributes of users go along, as far as the file system takes them.
 * Thread:    any. Ownership: what carry() returns is owned.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "base/auto.h"
#include "base/disk/stamp.h"

struct carried {
	char *path; /* the copy, under its temporary name */
	/* For a file: the descriptor of the copy, because its mode may forbid its owner to open it for writing again.
	 * For a folder: -1. */
	int source, target;
	struct stamp taken; /* the source's, when it was copied */
};

/* A file, or a folder with all in it. NULL with error: nothing is left of the copy. One that was written to meanwhile is ERROR_RETRY. */
struct carried *carry(const char *from, const char *folder, GError **error);
/* The copy has its name and lasts: what it was made of goes. Bytes that were appended to a file meanwhile come into the copy. -1 with errno: it is
 * all there still, and the copy is of no use. */
int carry_leave(const char *from, struct carried *copy);
/* Of no more use: the copy, or what it was made of. */
void carry_discard(const char *path);
void carried_free(struct carried *copy); /* files stay as they are; NULL is fine */
DEFINE_AUTO(carried, carried_free)

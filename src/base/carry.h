/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   a rename that crosses file systems: a copy under a temporary name in the target's folder, on disk with all that is in it, which
 *            the caller then renames. Only after that is what it was made of removed: after a crash both may be there, never none.
 *            Bytes, times, mode, owner and attributes of users go along, as far as the file system takes them.
 * Thread:    any. Ownership: strings returned are owned.
 */
#ifndef DROPMILL_BASE_CARRY_H
#define DROPMILL_BASE_CARRY_H

#include <glib.h>
#include <stdbool.h>

/* A file, or a folder with all in it. NULL with error: nothing is left of the copy. One that was written to meanwhile is ERROR_RETRY. */
char *carry(const char *from, const char *folder, GError **error);
/* The copy, or, when that has its name, what it was made of. */
void carry_discard(const char *from);

#endif

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
/* Of no more use: the copy. */
void carry_discard(const char *copy);
/* The copy has its name and lasts: what it was made of goes. Bytes that were appended to a file meanwhile come into the copy. -1 with errno: it is
 * all there still, and the copy is to be discarded. */
int carry_leave(const char *from, const char *to);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   files for what is too large for memory and needs no name: nothing is left of them, whatever dies.
 * Thread:    any. Ownership: the descriptor is the caller's.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

/* In this folder, of this size, its blocks reserved: a full disk is an error here and not a surprise later. -1 with ERROR_RETRY when there is no
 * room. */
int spool_open(const char *folder, gsize size, GError **error);
/* After all that was written to it was read: could it be trusted? Asks whether the disk had no room after all, or
 * failed: then the pages may be lost and read as zeros. It does not wait. */
bool spool_was_kept(int fd, GError **error);

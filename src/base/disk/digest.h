/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   the SHA-256 of a file's bytes.
 * Thread:    any; it takes as long as reading does. Ownership: returns owned.
 */
#pragma once

#include <glib.h>
#include <sys/stat.h>

/* 64 hexadecimal digits, read from where the descriptor stands. stop: ends it when this is not 0 any more; NULL: nothing does. seen: the file
 * as it was before and after; NULL is fine. Error: what may pass; the file was written to meanwhile, or cannot be read now. */
char *digest_file(int descriptor, const gint *stop, struct stat *seen, GError **error);

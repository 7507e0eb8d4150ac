/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   what a file was when the mill finished it: its size and its modification time. A file that has another stamp was written by
 *            somebody else. Neither device nor inode takes part: both change when a disk is mounted again or copied.
 * Thread:    any. Ownership: plain values.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <sys/stat.h>

/* For a folder: the bytes of all its files, and the newest time of everything in it, its own included. */
struct stamp {
	gint64 bytes; /* below 0: not known, equal to no other */
	gint64 mtime_ns;
};
#define STAMP_UNKNOWN ((struct stamp){-1, 0})

gint64 stamp_ns(const struct timespec *time);
struct stamp stamp_of(const struct stat *status);
/* To the nanosecond, for a file that stayed where it is. */
bool stamp_same(const struct stamp *a, const struct stamp *b);
/* False: there is no regular file and no folder at path, or it cannot be read. Links are not followed. */
bool stamp_take(const char *path, struct stamp *stamp);
/* A copy counts that lies where times are coarser: whole seconds, or FAT's two. */
bool stamp_equal(const struct stamp *was, const struct stamp *is);

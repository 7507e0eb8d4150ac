/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   all bytes of a read or write, however the kernel cuts them; interrupted calls go on.
 * Thread:    any. Ownership: none.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

/* False with errno. */
bool io_write(int fd, const void *bytes, gsize length);
bool io_write_at(int fd, const void *bytes, gsize length, gint64 at);
/* How many bytes: fewer than asked for where the file ends. -1 with errno. */
gssize io_read_at(int fd, void *bytes, gsize length, gint64 at);
/* A file in memory with these bytes; name: for people. It is opened as /proc/self/fd/N, too. -1 with errno. */
int io_memory_file(const char *name, const void *bytes, gsize length);

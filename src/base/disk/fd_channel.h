/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   lines over a local socket, each with a file descriptor beside it or none (SCM_RIGHTS). So a process that may open nothing is
 *            given what it needs, open.
 * Thread:    one reader and one writer a socket.
 * Ownership: fd_channel_free() leaves the socket open; descriptors received are the caller's.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "base/auto.h"

/* fd -1: none. Waits until all is sent; false when the other side has gone. */
bool fd_channel_send(int socket, const char *line, gsize length, int fd);

/* As much as there is room for, the descriptor beside it: how much went, or -1 with errno (EAGAIN: none). Never waits. */
gssize fd_channel_some(int socket, const void *bytes, gsize length, int fd);

struct fd_channel;
struct fd_channel *fd_channel_new(int socket);
/* The next line without its end; *fd: what came beside it or one before it, or -1. NULL at the end. Owned. */
char *fd_channel_line(struct fd_channel *channel, int *fd);
void fd_channel_free(struct fd_channel *channel); /* NULL is fine */
DEFINE_AUTO(fd_channel, fd_channel_free)

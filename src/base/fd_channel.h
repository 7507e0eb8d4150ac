/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   lines over a local socket, each with a file descriptor beside it or none (SCM_RIGHTS). So a process that may open nothing is
 *            given what it needs, open.
 * Thread:    one reader and one writer a socket.
 * Ownership: handover_free() leaves the socket open; descriptors received are the caller's.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "base/auto.h"

/* fd -1: none. Waits until all is sent; false when the other side has gone. */
bool handover_send(int socket, const char *line, gsize length, int fd);

/* As much as there is room for, the descriptor beside it: how much went, or -1 with errno (EAGAIN: none). Never waits. */
gssize handover_some(int socket, const void *bytes, gsize length, int fd);

struct handover;
struct handover *handover_new(int socket);
/* The next line without its end; *fd: what came beside it or one before it, or -1. NULL at the end. Owned. */
char *handover_line(struct handover *handover, int *fd);
void handover_free(struct handover *handover); /* NULL is fine */
DEFINE_AUTO(handover, handover_free)

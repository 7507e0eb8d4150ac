/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   who listens under the name of a socket, asked of the kernel.
 * Thread:    any.
 * Ownership: none.
 */
#ifndef DROPMILL_MASTER_INBOX_INBOX_OWNER_H
#define DROPMILL_MASTER_INBOX_INBOX_OWNER_H

#include <stdbool.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <sys/un.h>

/* False: nobody listens, or the kernel does not say. */
bool inbox_listener_user(const struct sockaddr_un *address, socklen_t length, uid_t *user);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   who listens under the name of a socket, asked of the kernel.
 * Thread:    any.
 * Ownership: none.
 */
#pragma once

#include <stdbool.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <sys/un.h>

/* False: nobody listens, or the kernel does not say. */
bool inbox_listener_user(const struct sockaddr_un *address, socklen_t length, uid_t *user);

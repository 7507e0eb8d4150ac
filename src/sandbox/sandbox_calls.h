/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   the system calls that a process that decodes may make, whatever their arguments; those that depend on arguments are in
 *            sandbox.c. Everything else answers ENOSYS.
 * Thread:    constants.
 */
#pragma once

#include <glib.h>

extern const int sandbox_calls[];
extern const gsize sandbox_call_count;
/* For a worker as well, which talks to the broker. */
extern const int sandbox_network_calls[];
extern const gsize sandbox_network_count;

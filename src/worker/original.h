/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   where the picture of a whole task is: in memory, in the spool file that it came in, or in a file of this machine.
 * Thread:    the computing one. Ownership: see below.
 */
#pragma once

#include "bus/protocol/wire.h"

/* RESULT_OK, or why it is not to be had here. One of: *bytes, owned: what came in the message, or a small file; *picture, a descriptor: of
 * the task's spool, or the caller's, with its path in *real (owned). From then on by this descriptor: by its name another file, or a link,
 * could be put in its place. */
enum result_status original_find(
	const struct task *task, const char *path, GBytes **bytes, int *picture, char **real, GError **error);

/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   takes from a process that decodes what no decoder needs: other programs, other processes, the kernel's rarer doors, cores on
 *            disk, files outside of its places (sandbox/path_allowlist.h), and for a codec the network.
 * Thread:    once, before the process starts a thread; every later thread inherits it.
 * Ownership: returns owned text.
 */
#pragma once

#include <stdbool.h>

enum sandbox_network {
	SANDBOX_NETWORK, /* TCP, UDP and local sockets: a worker talks to the broker */
	SANDBOX_NO_NETWORK,
};

/* Enters it, files aside. NULL: every layer holds; else what is missing and why, for people. Owned. The process runs on in either case.
 * DROPMILL_SANDBOX=off leaves it out; programs built with a sanitizer, which trace themselves, never enter it. */
char *sandbox_enter(enum sandbox_network network);
/* Shuts the files outside of the places, after sandbox_enter(). files: what else may be read, such as certificates; ends with NULL; NULL:
 * nothing. names: host names are looked up. Returns as sandbox_enter() does. */
char *sandbox_files(char **files, bool names);

/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   the kernel's own limit on which files a process opens (Landlock): the places of sandbox/path_allowlist.h, what libraries read of the
 *            system, and the folder for temporary files. It cannot be taken back.
 * Thread:    once, before the process starts a thread; every later thread inherits it.
 * Ownership: returns owned text.
 */
#pragma once

#include <stdbool.h>

/* files: more that may be read, such as certificates; NULL: none. names: host names are looked up, which reads all over /etc.
 * NULL: it holds; else what is missing and why. Owned. */
char *landlock_enter(char **files, bool names);

/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   one mill to an inbox: a lock on its folder, which holds everywhere, and a name, which holds on this machine.
 * Thread:    any.
 * Ownership: descriptors are the caller's: closing one gives the inbox free.
 */
#pragma once

#include <glib.h>
#include <sys/stat.h>

/* The folder is this process's while the descriptor is open. -1 with an error: another has it; -1 without: no lock can be had there. */
int inbox_lock(const char *path, GError **error);
/* The same, but only on this machine, and without a descriptor on the folder's file system. */
int inbox_name(const struct stat *inbox, GError **error);
void inbox_name_answer(int descriptor); /* others ask who has it: now and then */

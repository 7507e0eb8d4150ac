/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   the parts of a start that can go wrong for reasons outside: folders, lock, history, inboxes. Each error is one line that says
 *            what is wrong and what to do.
 * Thread:    the main thread, before the loop runs (inboxes: also on reload).
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

struct master;

/* Makes a folder and tries that it can be written to. */
bool start_folder(const char *option, const char *path, GError **error);
/* The state folder: as start_folder(), and closed to other users, with what is in it. */
bool start_state(const char *state, const char *out, GError **error);
/* Only one master on a state folder; the lock is held until the process ends. */
bool start_lock(const char *state, GError **error);
/* A second, or until enough (NULL: never), in which signals are heard and systemd hears of the wait. False: the mill is to stop. */
bool start_pause(const bool *enough, void *master);
/* The history; waits while it is locked or the disk is full. */
bool start_history(struct master *master, GError **error);
/* Inboxes of the definitions that are right; refuses those that lie in out/ or around it, or are another's. */
GPtrArray *start_inboxes(struct master *master);
/* Temp files in out/ that a killed master left. */
void start_sweep(const char *folder);

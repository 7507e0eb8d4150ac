/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   the folders in which this process opens what a message names. A worker takes its tasks from a topic, and whoever can write to
 *            that could name any file of this user: what lies elsewhere is refused, whoever asks. Names are judged by where they really
 *            lead, links followed; the answer is that real path, and what is opened is to be opened by it.
 * Thread:    path_allowlist_confine() and path_allowlist_add() before other threads start; the rest any.
 * Ownership: strings returned are owned.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

enum place_use {
	PLACE_READ,
	PLACE_WRITE, /* reading, too */
};

/* From now on nothing is allowed but what was added. Before that everything is: programs that a person runs by hand. */
void path_allowlist_confine(void);
/* A file, or a folder with all below it. One that is not there is remembered: see path_allowlist_changed(). */
void path_allowlist_add(const char *folder, enum place_use use);
/* Is there any? A worker without takes pixels from the bus and from segments alone. */
bool path_allowlist_any(void);
/* Those that were added, for the kernel to know them, too. */
void path_allowlist_each(void (*tell)(const char *folder, enum place_use use, void *user), void *user);

/* A folder that was replaced or created: the kernel's rules (landlock.h) know only the old one, and only a new process
 * can get new rules. Its name, or NULL. Borrowed. */
const char *path_allowlist_changed(void);

/* The real path. NULL with ERROR_RETRY when it is in none of the places: this worker is the wrong one for it. With the
 * reason of errno when it does not exist. To write, its folder must exist, and it must not be a link itself. */
char *path_allowlist_find(const char *path, enum place_use use, GError **error);

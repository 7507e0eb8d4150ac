/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   folders that inotify watches, and their events. The only file that knows libinotifytools.
 *            When inotify cannot be had, intake->watches.error says why and which limit to raise.
 * Thread:    intake's.
 * Ownership: watch_close().
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

struct intake;
struct watched_inbox;

extern guint
	intake_dead_at_most; /* watches that the library lists in vain, besides half as many as are alive; tests set it */

void watch_open(struct intake *intake);
void watch_close(struct intake *intake);
/* Watches an open folder, which is then at path. False with the reason: its changes will not be seen. *fresh: it was
 * not watched there before, so what lies in it has to be looked at. */
bool watch_folder(struct intake *intake, struct watched_inbox *inbox, const char *relative, const char *path,
	int descriptor, bool *fresh, GError **error);
/* Forgets the folders of inbox at path and below; path NULL: all. */
void watch_release(struct intake *intake, struct watched_inbox *inbox, const char *path);
/* ... those that the newest complete walk did not meet. */
void watch_release_unmet(struct intake *intake, struct watched_inbox *inbox);
/* Starts the library again, when that is due. */
void watch_renew(struct intake *intake);
/* An event. Its names are valid until a folder is watched or the next event is read. */
struct watch_event {
	struct watched_inbox *inbox; /* NULL: it means nothing to an inbox */
	const char *folder, *path;   /* of the folder: below its inbox, and in full */
	const char *name;            /* of the file or folder in it; NULL: itself */
	guint32 mask, cookie; /* as inotify(7) has them; IN_IGNORED: the folder is not watched any more, path is NULL */
};
/* False: there is none. */
bool watch_next(struct intake *intake, struct watch_event *event);

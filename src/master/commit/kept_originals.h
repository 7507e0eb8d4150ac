/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   originals that stay in their inbox after their job is done (originals: keep): which files must not be taken again.
 *
 *            Known by their path below the inbox, size, modification time and content, never by device or inode: these change when a disk is
 *            mounted again, and are given to other files. While size, mtime and ctime are what they were, nothing was done to
 *            the file. Where one of the times is another (a copy, a restored backup, chmod, touch) the content is read
 *            and compared: the same is known as before, another is a new picture. Where a file system has no ctime of
 *            its own, an event leaves the same doubt.
 *            A record ends with its file: a picture that is deleted, or moved, and dropped again is a new drop.
 * Thread:    any; a mutex inside, which is never held while a disk works. Contents are read by a thread of its own, at low priority.
 * Ownership: kept_free().
 */
#pragma once

#include "master/inbox/claim.h"

struct kept;

/* Commit thread: the original goes back to its place, and is known before it is in sight. */
bool kept_return(struct kept *kept, struct claim *claim, GError **error);

/* For intake, with paths relative to the inbox. by_event: there was an event of this file since the last look. */
enum intake_known kept_look(
	struct kept *kept, const struct inbox *inbox, const char *relative, const struct stat *status, bool by_event);
/* A file, or a folder, was deleted or has left this name. */
void kept_gone(struct kept *kept, const struct inbox *inbox, const char *relative, bool deleted);
/* The inbox was walked to its end: records of files that the walk did not meet are dropped when the file is gone. */
void kept_walked(struct kept *kept, const struct inbox *inbox);

guint64 kept_count(struct kept *kept, const char *pipeline);

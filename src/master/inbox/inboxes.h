/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   the inboxes that were: STATE/inboxes.json remembers each with the mount point that it lay on. When no definition names
 *            one any more, its claims go back into sight. The mill reports it until its folder is empty or a definition names it again.
 *            While its file system is not mounted, the mill waits, and makes no folder in its place.
 * Thread:    the master's loop; a thread looks at folders, it gets values and gives values.
 * Ownership: inboxes_free().
 */
#pragma once

#include "master/inbox/inbox.h"
#include "status/not_taken.h"

struct inboxes;

struct inboxes *inboxes_new(const char *state, struct waiting *waiting /* borrowed */);
void inboxes_free(struct inboxes *inboxes); /* waits for its thread no longer than a look takes; NULL is fine */

/* Where it lay when it was last seen: owned; NULL: not known. *known: it was an inbox before. */
char *inboxes_mount(const struct inboxes *inboxes, const char *path, bool *known);
/* These are the inboxes from now on (struct inbox). spared: names of pipelines whose definitions cannot be read now. */
void inboxes_set(struct inboxes *inboxes, const GPtrArray *now, char **spared);
/* The clock: looks every few seconds. */
void inboxes_tick(struct inboxes *inboxes);

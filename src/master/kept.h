/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   originals that stay in their inbox after their job is done (originals: keep): which files must not be taken again. Known
 *            by device, inode, size and modification time, so that a file that is written anew is a new drop.
 * Thread:    any; a mutex inside.
 * Ownership: kept_free().
 */
#ifndef DROPMILL_MASTER_KEPT_H
#define DROPMILL_MASTER_KEPT_H

#include "base/history.h"
#include "master/intake.h"

struct kept;

/* Loads what earlier runs kept. */
struct kept *kept_new(struct history *history);
void kept_free(struct kept *kept); /* NULL is fine */
DEFINE_AUTO(kept, kept_free)

/* What a claim is known by. Returns owned. */
char *kept_key(const struct claim *claim);
/* Commit thread: before the original goes back to its place. */
bool kept_add(struct kept *kept, const struct claim *claim, GError **error);
bool kept_knows(struct kept *kept, const char *pipeline, guint64 device, guint64 inode, gint64 bytes, gint64 mtime_ns);

#endif

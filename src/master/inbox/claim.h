/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   a file of an inbox that this mill has: renamed to INBOX/.dropmill/ID/RELATIVE. From then on this is the durable record of the job.
 * Thread:    any, one at a time for each claim.
 * Ownership: claim_free().
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "base/auto.h"
#include "base/disk/stamp.h"
#include "master/inbox/inbox.h"

struct claim {
	char *id; /* the job's id: sortable by time, [a-z0-9-] */
	char *pipeline;
	char *inbox;            /* absolute path */
	char *relative;         /* below the inbox, as dropped: "sub/a.jpg"; bytes, not necessarily UTF-8 */
	char *path;             /* where it lies now: INBOX/.dropmill/ID/RELATIVE */
	const char *format;     /* sniff_format(), or NULL */
	gint64 bytes, mtime_ns; /* as it was claimed. No inode: some file systems give new numbers at each look */
	gint64 dropped_wall_us; /* when it was first seen */
	bool recovered;         /* was found claimed at start */
	char *left_at;          /* where it went, once it is renamed; NULL: it is still claimed, or deleted */
	bool is_copy;           /* another has the claim */
};
void claim_free(struct claim *
		claim); /* NULL is fine; the file stays where it is, and no job has it from now on, except for a copy */
/* For another thread, to look at or to end; who has the claim frees it after that. */
struct claim *claim_copy(const struct claim *claim);
DEFINE_AUTO(claim, claim_free)

/* Renames INBOX/RELATIVE, open as descriptor and seen as `seen`. NULL: it stays, or is back, where it was. It is on
 * disk after claim_sync(). */
struct claim *claim_take(const struct inbox *inbox, const char *relative, int descriptor, const struct stamp *seen,
	gint64 seen_wall_us, GError **error);

void claim_sync(const GPtrArray *claims);

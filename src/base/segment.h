/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   memory that master, codec and workers of one machine share for a tiled job: a table of leases, a ring of source
 *            rows and a ring of result rows for each output. A segment is a memfd (nothing to clean up after a kill -9), or
 *            an unlinked file when a chain needs the whole picture at once. Others open it as /proc/PID/fd/N of the master, or, where
 *            a sandbox forbids that, get it from a process outside of it (handover.h). Its first bytes say that it is a segment, so
 *            that a message cannot have another file of this user written to.
 *
 *            Fencing: a task is offered in the lease table before it is published. A worker takes the lease with one
 *            compare-and-swap before it touches a pixel; the master revokes it with another. Whoever loses does nothing. So an
 *            offer that was revoked can never be worked on, however late its message arrives; one that was taken can only be
 *            given to another when its worker has answered or is dead.
 * Thread:    the lease functions are atomic across threads and processes; the rest belongs to one thread.
 * Ownership: segment_free() unmaps and closes.
 */
#ifndef DROPMILL_BASE_SEGMENT_H
#define DROPMILL_BASE_SEGMENT_H

#include <glib.h>
#include <stdbool.h>

#include "base/auto.h"

/* Layout from byte 0: 64 bytes of head (SEGMENT_MARK, then zero), then one 64-bit lease word a tile, then, from the next multiple of 4096, the rows.
 * Lease word: run serial << 32 | attempt << 8 | state. */
#define SEGMENT_MARK "dropmill segment"
#define SEGMENT_HEAD_BYTES 64
#define SEGMENT_ALIGN 4096

enum lease_state { LEASE_NONE, LEASE_OFFERED, LEASE_TAKEN };

struct segment {
	int fd;
	guint8 *bytes;
	gsize size;
	bool spool; /* a file, not memory */
	char *path; /* for other processes */
};

/* Where the rows may begin for this many tiles. */
gsize segment_rows_offset(guint tiles);

/* folder NULL: a memfd; else a spool file there, its blocks reserved. Returns owned; ERROR_RETRY when there is no room. */
struct segment *segment_create(gsize size, const char *folder, GError **error);
/* Another process's segment; size is what must be mapped at least. Through the door, when there is one. */
struct segment *segment_open(const char *path, gsize size, GError **error);
/* The same of one that was handed over, which it takes. */
struct segment *segment_adopt(int fd, gsize size, GError **error);
/* The descriptor alone, for one who hands it over: only of what is a segment and has no name. -1 with an error. */
int segment_descriptor(const char *path, GError **error);
/* From now on segment_open() asks at this socket: sends the path and gets a line back, empty beside a descriptor, else an error. */
void segment_use_door(int socket);
void segment_free(struct segment *segment); /* NULL is fine */
DEFINE_AUTO(segment, segment_free)

/* Master: clears the leases of a segment that is lent to a new run. */
void segment_clear_leases(struct segment *segment, guint tiles);
/* Master: before publishing. */
void segment_offer(struct segment *segment, guint tile, guint32 serial, guint attempt);
/* Master: takes an offer back. False when the worker has taken it. */
bool segment_revoke(struct segment *segment, guint tile, guint32 serial, guint attempt);
/* Master: has the worker begun on it? */
bool segment_taken(struct segment *segment, guint tile, guint32 serial, guint attempt);
/* Worker: before touching pixels. False when this attempt is not the one on offer. */
bool segment_take(struct segment *segment, guint tile, guint32 serial, guint attempt);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   memory that master, codec and workers of one machine share for a tiled job: a ring of source rows and a ring of result rows for
 *            each output, and a table of leases beside them. A segment is a memfd (nothing to clean up after a kill -9), sealed so that
 *            nobody can shrink it; or an unlinked file, a spool, when a chain needs the whole picture at once. A file cannot be sealed, so
 *            the master never maps a spool: it reads and writes it. The table is always a memfd of its own. Others open each as
 *            /proc/PID/fd/N of the master, or, where a sandbox forbids that, get it from a process outside of it (fd_channel.h). Its first
 *            bytes say that it is a segment, so that a message cannot have another file of this user written to.
 *
 *            Fencing: a task is offered in the lease table before it is published. A worker takes the lease with one
 *            compare-and-swap before it touches a pixel; the master revokes it with another. Whoever loses does nothing. So an
 *            offer that was revoked can never be worked on, however late its message arrives; one that was taken can only be
 *            given to another when its worker has answered or is dead.
 * Thread:    the lease functions are atomic across threads and processes; the rest belongs to one thread.
 * Ownership: segment_free() unmaps and closes.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "base/auto.h"

/* Layout from byte 0: SEGMENT_MARK, then zero; from SEGMENT_ROWS on the rows. In a table of leases, one 64-bit word for
 * each tile from SEGMENT_HEAD_BYTES on: run serial << 32 | attempt << 8 | state. */
#define SEGMENT_MARK "dropmill segment"
#define SEGMENT_HEAD_BYTES 64
#define SEGMENT_ALIGN 4096
#define SEGMENT_ROWS SEGMENT_ALIGN

enum lease_state { LEASE_NONE, LEASE_OFFERED, LEASE_TAKEN };

struct segment {
	int fd;
	guint8 *bytes; /* NULL: a spool in the process that made it */
	gsize size;
	bool spool;             /* a file, not memory */
	char *path;             /* for other processes */
	struct segment *leases; /* the table; NULL: it was not lent yet, or a codec has it */
};

/* folder NULL: a memfd; else a spool file there, its blocks reserved. Returns owned; ERROR_RETRY when there is no room. */
struct segment *segment_create(gsize size, const char *folder, GError **error);
/* Another process's segment; size is what must be mapped at least, 0: all of it. Through the server, when there is one. */
struct segment *segment_open(const char *path, gsize size, GError **error);
/* Its table of leases, beside it. */
bool segment_open_leases(struct segment *segment, const char *path, GError **error);
/* The same of one that was handed over, which it takes. */
struct segment *segment_adopt(int fd, gsize size, GError **error);
/* The descriptor alone, for one who hands it over: only of what is a segment and has no name. -1 with an error. */
int segment_descriptor(const char *path, GError **error);
/* From now on segment_open() asks at this socket: sends the path and gets a line back, empty beside a descriptor, else an error. */
void segment_use_server(int socket);
void segment_free(struct segment *segment); /* NULL is fine */
DEFINE_AUTO(segment, segment_free)

/* Master: bytes at an offset, of a spool as well. False when it is shorter than it was. */
bool segment_read(const struct segment *segment, gsize offset, guint8 *bytes, gsize length, GError **error);
bool segment_write(struct segment *segment, gsize offset, const guint8 *bytes, gsize length, GError **error);
/* After all that was written to it was read: could it be trusted? A write to a mapped file is never refused. This asks
 * whether the disk had no room after all, or failed: then the pages may be lost and read as zeros. It does not wait. */
bool segment_was_kept(const struct segment *segment, GError **error);

/* Master: a new table for a run that the segment is lent to; and at its end: what was offered and not taken can no longer be. */
bool segment_make_leases(struct segment *segment, guint tiles, GError **error);
void segment_end_leases(struct segment *segment);
/* Master: before publishing. */
void segment_offer(struct segment *segment, guint tile, guint32 serial, guint attempt);
/* Master: takes an offer back. False when the worker has taken it. */
bool segment_revoke(struct segment *segment, guint tile, guint32 serial, guint attempt);
/* Master: has the worker begun on it? */
bool segment_taken(struct segment *segment, guint tile, guint32 serial, guint attempt);
/* Worker: before touching pixels. False when this attempt is not the one on offer. */
bool segment_take(struct segment *segment, guint tile, guint32 serial, guint attempt);

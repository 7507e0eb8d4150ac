/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   parts of large records are put together again: small ones in memory, large ones in spool files, both within bounds. What can never
 *            become whole ends, and its receiver gets this once.
 * Thread:    a joiner belongs to one thread.
 * Ownership: see each function.
 */
#pragma once

#include "base/auto.h"
#include "bus/protocol/record.h"

/* What this is, or less, is put together in memory. */
#define JOINER_SMALL_BYTES (4 << 20)
/* So much of it at a time. */
#define JOINER_MEMORY_BYTES (64 << 20)
/* Unfinished records at a time. */
#define JOINER_MOST 1024
/* A record is given up when no part of it came for this time. For the first two thirds of it, it is also safe from
 * newer ones. */
#define JOINER_PATIENCE_US (30 * G_USEC_PER_SEC)

/* A record that nobody will see: its headers, and why. Called once for each, and for each malformed part. ERROR_INPUT:
 * it is larger than is taken here at all. ERROR_RETRY: there is no room for it now; with error_is_limit() others use
 * it, else the disk is full. ERROR_SYSTEM: parts were lost, or are malformed. */
typedef void (*joiner_lost_fn)(const struct record *headers, const GError *why, void *user);

struct joiner_options {
	const char *folder; /* of spool files */
	gint64 spool_bytes; /* what may lie there */
	gint64 patience_us; /* 0: JOINER_PATIENCE_US */
	joiner_lost_fn lost;
	void *user;
};

struct joiner;

struct joiner *joiner_new(const struct joiner_options *options /* copies */);
void joiner_free(struct joiner *joiner);
DEFINE_AUTO(joiner, joiner_free)

/* Takes a record read. Returns it, or the whole record when this part was the last missing one. Its offset and
 * partition are then those of the last part. NULL while parts are missing, or when the record is given up, which lost()
 * reports. A large one has a body, in a file of ours. Identity of parts: headers job, serial, tile, attempt, worker. A
 * part seen twice is ignored. */
struct record *joiner_add(struct joiner *joiner, struct record *record);

/* The clock: gives up what waited too long. Once a second is often enough. */
void joiner_tick(struct joiner *joiner);

/* Records that may yet become whole. */
guint joiner_pending(const struct joiner *joiner);

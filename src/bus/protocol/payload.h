/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   a record whose value is larger than the topic takes goes as parts. Headers of every part: those of the record, and part, parts,
 *            bytes. They are put together again by a joiner: joiner.h.
 * Thread:    any. Ownership: see each function.
 */
#pragma once

#include "bus/protocol/record.h"

/* A record of ours has fewer. */
#define PARTS_MOST 65536

/* All bytes of its value, wherever they are. */
gint64 payload_bytes(const struct record *record);
/* Into how many parts it goes, of at most limit (> 0) bytes: 1 when it fits. */
gint64 payload_parts(const struct record *record, gsize limit);
/* One of them, for the record's partition; of one, it has no headers of a part. Owned; its value is a piece of the record's, without a copy where
 * that is in memory. NULL: the file that it lies in cannot be read. */
struct record *payload_part(const struct record *record, gint64 part, gsize limit, GError **error);

/* A record with the headers of another, but for those of parts; its value is empty. Owned. */
struct record *payload_like(const struct record *record);

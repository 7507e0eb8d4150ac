/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   the inline plane: a record whose value is larger than the topic takes goes as parts, and is put together again on the
 *            other side. Headers of every part: those of the record, and part, parts, bytes.
 * Thread:    a joiner belongs to one thread.
 * Ownership: see each function.
 */
#ifndef DROPMILL_BUS_PAYLOAD_H
#define DROPMILL_BUS_PAYLOAD_H

#include "base/auto.h"
#include "bus/kafka.h"

/* Splits into parts whose values have at most limit bytes (limit > 0), all for the record's partition. Values are sub-ranges, not copies.
 * Takes record; returns an array of owned struct record, of one (the record itself, without part headers) when it fits. */
GPtrArray *payload_split(struct record *record, gsize limit);

struct joiner;

/* budget_bytes: unfinished records beyond it are dropped, oldest first (their leases recover them). */
struct joiner *joiner_new(gsize budget_bytes);
void joiner_free(struct joiner *joiner);
DEFINE_AUTO(joiner, joiner_free)

/* Takes a record read. Returns it, or the whole record when this part was the last missing one (its offset and partition are
 * those of the last part), or NULL while parts are missing (no error) or when the part is malformed (error). Identity of
 * parts: headers job, serial, tile, attempt, worker. A part seen twice is ignored. */
struct record *joiner_add(struct joiner *joiner, struct record *record, GError **error);

/* Parts dropped so far to keep to the budget. */
guint64 joiner_dropped(const struct joiner *joiner);

#endif

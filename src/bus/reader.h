/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   records in: by hand from all partitions, or in a group.
 * Thread:    a reader has a thread of its own, on which its callbacks run.
 * Ownership: bus_reader_free().
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "base/auto.h"
#include "bus/kafka.h"

struct bus_reader;

/* record is borrowed unless the callback steals it by returning true. It may run before bus_reader_new() has returned: the reader
 * that it is given counts, not what the caller keeps. */
typedef bool (*bus_record_fn)(struct bus_reader *reader, struct record *record, void *user);
/* A record that is not from one of us was dropped; on the reader's thread. */
typedef void (*bus_refused_fn)(const GError *why, void *user);
/* Which task partitions this reader holds now; on the reader's thread, before the first record of a new assignment. */
typedef void (*bus_assigned_fn)(const gint32 *partitions, gsize count, void *user);

struct bus_reader_options {
	const enum topic *topics;
	gsize topic_count;
	const char *group;        /* subscribe in this group; NULL: read partitions by hand, from the end */
	const gint32 *partitions; /* by hand: these partitions of every topic; NULL: all of them */
	gsize partition_count;
	bool from_end; /* by hand: start at the end, else at the beginning */
	bus_record_fn record;
	void (*tick)(void *user); /* about once a second; on the reader's thread; may be NULL */
	bus_refused_fn refused;   /* may be NULL */
	bus_assigned_fn assigned; /* may be NULL */
	void *user;
};

/* By hand, the start offsets are pinned before this returns: a record sent after it returned is seen. A group takes one topic.
 * Callbacks may run before this returns. */
struct bus_reader *bus_reader_new(struct bus *bus, const struct bus_reader_options *options, GError **error);
/* Marks a record as finished; in a group the contiguous prefix of finished offsets is committed. */
void bus_reader_done(struct bus_reader *reader, gint32 partition, gint64 offset);
/* By hand, from all partitions: so many has each topic now (0: not known). Those that came since are read from their beginning, since whoever writes may
 * have known them first. One thread at a time. */
void bus_reader_grow(struct bus_reader *reader, const int partitions[TOPIC_COUNT]);
/* Messages behind the end of a partition, or (negative) over all that are held; -1 when unknown. */
gint64 bus_reader_lag(struct bus_reader *reader, gint32 partition);
void bus_reader_free(struct bus_reader *reader); /* joins its thread; NULL is fine */
DEFINE_AUTO(bus_reader, bus_reader_free)

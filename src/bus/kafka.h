/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   the bus: our topics through librdkafka. The only home of rdkafka.h, with its neighbours in bus/.
 * Thread:    a struct bus has its own poll thread for delivery reports; bus_send() may be called from any thread.
 *            A struct bus_reader has its own thread, on which its callback runs.
 * Ownership: bus_free() after every reader is freed.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "base/auto.h"
#include "bus/protocol/record.h"

struct bus_options {
	char *brokers;          /* host:port,... */
	char *prefix;           /* before every topic's name and the group's; "" */
	char *role;             /* client.id, for the broker's logs */
	GHashTable *properties; /* string to string: any librdkafka property, from dropmill.yaml; may be NULL */
	bool embedded;          /* the broker is our own mock cluster: small batches, fast fetches */
	GBytes *key; /* each record carries a MAC under it, and what does not is not read: seal.h; NULL: no */
};

/* "tasks", "results", "heartbeats", "dead-letters" with the prefix. Returns owned. */
char *topic_name(const struct bus_options *options, enum topic topic);

struct bus;

/* Called when the state of the connection changes: up, or down with a line that says why. On a librdkafka thread. */
typedef void (*bus_state_fn)(bool up, const char *why, void *user);
enum delivery_end {
	DELIVERED,
	DELIVERY_TROUBLE,    /* the broker's, or the way's there; it may pass */
	DELIVERY_REFUSED,    /* the record is too large for the topic, or for the local queue */
	DELIVERY_UNREADABLE, /* the file that its value lies in; the error's kind is of PLACE_ORIGINAL */
};
/* What the error of a record says that was not read from a file; NULL: none. */
enum delivery_end delivery_of(const GError *error);
/* Called once for every bus_send(): error is NULL when the broker has it. On the bus's poll thread. */
typedef void (*bus_delivered_fn)(enum delivery_end delivery, const GError *error, void *user);

struct bus *bus_new(const struct bus_options *options /* copies */, bus_state_fn state, void *user, GError **error);
void bus_free(struct bus *bus); /* flushes at most 2 s; NULL is fine */
DEFINE_AUTO(bus, bus_free)

const struct bus_options *bus_options(const struct bus *bus);
bool bus_is_up(const struct bus *bus);

/* Checks topics (metadata): true when all exist; fills partitions[TOPIC_COUNT] (0: missing). Waits at most timeout_ms. */
bool bus_partitions(struct bus *bus, int partitions[TOPIC_COUNT], int timeout_ms, GError **error);

/* The largest record value in bytes that this topic takes: DescribeConfigs, max.message.bytes, less room for headers
 * and batch overhead. If the broker does not report it: 1,000,000 less that room. Never more than a share of the local
 * queue. Waits at most timeout_ms the first time. */
gsize bus_max_value(struct bus *bus, enum topic topic, int timeout_ms);

/* Sends one record, now or never; takes it whatever happens. The value is not copied: it is referenced until delivered. delivered may be NULL.
 * False (and no callback) when the local queue is full or the record too large. */
bool bus_send(struct bus *bus, struct record *record, bus_delivered_fn delivered, void *user, GError **error);

/* Sends a record of any size; takes it whatever happens. A value that does not fit in one record is sent as parts
 * (payload.h), each when there is room. This never waits here, and holds at most SENDER_WINDOW_BYTES of all large
 * records in memory. A few take turns, a part each. Files are read by the bus's own thread. delivered is called once,
 * when all is delivered or some of it was not; it may be NULL. False (and no callback) when it cannot be sent;
 * ERROR_INPUT: the record itself is at fault, and can never be. */
bool bus_ship(struct bus *bus, struct record *record, bus_delivered_fn delivered, void *user, GError **error);

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
/* Messages behind the end of a partition, or (negative) over all that are held; -1 when unknown. */
gint64 bus_reader_lag(struct bus_reader *reader, gint32 partition);
void bus_reader_free(struct bus_reader *reader); /* joins its thread; NULL is fine */
DEFINE_AUTO(bus_reader, bus_reader_free)

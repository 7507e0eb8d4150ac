/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   records on their way out that wait for room: large ones, whose parts are read and handed to librdkafka as earlier ones are delivered,
 *            and whatever came while its queue was full. They take turns, a part each; of those in parts only a few, so that the parts of one
 *            are not far apart in time, which its receiver would take for lost. Internal to bus/.
 *            One that nobody needs any more (record.h) ends before its next part.
 * Thread:    any may add; the poll thread alone reads files and sends. Nobody waits in here.
 * Ownership: sender_free() reports the rest as not delivered.
 */
#pragma once

#include "base/auto.h"
#include "bus/protocol/record.h"

/* Of parts, in librdkafka's hands at a time; less where its queue is smaller. */
#define SENDER_WINDOW_BYTES (16 << 20)

/* Records in parts that take turns; others wait in the order in which they came. */
#define SENDER_TURNS 4

enum delivery_end {
	DELIVERED,
	DELIVERY_TROUBLE,    /* the broker's, or the way's there; it may pass */
	DELIVERY_REFUSED,    /* the record is too large for the topic, or for the local queue */
	DELIVERY_UNREADABLE, /* the file that its value lies in; the error's kind is of PLACE_ORIGINAL */
};
/* Called once for every bus_send(): error is NULL when the broker has it. On the bus's poll thread. */
typedef void (*bus_delivered_fn)(enum delivery_end delivery, const GError *error, void *user);

enum produced {
	PRODUCED,
	PRODUCED_NOT, /* with an error */
	QUEUE_FULL,   /* there is room again when something was delivered */
	QUEUE_SMALL,  /* the queue is empty, and too small for it */
};

/* What the sender asks of its bus. */
struct sender_outlet {
	/* Takes the record. */
	enum produced (*produce)(
		void *bus, struct record *record, bus_delivered_fn delivered, void *user, GError **error);
	/* sender_pump() is to be called by the poll thread now. */
	void (*wake)(void *bus);
	void *bus;
};

struct sender;

struct sender *sender_new(const struct sender_outlet *outlet, gsize window_bytes);
void sender_free(struct sender *sender); /* NULL is fine */
DEFINE_AUTO(sender, sender_free)

/* Takes the record; limit: of a part's value. As bus_ship(). */
void sender_add(struct sender *sender, struct record *record, gsize limit, bus_delivered_fn delivered, void *user);
/* Sends what there is room for. The poll thread calls it after each round of reports. */
void sender_pump(struct sender *sender);

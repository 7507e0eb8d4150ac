/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   records out: at once, or as there is room.
 * Thread:    any thread may send. Reports come on the poll thread of the bus.
 * Ownership: records that are sent are taken.
 */
#pragma once

#include "bus/kafka.h"
#include "bus/sender.h"

/* Sends one record, now or never; takes it whatever happens. The value is not copied: it is referenced until delivered. delivered may be NULL.
 * False (and no callback) when the local queue is full or the record too large. */
bool bus_send(struct bus *bus, struct record *record, bus_delivered_fn delivered, void *user, GError **error);

/* Sends a record of any size; takes it whatever happens. A value that does not fit in one record is sent as parts
 * (payload.h), each when there is room. This never waits here, and holds at most SENDER_WINDOW_BYTES of all large
 * records in memory. A few take turns, a part each. Files are read by the bus's own thread. delivered is called once,
 * when all is delivered or some of it was not; it may be NULL. False (and no callback) when it cannot be sent;
 * ERROR_INPUT: the record itself is at fault, and can never be. */
bool bus_ship(struct bus *bus, struct record *record, bus_delivered_fn delivered, void *user, GError **error);

/* For kafka.c. */
struct sender *bus_sender_new(struct bus *bus);
struct rd_kafka_s;
struct rd_kafka_message_s;
void bus_on_delivered(struct rd_kafka_s *rk, const struct rd_kafka_message_s *message, void *opaque);

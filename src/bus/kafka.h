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

struct bus;

/* Of librdkafka. Constant. */
const char *bus_library_version(void);

/* Called when the state of the connection changes: up, or down with a line that says why. On a librdkafka thread. */
typedef void (*bus_state_fn)(bool up, const char *why, void *user);
struct bus *bus_new(const struct bus_options *options /* copies */, bus_state_fn state, void *user, GError **error);
void bus_free(struct bus *bus); /* flushes at most 2 s; NULL is fine */
DEFINE_AUTO(bus, bus_free)

bool bus_is_up(const struct bus *bus);

/* Topics as a set. */
#define TOPIC_BIT(topic) (1u << (topic))
#define TOPICS_ALL (TOPIC_BIT(TOPIC_COUNT) - 1)
/* Checks topics (metadata): true when all of those that are wanted exist and may be seen; fills partitions[TOPIC_COUNT] (0: missing). Waits at
 * most timeout_ms, for one broker's answer. */
bool bus_partitions(struct bus *bus, guint wanted, int partitions[TOPIC_COUNT], int timeout_ms, GError **error);

/* The count of partitions and the replication of one topic; 0 when it does not exist. */
bool bus_topic_shape(
	struct bus *bus, enum topic topic, int *partitions, int *replication, int timeout_ms, GError **error);

/* The largest record value in bytes that this topic takes: DescribeConfigs, max.message.bytes, less room for headers
 * and batch overhead. If the broker does not report it: 1,000,000 less that room. Never more than a share of the local
 * queue. Waits at most timeout_ms the first time. */
gsize bus_max_value(struct bus *bus, enum topic topic, int timeout_ms);

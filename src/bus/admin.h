/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   calls of Kafka's Admin API, one function each. Internal to bus/; for the rest of the mill see topics.h.
 * Thread:    any; calls wait for the broker.
 * Ownership: borrows its arguments.
 */
#pragma once

#include "bus/topics.h"

/* Below a topic's limit: room for the headers of a record (a task's spec is one) and for Kafka's own framing. */
#define CLIENT_ROOM_BYTES (64 * 1024)

enum admin_answer {
	ADMIN_OK,
	ADMIN_NO_ANSWER, /* broker not reachable, or too slow: again later */
	ADMIN_REFUSED,   /* no permission, or the broker cannot do it: again makes no sense */
};

/* Fills retention_ms and max_message_bytes of the topics that exist; 0: not known. Leaves the other fields. */
enum admin_answer admin_describe(
	struct bus *bus, struct topic_state state[TOPIC_COUNT], int timeout_ms, GError **error);

struct admin_topic {
	enum topic topic;
	int partitions, replication;
	gint64 retention_ms, max_message_bytes;
};
enum admin_answer admin_create(struct bus *bus, const struct admin_topic *topic, int timeout_ms, GError **error);
enum admin_answer admin_delete(struct bus *bus, enum topic topic, int timeout_ms, GError **error);

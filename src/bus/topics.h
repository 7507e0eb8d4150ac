/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   the topics through Kafka's Admin API: create, describe, delete.
 * Thread:    any; calls wait for the broker.
 */
#pragma once

#include "bus/kafka.h"

struct topic_plan {
	int partitions;           /* of tasks and results; default 12 */
	int replication;          /* -1: the broker's default */
	gint64 retention_ms;      /* of tasks and results; default 3,600,000 */
	gint64 max_message_bytes; /* default 8 MiB */
};
void topic_plan_default(struct topic_plan *plan);

/* Creates the topics that are missing; existing ones are left alone. Says what it did, a line a topic, in *said (owned) when not
 * NULL. Error ERROR_RETRY: broker not reachable; ERROR_SYSTEM: refused (the message holds the exact command for an administrator). */
bool topics_create(struct bus *bus, const struct topic_plan *plan, char **said, GError **error);
struct topic_state {
	char *name;
	int partitions; /* 0: missing */
	int replication;
	gint64 retention_ms;
	gint64 max_message_bytes;
};
/* state[TOPIC_COUNT]; free names with g_free. */
bool topics_describe(struct bus *bus, struct topic_state state[TOPIC_COUNT], GError **error);
bool topics_delete(struct bus *bus, char **said, GError **error);

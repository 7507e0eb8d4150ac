/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   struct bus, for the files that make it up: kafka.c (the handle, its poll thread, metadata) and send.c (records out). Internal to bus/.
 * Thread:    as kafka.h says.
 * Ownership: kafka.c.
 */
#pragma once

#include <librdkafka/rdkafka.h>

#include "bus/kafka.h"
#include "bus/sender.h"

struct watch;

struct bus {
	struct bus_options options;
	rd_kafka_t *rk;
	rd_kafka_topic_t *topics[TOPIC_COUNT];
	rd_kafka_queue_t *queue; /* the handle's main queue: a yield on it ends a poll */
	struct watch *watch;
	struct sender *sender;
	gint64 queue_bytes; /* of all that waits in librdkafka */
	GThread *thread;
	gint quit; /* atomic */

	GMutex limit_lock;
	gint64 largest[TOPIC_COUNT]; /* max.message.bytes; 0: not known yet */
	gint64 limit_failed_us;
};

/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   the embedded broker: librdkafka's in-memory mock cluster, with our topics. A dispatcher on one machine, not Kafka:
 *            it keeps nothing, and 5 MiB a partition (facts: the manual's protocol.md).
 * Thread:    created and freed on the main thread; its own thread has every signal blocked.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "base/auto.h"

struct embedded;

/* task_partitions: one a worker. inline_results: results gets as many, for each of them may hold a window of pixels.
 * Else one (for 64 workers), as heartbeats and dead letters have. Records that were read stay in the mock's memory, up
 * to 5 MiB in each partition. prefix as in bus_options. */
struct embedded *embedded_new(const char *prefix, int task_partitions, bool inline_results, GError **error);
const char *embedded_brokers(const struct embedded *embedded); /* 127.0.0.1:PORT; borrowed */
void embedded_free(struct embedded *embedded);                 /* NULL is fine */
DEFINE_AUTO(embedded, embedded_free)

/* What may lie unread in one partition before the mock evicts silently. */
#define EMBEDDED_WINDOW_BYTES (2 * 1024 * 1024)

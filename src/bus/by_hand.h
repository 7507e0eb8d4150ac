/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   the partitions that a reader has without a group: where each begins, and those that a topic gets later. Internal to bus/.
 * Thread:    by_hand_add() and by_hand_learn() before the reader's thread runs; then by_hand_grow() on one thread at a time.
 * Ownership: borrows all that it names.
 */
#pragma once

#include "bus/client.h"
#include "bus/progress.h"
#include "bus/reader.h"

struct by_hand {
	struct bus *bus;
	rd_kafka_t *rk;
	struct progress *progress;
	int partitions[TOPIC_COUNT]; /* of topics that are read from all of them: how many; else 0 */
};

/* On a busy machine a topic whose partitions and their brokers are not known yet when it is assigned waits for a timer of a second. This waits
 * for the answer. Without one the timer will do. */
void by_hand_learn(struct by_hand *hand, rd_kafka_topic_t *topic);
/* Its partitions, with pinned start offsets. */
bool by_hand_add(struct by_hand *hand, rd_kafka_topic_partition_list_t *list, const struct bus_reader_options *options,
	enum topic topic, GError **error);
/* See bus_reader_grow(). */
void by_hand_grow(struct by_hand *hand, enum topic topic, rd_kafka_topic_t *handle, int partitions);

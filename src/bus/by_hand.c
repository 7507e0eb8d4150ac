/* SPDX-License-Identifier: GPL-2.0-or-later
 * Partitions without a group: see by_hand.h. */
#include "bus/by_hand.h"

#include "base/error.h"
#include "base/log.h"
#include "bus/handle.h"

#define START_MS 10000
#define METADATA_MS 2000

void by_hand_learn(struct by_hand *hand, rd_kafka_topic_t *topic)
{
	const struct rd_kafka_metadata *metadata = NULL;

	if (rd_kafka_metadata(hand->rk, 0, topic, &metadata, METADATA_MS) == RD_KAFKA_RESP_ERR_NO_ERROR)
		rd_kafka_metadata_destroy(metadata);
}

static bool add_partition(struct by_hand *hand, rd_kafka_topic_partition_list_t *list, enum topic topic,
	gint32 partition, bool from_end, GError **error)
{
	g_autofree char *name = topic_name(bus_options(hand->bus), topic);
	int64_t low, high;

	/* The bus's handle is connected and knows the topics; a new one would first have to learn them. */
	rd_kafka_resp_err_t code =
		rd_kafka_query_watermark_offsets(bus_handle(hand->bus), name, partition, &low, &high, START_MS);
	if (code)
		return fail_kafka(error, code, NULL, "read %s/%d", name, partition);
	gint64 start = from_end ? high : low;
	rd_kafka_topic_partition_list_add(list, name, partition)->offset = start;
	progress_add(hand->progress, topic, partition, start);
	return true;
}

bool by_hand_add(struct by_hand *hand, rd_kafka_topic_partition_list_t *list, const struct bus_reader_options *options,
	enum topic topic, GError **error)
{
	if (options->partitions) {
		for (gsize i = 0; i < options->partition_count; i++)
			if (!add_partition(hand, list, topic, options->partitions[i], options->from_end, error))
				return false;
		return true;
	}
	int partitions, replication;
	if (!bus_topic_shape(hand->bus, topic, &partitions, &replication, START_MS, error))
		return false;
	if (partitions == 0) {
		g_autofree char *name = topic_name(bus_options(hand->bus), topic);
		return fail(error, ERROR_SYSTEM, "missing on the broker: topic %s", name);
	}
	for (gint32 i = 0; i < partitions; i++)
		if (!add_partition(hand, list, topic, i, options->from_end, error))
			return false;
	hand->partitions[topic] = partitions;
	return true;
}

void by_hand_grow(struct by_hand *hand, enum topic topic, rd_kafka_topic_t *handle, int partitions)
{
	int first = hand->partitions[topic];

	/* Fewer: the topic was made again, or the broker that was asked does not know of the latest. */
	if (!first || partitions <= first)
		return;
	const char *name = rd_kafka_topic_name(handle);
	rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(partitions - first);
	by_hand_learn(hand, handle);
	for (gint32 i = first; i < partitions; i++) {
		rd_kafka_topic_partition_list_add(list, name, i)->offset = RD_KAFKA_OFFSET_BEGINNING;
		progress_add(hand->progress, topic, i, -1); /* before a record can come */
	}
	/* The others go on where they are. */
	rd_kafka_error_t *error = rd_kafka_incremental_assign(hand->rk, list);
	rd_kafka_topic_partition_list_destroy(list);
	if (error) {
		log_warning("kafka: %s has %d partitions now, of which those from %d on cannot be read yet: %s", name,
			partitions, first, rd_kafka_error_string(error));
		rd_kafka_error_destroy(error);
		return;
	}
	log_info("%s has %d partitions now (it had %d): they are read as well", name, partitions, first);
	hand->partitions[topic] = partitions;
}

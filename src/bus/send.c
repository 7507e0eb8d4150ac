/* SPDX-License-Identifier: GPL-2.0-or-later
 * Records out: at once, or as there is room: see kafka.h. */
#include <string.h>

#include "base/error.h"
#include "bus/admin.h"
#include "bus/bus.h"
#include "bus/client.h"
#include "bus/duplicate_delivery.h"
#include "bus/handle.h"
#include "bus/protocol/payload.h"
#include "bus/seal.h"
#include "bus/send.h"

/* See filling_bytes(). */
#define FILLED_BYTES 4096
/* A part of a record's size, besides name and value of each header. */
#define RECORD_OVERHEAD_BYTES 256
/* What a part has more: its own headers, and a MAC. */
#define PART_OVERHEAD_BYTES 512

/* One record on its way: the value lies in our memory until the delivery report. */
struct delivery {
	bus_delivered_fn delivered;
	void *user;
	GBytes *value;
};

void bus_on_delivered(rd_kafka_t *rk, const rd_kafka_message_t *message, void *opaque)
{
	struct delivery *delivery = message->_private;
	(void)rk;
	(void)opaque;

	if (delivery->delivered) {
		g_autoptr(GError) error = NULL;
		if (message->err)
			fail_kafka(&error, message->err, NULL, "topic %s", rd_kafka_topic_name(message->rkt));
		delivery->delivered(delivery_of(error), error, delivery->user);
	}
	g_bytes_unref(delivery->value);
	g_free(delivery);
}

static rd_kafka_headers_t *headers_of(const struct record *record, gsize *bytes)
{
	rd_kafka_headers_t *headers = rd_kafka_headers_new(record->headers->len / 2);

	for (guint i = 0; i + 1 < record->headers->len; i += 2) {
		const char *name = record->headers->pdata[i], *value = record->headers->pdata[i + 1];
		gsize name_bytes = strlen(name), value_bytes = strlen(value);
		rd_kafka_header_add(headers, name, (ssize_t)name_bytes, value, (ssize_t)value_bytes);
		*bytes += name_bytes + value_bytes + 16;
	}
	return headers;
}

/* The mock keeps the last 5 MiB of each partition and looks through them from the oldest on at every fetch (librdkafka 2.0.2, rdkafka_mock.c:
 * "FIXME: Maintain an index"). With ten thousand small records that was half of what a master computed, 3 ms for each
 * file that it processed. A key, which nobody reads, makes them large enough to be few: some 1,200, ten times what all
 * windows together let lie there. */
static gsize filling_bytes(const struct bus *bus, enum topic topic, gsize value_bytes)
{
	bool busy = topic == TOPIC_TASKS || topic == TOPIC_RESULTS;

	return bus->options.embedded && busy ? FILLED_BYTES - MIN(value_bytes, FILLED_BYTES) : 0;
}

/* Its key and the size that counts for the topic's limit; false: it is too large for that. */
static bool fits(struct bus *bus, const struct record *record, gsize bytes, GError **error)
{
	gint64 largest = bus_largest_known(bus, record->topic);

	return bytes <= (gsize)largest ||
	       fail(error, ERROR_INPUT, "topic %s takes records of %" G_GINT64_FORMAT " bytes, this one has %zu",
		       rd_kafka_topic_name(bus->topics[record->topic]), largest, bytes);
}

static rd_kafka_resp_err_t send_record(
	struct bus *bus, struct record *record, bus_delivered_fn delivered, void *user, GError **error)
{
	rd_kafka_topic_t *topic = bus->topics[record->topic];
	static const char filling[FILLED_BYTES];
	gsize value_bytes, bytes = RECORD_OVERHEAD_BYTES;
	if (bus->options.key && !record_get(record, "mac"))
		seal_add(record, bus->options.key);
	/* Never NULL: Kafka would make a tombstone of it. */
	const void *value = g_bytes_get_data(record->value, &value_bytes);
	rd_kafka_headers_t *headers = headers_of(record, &bytes);

	gsize key_bytes = bytes > FILLED_BYTES ? 0 : filling_bytes(bus, record->topic, value_bytes);
	if (!fits(bus, record, bytes + value_bytes + key_bytes, error)) {
		rd_kafka_headers_destroy(headers);
		return RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE;
	}
	struct delivery *delivery = g_new0(struct delivery, 1);
	delivery->delivered = delivered;
	delivery->user = user;
	delivery->value = g_bytes_ref(record->value);
	/* Without F_COPY and F_FREE librdkafka sends from our memory. */
	rd_kafka_resp_err_t code = rd_kafka_producev(bus->rk, RD_KAFKA_V_RKT(topic),
		RD_KAFKA_V_PARTITION(record->partition < 0 ? RD_KAFKA_PARTITION_UA : record->partition),
		RD_KAFKA_V_KEY(key_bytes ? filling : NULL, key_bytes),
		RD_KAFKA_V_VALUE(value ? (void *)value : (void *)"", value_bytes), RD_KAFKA_V_HEADERS(headers),
		RD_KAFKA_V_OPAQUE(delivery), RD_KAFKA_V_END);
	if (code) {
		rd_kafka_headers_destroy(headers);
		g_bytes_unref(delivery->value);
		g_free(delivery);
		fail_kafka(error, code, NULL, "topic %s", rd_kafka_topic_name(topic));
	}
	return code;
}

/* And what a test wants to be delivered twice. */
static rd_kafka_resp_err_t send_and_repeat(
	struct bus *bus, struct record *record, bus_delivered_fn delivered, void *user, GError **error)
{
	rd_kafka_resp_err_t code = send_record(bus, record, delivered, user, error);
	auto_struct(record) again = code ? NULL : duplicate_delivery_after(record);

	if (again)
		send_record(bus, again, NULL, NULL, NULL);
	return code;
}

bool bus_send(struct bus *bus, struct record *taken, bus_delivered_fn delivered, void *user, GError **error)
{
	auto_struct(record) record = taken;

	return send_and_repeat(bus, record, delivered, user, error) == RD_KAFKA_RESP_ERR_NO_ERROR;
}

static enum produced produce(void *data, struct record *taken, bus_delivered_fn delivered, void *user, GError **error)
{
	struct bus *bus = data;
	auto_struct(record) record = taken;
	rd_kafka_resp_err_t code = RD_KAFKA_RESP_ERR__QUEUE_FULL;
	bool empty = false;

	/* Twice: what was in its way may have gone just now. */
	for (int i = 0; i < 2 && code == RD_KAFKA_RESP_ERR__QUEUE_FULL; i++) {
		g_clear_error(error);
		code = send_and_repeat(bus, record, delivered, user, error);
		empty = rd_kafka_outq_len(bus->rk) == 0;
		if (!empty)
			break;
	}
	if (!code)
		return PRODUCED;
	return code != RD_KAFKA_RESP_ERR__QUEUE_FULL ? PRODUCED_NOT : empty ? QUEUE_SMALL : QUEUE_FULL;
}

static void wake(void *bus)
{
	rd_kafka_queue_yield(((struct bus *)bus)->queue);
}

struct sender *bus_sender_new(struct bus *bus)
{
	const struct sender_outlet outlet = {produce, wake, bus};

	return sender_new(&outlet, (gsize)MIN(SENDER_WINDOW_BYTES, bus->queue_bytes / 2));
}

/* Bytes of a part's value, beside the headers that each has. */
static bool part_limit(struct bus *bus, const struct record *record, gsize *limit, GError **error)
{
	gsize largest = (gsize)bus_largest_known(bus, record->topic),
	      headers = PART_OVERHEAD_BYTES + RECORD_OVERHEAD_BYTES;

	for (guint i = 0; i + 1 < record->headers->len; i += 2)
		headers += strlen(record->headers->pdata[i]) + strlen(record->headers->pdata[i + 1]) + 16;
	/* Where it need not be split, headers may be as large as there is room. */
	if (headers > largest / 2 && headers + (gsize)payload_bytes(record) <= largest) {
		*limit = (gsize)MAX(payload_bytes(record), 1);
		return true;
	}
	if (headers > largest / 2)
		return fail(error, ERROR_INPUT,
			"topic %s takes records of %zu bytes, and the headers of this one have %zu",
			rd_kafka_topic_name(bus->topics[record->topic]), largest, headers);
	*limit = largest - MAX(headers, MIN(CLIENT_ROOM_BYTES, largest / 2));
	if (payload_parts(record, *limit) > PARTS_MOST)
		return fail(error, ERROR_INPUT, "%" G_GINT64_FORMAT " bytes are more than %d parts of %zu can be",
			payload_bytes(record), PARTS_MOST, *limit);
	return true;
}

bool bus_ship(struct bus *bus, struct record *taken, bus_delivered_fn delivered, void *user, GError **error)
{
	auto_struct(record) record = taken;
	g_autoptr(GError) cause = NULL;
	gsize limit = 0;

	if (!part_limit(bus, record, &limit, error))
		return false;
	if (payload_parts(record, limit) == 1 && record->body && body_in_memory(record->body)) {
		GBytes *value = body_read(record->body, 0, (gsize)body_bytes(record->body), error);
		if (!value)
			return false;
		g_bytes_unref(record->value);
		record->value = value;
		g_clear_pointer(&record->body, body_unref);
	}
	if (record->body || payload_parts(record, limit) > 1) {
		sender_add(bus->sender, g_steal_pointer(&record), limit, delivered, user);
		return true;
	}
	rd_kafka_resp_err_t code = send_and_repeat(bus, record, delivered, user, &cause);
	if (code == RD_KAFKA_RESP_ERR__QUEUE_FULL) {
		sender_add(bus->sender, g_steal_pointer(&record), limit, delivered, user);
		return true;
	}
	if (code)
		g_propagate_error(error, g_steal_pointer(&cause));
	return code == RD_KAFKA_RESP_ERR_NO_ERROR;
}

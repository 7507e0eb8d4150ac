/* SPDX-License-Identifier: GPL-2.0-or-later
 * The bus: producer, its poll thread, metadata. See kafka.h. */
#include "bus/kafka.h"
#include "bus/send.h"

#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/thread_watchdog.h"
#include "bus/admin.h"
#include "bus/bus.h"
#include "bus/client.h"
#include "bus/handle.h"
#include "bus/watch.h"

#define FLUSH_MS 2000
#define PURGE_MS 1000
/* A record that no broker took for this long is reported as failed; the sender's lease decides what then. */
#define DELIVERY_MS 30000
#define QUEUE_KBYTES (64 * 1024)
/* After an answer that did not come, do not make callers wait for the next one at once. */
#define LIMIT_RETRY_US (5 * G_USEC_PER_SEC)

static void options_copy(struct bus_options *copy, const struct bus_options *options)
{
	copy->brokers = g_strdup(options->brokers);
	copy->prefix = g_strdup(options->prefix ? options->prefix : "");
	copy->role = g_strdup(options->role ? options->role : "");
	copy->embedded = options->embedded;
	copy->key = options->key ? g_bytes_ref(options->key) : NULL;
	if (!options->properties)
		return;
	GHashTableIter iter;
	gpointer name, value;
	copy->properties = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	g_hash_table_iter_init(&iter, options->properties);
	while (g_hash_table_iter_next(&iter, &name, &value))
		g_hash_table_insert(copy->properties, g_strdup(name), g_strdup(value));
}

static void options_clear(struct bus_options *options)
{
	g_free(options->brokers);
	g_free(options->prefix);
	g_free(options->role);
	g_clear_pointer(&options->key, g_bytes_unref);
	g_clear_pointer(&options->properties, g_hash_table_unref);
}

static void on_error(rd_kafka_t *rk, int code, const char *text, void *opaque)
{
	struct bus *bus = opaque;
	(void)rk;
	watch_error(bus->watch, code, text);
}

static gpointer poll_thread(gpointer user)
{
	struct bus *bus = user;
	struct watched_thread *thread = watched_thread_new("bus");

	while (!g_atomic_int_get(&bus->quit)) {
		watched_thread_mark(thread);
		int wait_ms = watch_check(bus->watch, bus->rk, bus->topics[TOPIC_TASKS]);
		watched_thread_rest(thread);
		rd_kafka_poll(bus->rk, wait_ms);
		/* Not in the reports' callback: the room of a record is free only after it. */
		sender_pump(bus->sender);
	}
	watched_thread_free(thread);

	/* Here and not in bus_free(): delivery callbacks keep to this thread to the last. */
	if (watch_is_up(bus->watch))
		rd_kafka_flush(bus->rk, FLUSH_MS);
	if (rd_kafka_outq_len(bus->rk) > 0) {
		rd_kafka_purge(bus->rk, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
		gint64 end_us = clock_now_us() + PURGE_MS * 1000;
		while (rd_kafka_outq_len(bus->rk) > 0 && clock_now_us() < end_us)
			rd_kafka_poll(bus->rk, 20);
	}
	return NULL;
}

static rd_kafka_conf_t *producer_conf(const struct bus_options *options, GError **error)
{
	rd_kafka_conf_t *conf = client_conf(options, error);
	if (!conf)
		return NULL;
	client_set_int(conf, "batch.size", CLIENT_BATCH_BYTES);
	/* bus_send() keeps to the topic's own limit; this one only has to be above it. */
	client_set_int(conf, "message.max.bytes", CLIENT_LARGEST_BYTES + CLIENT_BATCH_BYTES);
	rd_kafka_conf_set_dr_msg_cb(conf, bus_on_delivered);
	rd_kafka_conf_set_error_cb(conf, on_error);
	return conf;
}

/* A default of ours; client_conf() has already set the user's own properties, which win. */
static void set_default(rd_kafka_conf_t *conf, const struct bus_options *options, const char *name, gint64 value)
{
	if (!options->properties || !g_hash_table_contains(options->properties, name))
		client_set_int(conf, name, value);
}

/* What waits in librdkafka at most. */
static gint64 queue_bytes(const struct bus_options *options)
{
	const char *text =
		options->properties ? g_hash_table_lookup(options->properties, "queue.buffering.max.kbytes") : NULL;
	gint64 kbytes = text ? g_ascii_strtoll(text, NULL, 10) : QUEUE_KBYTES;

	return MAX(kbytes, 1) * 1024;
}

struct bus *bus_new(const struct bus_options *options, bus_state_fn state, void *user, GError **error)
{
	rd_kafka_conf_t *conf = producer_conf(options, error);
	if (!conf)
		return NULL;
	set_default(conf, options, "linger.ms", 0);
	set_default(conf, options, "queue.buffering.max.kbytes", QUEUE_KBYTES);
	set_default(conf, options, "message.timeout.ms", DELIVERY_MS);

	auto_struct(bus) bus = g_new0(struct bus, 1);
	g_mutex_init(&bus->limit_lock);
	options_copy(&bus->options, options);
	bus->watch = watch_new(conf, state, user);
	rd_kafka_conf_set_opaque(conf, bus);
	bus->rk = client_new(RD_KAFKA_PRODUCER, conf, error);
	if (!bus->rk)
		return NULL;
	/* All at once, now: a topic first heard of by a produce costs that record a second (a timer in librdkafka). */
	for (int topic = 0; topic < TOPIC_COUNT; topic++) {
		g_autofree char *name = topic_name(options, topic);
		bus->topics[topic] = rd_kafka_topic_new(bus->rk, name, NULL);
		if (!bus->topics[topic]) {
			fail_kafka(error, rd_kafka_last_error(), NULL, "topic %s", name);
			return NULL;
		}
	}
	bus->queue = rd_kafka_queue_get_main(bus->rk);
	bus->queue_bytes = queue_bytes(options);
	bus->sender = bus_sender_new(bus);
	watch_set_queue(bus->watch, bus->queue);
	bus->thread = client_thread("bus", poll_thread, bus);
	return g_steal_pointer(&bus);
}

void bus_free(struct bus *bus)
{
	if (!bus)
		return;
	if (bus->thread) {
		g_atomic_int_set(&bus->quit, 1);
		rd_kafka_queue_yield(bus->queue);
		g_thread_join(bus->thread);
	}
	sender_free(bus->sender);
	if (bus->watch)
		watch_set_queue(bus->watch, NULL);
	if (bus->queue)
		rd_kafka_queue_destroy(bus->queue);
	for (int topic = 0; topic < TOPIC_COUNT; topic++)
		if (bus->topics[topic])
			rd_kafka_topic_destroy(bus->topics[topic]);
	if (bus->rk)
		rd_kafka_destroy(bus->rk);
	watch_free(bus->watch);
	options_clear(&bus->options);
	g_mutex_clear(&bus->limit_lock);
	g_free(bus);
}

const char *bus_library_version(void)
{
	return rd_kafka_version_str();
}

bool bus_is_up(const struct bus *bus)
{
	return watch_is_up(bus->watch);
}

/* only: of one topic; NULL: of all of ours. librdkafka asks the broker that it used last. One that hangs is asked until its requests have timed out
 * (socket.timeout.ms). */
static bool ask(struct bus *bus, rd_kafka_topic_t *only, int timeout_ms, const struct rd_kafka_metadata **metadata,
	GError **error)
{
	rd_kafka_resp_err_t code = rd_kafka_metadata(bus->rk, 0, only, metadata, MAX(timeout_ms, 1));

	if (!code)
		return true;
	g_autofree char *why = watch_is_up(bus->watch) ? NULL : watch_why(bus->watch);
	return fail_kafka(error, code, why, "no answer from the broker at %s", bus->options.brokers);
}

/* False: its partitions cannot be known. */
static bool shape_of(const struct rd_kafka_metadata_topic *topic, int *partitions, int *replication, GError **error)
{
	*partitions = *replication = 0;
	if (!topic || topic->err == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART)
		return true;
	if (topic->err)
		return fail_kafka(error, topic->err, NULL, "topic %s", topic->topic);
	*partitions = topic->partition_cnt;
	if (*partitions > 0)
		*replication = topic->partitions[0].replica_cnt;
	return true;
}

bool bus_topic_shape(
	struct bus *bus, enum topic topic, int *partitions, int *replication, int timeout_ms, GError **error)
{
	const struct rd_kafka_metadata *metadata = NULL;

	if (!ask(bus, bus->topics[topic], timeout_ms, &metadata, error))
		return false;
	bool good = shape_of(metadata->topic_cnt == 1 ? metadata->topics : NULL, partitions, replication, error);
	rd_kafka_metadata_destroy(metadata);
	return good;
}

static const struct rd_kafka_metadata_topic *find_topic(const struct rd_kafka_metadata *metadata, const char *name)
{
	for (int i = 0; i < metadata->topic_cnt; i++)
		if (strcmp(metadata->topics[i].topic, name) == 0)
			return &metadata->topics[i];
	return NULL;
}

bool bus_partitions(struct bus *bus, guint wanted, int partitions[TOPIC_COUNT], int timeout_ms, GError **error)
{
	const struct rd_kafka_metadata *metadata = NULL;
	g_autoptr(GString) missing = g_string_new(NULL);
	bool good = true;

	memset(partitions, 0, TOPIC_COUNT * sizeof(*partitions));
	if (!ask(bus, NULL, timeout_ms, &metadata, error))
		return false;
	for (int topic = 0; good && topic < TOPIC_COUNT; topic++) {
		const char *name = rd_kafka_topic_name(bus->topics[topic]);
		bool counts = wanted & TOPIC_BIT(topic);
		int replication;
		good = shape_of(find_topic(metadata, name), &partitions[topic], &replication, counts ? error : NULL) ||
		       !counts;
		if (good && counts && partitions[topic] == 0)
			g_string_append_printf(missing, "%s%s", missing->len ? ", " : "", name);
	}
	rd_kafka_metadata_destroy(metadata);
	if (!good)
		return false;
	return missing->len == 0 || fail(error, ERROR_SYSTEM, "missing on the broker: topics %s", missing->str);
}

gsize bus_max_value(struct bus *bus, enum topic topic, int timeout_ms)
{
	g_mutex_lock(&bus->limit_lock);
	bool wait = bus->limit_failed_us && clock_now_us() - bus->limit_failed_us < LIMIT_RETRY_US;
	bool ask = bus->largest[topic] == 0 && !bus->options.embedded && !wait;
	g_mutex_unlock(&bus->limit_lock);
	if (ask) {
		/* Two that ask at once learn the same. */
		struct topic_state state[TOPIC_COUNT] = {0};
		enum admin_answer answer = admin_describe(bus, state, timeout_ms, NULL);
		g_mutex_lock(&bus->limit_lock);
		for (int i = 0; i < TOPIC_COUNT; i++)
			if (state[i].max_message_bytes > 0)
				bus->largest[i] = state[i].max_message_bytes;
			else if (answer == ADMIN_REFUSED)
				bus->largest[i] = CLIENT_DEFAULT_BYTES;
		bus->limit_failed_us = answer == ADMIN_NO_ANSWER ? clock_now_us() : 0;
		g_mutex_unlock(&bus->limit_lock);
	}
	gint64 largest = bus_largest_known(bus, topic);
	return (gsize)(largest - MIN(CLIENT_ROOM_BYTES, largest / 2));
}

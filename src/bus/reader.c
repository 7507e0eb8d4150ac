/* SPDX-License-Identifier: GPL-2.0-or-later
 * The consumer: partitions by hand or in a group. See kafka.h. */

#include "bus/reader.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"
#include "base/thread_watchdog.h"
#include "bus/by_hand.h"
#include "bus/client.h"
#include "bus/handle.h"
#include "bus/progress.h"
#include "bus/seal.h"

#define COMMITTED_MS 2000
#define WAKE_MS 1000 /* only in case a wake-up was missed */
#define COMMIT_MS 1000

struct bus_reader {
	struct bus *bus;
	rd_kafka_t *rk;
	rd_kafka_queue_t *queue;
	rd_kafka_topic_t *topics[TOPIC_COUNT]; /* those read; NULL: not read */
	struct by_hand hand;                   /* without a group */
	GThread *thread;
	gint quit;           /* atomic */
	gint64 committed_us; /* reader's thread */
	bool group;
	enum topic first; /* the topic of bus_reader_done() */
	bus_record_fn record;
	void (*tick)(void *user);
	gint64 ticked_us;
	bus_refused_fn refused;
	bus_assigned_fn assigned;
	void *user;
	struct progress *progress;
	char *complaint; /* the last one logged; reader's thread */
};

static void complain(struct bus_reader *reader, const char *text)
{
	if (g_strcmp0(reader->complaint, text) == 0)
		return;
	g_free(reader->complaint);
	reader->complaint = g_strdup(text);
	log_warning("kafka: %s", text);
}

static void on_error(rd_kafka_t *rk, int code, const char *text, void *opaque)
{
	(void)rk;
	(void)code;
	(void)opaque;
	/* Connections are the bus's to speak about; its handle sees the same cluster. */
	log_debug("kafka reader: %s", text);
}

/* Headers that are not text are of another program's making and left out. */
static void copy_headers(struct record *record, const rd_kafka_message_t *message)
{
	rd_kafka_headers_t *headers = NULL;
	const char *name;
	const void *value;
	size_t size;

	if (rd_kafka_message_headers(message, &headers))
		return;
	for (size_t i = 0; !rd_kafka_header_get_all(headers, i, &name, &value, &size); i++) {
		if (!value || !g_utf8_validate(value, (gssize)size, NULL) || !g_utf8_validate(name, -1, NULL))
			continue;
		g_ptr_array_add(record->headers, g_strdup(name));
		g_ptr_array_add(record->headers, g_strndup(value, size));
	}
}

/* Takes it. It would come again for ever if it were not done. */
static void refuse(struct bus_reader *reader, struct record *record)
{
	g_autoptr(GError) why = NULL;

	fail(&why, ERROR_INPUT, "it does not carry this mill's MAC: another program sent it");
	bus_reader_done(reader, record->partition, record->offset);
	if (reader->refused)
		reader->refused(why, reader->user);
	record_free(record);
}

static void take_message(struct bus_reader *reader, const rd_kafka_message_t *message)
{
	enum topic topic = topic_from_name(bus_options(reader->bus), rd_kafka_topic_name(message->rkt));
	if (topic == TOPIC_COUNT)
		return;
	progress_delivered(reader->progress, topic, message->partition, message->offset);
	/* A copy, for a message of librdkafka's would hold its whole fetch in memory and may not outlive the handle. */
	struct record *record = record_new(topic, message->partition, g_bytes_new(message->payload, message->len));
	record->offset = message->offset;
	copy_headers(record, message);
	GBytes *key = bus_options(reader->bus)->key;
	if (key && !seal_holds(record, key)) {
		refuse(reader, record);
		return;
	}
	if (!reader->record(reader, record, reader->user))
		record_free(record);
}

static void tell_assigned(struct bus_reader *reader, const rd_kafka_topic_partition_list_t *list)
{
	g_autoptr(GArray) partitions = g_array_new(FALSE, FALSE, sizeof(gint32));

	for (int i = 0; list && i < list->cnt; i++)
		if (topic_from_name(bus_options(reader->bus), list->elems[i].topic) == TOPIC_TASKS)
			g_array_append_val(partitions, list->elems[i].partition);
	if (reader->assigned)
		reader->assigned((const gint32 *)(void *)partitions->data, partitions->len, reader->user);
}

/* By hand, and only while the broker is known to be there. librdkafka's own commits wait for a lost broker, and the handle
 * does not end before they do (session.timeout.ms and a second). One that is sent just before the loss is known still
 * waits so long. An offset that is not committed is work done again, which is harmless. */
static void commit(struct bus_reader *reader, bool wait)
{
	if (!reader->group || !bus_is_up(reader->bus))
		return;
	reader->committed_us = clock_now_us();
	rd_kafka_resp_err_t code = rd_kafka_commit(reader->rk, NULL, !wait);
	if (code && code != RD_KAFKA_RESP_ERR__NO_OFFSET)
		log_debug("kafka: offsets not committed: %s", rd_kafka_err2str(code));
}

static void on_rebalance(rd_kafka_t *rk, rd_kafka_resp_err_t code, rd_kafka_topic_partition_list_t *list, void *opaque)
{
	struct bus_reader *reader = opaque;

	progress_clear(reader->progress);
	if (code != RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS) {
		commit(reader, true);
		rd_kafka_assign(rk, NULL);
		tell_assigned(reader, NULL);
		return;
	}
	/* Where the group is, so that the lag is known before the first record. Not needed to read on. */
	rd_kafka_resp_err_t unknown = rd_kafka_committed(rk, list, COMMITTED_MS);
	for (int i = 0; i < list->cnt; i++) {
		const rd_kafka_topic_partition_t *held = &list->elems[i];
		enum topic topic = topic_from_name(bus_options(reader->bus), held->topic);
		progress_add(reader->progress, topic, held->partition, unknown ? -1 : held->offset);
	}
	tell_assigned(reader, list);
	/* The offsets that came with committed() are hints only; the committed ones, or the earliest, count. */
	for (int i = 0; i < list->cnt; i++)
		list->elems[i].offset = RD_KAFKA_OFFSET_STORED;
	rd_kafka_assign(rk, list);
}

static void tick(struct bus_reader *reader)
{
	gint64 now = reader->tick ? clock_now_us() : 0;

	if (now - reader->ticked_us < WAKE_MS * 1000)
		return;
	reader->ticked_us = now;
	reader->tick(reader->user);
}

static gpointer reader_thread(gpointer user)
{
	struct bus_reader *reader = user;

	if (!reader->group) {
		rd_kafka_topic_partition_list_t *list = NULL;
		if (rd_kafka_assignment(reader->rk, &list) == RD_KAFKA_RESP_ERR_NO_ERROR) {
			tell_assigned(reader, list);
			rd_kafka_topic_partition_list_destroy(list);
		}
	}
	struct watched_thread *thread = watched_thread_new("reader");
	while (!g_atomic_int_get(&reader->quit)) {
		watched_thread_mark(thread);
		rd_kafka_message_t *message = rd_kafka_consumer_poll(reader->rk, WAKE_MS);
		tick(reader);
		if (clock_now_us() - reader->committed_us >= COMMIT_MS * 1000)
			commit(reader, false);
		if (!message)
			continue;
		if (!message->err)
			take_message(reader, message);
		else if (message->err == RD_KAFKA_RESP_ERR__TRANSPORT ||
			 message->err == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN)
			log_debug("kafka reader: %s", rd_kafka_message_errstr(message));
		else
			complain(reader, rd_kafka_message_errstr(message));
		rd_kafka_message_destroy(message);
	}
	watched_thread_free(thread);
	/* Commits, leaves the group; its callback belongs on this thread. Without a broker there is nobody to tell. */
	if (reader->group && bus_is_up(reader->bus))
		rd_kafka_consumer_close(reader->rk);
	return NULL;
}

/* The embedded broker answers an empty fetch only after this whole time, even when a record comes in between. So it is
 * short for tasks and results. */
static int fetch_wait_ms(const struct bus_reader *reader, const struct bus_options *options)
{
	if (!options->embedded)
		return 100;
	return reader->first == TOPIC_HEARTBEATS ? 50 : 10;
}

static rd_kafka_conf_t *consumer_conf(
	struct bus_reader *reader, const struct bus_options *options, const char *group, GError **error)
{
	rd_kafka_conf_t *conf = client_conf(options, error);
	if (!conf)
		return NULL;
	/* A handle that reads by hand needs a group's name as well, but neither joins nor commits. */
	g_autofree char *name = g_strconcat(options->prefix, group ? group : "by-hand", NULL);
	struct {
		const char *name;
		gint64 value;
	} defaults[] = {
		{"fetch.wait.max.ms", fetch_wait_ms(reader, options)},
		{"fetch.error.backoff.ms", 100},
		{"fetch.message.max.bytes", options->embedded ? 1024 * 1024 : 8 * 1024 * 1024},
		/* Not less: a full queue stops librdkafka's fetching for up to a second. The master's window bounds what is in it. */
		{"queued.max.messages.kbytes", 64 * 1024},
		{"session.timeout.ms", 6000},
		{"heartbeat.interval.ms", 2000},
	};
	for (gsize i = 0; i < G_N_ELEMENTS(defaults); i++)
		if (!options->properties || !g_hash_table_contains(options->properties, defaults[i].name))
			client_set_int(conf, defaults[i].name, defaults[i].value);
	client_set(conf, "group.id", name);
	client_set(conf, "enable.auto.commit", "false");
	client_set(conf, "enable.auto.offset.store", "false");
	client_set(conf, "enable.partition.eof", "false");
	/* What was evicted or has expired is skipped to the oldest that is left: never silently to the end. */
	client_set(conf, "auto.offset.reset", "earliest");
	/* One for all members: the mock aborts the process when they differ. */
	client_set(conf, "partition.assignment.strategy", "roundrobin");
	rd_kafka_conf_set_error_cb(conf, on_error);
	rd_kafka_conf_set_opaque(conf, reader);
	if (group)
		rd_kafka_conf_set_rebalance_cb(conf, on_rebalance);
	return conf;
}

/* Subscribes, or assigns with pinned start offsets. */
static bool begin(struct bus_reader *reader, const struct bus_reader_options *options, GError **error)
{
	rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new((int)options->topic_count);
	rd_kafka_resp_err_t code = RD_KAFKA_RESP_ERR_NO_ERROR;
	bool good = true;

	for (gsize i = 0; good && i < options->topic_count; i++) {
		if (reader->group) {
			g_autofree char *name = topic_name(bus_options(reader->bus), options->topics[i]);
			rd_kafka_topic_partition_list_add(list, name, RD_KAFKA_PARTITION_UA);
		} else {
			good = by_hand_add(&reader->hand, list, options, options->topics[i], error);
		}
	}
	if (good) {
		code = reader->group ? rd_kafka_subscribe(reader->rk, list) : rd_kafka_assign(reader->rk, list);
		good = !code || fail_kafka(error, code, NULL, "%s", reader->group ? "subscribe" : "assign partitions");
	}
	rd_kafka_topic_partition_list_destroy(list);
	return good;
}

/* As in bus_new(): a topic that the handle first hears of by an assignment waits for a timer of a second. */
static void know_topic(struct bus_reader *reader, enum topic topic)
{
	g_autofree char *name = topic_name(bus_options(reader->bus), topic);

	reader->topics[topic] = rd_kafka_topic_new(reader->rk, name, NULL);
	if (!reader->group)
		by_hand_learn(&reader->hand, reader->topics[topic]);
}

void bus_reader_grow(struct bus_reader *reader, const int partitions[TOPIC_COUNT])
{
	for (int topic = 0; topic < TOPIC_COUNT; topic++)
		if (reader->topics[topic])
			by_hand_grow(&reader->hand, topic, reader->topics[topic], partitions[topic]);
}

struct bus_reader *bus_reader_new(struct bus *bus, const struct bus_reader_options *options, GError **error)
{
	/* bus_reader_done() names no topic. */
	g_assert(options->topic_count > 0 && (!options->group || options->topic_count == 1));
	auto_struct(bus_reader) reader = g_new0(struct bus_reader, 1);
	reader->bus = bus;
	reader->group = options->group != NULL;
	reader->first = options->topics[0];
	reader->record = options->record;
	reader->tick = options->tick;
	reader->refused = options->refused;
	reader->assigned = options->assigned;
	reader->user = options->user;
	reader->progress = progress_new(reader->group);

	rd_kafka_conf_t *conf = consumer_conf(reader, bus_options(bus), options->group, error);
	reader->rk = conf ? client_new(RD_KAFKA_CONSUMER, conf, error) : NULL;
	if (!reader->rk)
		return NULL;
	rd_kafka_poll_set_consumer(reader->rk);
	reader->hand = (struct by_hand){.bus = bus, .rk = reader->rk, .progress = reader->progress};
	for (gsize i = 0; i < options->topic_count; i++)
		know_topic(reader, options->topics[i]);
	if (!begin(reader, options, error))
		return NULL;
	reader->queue = rd_kafka_queue_get_consumer(reader->rk);
	reader->thread = client_thread("reader", reader_thread, reader);
	return g_steal_pointer(&reader);
}

void bus_reader_done(struct bus_reader *reader, gint32 partition, gint64 offset)
{
	gint64 next = progress_done(reader->progress, reader->first, partition, offset);
	if (!reader->group || next < 0)
		return;
	g_autofree char *name = topic_name(bus_options(reader->bus), reader->first);
	rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
	rd_kafka_topic_partition_list_add(list, name, partition)->offset = next;
	/* Fails for a partition that went to another member meanwhile: that one does the work again, which is harmless. */
	rd_kafka_resp_err_t code = rd_kafka_offsets_store(reader->rk, list);
	if (code)
		log_debug("kafka: offset of %s/%d not stored: %s", name, partition, rd_kafka_err2str(code));
	rd_kafka_topic_partition_list_destroy(list);
}

gint64 bus_reader_lag(struct bus_reader *reader, gint32 partition)
{
	return progress_lag(reader->progress, reader->rk, bus_options(reader->bus), partition);
}

void bus_reader_free(struct bus_reader *reader)
{
	if (!reader)
		return;
	if (reader->thread) {
		g_atomic_int_set(&reader->quit, 1);
		rd_kafka_queue_yield(reader->queue);
		g_thread_join(reader->thread);
	}
	if (reader->queue)
		rd_kafka_queue_destroy(reader->queue);
	for (int topic = 0; topic < TOPIC_COUNT; topic++)
		if (reader->topics[topic])
			rd_kafka_topic_destroy(reader->topics[topic]);
	if (reader->rk)
		rd_kafka_destroy_flags(reader->rk, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
	progress_free(reader->progress);
	g_free(reader->complaint);
	g_free(reader);
}

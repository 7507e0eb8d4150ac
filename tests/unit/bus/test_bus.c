/* SPDX-License-Identifier: GPL-2.0-or-later
 * The bus over the embedded broker: round trips, groups, partitions by hand, parts, delivery reports, up and down. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants the four above. */
#include <cmocka.h>
#include <string.h>

#include "base/clock.h"
#include "bus/embedded.h"
#include "bus/kafka.h"
#include "bus/payload.h"
#include "bus/topics.h"

#define WAIT_US (20 * G_USEC_PER_SEC)

/* What came in, for a test to wait on. */
struct inbox {
	GMutex lock;
	GCond changed;
	GPtrArray *records;
	GArray *assigned; /* partitions as last told */
	int assignments;
};

static void inbox_init(struct inbox *inbox)
{
	memset(inbox, 0, sizeof(*inbox));
	g_mutex_init(&inbox->lock);
	g_cond_init(&inbox->changed);
	inbox->records = g_ptr_array_new_with_free_func((GDestroyNotify)record_free);
	inbox->assigned = g_array_new(FALSE, FALSE, sizeof(gint32));
}

static void inbox_clear(struct inbox *inbox)
{
	g_ptr_array_unref(inbox->records);
	g_array_unref(inbox->assigned);
	g_mutex_clear(&inbox->lock);
	g_cond_clear(&inbox->changed);
}

static bool on_record(struct record *record, void *user)
{
	struct inbox *inbox = user;
	g_mutex_lock(&inbox->lock);
	g_ptr_array_add(inbox->records, record);
	g_cond_broadcast(&inbox->changed);
	g_mutex_unlock(&inbox->lock);
	return true;
}

static void on_assigned(const gint32 *partitions, gsize count, void *user)
{
	struct inbox *inbox = user;
	g_mutex_lock(&inbox->lock);
	g_array_set_size(inbox->assigned, 0);
	g_array_append_vals(inbox->assigned, partitions, (guint)count);
	inbox->assignments++;
	g_cond_broadcast(&inbox->changed);
	g_mutex_unlock(&inbox->lock);
}

static void wait_records(struct inbox *inbox, guint count)
{
	gint64 end_us = clock_now_us() + WAIT_US;
	g_mutex_lock(&inbox->lock);
	while (inbox->records->len < count)
		if (!g_cond_wait_until(&inbox->changed, &inbox->lock, end_us))
			break;
	guint came = inbox->records->len;
	g_mutex_unlock(&inbox->lock);
	assert_int_equal(came, count);
}

static void wait_assigned(struct inbox *inbox, guint count)
{
	gint64 end_us = clock_now_us() + WAIT_US;
	g_mutex_lock(&inbox->lock);
	while (inbox->assigned->len != count || inbox->assignments == 0)
		if (!g_cond_wait_until(&inbox->changed, &inbox->lock, end_us))
			break;
	guint held = inbox->assigned->len;
	g_mutex_unlock(&inbox->lock);
	assert_int_equal(held, count);
}

static struct embedded *broker(int partitions)
{
	g_autoptr(GError) error = NULL;
	struct embedded *embedded = embedded_new("t.", partitions, &error);
	if (!embedded)
		fail_msg("%s", error->message);
	return embedded;
}

static struct bus *bus_on(const struct embedded *embedded)
{
	struct bus_options options = {
		.brokers = (char *)embedded_brokers(embedded), .prefix = "t.", .role = "test", .embedded = true};
	g_autoptr(GError) error = NULL;
	struct bus *bus = bus_new(&options, NULL, NULL, &error);
	if (!bus)
		fail_msg("%s", error->message);
	return bus;
}

static struct bus_reader *reader_on(struct bus *bus, enum topic topic, const char *group, const gint32 *partitions,
	gsize count, bool from_end, struct inbox *inbox)
{
	struct bus_reader_options options = {
		.topics = &topic,
		.topic_count = 1,
		.group = group,
		.partitions = partitions,
		.partition_count = count,
		.from_end = from_end,
		.record = on_record,
		.assigned = on_assigned,
		.user = inbox,
	};
	g_autoptr(GError) error = NULL;
	struct bus_reader *reader = bus_reader_new(bus, &options, &error);
	if (!reader)
		fail_msg("%s", error->message);
	return reader;
}

static void send_text(struct bus *bus, enum topic topic, gint32 partition, const char *text)
{
	g_autoptr(GError) error = NULL;
	struct record *record = record_new(topic, partition, g_bytes_new(text, strlen(text)));
	record_add(record, "text", text);
	if (!bus_send(bus, record, NULL, NULL, &error))
		fail_msg("%s", error->message);
}

static const char *text_at(struct inbox *inbox, guint index)
{
	return record_get(inbox->records->pdata[index], "text");
}

static void headers_and_value_survive(void **state)
{
	auto_struct(embedded) embedded = broker(2);
	auto_struct(bus) bus = bus_on(embedded);
	struct inbox inbox;
	(void)state;

	inbox_init(&inbox);
	struct bus_reader *reader = reader_on(bus, TOPIC_RESULTS, NULL, NULL, 0, true, &inbox);
	struct record *record = record_new(TOPIC_RESULTS, 1, g_bytes_new_static("a\0b", 3));
	record_add(record, "name", "\xc3\xa4");
	record_add(record, "empty", "");
	record_addf(record, "number", "%d", 7);
	assert_true(bus_send(bus, record, NULL, NULL, NULL));
	assert_true(bus_send(bus, record_new(TOPIC_RESULTS, 0, NULL), NULL, NULL, NULL));
	wait_records(&inbox, 2);
	for (guint i = 0; i < 2; i++) {
		struct record *came = inbox.records->pdata[i];
		gsize size;
		const void *value = g_bytes_get_data(came->value, &size);
		assert_int_equal(came->topic, TOPIC_RESULTS);
		assert_int_equal(came->offset, 0);
		if (came->partition == 0) {
			assert_int_equal(size, 0);
			continue;
		}
		assert_int_equal(size, 3);
		assert_memory_equal(value, "a\0b", 3);
		assert_int_equal(came->headers->len, 6);
		assert_string_equal(record_get(came, "name"), "\xc3\xa4");
		assert_string_equal(record_get(came, "empty"), "");
		assert_string_equal(record_get(came, "number"), "7");
		assert_null(record_get(came, "absent"));
	}
	bus_reader_free(reader);
	inbox_clear(&inbox);
}

/* A task out, a result back, by two programs that have just started. librdkafka's timer for a topic that is new to it would
 * cost a second a hop. */
static void first_round_trip_takes_no_second(void **state)
{
	auto_struct(embedded) embedded = broker(1);
	struct inbox tasks, results;
	const gint32 zero = 0;
	(void)state;

	inbox_init(&tasks);
	inbox_init(&results);
	gint64 start_us = clock_now_us();
	struct bus *master = bus_on(embedded), *worker = bus_on(embedded);
	struct bus_reader *from_master = reader_on(worker, TOPIC_TASKS, NULL, &zero, 1, true, &tasks);
	struct bus_reader *from_worker = reader_on(master, TOPIC_RESULTS, NULL, &zero, 1, true, &results);
	gint64 sent_us = clock_now_us();
	send_text(master, TOPIC_TASKS, 0, "task");
	wait_records(&tasks, 1);
	send_text(worker, TOPIC_RESULTS, 0, "result");
	wait_records(&results, 1);
	gint64 trip_ms = (clock_now_us() - sent_us) / 1000, all_ms = (clock_now_us() - start_us) / 1000;
	print_message("first round trip %d ms, with the start of both %d ms\n", (int)trip_ms, (int)all_ms);
	assert_in_range(trip_ms, 0, 899);
	assert_in_range(all_ms, 0, 2500);

	start_us = clock_now_us();
	bus_reader_free(from_master);
	bus_reader_free(from_worker);
	bus_free(master);
	bus_free(worker);
	gint64 end_ms = (clock_now_us() - start_us) / 1000;
	print_message("ended in %d ms\n", (int)end_ms);
	assert_in_range(end_ms, 0, 2500);
	inbox_clear(&tasks);
	inbox_clear(&results);
}

static void by_hand_starts_at_the_end_or_the_beginning(void **state)
{
	auto_struct(embedded) embedded = broker(3);
	auto_struct(bus) bus = bus_on(embedded);
	struct inbox late, early, one;
	const gint32 two = 2;
	(void)state;

	inbox_init(&late);
	inbox_init(&early);
	inbox_init(&one);
	struct bus_reader *before = reader_on(bus, TOPIC_TASKS, NULL, NULL, 0, true, &early);
	for (gint32 i = 0; i < 3; i++)
		send_text(bus, TOPIC_TASKS, i, "old");
	wait_records(&early, 3);
	struct bus_reader *after = reader_on(bus, TOPIC_TASKS, NULL, NULL, 0, true, &late);
	struct bus_reader *from_start = reader_on(bus, TOPIC_TASKS, NULL, &two, 1, false, &one);
	for (gint32 i = 0; i < 3; i++)
		send_text(bus, TOPIC_TASKS, i, "new");
	wait_records(&late, 3);
	for (guint i = 0; i < 3; i++)
		assert_string_equal(text_at(&late, i), "new");
	wait_records(&one, 2);
	assert_string_equal(text_at(&one, 0), "old");
	assert_string_equal(text_at(&one, 1), "new");
	assert_int_equal(((struct record *)one.records->pdata[1])->partition, 2);
	/* Told which ones it holds, before the first record. */
	assert_int_equal(one.assigned->len, 1);
	assert_int_equal(g_array_index(one.assigned, gint32, 0), 2);
	assert_int_equal(late.assigned->len, 3);
	assert_int_equal(bus_reader_lag(from_start), 0);
	bus_reader_free(before);
	bus_reader_free(after);
	bus_reader_free(from_start);
	inbox_clear(&late);
	inbox_clear(&early);
	inbox_clear(&one);
}

static void group_shares_partitions_and_commits_the_finished_prefix(void **state)
{
	auto_struct(embedded) embedded = broker(4);
	auto_struct(bus) first = bus_on(embedded);
	auto_struct(bus) second = bus_on(embedded);
	struct inbox a, b, again;
	(void)state;

	inbox_init(&a);
	inbox_init(&b);
	inbox_init(&again);
	/* Started together, as the mill does: the mock lets the first join wait for three seconds. */
	struct bus_reader *one = reader_on(first, TOPIC_TASKS, "mill", NULL, 0, false, &a);
	struct bus_reader *two = reader_on(second, TOPIC_TASKS, "mill", NULL, 0, false, &b);
	wait_assigned(&a, 2);
	wait_assigned(&b, 2);
	bool seen[4] = {false};
	for (guint i = 0; i < 2; i++)
		seen[g_array_index(a.assigned, gint32, i)] = seen[g_array_index(b.assigned, gint32, i)] = true;
	assert_true(seen[0] && seen[1] && seen[2] && seen[3]);

	gint32 partition = g_array_index(a.assigned, gint32, 0);
	static const char *const texts[] = {"0", "1", "2", "3", "4"};
	for (gsize i = 0; i < G_N_ELEMENTS(texts); i++)
		send_text(first, TOPIC_TASKS, partition, texts[i]);
	wait_records(&a, 5);
	assert_int_equal(b.records->len, 0);
	assert_int_equal(bus_reader_lag(one), 5);
	/* 0, 1 and 3 are finished: only 0 and 1 may count as done, and what is no longer held harms nobody. */
	bus_reader_done(one, partition, 3);
	bus_reader_done(one, partition, 0);
	bus_reader_done(one, partition, 1);
	bus_reader_done(two, partition, 2);
	bus_reader_done(one, 99, 0);
	assert_int_equal(bus_reader_lag(one), 3);
	bus_reader_free(one);
	bus_reader_free(two);

	struct bus_reader *next = reader_on(second, TOPIC_TASKS, "mill", NULL, 0, false, &again);
	wait_assigned(&again, 4);
	wait_records(&again, 3);
	assert_string_equal(text_at(&again, 0), "2");
	assert_string_equal(text_at(&again, 2), "4");
	bus_reader_free(next);
	inbox_clear(&a);
	inbox_clear(&b);
	inbox_clear(&again);
}

static void value_larger_than_the_topic_goes_in_parts(void **state)
{
	auto_struct(embedded) embedded = broker(1);
	auto_struct(bus) bus = bus_on(embedded);
	auto_struct(joiner) joiner = joiner_new(16 * 1024 * 1024);
	g_autoptr(GRand) random = g_rand_new_with_seed(1);
	gsize limit = bus_max_value(bus, TOPIC_TASKS, 1000), size = 2 * 1024 * 1024 - 77;
	struct inbox inbox;
	(void)state;

	assert_in_range(limit, 500000, 999999);
	inbox_init(&inbox);
	struct bus_reader *reader = reader_on(bus, TOPIC_TASKS, NULL, NULL, 0, true, &inbox);
	guint8 *bytes = g_malloc(size);
	for (gsize i = 0; i < size; i++)
		bytes[i] = (guint8)g_rand_int(random);
	g_autoptr(GBytes) value = g_bytes_new_take(bytes, size);

	struct record *large = record_new(TOPIC_TASKS, 0, g_bytes_ref(value));
	g_autoptr(GError) error = NULL;
	assert_false(bus_send(bus, large, NULL, NULL, &error));
	assert_non_null(strstr(error->message, "t.tasks"));

	struct record *record = record_new(TOPIC_TASKS, 0, g_bytes_ref(value));
	static const char *const names[] = {"type", "job", "serial", "tile", "attempt", "worker"};
	for (gsize i = 0; i < G_N_ELEMENTS(names); i++)
		record_add(record, names[i], "1");
	g_autoptr(GPtrArray) parts = payload_split(record, limit);
	assert_int_equal(parts->len, 3);
	g_ptr_array_set_free_func(parts, NULL);
	for (guint i = 0; i < parts->len; i++)
		assert_true(bus_send(bus, parts->pdata[i], NULL, NULL, NULL));
	wait_records(&inbox, 3);
	auto_struct(record) whole = NULL;
	g_ptr_array_set_free_func(inbox.records, NULL);
	for (guint i = 0; i < 3; i++) {
		assert_null(whole);
		whole = joiner_add(joiner, inbox.records->pdata[i], NULL);
	}
	assert_non_null(whole);
	assert_true(g_bytes_equal(whole->value, value));
	assert_string_equal(record_get(whole, "job"), "1");
	bus_reader_free(reader);
	inbox_clear(&inbox);
}

struct deliveries {
	gint good[500], bad[500]; /* atomic */
};
struct slot {
	struct deliveries *all;
	int index;
};

static void on_delivered(const char *error, void *user)
{
	struct slot *slot = user;
	g_atomic_int_inc(error ? &slot->all->bad[slot->index] : &slot->all->good[slot->index]);
}

/* With the broker gone before the end, too: the value lent must come back. */
static void every_send_is_reported_once(void **state)
{
	struct embedded *embedded = broker(1);
	struct bus *bus = bus_on(embedded);
	struct deliveries all = {{0}, {0}};
	struct slot slots[500];
	(void)state;

	for (int i = 0; i < 500; i++) {
		slots[i] = (struct slot){&all, i};
		if (i == 250) {
			gint64 end_us = clock_now_us() + WAIT_US;
			while (!g_atomic_int_get(&all.good[249]) && clock_now_us() < end_us)
				g_usleep(5000);
			embedded_free(embedded);
		}
		gsize size = i % 10 == 0 ? 100000 : 10;
		struct record *record = record_new(TOPIC_TASKS, 0, g_bytes_new_take(g_malloc0(size), size));
		assert_true(bus_send(bus, record, on_delivered, &slots[i], NULL));
	}
	bus_free(bus);
	for (int i = 0; i < 500; i++) {
		assert_int_equal(all.good[i] + all.bad[i], 1);
		if (i < 250)
			assert_int_equal(all.good[i], 1);
	}
	assert_int_equal(all.bad[499], 1);
}

struct states {
	GMutex lock;
	GCond changed;
	int ups, downs;
	char *why;
};

static void on_state(bool up, const char *why, void *user)
{
	struct states *states = user;
	g_mutex_lock(&states->lock);
	states->ups += up;
	states->downs += !up;
	if (why) {
		g_free(states->why);
		states->why = g_strdup(why);
	}
	g_cond_broadcast(&states->changed);
	g_mutex_unlock(&states->lock);
}

static void wait_states(struct states *states, int ups, int downs)
{
	gint64 end_us = clock_now_us() + WAIT_US;
	g_mutex_lock(&states->lock);
	while (states->ups < ups || states->downs < downs)
		if (!g_cond_wait_until(&states->changed, &states->lock, end_us))
			break;
	g_mutex_unlock(&states->lock);
	assert_int_equal(states->ups, ups);
	assert_int_equal(states->downs, downs);
}

static void down_is_told_once_with_a_reason(void **state)
{
	struct embedded *embedded = broker(1);
	struct states states = {.ups = 0};
	g_autofree char *brokers = g_strdup(embedded_brokers(embedded));
	struct bus_options options = {.brokers = brokers, .prefix = "t.", .role = "test", .embedded = true};
	(void)state;

	struct bus *bus = bus_new(&options, on_state, &states, NULL);
	assert_non_null(bus);
	wait_states(&states, 1, 0);
	assert_true(bus_is_up(bus));
	embedded_free(embedded);
	wait_states(&states, 1, 1);
	assert_false(bus_is_up(bus));
	assert_non_null(strstr(states.why, "127.0.0.1"));
	g_usleep(1500000);
	wait_states(&states, 1, 1);
	int partitions[TOPIC_COUNT];
	g_autoptr(GError) error = NULL;
	assert_false(bus_partitions(bus, partitions, 300, &error));
	assert_non_null(strstr(error->message, brokers));
	gint64 start_us = clock_now_us();
	bus_free(bus);
	assert_in_range((clock_now_us() - start_us) / 1000, 0, 1500);
	g_free(states.why);
}

static void unreachable_from_the_start_is_told(void **state)
{
	/* Port 1 of the loopback: nobody listens there. */
	struct bus_options options = {.brokers = "127.0.0.1:1", .role = "test"};
	struct states states = {.ups = 0};
	(void)state;

	struct bus *bus = bus_new(&options, on_state, &states, NULL);
	wait_states(&states, 0, 1);
	assert_non_null(strstr(states.why, "refused"));
	bus_free(bus);
	g_free(states.why);
}

static void partitions_are_counted(void **state)
{
	auto_struct(embedded) embedded = broker(3);
	auto_struct(bus) bus = bus_on(embedded);
	int partitions[TOPIC_COUNT];
	(void)state;

	assert_true(bus_partitions(bus, partitions, 5000, NULL));
	assert_int_equal(partitions[TOPIC_TASKS], 3);
	assert_int_equal(partitions[TOPIC_RESULTS], 3);
	assert_int_equal(partitions[TOPIC_HEARTBEATS], 1);
	assert_int_equal(partitions[TOPIC_DEAD], 1);
}

static void no_admin_api_is_said_and_harmless(void **state)
{
	auto_struct(embedded) embedded = broker(1);
	struct bus_options options = {.brokers = (char *)embedded_brokers(embedded), .prefix = "t.", .role = "test"};
	auto_struct(bus) bus = bus_new(&options, NULL, NULL, NULL);
	struct topic_state topics[TOPIC_COUNT];
	g_autoptr(GError) describe_error = NULL;
	g_autoptr(GError) delete_error = NULL;
	(void)state;

	assert_false(topics_describe(bus, topics, &describe_error));
	if (!strstr(describe_error->message, "Admin API"))
		fail_msg("%s", describe_error->message);
	assert_false(topics_delete(bus, NULL, &delete_error));
	assert_non_null(strstr(delete_error->message, "Admin API"));
	/* The limit is then Kafka's default, less the room for headers. */
	assert_in_range(bus_max_value(bus, TOPIC_TASKS, 2000), 900000, 999999);
}

static void properties_are_checked(void **state)
{
	g_autoptr(GHashTable) properties = g_hash_table_new(g_str_hash, g_str_equal);
	struct bus_options options = {.brokers = "127.0.0.1:1", .role = "test", .properties = properties};
	static const char *const bad[] = {"no.such.property", "enable.idempotence", "group.id"};
	(void)state;

	for (gsize i = 0; i < G_N_ELEMENTS(bad); i++) {
		g_autoptr(GError) error = NULL;
		g_hash_table_remove_all(properties);
		g_hash_table_insert(properties, (char *)bad[i], "true");
		assert_null(bus_new(&options, NULL, NULL, &error));
		assert_non_null(strstr(error->message, bad[i]));
	}
	g_hash_table_remove_all(properties);
	g_hash_table_insert(properties, "linger.ms", "3");
	auto_struct(bus) bus = bus_new(&options, NULL, NULL, NULL);
	assert_non_null(bus);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(headers_and_value_survive),
		cmocka_unit_test(first_round_trip_takes_no_second),
		cmocka_unit_test(by_hand_starts_at_the_end_or_the_beginning),
		cmocka_unit_test(group_shares_partitions_and_commits_the_finished_prefix),
		cmocka_unit_test(value_larger_than_the_topic_goes_in_parts),
		cmocka_unit_test(every_send_is_reported_once),
		cmocka_unit_test(down_is_told_once_with_a_reason),
		cmocka_unit_test(unreachable_from_the_start_is_told),
		cmocka_unit_test(partitions_are_counted),
		cmocka_unit_test(no_admin_api_is_said_and_harmless),
		cmocka_unit_test(properties_are_checked),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

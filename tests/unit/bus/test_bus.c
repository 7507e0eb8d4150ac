/* SPDX-License-Identifier: GPL-2.0-or-later
 * The bus over the embedded broker: round trips, groups, partitions by hand, parts, delivery reports. */
#include "bus/reader.h"
#include "bus/send.h"
#include "support.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

static void headers_and_value_survive(void **state)
{
	auto_struct(embedded) embedded = broker(2);
	auto_struct(bus) bus = bus_on(embedded);
	struct inbox inbox;
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
	assert_int_equal(bus_reader_lag(from_start, -1), 0);
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
	assert_int_equal(bus_reader_lag(one, -1), 5);
	assert_int_equal(bus_reader_lag(one, partition), 5);
	assert_int_equal(bus_reader_lag(one, 99), -1);
	/* 0, 1 and 3 are finished: only 0 and 1 may count as done, and what is no longer held harms nobody. */
	bus_reader_done(one, partition, 3);
	bus_reader_done(one, partition, 0);
	bus_reader_done(one, partition, 1);
	bus_reader_done(two, partition, 2);
	bus_reader_done(one, 99, 0);
	assert_int_equal(bus_reader_lag(one, -1), 3);
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

struct deliveries {
	gint good[500], bad[500]; /* atomic */
};
struct slot {
	struct deliveries *all;
	int index;
};

static void on_delivered(enum delivery_end delivery, const GError *error, void *user)
{
	struct slot *slot = user;
	assert_int_equal(!error, delivery == DELIVERED);
	g_atomic_int_inc(error ? &slot->all->bad[slot->index] : &slot->all->good[slot->index]);
}

/* With the broker gone before the end, too: the value lent must come back. */
static void every_send_is_reported_once(void **state)
{
	struct embedded *embedded = broker(1);
	struct bus *bus = bus_on(embedded);
	struct deliveries all = {{0}, {0}};
	struct slot slots[500];
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

/* librdkafka's mock loses the wake-up of an order that follows another at once, and sleeps a second each time. */
static void brokers_start_without_the_mocks_timer(void **state)
{
	gint64 starting_us = 0;
	for (int i = 0; i < 20; i++) {
		gint64 began_us = clock_now_us();
		auto_struct(embedded) embedded = broker(2);
		assert_non_null(embedded);
		starting_us += clock_now_us() - began_us;
	}
	/* Twenty to sixty seconds when each waits for one to three timers. */
	assert_true(starting_us < 12 * G_USEC_PER_SEC);
}

static void is_there(enum delivery_end delivery, const GError *error, void *user)
{
	assert_int_equal(delivery, DELIVERED);
	assert_null(error);
	g_atomic_int_set((gint *)user, 1);
}

/* The mock goes through all that it keeps at every fetch. Small records by the ten thousand made a burst three times as dear. */
static void small_records_do_not_pile_up_in_the_mock(void **state)
{
	enum { SENT = 3000, FEWEST = 8 * 100, MOST = 1400 };
	auto_struct(embedded) embedded = broker(1);
	auto_struct(bus) bus = bus_on(embedded);
	struct inbox inbox;
	gint there = 0;
	inbox_init(&inbox);
	for (int i = 0; i + 1 < SENT; i++)
		send_text(bus, TOPIC_RESULTS, 0, "small");
	assert_true(bus_send(bus, record_new(TOPIC_RESULTS, 0, NULL), is_there, &there, NULL));
	for (gint64 end_us = clock_now_us() + WAIT_US; !g_atomic_int_get(&there) && clock_now_us() < end_us;)
		g_usleep(1000);
	assert_true(g_atomic_int_get(&there));
	struct bus_reader *reader = reader_on(bus, TOPIC_RESULTS, NULL, NULL, 0, false, &inbox);
	wait_any(&inbox);
	g_mutex_lock(&inbox.lock);
	const struct record *oldest = inbox.records->pdata[0];
	assert_in_range(SENT - oldest->offset, FEWEST, MOST);
	g_mutex_unlock(&inbox.lock);
	bus_reader_free(reader);
	inbox_clear(&inbox);
}

/* The mock's own ends of what is connected to it. With Nagle's algorithm an exchange of two answers took 40 ms. */
static void the_mock_sends_at_once(void **state)
{
	auto_struct(embedded) embedded = broker(1);
	auto_struct(bus) bus = bus_on(embedded);
	int port = atoi(strrchr(embedded_brokers(embedded), ':') + 1), ends = 0, partitions[TOPIC_COUNT];
	assert_true(bus_partitions(bus, TOPICS_ALL, partitions, 5000, NULL));
	for (int fd = 3; fd < 256; fd++) {
		struct sockaddr_in address = {0};
		socklen_t size = sizeof address, length = sizeof(int);
		int listens = 0, at_once = 0;
		if (getsockname(fd, (struct sockaddr *)&address, &size) != 0 || address.sin_family != AF_INET ||
			ntohs(address.sin_port) != port ||
			getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &length) != 0 || listens)
			continue;
		assert_int_equal(getsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &at_once, &length), 0);
		assert_true(at_once);
		ends++;
	}
	assert_true(ends > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(brokers_start_without_the_mocks_timer),
		cmocka_unit_test(headers_and_value_survive),
		cmocka_unit_test(first_round_trip_takes_no_second),
		cmocka_unit_test(by_hand_starts_at_the_end_or_the_beginning),
		cmocka_unit_test(group_shares_partitions_and_commits_the_finished_prefix),
		cmocka_unit_test(every_send_is_reported_once),
		cmocka_unit_test(small_records_do_not_pile_up_in_the_mock),
		cmocka_unit_test(the_mock_sends_at_once),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: GPL-2.0-or-later
 * Records of any size on their way out: in parts, as there is room. */
#include "ship_support.h"

#include <glib/gstdio.h>

#include "bus/kafka.h"
#include "bus/protocol/joiner.h"
#include "bus/protocol/payload.h"
#include "bus/reader.h"
#include "bus/send.h"

static struct record *of_a_lease(GBytes *value, gint32 partition)
{
	static const char *const names[] = {"type", "job", "serial", "tile", "attempt", "worker"};
	struct record *record = record_new(TOPIC_TASKS, partition, g_bytes_ref(value));

	for (gsize i = 0; i < G_N_ELEMENTS(names); i++)
		record_add(record, names[i], "1");
	return record;
}

static void nothing_is_lost(const struct record *headers, const GError *why, void *user)
{
	(void)headers;
	(void)user;
	fail_msg("%s", why->message);
}

static struct record *join(struct inbox *inbox, guint count)
{
	const struct joiner_options options = {.folder = "/tmp", .spool_bytes = 1 << 30, .lost = nothing_is_lost};
	auto_struct(joiner) joiner = joiner_new(&options);
	struct record *whole = NULL;

	wait_records(inbox, count);
	for (guint i = 0; i < count; i++) {
		assert_null(whole);
		whole = joiner_add(joiner, g_steal_pointer(&inbox->records->pdata[i]));
	}
	return whole;
}

static void value_larger_than_the_topic_goes_in_parts(void **state)
{
	auto_struct(embedded) embedded = broker(1);
	auto_struct(bus) bus = bus_on(embedded);
	gsize limit = bus_max_value(bus, TOPIC_TASKS, 1000), size = 2 * 1024 * 1024 - 77;
	struct inbox inbox;
	assert_in_range(limit, 500000, 999999);
	inbox_init(&inbox);
	struct bus_reader *reader = reader_on(bus, TOPIC_TASKS, NULL, NULL, 0, true, &inbox);
	g_autoptr(GBytes) value = noise(size);
	g_autoptr(GError) error = NULL;
	assert_false(bus_send(bus, of_a_lease(value, 0), NULL, NULL, &error));
	assert_non_null(strstr(error->message, "t.tasks"));

	assert_true(bus_ship(bus, of_a_lease(value, 0), NULL, NULL, NULL));
	auto_struct(record) whole = join(&inbox, 3);
	assert_non_null(whole);
	assert_true(g_bytes_equal(whole->value, value));
	assert_string_equal(record_get(whole, "job"), "1");
	bus_reader_free(reader);
	inbox_clear(&inbox);
}

static void wait_shipped(struct shipped *shipped)
{
	gint64 end_us = clock_now_us() + WAIT_US;

	g_mutex_lock(&shipped->lock);
	while (!shipped->count && g_cond_wait_until(&shipped->changed, &shipped->lock, end_us)) {
	}
	assert_int_equal(shipped->count, 1);
	g_mutex_unlock(&shipped->lock);
}

static struct bus *bus_with_queue(const struct embedded *embedded, const char *kbytes)
{
	g_autoptr(GHashTable) properties = g_hash_table_new(g_str_hash, g_str_equal);
	g_hash_table_insert(properties, (gpointer) "queue.buffering.max.kbytes", (gpointer)kbytes);
	struct bus_options options = {.brokers = (char *)embedded_brokers(embedded),
		.prefix = "t.",
		.role = "test",
		.properties = properties,
		.embedded = true};
	struct bus *bus = bus_new(&options, NULL, NULL, NULL);

	assert_non_null(bus);
	return bus;
}

/* "Local: Queue full" for each part that did not fit in at once; now each waits for its turn. */
static void what_is_larger_than_the_queue_waits_for_room(void **state)
{
	auto_struct(embedded) embedded = broker(1);
	auto_struct(bus) reads = bus_on(embedded);
	auto_struct(bus) bus = bus_with_queue(embedded, "512");
	struct shipped shipped = {.count = 0};
	struct inbox inbox;
	inbox_init(&inbox);
	struct bus_reader *reader = reader_on(reads, TOPIC_TASKS, NULL, NULL, 0, true, &inbox);
	g_autoptr(GBytes) value = noise(3 * 1024 * 1024);
	assert_true(bus_ship(bus, of_a_lease(value, 0), on_shipped, &shipped, NULL));
	wait_shipped(&shipped);
	assert_null(shipped.error);
	gsize limit = bus_max_value(bus, TOPIC_TASKS, 1000);
	assert_in_range(limit, 1000, 256 * 1024);
	auto_struct(record) whole = join(&inbox, (3 * 1024 * 1024 + (guint)limit - 1) / (guint)limit);
	assert_non_null(whole);
	assert_true(g_bytes_equal(whole->value, value));
	bus_reader_free(reader);
	inbox_clear(&inbox);
}

/* A hundred small ones, ten times what the queue takes: all come, and none is refused. */
static void small_ones_wait_for_room_as_well(void **state)
{
	auto_struct(embedded) embedded = broker(1);
	auto_struct(bus) bus = bus_with_queue(embedded, "64");
	struct inbox inbox;
	inbox_init(&inbox);
	auto_struct(bus) reads = bus_on(embedded);
	struct bus_reader *reader = reader_on(reads, TOPIC_TASKS, NULL, NULL, 0, true, &inbox);
	g_autoptr(GBytes) value = noise(6 * 1024);
	for (int i = 0; i < 100; i++) {
		g_autoptr(GError) error = NULL;
		if (!bus_ship(bus, of_a_lease(value, 0), NULL, NULL, &error))
			fail_msg("%s", error->message);
	}
	wait_records(&inbox, 100);
	bus_reader_free(reader);
	inbox_clear(&inbox);
}

/* One part, too: it was read by who sent it, and its trouble was taken for the topic's. */
static void a_small_original_that_cannot_be_read_says_so(void **state)
{
	auto_struct(embedded) embedded = broker(1);
	auto_struct(bus) bus = bus_on(embedded);
	struct shipped shipped = {.count = 0};
	char path[] = "/tmp/dropmill-ship-XXXXXX";
	int fd = g_mkstemp(path);
	struct record *record = record_new(TOPIC_TASKS, 0, NULL);
	record->body = body_new();
	body_add_file(record->body, "a.jpg", fd, 0, 50);
	assert_true(bus_ship(bus, record, on_shipped, &shipped, NULL));
	wait_shipped(&shipped);
	assert_int_equal(shipped.delivery, DELIVERY_UNREADABLE);
	assert_non_null(strstr(shipped.error, "a.jpg"));
	g_free(shipped.error);
	g_unlink(path);
}

/* Headers count for the topic's limit: with large ones the parts are smaller, and with larger ones than that it is an error that says so. */
static void large_headers_make_smaller_parts_or_an_error(void **state)
{
	auto_struct(embedded) embedded = broker(1);
	auto_struct(bus) bus = bus_on(embedded);
	struct inbox inbox;
	inbox_init(&inbox);
	struct bus_reader *reader = reader_on(bus, TOPIC_TASKS, NULL, NULL, 0, true, &inbox);
	g_autoptr(GBytes) value = noise(1024 * 1024);
	g_autofree char *spec = g_strnfill(200000, 's'), *worse = g_strnfill(600000, 's');
	struct record *record = of_a_lease(value, 0), *never = of_a_lease(value, 0);
	record_add(record, "spec", spec);
	record_add(never, "spec", worse);
	assert_true(bus_ship(bus, record, NULL, NULL, NULL));
	auto_struct(record) whole = join(&inbox, 2);
	assert_true(g_bytes_equal(whole->value, value));
	g_autoptr(GError) error = NULL;
	assert_false(bus_ship(bus, never, NULL, NULL, &error));
	assert_non_null(strstr(error->message, "headers"));
	/* What need not be split takes them: the rule is for parts. */
	struct record *whole_alone = of_a_lease(value, 0);
	g_bytes_unref(whole_alone->value);
	whole_alone->value = g_bytes_new_static("", 0);
	record_add(whole_alone, "spec", worse);
	assert_true(bus_ship(bus, whole_alone, NULL, NULL, NULL));
	wait_records(&inbox, 3);
	bus_reader_free(reader);
	inbox_clear(&inbox);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(value_larger_than_the_topic_goes_in_parts),
		cmocka_unit_test(what_is_larger_than_the_queue_waits_for_room),
		cmocka_unit_test(small_ones_wait_for_room_as_well),
		cmocka_unit_test(a_small_original_that_cannot_be_read_says_so),
		cmocka_unit_test(large_headers_make_smaller_parts_or_an_error),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: GPL-2.0-or-later
 * Records of any size on their way out: in parts, as there is room. */
#include "base/error.h"
#include "support.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <unistd.h>

#include "bus/joiner.h"
#include "bus/payload.h"
#include "bus/sender.h"

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

static GBytes *noise(gsize size)
{
	g_autoptr(GRand) random = g_rand_new_with_seed(1);
	guint8 *bytes = g_malloc(size);

	for (gsize i = 0; i < size; i++)
		bytes[i] = (guint8)g_rand_int(random);
	return g_bytes_new_take(bytes, size);
}

static struct record *join(struct inbox *inbox, guint count)
{
	const struct joiner_options options = {.folder = "/tmp", .spool_bytes = 1 << 30, .lost = nothing_is_lost};
	auto_struct(joiner) joiner = joiner_new(&options);
	struct record *whole = NULL;

	wait_records(inbox, count);
	g_ptr_array_set_free_func(inbox->records, NULL);
	for (guint i = 0; i < count; i++) {
		assert_null(whole);
		whole = joiner_add(joiner, inbox->records->pdata[i]);
	}
	return whole;
}

static void value_larger_than_the_topic_goes_in_parts(void **state)
{
	auto_struct(embedded) embedded = broker(1);
	auto_struct(bus) bus = bus_on(embedded);
	gsize limit = bus_max_value(bus, TOPIC_TASKS, 1000), size = 2 * 1024 * 1024 - 77;
	struct inbox inbox;
	(void)state;

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

struct shipped {
	GMutex lock;
	GCond changed;
	int count;
	enum delivery_end delivery;
	char *error;
};

static void on_shipped(enum delivery_end delivery, const GError *error, void *user)
{
	struct shipped *shipped = user;

	g_mutex_lock(&shipped->lock);
	shipped->count++;
	shipped->delivery = delivery;
	shipped->error = error ? g_strdup(error->message) : NULL;
	g_cond_signal(&shipped->changed);
	g_mutex_unlock(&shipped->lock);
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
	(void)state;

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
	(void)state;

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

/* A queue of our own, which takes so many records at a time. */
struct queue {
	GQueue sent; /* struct entry */
	guint room;
	guint woken;
	bool small;
};
struct entry {
	struct record *record;
	bus_delivered_fn delivered;
	void *user;
};

static enum produced into_queue(
	void *bus, struct record *record, bus_delivered_fn delivered, void *user, GError **error)
{
	struct queue *queue = bus;

	(void)error;
	if (queue->small || queue->sent.length >= queue->room) {
		record_free(record);
		return queue->small ? QUEUE_SMALL : QUEUE_FULL;
	}
	struct entry *entry = g_new(struct entry, 1);
	*entry = (struct entry){record, delivered, user};
	g_queue_push_tail(&queue->sent, entry);
	return PRODUCED;
}

static void woken(void *bus)
{
	((struct queue *)bus)->woken++;
}

/* The oldest goes out, or not; as text "attempt/part". Owned. */
static char *out(struct sender *sender, struct queue *queue, const char *error)
{
	struct entry *entry = g_queue_pop_head(&queue->sent);
	char *text = g_strdup_printf("%s/%s", record_get(entry->record, "attempt"),
		record_get(entry->record, "part") ? record_get(entry->record, "part") : "-");

	g_autoptr(GError) why = error ? g_error_new_literal(DROPMILL_ERROR, ERROR_RETRY, error) : NULL;
	entry->delivered(error ? DELIVERY_TROUBLE : DELIVERED, why, entry->user);
	record_free(entry->record);
	g_free(entry);
	sender_pump(sender);
	return text;
}

static struct record *with_attempt(GBytes *value, const char *attempt)
{
	struct record *record = record_new(TOPIC_TASKS, 0, g_bytes_ref(value));

	record_add(record, "attempt", attempt);
	return record;
}

/* A small one is not behind a large one, and of the large ones no more is in memory than the window. */
static void those_that_wait_take_turns(void **state)
{
	struct queue queue = {.room = 100};
	const struct sender_outlet outlet = {into_queue, woken, &queue};
	auto_struct(sender) sender = sender_new(&outlet, 20);
	struct shipped shipped[3] = {{.count = 0}};
	g_autoptr(GBytes) fifty = noise(50), ten = noise(10);
	static const char *const order[] = {
		"1/0", "1/1", "1/2", "2/0", "3/-", "1/3", "2/1", "1/4", "2/2", "2/3", "2/4"};
	(void)state;

	sender_add(sender, with_attempt(fifty, "1"), 10, on_shipped, &shipped[0]);
	/* Who adds reads and sends nothing: the poll thread is called. */
	assert_int_equal(queue.sent.length, 0);
	assert_int_equal(queue.woken, 1);
	sender_pump(sender);
	assert_int_equal(queue.sent.length, 2);
	sender_add(sender, with_attempt(fifty, "2"), 10, on_shipped, &shipped[1]);
	sender_add(sender, with_attempt(ten, "3"), 10, on_shipped, &shipped[2]);
	for (gsize i = 0; i < G_N_ELEMENTS(order); i++) {
		assert_in_range(queue.sent.length, 1, 2);
		g_autofree char *text = out(sender, &queue, NULL);
		assert_string_equal(text, order[i]);
	}
	for (int i = 0; i < 3; i++) {
		assert_int_equal(shipped[i].count, 1);
		assert_null(shipped[i].error);
	}
	assert_int_equal(queue.sent.length, 0);
}

/* Receivers wait so long for the next part. With all in turn, each had the pause of all others between its parts. */
static void a_few_in_parts_take_turns_and_others_wait(void **state)
{
	struct queue queue = {.room = 100};
	const struct sender_outlet outlet = {into_queue, woken, &queue};
	auto_struct(sender) sender = sender_new(&outlet, 10);
	struct shipped shipped[8] = {{.count = 0}};
	g_autoptr(GBytes) twenty = noise(20), ten = noise(10);
	static const char *const order[] = {"1/0", "2/0", "3/0", "4/0", "8/-", "1/1", "2/1", "3/1", "4/1", "5/0", "6/0",
		"7/0", "5/1", "6/1", "7/1"};
	(void)state;

	for (int i = 0; i < 7; i++) {
		const char number[] = {(char)('1' + i), '\0'};
		sender_add(sender, with_attempt(twenty, number), 10, on_shipped, &shipped[i]);
	}
	sender_add(sender, with_attempt(ten, "8"), 10, on_shipped, &shipped[7]);
	sender_pump(sender);
	for (gsize i = 0; i < G_N_ELEMENTS(order); i++) {
		assert_int_equal(queue.sent.length, 1);
		g_autofree char *text = out(sender, &queue, NULL);
		assert_string_equal(text, order[i]);
	}
	assert_int_equal(queue.sent.length, 0);
	for (int i = 0; i < 8; i++)
		assert_int_equal(shipped[i].count, 1);
}

/* One that fails makes room for the next as well. */
static void what_fails_gives_its_turn_away(void **state)
{
	struct queue queue = {.room = 100};
	const struct sender_outlet outlet = {into_queue, woken, &queue};
	auto_struct(sender) sender = sender_new(&outlet, 10);
	struct shipped shipped[10] = {{.count = 0}};
	g_autoptr(GBytes) fifty = noise(50);
	(void)state;

	for (int i = 0; i < 10; i++)
		sender_add(sender, with_attempt(fifty, "1"), 10, on_shipped, &shipped[i]);
	sender_pump(sender);
	for (int i = 0; i < 10; i++) {
		assert_int_equal(queue.sent.length, 1);
		g_free(out(sender, &queue, "too bad"));
	}
	assert_int_equal(queue.sent.length, 0);
	for (int i = 0; i < 10; i++) {
		assert_int_equal(shipped[i].count, 1);
		g_free(shipped[i].error);
	}
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
	(void)state;

	record->body = body_new();
	body_add_file(record->body, "a.jpg", fd, 0, 50);
	assert_true(bus_ship(bus, record, on_shipped, &shipped, NULL));
	wait_shipped(&shipped);
	assert_int_equal(shipped.delivery, DELIVERY_UNREADABLE);
	assert_non_null(strstr(shipped.error, "a.jpg"));
	g_free(shipped.error);
	g_unlink(path);
}

/* Nothing is thrown away, nothing sent twice, and the poll thread is called when others met the full queue. */
static void a_full_queue_is_waited_for(void **state)
{
	struct queue queue = {.room = 1};
	const struct sender_outlet outlet = {into_queue, woken, &queue};
	auto_struct(sender) sender = sender_new(&outlet, 1000);
	struct shipped shipped = {.count = 0};
	g_autoptr(GBytes) fifty = noise(50);
	(void)state;

	sender_add(sender, with_attempt(fifty, "1"), 10, on_shipped, &shipped);
	assert_int_equal(queue.woken, 1);
	sender_pump(sender);
	for (int i = 0; i < 5; i++) {
		g_autofree char *expected = g_strdup_printf("1/%d", i);
		assert_int_equal(shipped.count, 0);
		assert_int_equal(queue.sent.length, 1);
		g_autofree char *text = out(sender, &queue, NULL);
		assert_string_equal(text, expected);
	}
	assert_int_equal(queue.woken, 1);
	assert_int_equal(shipped.count, 1);
	assert_null(shipped.error);
}

static void what_fails_ends_with_its_reason(void **state)
{
	struct queue queue = {.room = 2};
	const struct sender_outlet outlet = {into_queue, woken, &queue};
	auto_struct(sender) sender = sender_new(&outlet, 1000);
	struct shipped shipped[3] = {{.count = 0}};
	g_autoptr(GBytes) fifty = noise(50);
	(void)state;

	/* One part was not delivered: no other follows, and those that are out are waited for. */
	sender_add(sender, with_attempt(fifty, "1"), 10, on_shipped, &shipped[0]);
	sender_pump(sender);
	g_free(out(sender, &queue, "too bad"));
	assert_int_equal(queue.sent.length, 1);
	assert_int_equal(shipped[0].count, 0);
	g_free(out(sender, &queue, NULL));
	assert_int_equal(queue.sent.length, 0);
	assert_int_equal(shipped[0].count, 1);
	assert_string_equal(shipped[0].error, "too bad");
	/* A queue that is too small is said to be. */
	queue.small = true;
	assert_int_equal(shipped[0].delivery, DELIVERY_TROUBLE);
	sender_add(sender, with_attempt(fifty, "2"), 10, on_shipped, &shipped[1]);
	sender_pump(sender);
	assert_int_equal(shipped[1].count, 1);
	assert_int_equal(shipped[1].delivery, DELIVERY_REFUSED);
	assert_non_null(strstr(shipped[1].error, "queue.buffering.max.kbytes"));
	queue.small = false;
	/* A file that became shorter. */
	char path[] = "/tmp/dropmill-ship-XXXXXX";
	int fd = g_mkstemp(path);
	assert_int_equal(ftruncate(fd, 50), 0);
	struct record *record = record_new(TOPIC_TASKS, 0, NULL);
	record_add(record, "attempt", "3");
	record->body = body_new();
	body_add_file(record->body, "a.jpg", fd, 0, 50);
	sender_add(sender, record, 10, on_shipped, &shipped[2]);
	sender_pump(sender);
	assert_int_equal(truncate(path, 25), 0);
	g_free(out(sender, &queue, NULL));
	g_free(out(sender, &queue, NULL));
	assert_int_equal(shipped[2].count, 1);
	assert_int_equal(shipped[2].delivery, DELIVERY_UNREADABLE);
	assert_non_null(strstr(shipped[2].error, "a.jpg was cut short"));
	g_unlink(path);
	for (int i = 0; i < 3; i++)
		g_free(shipped[i].error);
}

static void what_is_left_at_the_end_is_told(void **state)
{
	struct queue queue = {.room = 0};
	const struct sender_outlet outlet = {into_queue, woken, &queue};
	struct sender *sender = sender_new(&outlet, 1000);
	struct shipped shipped = {.count = 0};
	g_autoptr(GBytes) fifty = noise(50);
	(void)state;

	sender_add(sender, with_attempt(fifty, "1"), 10, on_shipped, &shipped);
	assert_int_equal(shipped.count, 0);
	sender_free(sender);
	assert_int_equal(shipped.count, 1);
	assert_non_null(shipped.error);
	g_free(shipped.error);
}

/* Headers count for the topic's limit: with large ones the parts are smaller, and with larger ones than that it is an error that says so. */
static void large_headers_make_smaller_parts_or_an_error(void **state)
{
	auto_struct(embedded) embedded = broker(1);
	auto_struct(bus) bus = bus_on(embedded);
	struct inbox inbox;
	(void)state;

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
	bus_reader_free(reader);
	inbox_clear(&inbox);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(value_larger_than_the_topic_goes_in_parts),
		cmocka_unit_test(what_is_larger_than_the_queue_waits_for_room),
		cmocka_unit_test(small_ones_wait_for_room_as_well),
		cmocka_unit_test(those_that_wait_take_turns),
		cmocka_unit_test(a_few_in_parts_take_turns_and_others_wait),
		cmocka_unit_test(what_fails_gives_its_turn_away),
		cmocka_unit_test(a_small_original_that_cannot_be_read_says_so),
		cmocka_unit_test(a_full_queue_is_waited_for),
		cmocka_unit_test(what_fails_ends_with_its_reason),
		cmocka_unit_test(what_is_left_at_the_end_is_told),
		cmocka_unit_test(large_headers_make_smaller_parts_or_an_error),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

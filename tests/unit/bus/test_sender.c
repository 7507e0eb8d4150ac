/* SPDX-License-Identifier: GPL-2.0-or-later
 * Records that wait for room: whose turn it is, and what becomes of each. */
#include "ship_support.h"

#include <glib/gstdio.h>
#include <unistd.h>

#include "bus/sender.h"

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

/* The picture of a task was over, and its file was sent to its end. */
static void what_nobody_needs_any_more_is_not_sent(void **state)
{
	struct queue queue = {.room = 100};
	const struct sender_outlet outlet = {into_queue, woken, &queue};
	auto_struct(sender) sender = sender_new(&outlet, 20);
	struct shipped shipped[2] = {{.count = 0}};
	g_autoptr(GBytes) fifty = noise(50), ten = noise(10);
	struct record *large = with_attempt(fifty, "1");
	gint *wanted = g_atomic_rc_box_new(gint);
	*wanted = 1;
	large->wanted = g_atomic_rc_box_acquire(wanted);
	sender_add(sender, large, 10, on_shipped, &shipped[0]);
	sender_add(sender, with_attempt(ten, "2"), 10, on_shipped, &shipped[1]);
	sender_pump(sender);
	assert_int_equal(queue.sent.length, 2); /* 1/0, 2 */
	g_atomic_int_set(wanted, 0);
	g_autofree char *first = out(sender, &queue, NULL);
	assert_string_equal(first, "1/0");
	assert_int_equal(shipped[0].count, 1);
	assert_string_equal(shipped[0].error, "nobody needs it any more");
	g_autofree char *second = out(sender, &queue, NULL);
	assert_string_equal(second, "2/-");
	assert_int_equal(queue.sent.length, 0);
	assert_null(shipped[1].error);
	g_free(shipped[0].error);
	g_atomic_rc_box_release(wanted);
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

/* Nothing is thrown away, nothing sent twice, and the poll thread is called when others met the full queue. */
static void a_full_queue_is_waited_for(void **state)
{
	struct queue queue = {.room = 1};
	const struct sender_outlet outlet = {into_queue, woken, &queue};
	auto_struct(sender) sender = sender_new(&outlet, 1000);
	struct shipped shipped = {.count = 0};
	g_autoptr(GBytes) fifty = noise(50);
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
	sender_add(sender, with_attempt(fifty, "1"), 10, on_shipped, &shipped);
	assert_int_equal(shipped.count, 0);
	sender_free(sender);
	assert_int_equal(shipped.count, 1);
	assert_non_null(shipped.error);
	g_free(shipped.error);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(those_that_wait_take_turns),
		cmocka_unit_test(what_nobody_needs_any_more_is_not_sent),
		cmocka_unit_test(a_few_in_parts_take_turns_and_others_wait),
		cmocka_unit_test(what_fails_gives_its_turn_away),
		cmocka_unit_test(a_full_queue_is_waited_for),
		cmocka_unit_test(what_fails_ends_with_its_reason),
		cmocka_unit_test(what_is_left_at_the_end_is_told),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

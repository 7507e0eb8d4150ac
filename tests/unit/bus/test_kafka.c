/* SPDX-License-Identifier: GPL-2.0-or-later
 * The bus and `dropmill topics` on a real one-node Apache Kafka. */
#include "real_kafka.h"

#include <librdkafka/rdkafka.h>
#include <pty.h>

#include "bus/command/topics_command.h"
#include "bus/handle.h"
#include "bus/kafka.h"
#include "bus/protocol/joiner.h"
#include "bus/reader.h"
#include "bus/send.h"

static void missing_topics_are_named_and_stay_missing(void **state)
{
	NEED_BROKER();
	auto_struct(bus) bus = cluster_bus("missing.", NULL);
	int partitions[TOPIC_COUNT];
	for (int i = 0; i < 2; i++) {
		g_autoptr(GError) error = NULL;
		assert_false(bus_partitions(bus, TOPICS_ALL, partitions, 5000, &error));
		assert_non_null(strstr(
			error->message, "missing.tasks, missing.results, missing.heartbeats, missing.dead-letters"));
		for (int topic = 0; topic < TOPIC_COUNT; topic++)
			assert_int_equal(partitions[topic], 0);
	}
	struct topic_state found[TOPIC_COUNT];
	assert_true(topics_describe(bus, found, NULL));
	for (int topic = 0; topic < TOPIC_COUNT; topic++) {
		assert_int_equal(found[topic].partitions, 0);
		g_free(found[topic].name);
	}
}

static void topics_are_created_described_deleted(void **state)
{
	NEED_BROKER();
	auto_struct(bus) bus = cluster_bus("life.", NULL);
	struct topic_plan plan;
	struct topic_state found[TOPIC_COUNT];
	g_autofree char *first = NULL, *again = NULL, *gone = NULL;
	topic_plan_default(&plan);
	plan.partitions = 3;
	assert_true(topics_create(bus, &plan, &first, NULL));
	assert_non_null(strstr(first, "life.tasks: created, 3 partitions\n"));
	assert_non_null(strstr(first, "life.heartbeats: created, 1 partition\n"));
	plan.partitions = 9;
	assert_true(topics_create(bus, &plan, &again, NULL));
	assert_non_null(strstr(again, "life.tasks: exists, 3 partitions\n"));
	assert_null(strstr(again, "created"));

	assert_true(topics_describe(bus, found, NULL));
	const gint64 retention[TOPIC_COUNT] = {3600000, 3600000, 300000, 604800000};
	const int partitions[TOPIC_COUNT] = {3, 3, 1, 1};
	for (int topic = 0; topic < TOPIC_COUNT; topic++) {
		assert_int_equal(found[topic].partitions, partitions[topic]);
		assert_int_equal(found[topic].replication, 1);
		assert_int_equal(found[topic].retention_ms, retention[topic]);
		assert_int_equal(found[topic].max_message_bytes, 8 * 1024 * 1024);
		g_free(found[topic].name);
	}
	gsize most = bus_max_value(bus, TOPIC_TASKS, 5000);
	assert_in_range(most, 8 * 1024 * 1024 - 100000, 8 * 1024 * 1024 - 10000);

	assert_true(topics_delete(bus, &gone, NULL));
	assert_non_null(strstr(gone, "life.results: deleted\n"));
	int left[TOPIC_COUNT];
	gint64 end_us = clock_now_us() + WAIT_US;
	bool still = true;
	while (still && clock_now_us() < end_us) {
		bus_partitions(bus, TOPICS_ALL, left, 5000, NULL);
		still = left[0] || left[1] || left[2] || left[3];
	}
	assert_false(still);
}

static void refusal_tells_the_commands(void **state)
{
	NEED_BROKER();
	auto_struct(bus) bus = cluster_bus("refused.", NULL);
	struct topic_plan plan;
	g_autoptr(GError) error = NULL;
	topic_plan_default(&plan);
	plan.replication = 3; /* of one broker */
	assert_false(topics_create(bus, &plan, NULL, &error));
	g_autofree char *command =
		g_strdup_printf("kafka-topics.sh --bootstrap-server %s --create --topic refused.tasks "
				"--partitions 12 --replication-factor 3 --config retention.ms=3600000 "
				"--config max.message.bytes=8388608",
			broker_address);
	if (!strstr(error->message, command) || !strstr(error->message, "--topic refused.dead-letters"))
		fail_msg("%s", error->message);
}

static void command_line_does_it_all(void **state)
{
	NEED_BROKER();
	g_autofree char *made = NULL, *table = NULL, *refused = NULL, *deleted = NULL, *missing = NULL, *errors = NULL;
	assert_int_equal(
		TOPICS(&made, NULL, "create", "--brokers", broker_address, "--topic-prefix", "cli.", "--partitions",
			"2", "--retention", "30m", "--max-message", "2M", "-X", "socket.timeout.ms=20000"),
		0);
	assert_non_null(strstr(made, "cli.tasks: created, 2 partitions\n"));
	assert_int_equal(TOPICS(&table, NULL, "describe", "--brokers", broker_address, "--topic-prefix", "cli."), 0);
	if (!g_regex_match_simple(
		    "^cli\\.tasks +2 +1 +30m +2097152$", table, G_REGEX_MULTILINE, G_REGEX_MATCH_DEFAULT) ||
		!g_regex_match_simple(
			"^cli\\.dead-letters +1 +1 +7d +2097152$", table, G_REGEX_MULTILINE, G_REGEX_MATCH_DEFAULT))
		fail_msg("%s", table);
	/* Without a terminal nobody can be asked. */
	assert_int_equal(TOPICS(NULL, &refused, "delete", "--brokers", broker_address, "--topic-prefix", "cli."), 1);
	assert_non_null(strstr(refused, "--yes"));
	assert_int_equal(
		TOPICS(&deleted, NULL, "delete", "--yes", "--brokers", broker_address, "--topic-prefix", "cli."), 0);
	assert_non_null(strstr(deleted, "cli.tasks: deleted\n"));
	assert_int_equal(
		TOPICS(&missing, &errors, "describe", "--brokers", broker_address, "--topic-prefix", "never."), 1);
	assert_non_null(strstr(missing, "never.tasks         missing\n"));
	assert_non_null(strstr(errors, "4 of 4 topics missing"));
}

static void delete_asks_on_a_terminal(void **state)
{
	NEED_BROKER();
	auto_struct(bus) bus = cluster_bus("asked.", NULL);
	int terminal = -1, status = -1, partitions[TOPIC_COUNT];
	char shown[1000] = "";
	gsize filled = 0;
	create_topics(bus, 1, 1024 * 1024);
	pid_t child = forkpty(&terminal, NULL, NULL, NULL);
	if (child == 0) {
		execl("/proc/self/exe", "test", "topics", "delete", "--brokers", broker_address, "--topic-prefix",
			"asked.", NULL);
		_exit(127);
	}
	while (!strstr(shown, "[y/N]") && filled < sizeof(shown) - 1) {
		ssize_t got = read(terminal, shown + filled, sizeof(shown) - 1 - filled);
		if (got <= 0)
			break;
		filled += (gsize)got;
	}
	assert_non_null(strstr(shown, "asked.tasks, asked.results, asked.heartbeats, asked.dead-letters"));
	assert_int_equal(write(terminal, "n\n", 2), 2);
	assert_int_equal(waitpid(child, &status, 0), child);
	close(terminal);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 1);
	assert_true(bus_partitions(bus, TOPICS_ALL, partitions, 5000, NULL));
}

static void first_round_trip_takes_no_second(void **state)
{
	NEED_BROKER();
	struct inbox tasks, results;
	struct bus *maker = cluster_bus("trip.", NULL);
	create_topics(maker, 1, 1024 * 1024);
	bus_free(maker);
	inbox_init(&tasks);
	inbox_init(&results);
	struct bus *master = cluster_bus("trip.", NULL), *worker = cluster_bus("trip.", NULL);
	struct bus_reader *from_master = reader_on(worker, TOPIC_TASKS, NULL, NULL, 0, true, &tasks);
	struct bus_reader *from_worker = reader_on(master, TOPIC_RESULTS, NULL, NULL, 0, true, &results);
	gint64 sent_us = clock_now_us();
	send_text(master, TOPIC_TASKS, 0, "task");
	wait_records(&tasks, 1);
	send_text(worker, TOPIC_RESULTS, 0, "result");
	wait_records(&results, 1);
	gint64 trip_ms = (clock_now_us() - sent_us) / 1000;
	print_message("first round trip %d ms\n", (int)trip_ms);
	assert_in_range(trip_ms, 0, 899);
	bus_reader_free(from_master);
	bus_reader_free(from_worker);
	bus_free(master);
	bus_free(worker);
	inbox_clear(&tasks);
	inbox_clear(&results);
}

static void nothing_is_lost(const struct record *headers, const GError *why, void *user)
{
	(void)headers;
	(void)user;
	fail_msg("%s", why->message);
}

static void large_value_goes_in_parts_of_the_topics_size(void **state)
{
	NEED_BROKER();
	auto_struct(bus) maker = cluster_bus("large.", NULL);
	const struct joiner_options options = {.folder = "/tmp", .spool_bytes = 64 << 20, .lost = nothing_is_lost};
	auto_struct(joiner) joiner = joiner_new(&options);
	gsize size = 20 * 1024 * 1024 + 3;
	struct inbox inbox;
	create_topics(maker, 2, 4 * 1024 * 1024);
	auto_struct(bus) bus = cluster_bus("large.", NULL);
	gsize limit = bus_max_value(bus, TOPIC_TASKS, 5000);
	assert_in_range(limit, 4 * 1024 * 1024 - 100000, 4 * 1024 * 1024 - 1);
	inbox_init(&inbox);
	struct bus_reader *reader = reader_on(bus, TOPIC_TASKS, NULL, NULL, 0, true, &inbox);
	guint8 *bytes = g_malloc(size);
	for (gsize i = 0; i < size; i++)
		bytes[i] = (guint8)(i * 2654435761u >> 13);
	g_autoptr(GBytes) value = g_bytes_new_take(bytes, size);
	struct record *record = record_new(TOPIC_TASKS, 1, g_bytes_ref(value));
	static const char *const names[] = {"type", "job", "serial", "tile", "attempt", "worker"};
	for (gsize i = 0; i < G_N_ELEMENTS(names); i++)
		record_add(record, names[i], "1");
	/* Headers as large as the room that was left for them. */
	g_autofree char *spec = g_strnfill(60000, 's');
	record_add(record, "spec", spec);
	g_autoptr(GError) error = NULL;
	if (!bus_ship(bus, record, NULL, NULL, &error))
		fail_msg("%s", error->message);
	wait_records(&inbox, 6);
	auto_struct(record) whole = NULL;
	for (guint i = 0; i < 6; i++)
		whole = joiner_add(joiner, g_steal_pointer(&inbox.records->pdata[i]));
	assert_non_null(whole);
	g_autoptr(GBytes) came = body_read(whole->body, 0, size, NULL);
	assert_true(g_bytes_equal(came, value));
	bus_reader_free(reader);
	inbox_clear(&inbox);
}

/* As an administrator does. */
static void add_partitions(struct bus *bus, const char *name, gsize count)
{
	rd_kafka_t *rk = bus_handle(bus);
	char why[256];
	rd_kafka_NewPartitions_t *more = rd_kafka_NewPartitions_new(name, count, why, sizeof(why));
	rd_kafka_queue_t *queue = rd_kafka_queue_new(rk);

	rd_kafka_CreatePartitions(rk, &more, 1, NULL, queue);
	rd_kafka_event_t *answer = rd_kafka_queue_poll(queue, (int)(WAIT_US / 1000));
	assert_non_null(answer);
	assert_int_equal(rd_kafka_event_error(answer), RD_KAFKA_RESP_ERR_NO_ERROR);
	rd_kafka_event_destroy(answer);
	rd_kafka_queue_destroy(queue);
	rd_kafka_NewPartitions_destroy(more);
}

static int partitions_of(struct bus *bus, enum topic topic, int partitions[TOPIC_COUNT])
{
	bus_partitions(bus, TOPICS_ALL, partitions, 5000, NULL);
	return partitions[topic];
}

/* Read by hand, nobody else would tell: what lies in new partitions is read from their beginning, what was read is not read again. */
static void partitions_that_come_later_are_read(void **state)
{
	NEED_BROKER();
	int partitions[TOPIC_COUNT];
	struct inbox inbox;
	auto_struct(bus) maker = cluster_bus("grow.", NULL);
	create_topics(maker, 2, 1024 * 1024);
	inbox_init(&inbox);
	struct bus_reader *reader = reader_on(maker, TOPIC_RESULTS, NULL, NULL, 0, true, &inbox);
	send_text(maker, TOPIC_RESULTS, 1, "before");
	wait_records(&inbox, 1);
	add_partitions(maker, "grow.results", 5);
	gint64 end_us = clock_now_us() + WAIT_US;
	while (partitions_of(maker, TOPIC_RESULTS, partitions) != 5 && clock_now_us() < end_us)
		g_usleep(20000);
	auto_struct(bus) writer = cluster_bus("grow.", NULL);
	partitions_of(writer, TOPIC_RESULTS, partitions);
	send_text(writer, TOPIC_RESULTS, 4, "first");
	g_usleep(500000);
	assert_int_equal(inbox.records->len, 1);
	bus_reader_grow(reader, partitions);
	wait_records(&inbox, 2);
	assert_string_equal(text_at(&inbox, 1), "first");
	bus_reader_grow(reader, partitions);
	send_text(writer, TOPIC_RESULTS, 0, "old");
	wait_records(&inbox, 3);
	send_text(writer, TOPIC_RESULTS, 3, "new");
	wait_records(&inbox, 4);
	g_usleep(300000);
	assert_int_equal(inbox.records->len, 4);
	bus_reader_free(reader);
	inbox_clear(&inbox);
}

static void wait_for_text(struct inbox *inbox, const char *text)
{
	gint64 end_us = clock_now_us() + WAIT_US;
	bool found = false;

	g_mutex_lock(&inbox->lock);
	while (!found) {
		for (guint i = 0; i < inbox->records->len; i++)
			found = found || strcmp(text_at(inbox, i), text) == 0;
		if (!found && !g_cond_wait_until(&inbox->changed, &inbox->lock, end_us))
			break;
	}
	g_mutex_unlock(&inbox->lock);
	assert_true(found);
}

/* The broker is killed and comes back on its data: told once each, and a group goes on where it had finished. */
static void killed_broker_comes_back(void **state)
{
	NEED_BROKER();
	struct states states = {.ups = 0};
	struct inbox before, after;
	g_autofree char *pid_file = g_build_filename(broker_data, "broker.pid", NULL), *pid = NULL;
	g_autofree char *address = g_strdup(broker_address);
	auto_struct(bus) bus = cluster_bus("kill.", &states);
	create_topics(bus, 1, 1024 * 1024);
	wait_states(&states, 1, 0);
	inbox_init(&before);
	inbox_init(&after);
	struct bus_reader *reader = reader_on(bus, TOPIC_TASKS, "mill", NULL, 0, false, &before);
	wait_assigned(&before, 1);
	for (int i = 0; i < 4; i++)
		send_text(bus, TOPIC_TASKS, 0, "old");
	wait_records(&before, 4);
	bus_reader_done(reader, 0, 0);
	bus_reader_done(reader, 0, 2);

	assert_true(g_file_get_contents(pid_file, &pid, NULL, NULL));
	kill((pid_t)g_ascii_strtoll(pid, NULL, 10), SIGKILL);
	wait_states(&states, 1, 1);
	assert_non_null(strstr(states.why, "127.0.0.1"));
	end_broker();
	assert_true(start_broker());
	assert_string_equal(broker_address, address);
	wait_states(&states, 2, 1);
	send_text(bus, TOPIC_TASKS, 0, "new");
	wait_for_text(&before, "new");
	/* Whether or not the group threw the member out meanwhile and gave it the unfinished ones again. */
	for (gint64 offset = 0; offset < 3; offset++)
		bus_reader_done(reader, 0, offset);
	bus_reader_free(reader);

	struct bus_reader *next = reader_on(bus, TOPIC_TASKS, "mill", NULL, 0, false, &after);
	wait_records(&after, 2);
	assert_int_equal(((struct record *)after.records->pdata[0])->offset, 3);
	assert_int_equal(bus_reader_lag(next, -1), 2);
	bus_reader_free(next);
	inbox_clear(&before);
	inbox_clear(&after);
	g_free(states.why);
}

static void mistakes_on_the_command_line_are_usage_errors(void **state)
{
	static const char *const bad[][2] = {{"--partitions", "0"}, {"--partitions", "x"}, {"--retention", "1 week"},
		{"--retention", "1s"}, {"--max-message", "8G"}, {"--max-message", "1K"}, {"--replication", "0"},
		{"--topic-prefix", "a/b"}, {"-X", "novalue"}, {"--frobnicate", "1"}};
	for (gsize i = 0; i < G_N_ELEMENTS(bad); i++) {
		g_autofree char *errors = NULL;
		assert_int_equal(TOPICS(NULL, &errors, "create", "--brokers", "127.0.0.1:1", bad[i][0], bad[i][1]), 2);
		assert_non_null(strstr(errors, "--help"));
	}
	g_autofree char *none = NULL, *help = NULL, *gone = NULL;
	g_unsetenv("DROPMILL_BROKERS");
	assert_int_equal(TOPICS(NULL, &none, "create"), 2);
	assert_non_null(strstr(none, "--brokers"));
	assert_int_equal(TOPICS(NULL, NULL, "make", "--brokers", "127.0.0.1:1"), 2);
	assert_int_equal(TOPICS(&help, NULL, "--help"), 0);
	assert_non_null(strstr(help, "--retention"));
	/* Nobody listens on port 1: one line that says so. */
	assert_int_equal(TOPICS(NULL, &gone, "create", "--brokers", "127.0.0.1:1"), 1);
	assert_non_null(strstr(gone, "127.0.0.1:1"));
	assert_non_null(strstr(gone, "running?"));
	assert_ptr_equal(strchr(gone, '\n'), gone + strlen(gone) - 1);
}

int main(int argc, char **argv)
{
	if (argc > 1 && strcmp(argv[1], "topics") == 0)
		return topics_command(argc - 1, argv + 1);
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(mistakes_on_the_command_line_are_usage_errors),
		cmocka_unit_test(missing_topics_are_named_and_stay_missing),
		cmocka_unit_test(topics_are_created_described_deleted),
		cmocka_unit_test(refusal_tells_the_commands),
		cmocka_unit_test(command_line_does_it_all),
		cmocka_unit_test(delete_asks_on_a_terminal),
		cmocka_unit_test(first_round_trip_takes_no_second),
		cmocka_unit_test(large_value_goes_in_parts_of_the_topics_size),
		cmocka_unit_test(partitions_that_come_later_are_read),
		cmocka_unit_test(killed_broker_comes_back),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}

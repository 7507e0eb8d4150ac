/* SPDX-License-Identifier: GPL-2.0-or-later
 * The bus and its cluster: up and down, counts of partitions, what the embedded broker cannot do, properties. */
#include "support.h"

#include "bus/client.h"
#include "bus/reader.h"
#include "bus/topics.h"

/* It wants rdkafka.h before itself. */
#include <librdkafka/rdkafka_mock.h>

static void down_is_told_once_with_a_reason(void **state)
{
	struct embedded *embedded = broker(1);
	struct states states = {.ups = 0};
	g_autofree char *brokers = g_strdup(embedded_brokers(embedded));
	struct bus_options options = {.brokers = brokers, .prefix = "t.", .role = "test", .embedded = true};
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
	assert_false(bus_partitions(bus, TOPICS_ALL, partitions, 300, &error));
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
	struct bus *bus = bus_new(&options, on_state, &states, NULL);
	wait_states(&states, 0, 1);
	assert_non_null(strstr(states.why, "refused"));
	bus_free(bus);
	g_free(states.why);
}

/* Whoever stops the mill while the broker is gone does not want to wait for it. */
static void readers_end_promptly_without_a_broker(void **state)
{
	struct embedded *embedded = broker(2);
	struct bus *bus = bus_on(embedded);
	struct inbox inbox;
	inbox_init(&inbox);
	struct bus_reader *by_hand = reader_on(bus, TOPIC_RESULTS, NULL, NULL, 0, true, &inbox);
	struct bus_reader *member = reader_on(bus, TOPIC_TASKS, "mill", NULL, 0, false, &inbox);
	wait_assigned(&inbox, 2);
	send_text(bus, TOPIC_TASKS, 0, "x");
	send_text(bus, TOPIC_TASKS, 0, "y");
	wait_records(&inbox, 2);
	embedded_free(embedded);
	gint64 end_us = clock_now_us() + WAIT_US;
	while (bus_is_up(bus) && clock_now_us() < end_us)
		g_usleep(20000);
	/* librdkafka keeps commits for a lost coordinator. It must have noticed the loss, or there is nothing to test. */
	bus_reader_done(member, 0, 0);
	g_usleep(1500000);
	gint64 start_us = clock_now_us();
	bus_reader_done(member, 0, 1);
	bus_reader_free(member);
	bus_reader_free(by_hand);
	bus_free(bus);
	gint64 ended_ms = (clock_now_us() - start_us) / 1000;
	print_message("ended in %d ms\n", (int)ended_ms);
	assert_in_range(ended_ms, 0, 3000);
	inbox_clear(&inbox);
}

static void partitions_are_counted(void **state)
{
	auto_struct(embedded) embedded = broker(3);
	auto_struct(bus) bus = bus_on(embedded);
	int partitions[TOPIC_COUNT];
	assert_true(bus_partitions(bus, TOPICS_ALL, partitions, 5000, NULL));
	assert_int_equal(partitions[TOPIC_TASKS], 3);
	assert_int_equal(partitions[TOPIC_RESULTS], 3);
	assert_int_equal(partitions[TOPIC_HEARTBEATS], 1);
	assert_int_equal(partitions[TOPIC_DEAD], 1);
}

/* A cluster without a mill: three brokers. */
struct three {
	rd_kafka_t *rk;
	rd_kafka_mock_cluster_t *cluster;
	struct bus *bus;
};

static void three_begin(struct three *three)
{
	g_autoptr(GError) error = NULL;
	int partitions[TOPIC_COUNT];

	three->rk = client_new(RD_KAFKA_PRODUCER, rd_kafka_conf_new(), &error);
	three->cluster = rd_kafka_mock_cluster_new(three->rk, 3);
	assert_non_null(three->cluster);
	const struct bus_options options = {.brokers = (char *)rd_kafka_mock_cluster_bootstraps(three->cluster),
		.prefix = (char *)"t.",
		.role = (char *)"test"};
	for (int topic = 0; topic < TOPIC_COUNT; topic++) {
		g_autofree char *name = topic_name(&options, topic);
		assert_int_equal(rd_kafka_mock_topic_create(three->cluster, name, topic + 1, 3), 0);
	}
	three->bus = bus_new(&options, NULL, NULL, &error);
	assert_true(bus_partitions(three->bus, TOPICS_ALL, partitions, 10000, &error));
}

static void three_end(struct three *three)
{
	bus_free(three->bus);
	rd_kafka_mock_cluster_destroy(three->cluster);
	rd_kafka_destroy(three->rk);
}

static void a_topic_that_is_not_wanted_may_be_forbidden(void **state)
{
	struct three three;
	int partitions[TOPIC_COUNT];
	g_autoptr(GError) all = NULL, some = NULL;
	three_begin(&three);
	rd_kafka_mock_topic_set_error(three.cluster, "t.dead-letters", RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED);
	assert_false(bus_partitions(three.bus, TOPICS_ALL, partitions, 5000, &all));
	assert_non_null(strstr(all->message, "t.dead-letters"));
	if (!bus_partitions(three.bus, TOPICS_ALL & ~TOPIC_BIT(TOPIC_DEAD), partitions, 5000, &some))
		fail_msg("%s", some->message);
	assert_int_equal(partitions[TOPIC_HEARTBEATS], TOPIC_HEARTBEATS + 1);
	three_end(&three);
}

static void no_admin_api_is_said_and_harmless(void **state)
{
	auto_struct(embedded) embedded = broker(1);
	struct bus_options options = {.brokers = (char *)embedded_brokers(embedded), .prefix = "t.", .role = "test"};
	auto_struct(bus) bus = bus_new(&options, NULL, NULL, NULL);
	struct topic_state topics[TOPIC_COUNT];
	g_autoptr(GError) describe_error = NULL, delete_error = NULL;
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
		cmocka_unit_test(down_is_told_once_with_a_reason),
		cmocka_unit_test(unreachable_from_the_start_is_told),
		cmocka_unit_test(readers_end_promptly_without_a_broker),
		cmocka_unit_test(partitions_are_counted),
		cmocka_unit_test(a_topic_that_is_not_wanted_may_be_forbidden),
		cmocka_unit_test(no_admin_api_is_said_and_harmless),
		cmocka_unit_test(properties_are_checked),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: GPL-2.0-or-later
 * Calls of Kafka's Admin API: see admin.h. */
#include "bus/admin.h"

#include <string.h>

#include "base/error.h"
#include "bus/client.h"
#include "bus/handle.h"

/* One call: its options, the queue for its answer, the answer. */
struct call {
	rd_kafka_AdminOptions_t *options;
	rd_kafka_queue_t *queue;
	rd_kafka_event_t *event;
};

static void call_begin(struct call *call, struct bus *bus, rd_kafka_admin_op_t kind, int timeout_ms)
{
	char why[256];

	call->options = rd_kafka_AdminOptions_new(bus_handle(bus), kind);
	call->queue = rd_kafka_queue_new(bus_handle(bus));
	call->event = NULL;
	rd_kafka_AdminOptions_set_request_timeout(call->options, MAX(timeout_ms, 1), why, sizeof(why));
	/* The broker's own wait until every node knows the topic; DescribeConfigs has none. */
	if (kind != RD_KAFKA_ADMIN_OP_DESCRIBECONFIGS)
		rd_kafka_AdminOptions_set_operation_timeout(call->options, MAX(timeout_ms, 1), why, sizeof(why));
}

static void call_end(struct call *call)
{
	if (call->event)
		rd_kafka_event_destroy(call->event);
	rd_kafka_queue_destroy(call->queue);
	rd_kafka_AdminOptions_destroy(call->options);
}

static enum admin_answer answer_of(rd_kafka_resp_err_t code, const char *detail, const char *what, GError **error)
{
	g_autoptr(GError) cause = NULL;

	if (!code)
		return ADMIN_OK;
	fail_kafka(&cause, code, detail, "%s", what);
	enum admin_answer answer = cause->code == ERROR_RETRY ? ADMIN_NO_ANSWER : ADMIN_REFUSED;
	g_propagate_error(error, g_steal_pointer(&cause));
	return answer;
}

/* The mock cluster has no Admin API, and no controller either: librdkafka would wait for one until the timeout. */
static bool is_mock(struct bus *bus, int timeout_ms, GError **error)
{
	char *id = rd_kafka_clusterid(bus_handle(bus), MAX(timeout_ms, 1));
	bool mock = id && g_str_has_prefix(id, "mockCluster");

	if (id)
		rd_kafka_mem_free(bus_handle(bus), id);
	if (mock)
		fail(error, ERROR_SYSTEM,
			"the broker at %s is dropmill's embedded one: it comes with its topics and has no Admin API",
			bus_options(bus)->brokers);
	return mock;
}

/* Waits for the answer as a whole; the answers for single topics are in it. */
static enum admin_answer call_wait(struct call *call, int timeout_ms, const char *what, GError **error)
{
	/* The request's own timeout comes first and says more. */
	call->event = rd_kafka_queue_poll(call->queue, timeout_ms + 1000);
	if (!call->event)
		return answer_of(RD_KAFKA_RESP_ERR__TIMED_OUT, NULL, what, error);
	return answer_of(rd_kafka_event_error(call->event), rd_kafka_event_error_string(call->event), what, error);
}

static void read_configs(const rd_kafka_ConfigResource_t *resource, struct topic_state *state)
{
	size_t count = 0;
	const rd_kafka_ConfigEntry_t **entries = rd_kafka_ConfigResource_configs(resource, &count);

	for (size_t i = 0; i < count; i++) {
		const char *name = rd_kafka_ConfigEntry_name(entries[i]),
			   *value = rd_kafka_ConfigEntry_value(entries[i]);
		gint64 *field = strcmp(name, "retention.ms") == 0        ? &state->retention_ms
				: strcmp(name, "max.message.bytes") == 0 ? &state->max_message_bytes
									 : NULL;
		if (field && value)
			g_ascii_string_to_signed(value, 10, -1, G_MAXINT64, field, NULL);
	}
}

enum admin_answer admin_describe(struct bus *bus, struct topic_state state[TOPIC_COUNT], int timeout_ms, GError **error)
{
	rd_kafka_ConfigResource_t *resources[TOPIC_COUNT];
	enum admin_answer answer = ADMIN_OK;
	struct call call;

	if (is_mock(bus, timeout_ms, error))
		return ADMIN_REFUSED;
	for (int topic = 0; topic < TOPIC_COUNT; topic++) {
		g_autofree char *name = topic_name(bus_options(bus), topic);
		resources[topic] = rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, name);
	}
	call_begin(&call, bus, RD_KAFKA_ADMIN_OP_DESCRIBECONFIGS, timeout_ms);
	rd_kafka_DescribeConfigs(bus_handle(bus), resources, TOPIC_COUNT, call.options, call.queue);
	answer = call_wait(&call, timeout_ms, "describe topics", error);
	size_t count = 0;
	const rd_kafka_ConfigResource_t **found =
		answer == ADMIN_OK ? rd_kafka_DescribeConfigs_result_resources(
					     rd_kafka_event_DescribeConfigs_result(call.event), &count)
				   : NULL;
	for (size_t i = 0; i < count; i++) {
		rd_kafka_resp_err_t code = rd_kafka_ConfigResource_error(found[i]);
		const char *name = rd_kafka_ConfigResource_name(found[i]);
		enum topic topic = topic_from_name(bus_options(bus), name);
		if (topic == TOPIC_COUNT || code == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART)
			continue;
		if (!code)
			read_configs(found[i], &state[topic]);
		else if (answer == ADMIN_OK) /* the first one's reason will do */
			answer = answer_of(code, rd_kafka_ConfigResource_error_string(found[i]), name, error);
	}
	call_end(&call);
	rd_kafka_ConfigResource_destroy_array(resources, TOPIC_COUNT);
	return answer;
}

/* The answer for the one topic of a create or delete call; it is fine if the topic is already so. */
static enum admin_answer topic_answer(const rd_kafka_topic_result_t **results, size_t count,
	rd_kafka_resp_err_t already, const char *what, GError **error)
{
	if (count != 1)
		return answer_of(RD_KAFKA_RESP_ERR__BAD_MSG, NULL, what, error);
	rd_kafka_resp_err_t code = rd_kafka_topic_result_error(results[0]);
	if (code == already)
		return ADMIN_OK;
	return answer_of(code, rd_kafka_topic_result_error_string(results[0]), what, error);
}

enum admin_answer admin_create(struct bus *bus, const struct admin_topic *topic, int timeout_ms, GError **error)
{
	g_autofree char *name = topic_name(bus_options(bus), topic->topic);
	g_autofree char *what = g_strdup_printf("create topic %s", name);
	g_autofree char *retention = g_strdup_printf("%" G_GINT64_FORMAT, topic->retention_ms);
	g_autofree char *largest = g_strdup_printf("%" G_GINT64_FORMAT, topic->max_message_bytes);
	char why[256];
	struct call call;

	if (is_mock(bus, timeout_ms, error))
		return ADMIN_REFUSED;
	rd_kafka_NewTopic_t *fresh =
		rd_kafka_NewTopic_new(name, topic->partitions, topic->replication, why, sizeof(why));
	if (!fresh)
		return answer_of(RD_KAFKA_RESP_ERR__INVALID_ARG, why, what, error);
	rd_kafka_NewTopic_set_config(fresh, "retention.ms", retention);
	rd_kafka_NewTopic_set_config(fresh, "max.message.bytes", largest);
	rd_kafka_NewTopic_set_config(fresh, "cleanup.policy", "delete");
	call_begin(&call, bus, RD_KAFKA_ADMIN_OP_CREATETOPICS, timeout_ms);
	rd_kafka_CreateTopics(bus_handle(bus), &fresh, 1, call.options, call.queue);
	enum admin_answer answer = call_wait(&call, timeout_ms, what, error);
	if (answer == ADMIN_OK) {
		size_t count = 0;
		const rd_kafka_topic_result_t **results =
			rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result(call.event), &count);
		answer = topic_answer(results, count, RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS, what, error);
	}
	call_end(&call);
	rd_kafka_NewTopic_destroy(fresh);
	return answer;
}

enum admin_answer admin_delete(struct bus *bus, enum topic topic, int timeout_ms, GError **error)
{
	g_autofree char *name = topic_name(bus_options(bus), topic);
	g_autofree char *what = g_strdup_printf("delete topic %s", name);
	struct call call;

	if (is_mock(bus, timeout_ms, error))
		return ADMIN_REFUSED;
	rd_kafka_DeleteTopic_t *old = rd_kafka_DeleteTopic_new(name);
	call_begin(&call, bus, RD_KAFKA_ADMIN_OP_DELETETOPICS, timeout_ms);
	rd_kafka_DeleteTopics(bus_handle(bus), &old, 1, call.options, call.queue);
	enum admin_answer answer = call_wait(&call, timeout_ms, what, error);
	if (answer == ADMIN_OK) {
		size_t count = 0;
		const rd_kafka_topic_result_t **results =
			rd_kafka_DeleteTopics_result_topics(rd_kafka_event_DeleteTopics_result(call.event), &count);
		answer = topic_answer(results, count, RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART, what, error);
	}
	call_end(&call);
	rd_kafka_DeleteTopic_destroy(old);
	return answer;
}

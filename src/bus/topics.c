/* SPDX-License-Identifier: GPL-2.0-or-later
 * The mill's four topics: create, describe, delete. See topics.h. */
#include "bus/topics.h"

#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "bus/admin.h"
#include "bus/client.h"
#include "bus/handle.h"

#define CALL_MS 15000
#define VISIBLE_MS 10000
/* Heartbeats are worth nothing when old; a dead letter waits for a person to come back from the weekend. */
#define HEARTBEATS_RETENTION_MS (5 * 60 * G_GINT64_CONSTANT(1000))
#define DEAD_RETENTION_MS (7 * 24 * 3600 * G_GINT64_CONSTANT(1000))

void topic_plan_default(struct topic_plan *plan)
{
	*plan = (struct topic_plan){
		.partitions = 12,
		.replication = -1,
		.retention_ms = 3600 * 1000,
		.max_message_bytes = 8 * 1024 * 1024,
	};
}

static struct admin_topic planned(const struct topic_plan *plan, enum topic topic)
{
	bool work = topic == TOPIC_TASKS || topic == TOPIC_RESULTS;
	return (struct admin_topic){
		.topic = topic,
		.partitions = work ? plan->partitions : 1,
		.replication = plan->replication,
		.retention_ms = work                        ? plan->retention_ms
				: topic == TOPIC_HEARTBEATS ? HEARTBEATS_RETENTION_MS
							    : DEAD_RETENTION_MS,
		.max_message_bytes = plan->max_message_bytes,
	};
}

/* What an administrator types when the mill itself may not. */
static void append_command(GString *text, const struct bus_options *options, const struct admin_topic *topic)
{
	g_autofree char *name = topic_name(options, topic->topic);

	g_string_append_printf(text, "\n  kafka-topics.sh --bootstrap-server %s --create --topic %s --partitions %d",
		options->brokers, name, topic->partitions);
	if (topic->replication > 0)
		g_string_append_printf(text, " --replication-factor %d", topic->replication);
	g_string_append_printf(text,
		" --config retention.ms=%" G_GINT64_FORMAT " --config max.message.bytes=%" G_GINT64_FORMAT,
		topic->retention_ms, topic->max_message_bytes);
}

static bool refused(struct bus *bus, const struct topic_plan *plan, const int partitions[TOPIC_COUNT],
	const GError *cause, GError **error)
{
	g_autoptr(GString) commands = g_string_new(NULL);

	for (int topic = 0; topic < TOPIC_COUNT; topic++) {
		struct admin_topic missing = planned(plan, topic);
		if (partitions[topic] == 0)
			append_command(commands, bus_options(bus), &missing);
	}
	return fail(error, ERROR_SYSTEM, "%s; an administrator of the cluster can create the topics with:%s",
		cause->message, commands->str);
}

/* A topic just made may be unknown for a moment to the node that answers. */
static bool wait_visible(struct bus *bus, GError **error)
{
	gint64 end_us = clock_now_us() + VISIBLE_MS * 1000;
	int partitions[TOPIC_COUNT];

	for (gulong pause_us = 20000;; pause_us = MIN(pause_us * 2, 500000)) {
		g_autoptr(GError) cause = NULL;
		if (bus_partitions(bus, TOPICS_ALL, partitions, CALL_MS, &cause))
			return true;
		if (clock_now_us() > end_us)
			return fail(error, ERROR_RETRY, "topics were created, but: %s", cause->message);
		g_usleep(pause_us);
	}
}

/* Which exist. It is not an error here that some do not. */
static bool look(struct bus *bus, int partitions[TOPIC_COUNT], GError **error)
{
	for (int topic = 0; topic < TOPIC_COUNT; topic++) {
		int replication;
		if (!bus_topic_shape(bus, topic, &partitions[topic], &replication, CALL_MS, error))
			return false;
	}
	return true;
}

bool topics_create(struct bus *bus, const struct topic_plan *plan, char **said, GError **error)
{
	g_autoptr(GString) lines = g_string_new(NULL);
	int partitions[TOPIC_COUNT];
	bool created = false;

	if (!look(bus, partitions, error))
		return false;
	for (int topic = 0; topic < TOPIC_COUNT; topic++) {
		g_autofree char *name = topic_name(bus_options(bus), topic);
		g_autoptr(GError) cause = NULL;
		if (partitions[topic] > 0) {
			g_string_append_printf(lines, "%s: exists, %d partition%s\n", name, partitions[topic],
				partitions[topic] == 1 ? "" : "s");
			continue;
		}
		struct admin_topic missing = planned(plan, topic);
		enum admin_answer answer = admin_create(bus, &missing, CALL_MS, &cause);
		if (answer == ADMIN_REFUSED)
			return refused(bus, plan, partitions, cause, error);
		if (answer != ADMIN_OK) {
			g_propagate_error(error, g_steal_pointer(&cause));
			return false;
		}
		created = true;
		partitions[topic] = missing.partitions;
		g_string_append_printf(lines, "%s: created, %d partition%s\n", name, missing.partitions,
			missing.partitions == 1 ? "" : "s");
	}
	if (created && !wait_visible(bus, error))
		return false;
	if (said)
		*said = g_string_free(g_steal_pointer(&lines), FALSE);
	return true;
}

bool topics_describe(struct bus *bus, struct topic_state state[TOPIC_COUNT], GError **error)
{
	memset(state, 0, TOPIC_COUNT * sizeof(*state));
	for (int topic = 0; topic < TOPIC_COUNT; topic++)
		if (!bus_topic_shape(bus, topic, &state[topic].partitions, &state[topic].replication, CALL_MS, error))
			return false;
	if (admin_describe(bus, state, CALL_MS, error) != ADMIN_OK)
		return false;
	for (int topic = 0; topic < TOPIC_COUNT; topic++)
		state[topic].name = topic_name(bus_options(bus), topic);
	return true;
}

bool topics_delete(struct bus *bus, char **said, GError **error)
{
	g_autoptr(GString) lines = g_string_new(NULL);
	int partitions[TOPIC_COUNT];

	if (!look(bus, partitions, error))
		return false;
	for (int topic = 0; topic < TOPIC_COUNT; topic++) {
		g_autofree char *name = topic_name(bus_options(bus), topic);
		if (partitions[topic] > 0 && admin_delete(bus, topic, CALL_MS, error) != ADMIN_OK)
			return false;
		g_string_append_printf(lines, "%s: %s\n", name, partitions[topic] > 0 ? "deleted" : "was not there");
	}
	if (said)
		*said = g_string_free(g_steal_pointer(&lines), FALSE);
	return true;
}

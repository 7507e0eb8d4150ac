/* SPDX-License-Identifier: GPL-2.0-or-later
 * What all librdkafka handles have in common: see client.h. */
#include "bus/client.h"

#include <signal.h>
#include <string.h>

#include "base/error.h"
#include "base/log.h"

static const char *const base_names[TOPIC_COUNT] = {
	[TOPIC_TASKS] = "tasks",
	[TOPIC_RESULTS] = "results",
	[TOPIC_HEARTBEATS] = "heartbeats",
	[TOPIC_DEAD] = "dead-letters",
};

/* syslog.h gives the levels, but its names are taken by base/log.h. */
#define SYSLOG_WARNING 4

/* The mill's own: with another value it would lose or mix up work. */
static const char *const reserved[] = {
	"bootstrap.servers",
	"metadata.broker.list",
	"group.id",
	"enable.auto.commit",
	"enable.auto.offset.store",
	"auto.commit.enable",
	"auto.offset.reset",
	"enable.partition.eof",
	"partition.assignment.strategy",
	"transactional.id",
	"enable.idempotence",
	"batch.size",
	"message.max.bytes",
	"allow.auto.create.topics",
};

const char *topic_base_name(enum topic topic)
{
	g_assert(topic < TOPIC_COUNT);
	return base_names[topic];
}

char *topic_name(const struct bus_options *options, enum topic topic)
{
	return g_strconcat(options->prefix ? options->prefix : "", topic_base_name(topic), NULL);
}

enum topic topic_from_name(const struct bus_options *options, const char *name)
{
	gsize skip = options->prefix ? strlen(options->prefix) : 0;
	if (skip && !g_str_has_prefix(name, options->prefix))
		return TOPIC_COUNT;
	for (int topic = 0; topic < TOPIC_COUNT; topic++)
		if (strcmp(name + skip, base_names[topic]) == 0)
			return topic;
	return TOPIC_COUNT;
}

void client_log(const rd_kafka_t *rk, int level, const char *facility, const char *text)
{
	static GMutex lock;
	static char *last;

	(void)rk;
	/* "[thrd:main]: " says nothing to a user. */
	const char *behind = g_str_has_prefix(text, "[thrd:") ? strstr(text, "]: ") : NULL;
	const char *line = behind ? behind + 3 : text;
	static const char *const quiet[] = {"FAIL", "ERROR", "REQTMOUT", "COMMITFAIL", "CONFWARN", NULL};
	enum log_level ours = g_strv_contains(quiet, facility) || level > SYSLOG_WARNING ? LOG_DEBUG : LOG_WARNING;

	g_mutex_lock(&lock);
	bool again = g_strcmp0(last, line) == 0;
	if (!again) {
		g_free(last);
		last = g_strdup(line);
	}
	g_mutex_unlock(&lock);
	if (!again)
		log_at(ours, "kafka: %s: %s", facility, line);
}

void client_set(rd_kafka_conf_t *conf, const char *name, const char *value)
{
	char why[512];
	if (rd_kafka_conf_set(conf, name, value, why, sizeof(why)) != RD_KAFKA_CONF_OK)
		g_error("kafka property %s=%s: %s", name, value, why);
}

void client_set_int(rd_kafka_conf_t *conf, const char *name, gint64 value)
{
	g_autofree char *text = g_strdup_printf("%" G_GINT64_FORMAT, value);
	client_set(conf, name, text);
}

static bool set_users_own(rd_kafka_conf_t *conf, GHashTable *properties, GError **error)
{
	GHashTableIter iter;
	gpointer name, value;

	g_hash_table_iter_init(&iter, properties);
	while (g_hash_table_iter_next(&iter, &name, &value)) {
		char why[512];
		for (gsize i = 0; i < G_N_ELEMENTS(reserved); i++)
			if (strcmp(name, reserved[i]) == 0)
				return fail(error, ERROR_SYSTEM,
					"kafka property '%s' is dropmill's own and cannot be set", reserved[i]);
		if (rd_kafka_conf_set(conf, name, value, why, sizeof(why)) != RD_KAFKA_CONF_OK)
			return fail(error, ERROR_SYSTEM, "kafka property '%s': %s", (char *)name, why);
	}
	return true;
}

rd_kafka_conf_t *client_conf(const struct bus_options *options, GError **error)
{
	rd_kafka_conf_t *conf = rd_kafka_conf_new();
	char why[512];

	if (!options->brokers || !*options->brokers ||
		rd_kafka_conf_set(conf, "bootstrap.servers", options->brokers, why, sizeof(why)) != RD_KAFKA_CONF_OK) {
		fail(error, ERROR_SYSTEM, "no broker given: expected HOST:PORT[,HOST:PORT...]");
		rd_kafka_conf_destroy(conf);
		return NULL;
	}
	client_set(conf, "client.id", options->role && *options->role ? options->role : "dropmill");
	client_set(conf, "socket.keepalive.enable", "true");
	client_set(conf, "socket.nagle.disable", "true");
	client_set(conf, "log.connection.close", "false");
	/* With the default of 10 s the mill would wait that long after the broker is back. */
	client_set_int(conf, "reconnect.backoff.max.ms", 1000);
	/* Topics that were deleted and made again are unknown to a handle until then; members of a group learn this way of new partitions. */
	client_set_int(conf, "topic.metadata.refresh.interval.ms", options->embedded ? 300000 : 5000);
	/* A broker that creates topics by itself would give them its own partitions and limits: topics_create() is for that.
	 * The mock has no such switch, makes topics whatever one says, and a refusal would only have librdkafka complain. */
	client_set(conf, "allow.auto.create.topics", options->embedded ? "true" : "false");
	if (options->embedded)
		client_set(conf, "broker.address.family", "v4");
	rd_kafka_conf_set_log_cb(conf, client_log);
	if (options->properties && !set_users_own(conf, options->properties, error)) {
		rd_kafka_conf_destroy(conf);
		return NULL;
	}
	return conf;
}

void client_block_signals(void *old)
{
	sigset_t all;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, old);
}

void client_restore_signals(const void *old)
{
	pthread_sigmask(SIG_SETMASK, old, NULL);
}

GThread *client_thread(const char *name, GThreadFunc function, gpointer user)
{
	sigset_t old;
	client_block_signals(&old);
	GThread *thread = g_thread_new(name, function, user);
	client_restore_signals(&old);
	return thread;
}

rd_kafka_t *client_new(rd_kafka_type_t type, rd_kafka_conf_t *conf, GError **error)
{
	static rd_kafka_conf_t *volatile spoiled G_GNUC_UNUSED; /* reachable, since it cannot be freed */
	char why[512];
	sigset_t old;

	client_block_signals(&old);
	rd_kafka_t *rk = rd_kafka_new(type, conf, why, sizeof(why));
	client_restore_signals(&old);
	if (!rk) {
		/* librdkafka 2.0.2 may have freed parts of it: rd_kafka_conf_destroy() crashed where SASL was not set up completely. */
		spoiled = conf;
		fail(error, ERROR_SYSTEM, "kafka client: %s", why);
	}
	return rk;
}

static enum error_kind kind_of(rd_kafka_resp_err_t code)
{
	switch (code) {
	case RD_KAFKA_RESP_ERR__TRANSPORT:
	case RD_KAFKA_RESP_ERR__TIMED_OUT:
	case RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN:
	case RD_KAFKA_RESP_ERR__QUEUE_FULL:
	case RD_KAFKA_RESP_ERR__MSG_TIMED_OUT:
	case RD_KAFKA_RESP_ERR__RESOLVE:
	case RD_KAFKA_RESP_ERR__WAIT_COORD:
	case RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE:
	case RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION:
	case RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT:
	case RD_KAFKA_RESP_ERR_NETWORK_EXCEPTION:
	case RD_KAFKA_RESP_ERR_NOT_CONTROLLER:
		return ERROR_RETRY;
	case RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE:
		return ERROR_INPUT;
	default:
		return ERROR_SYSTEM;
	}
}

bool fail_kafka(GError **error, rd_kafka_resp_err_t code, const char *detail, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	g_autofree char *what = g_strdup_vprintf(format, arguments);
	va_end(arguments);
	return fail(error, kind_of(code), "%s: %s", what, detail && *detail ? detail : rd_kafka_err2str(code));
}

/* SPDX-License-Identifier: GPL-2.0-or-later
 * The embedded broker: see embedded.h. */
#include "bus/embedded.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/error.h"
#include "base/log.h"
#include "bus/client.h"

/* It wants rdkafka.h before itself. */
#include <librdkafka/rdkafka_mock.h>

/* A worker has at most eight tasks at a time, and a partition room for a thousand answers: filling_bytes() in kafka.c. */
#define WORKERS_A_RESULTS 64

struct embedded {
	rd_kafka_t *rk; /* the mock's host; it sends and reads nothing itself */
	rd_kafka_mock_cluster_t *cluster;
	char *brokers;
};

/* librdkafka 2.0.2 (rdkafka_mock.c): the mock's thread serves its orders and only then empties the pipe that woke it.
 * An order in between waits until its poll ends after a second. Four topics in a row lost up to three seconds. Anybody
 * who knocks at its door ends the poll as well. */
#define KNOCK_MS 2

struct knocker {
	int port;
	GMutex mutex;
	GCond changed;
	bool done;
};

static gpointer knock(gpointer data)
{
	struct knocker *knocker = data;
	struct sockaddr_in door = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};

	door.sin_port = htons((guint16)knocker->port);
	g_mutex_lock(&knocker->mutex);
	while (!knocker->done) {
		gint64 until = g_get_monotonic_time() + KNOCK_MS * G_TIME_SPAN_MILLISECOND;
		if (g_cond_wait_until(&knocker->changed, &knocker->mutex, until) || knocker->done)
			continue;
		int hand = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
		if (hand < 0)
			continue;
		(void)!connect(hand, (const struct sockaddr *)&door, sizeof door);
		close(hand);
	}
	g_mutex_unlock(&knocker->mutex);
	return NULL;
}

/* The mock leaves Nagle's algorithm on. The second of two answers waits until the first is acknowledged, which the
 * other end delays by 40 ms. This was measured at every connection, about ten of them one after the other in a `once`.
 * What listens hands the option on to what it accepts; its descriptor is the mock's secret, and found by its
 * address. */
static void send_at_once(int port)
{
	g_autoptr(GDir) folder = g_dir_open("/proc/self/fd", 0, NULL);
	const char *name;

	while (folder && (name = g_dir_read_name(folder))) {
		int fd = (int)g_ascii_strtoll(name, NULL, 10), listens = 0, yes = 1;
		socklen_t length = sizeof listens;
		struct sockaddr_in address = {0};
		socklen_t size = sizeof address;
		if (getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &length) != 0 || !listens ||
			getsockname(fd, (struct sockaddr *)&address, &size) != 0 || address.sin_family != AF_INET ||
			ntohs(address.sin_port) != port)
			continue;
		if (setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes) != 0)
			log_debug("embedded broker: TCP_NODELAY: %s", g_strerror(errno));
	}
}

static bool create_topics(
	struct embedded *embedded, const char *prefix, int task_partitions, bool inline_results, GError **error)
{
	struct bus_options options = {.prefix = (char *)prefix};

	for (int topic = 0; topic < TOPIC_COUNT; topic++) {
		g_autofree char *name = topic_name(&options, topic);
		bool several = topic == TOPIC_TASKS || (topic == TOPIC_RESULTS && inline_results);
		int few = topic == TOPIC_RESULTS ? 1 + task_partitions / WORKERS_A_RESULTS : 1;
		int partitions = several ? task_partitions : few;
		rd_kafka_resp_err_t code = rd_kafka_mock_topic_create(embedded->cluster, name, partitions, 1);
		if (code)
			return fail_kafka(error, code, NULL, "embedded broker: topic %s", name);
	}
	return true;
}

struct embedded *embedded_new(const char *prefix, int task_partitions, bool inline_results, GError **error)
{
	auto_struct(embedded) embedded = g_new0(struct embedded, 1);
	rd_kafka_conf_t *conf = rd_kafka_conf_new();
	sigset_t old;

	/* Without it, the host handle's complaint about missing brokers would be the first line that a user sees. */
	rd_kafka_conf_set_log_cb(conf, client_log);
	embedded->rk = client_new(RD_KAFKA_PRODUCER, conf, error);
	if (!embedded->rk)
		return NULL;
	/* A signal on the mock's thread would end the broker without a word. */
	client_block_signals(&old);
	embedded->cluster = rd_kafka_mock_cluster_new(embedded->rk, 1);
	client_restore_signals(&old);
	if (!embedded->cluster) {
		fail(error, ERROR_SYSTEM, "the embedded broker could not be started on 127.0.0.1");
		return NULL;
	}
	embedded->brokers = g_strdup(rd_kafka_mock_cluster_bootstraps(embedded->cluster));
	const char *port = strrchr(embedded->brokers, ':');
	struct knocker knocker = {.port = (int)g_ascii_strtoull(port ? port + 1 : "0", NULL, 10)};
	send_at_once(knocker.port);
	GThread *thread = client_thread("knock", knock, &knocker);
	bool made = create_topics(embedded, prefix, MAX(task_partitions, 1), inline_results, error);
	g_mutex_lock(&knocker.mutex);
	knocker.done = true;
	g_cond_signal(&knocker.changed);
	g_mutex_unlock(&knocker.mutex);
	g_thread_join(thread);
	return made ? g_steal_pointer(&embedded) : NULL;
}

const char *embedded_brokers(const struct embedded *embedded)
{
	return embedded->brokers;
}

void embedded_free(struct embedded *embedded)
{
	if (!embedded)
		return;
	if (embedded->cluster)
		rd_kafka_mock_cluster_destroy(embedded->cluster);
	if (embedded->rk)
		rd_kafka_destroy(embedded->rk);
	g_free(embedded->brokers);
	g_free(embedded);
}

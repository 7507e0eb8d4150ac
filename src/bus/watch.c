/* SPDX-License-Identifier: GPL-2.0-or-later
 * Up or down: see watch.h. librdkafka tells each connection's state to an interceptor, at once and on the thread where it
 * changed; that only notes it and wakes the poll thread, which draws the conclusion. */
#include "bus/watch.h"

#include <string.h>

#include "base/clock.h"

/* A broker may close an idle connection, or move: only after this long without any connection is the cluster down. */
#define GRACE_US (1500 * 1000)
/* A first connection may need name resolution, TLS and SASL. */
#define FIRST_GRACE_US (5 * 1000 * 1000)
#define PROBE_MS 500
#define IDLE_MS (60 * 1000)

struct watch {
	bus_state_fn state;
	void *user;
	GMutex lock;
	GHashTable *alive; /* brokers connected: "host:port" */
	rd_kafka_queue_t *queue;
	gint64 alone_since_us; /* no connection since; 0: there is one */
	bool all_down;         /* librdkafka has tried every broker in vain */
	bool up;
	bool said; /* up or down was reported at least once */
	char *why;
};

static rd_kafka_resp_err_t on_broker_state(
	rd_kafka_t *rk, int32_t id, const char *protocol, const char *name, int port, const char *state, void *user)
{
	struct watch *watch = user;
	(void)rk;
	(void)id;
	(void)protocol;

	/* librdkafka's own pseudo-brokers have no port. */
	if (port == 0)
		return RD_KAFKA_RESP_ERR_NO_ERROR;
	g_autofree char *key = g_strdup_printf("%s:%d", name, port);
	bool connected = strcmp(state, "UP") == 0 || strcmp(state, "UPDATE") == 0;

	g_mutex_lock(&watch->lock);
	bool changed = connected ? g_hash_table_add(watch->alive, g_steal_pointer(&key))
				 : g_hash_table_remove(watch->alive, key);
	if (g_hash_table_size(watch->alive) > 0) {
		watch->alone_since_us = 0;
		watch->all_down = false;
	} else if (!watch->alone_since_us) {
		watch->alone_since_us = clock_now_us();
	}
	if (changed && watch->queue)
		rd_kafka_queue_yield(watch->queue);
	g_mutex_unlock(&watch->lock);
	return RD_KAFKA_RESP_ERR_NO_ERROR;
}

static rd_kafka_resp_err_t on_new(rd_kafka_t *rk, const rd_kafka_conf_t *conf, void *user, char *why, size_t why_size)
{
	(void)conf;
	(void)why;
	(void)why_size;
	return rd_kafka_interceptor_add_on_broker_state_change(rk, "dropmill", on_broker_state, user);
}

struct watch *watch_new(rd_kafka_conf_t *conf, bus_state_fn state, void *user)
{
	struct watch *watch = g_new0(struct watch, 1);

	watch->state = state;
	watch->user = user;
	g_mutex_init(&watch->lock);
	watch->alive = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	watch->alone_since_us = clock_now_us();
	rd_kafka_conf_interceptor_add_on_new(conf, "dropmill", on_new, watch);
	return watch;
}

void watch_free(struct watch *watch)
{
	if (!watch)
		return;
	g_hash_table_unref(watch->alive);
	g_mutex_clear(&watch->lock);
	g_free(watch->why);
	g_free(watch);
}

void watch_set_queue(struct watch *watch, rd_kafka_queue_t *queue)
{
	g_mutex_lock(&watch->lock);
	watch->queue = queue;
	g_mutex_unlock(&watch->lock);
}

void watch_error(struct watch *watch, rd_kafka_resp_err_t code, const char *text)
{
	g_mutex_lock(&watch->lock);
	if (code == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN) {
		watch->all_down = g_hash_table_size(watch->alive) == 0;
	} else {
		g_free(watch->why);
		watch->why = g_strdup(text);
	}
	g_mutex_unlock(&watch->lock);
}

int watch_check(struct watch *watch, rd_kafka_t *rk, rd_kafka_topic_t *probe)
{
	bool tell = false;

	g_mutex_lock(&watch->lock);
	bool alone = g_hash_table_size(watch->alive) == 0;
	gint64 waited_us = alone ? clock_now_us() - watch->alone_since_us : 0;
	if (!alone && (!watch->up || !watch->said)) {
		watch->up = true;
		tell = true;
	} else if (alone && (watch->up || !watch->said)) {
		bool given_up = watch->said ? waited_us >= GRACE_US : watch->all_down || waited_us >= FIRST_GRACE_US;
		if (given_up) {
			watch->up = false;
			tell = true;
		}
	}
	watch->said |= tell;
	bool up = watch->up;
	g_mutex_unlock(&watch->lock);

	if (tell && watch->state) {
		g_autofree char *why = up ? NULL : watch_why(watch);
		watch->state(up, why, watch->user);
	}
	if (!alone)
		return IDLE_MS;
	/* With no time to wait this sends nothing; it only makes librdkafka try a connection when none was wanted. */
	const struct rd_kafka_metadata *metadata = NULL;
	if (rd_kafka_metadata(rk, 0, probe, &metadata, 0) == RD_KAFKA_RESP_ERR_NO_ERROR)
		rd_kafka_metadata_destroy(metadata);
	return PROBE_MS;
}

bool watch_is_up(struct watch *watch)
{
	g_mutex_lock(&watch->lock);
	bool up = watch->up;
	g_mutex_unlock(&watch->lock);
	return up;
}

char *watch_why(struct watch *watch)
{
	g_mutex_lock(&watch->lock);
	char *why = g_strdup(watch->why ? watch->why : "no broker answers");
	g_mutex_unlock(&watch->lock);
	return why;
}

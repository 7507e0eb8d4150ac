/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   what all our librdkafka handles have in common: configuration, log, signals, errors. Internal to bus/.
 * Thread:    any.
 * Ownership: as said at each function.
 */
#pragma once

#include <librdkafka/rdkafka.h>

#include "bus/kafka.h"

/* What no record may exceed, whatever the topic allows: half of what the producer's queue holds. */
#define CLIENT_LARGEST_BYTES (32 * 1024 * 1024)
/* More small records than this are never put into one batch: the broker's limit for a topic counts for batches too. */
#define CLIENT_BATCH_BYTES (128 * 1024)
/* A topic without a limit we know of: Kafka's default, a little under 1 MiB, in round figures. */
#define CLIENT_DEFAULT_BYTES 1000000

/* "tasks", "results", "heartbeats", "dead-letters" with the prefix. Returns owned. */
char *topic_name(const struct bus_options *options, enum topic topic);
/* The name of a topic without prefix, and the other way round (TOPIC_COUNT: none of ours). */
const char *topic_base_name(enum topic topic);
enum topic topic_from_name(const struct bus_options *options, const char *name);

/* Configuration of every handle: brokers, name, timeouts, log, then the user's own properties. Returns owned, NULL on error. */
rd_kafka_conf_t *client_conf(const struct bus_options *options, GError **error);
/* One property that we set ourselves; a mistake in it is a bug and ends the program. */
void client_set(rd_kafka_conf_t *conf, const char *name, const char *value);
void client_set_int(rd_kafka_conf_t *conf, const char *name, gint64 value);
/* Takes conf whatever happens. No thread that librdkafka starts takes a signal. */
rd_kafka_t *client_new(rd_kafka_type_t type, rd_kafka_conf_t *conf, GError **error);
/* A thread that takes no signal: they are the main thread's. */
GThread *client_thread(const char *name, GThreadFunc function, gpointer user);
/* For code that starts threads by other ways: all signals off, and back. */
void client_block_signals(void *old /* sigset_t */);
void client_restore_signals(const void *old /* sigset_t */);

/* Sets error from a Kafka error: "WHAT: the broker's words". ERROR_RETRY when waiting may help. Returns false. */
bool fail_kafka(GError **error, rd_kafka_resp_err_t code, const char *detail, const char *format, ...)
	G_GNUC_PRINTF(4, 5);

/* Log callback: connection trouble goes to the debug level, for the bus tells it once by its state. */
void client_log(const rd_kafka_t *rk, int level, const char *facility, const char *text);

/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   is the cluster there? Follows the connections of one librdkafka handle, event by event, and says "up" and
 *            "down" once each. Internal to bus/.
 * Thread:    watch_check() and the state callback on the bus's poll thread; librdkafka's threads report connections;
 *            watch_is_up() anywhere.
 * Ownership: watch_free() after the handle was destroyed.
 */
#pragma once

#include "bus/client.h"

struct watch;

/* Hooks into conf, which must then make exactly one handle. */
struct watch *watch_new(rd_kafka_conf_t *conf, bus_state_fn state, void *user);
void watch_free(struct watch *watch);
/* The queue to wake at a change; NULL: no longer. Borrowed until then. */
void watch_set_queue(struct watch *watch, rd_kafka_queue_t *queue);
/* An error from the handle's error callback. */
void watch_error(struct watch *watch, rd_kafka_resp_err_t code, const char *text);
/* Says what changed; returns after how many milliseconds to call again. probe: a topic of ours to ask for while down. */
int watch_check(struct watch *watch, rd_kafka_t *rk, rd_kafka_topic_t *probe);
bool watch_is_up(struct watch *watch);
/* Why the cluster is not there, as far as known. Returns owned. */
char *watch_why(struct watch *watch);

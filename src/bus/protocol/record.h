/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   a record of the bus and its headers, as values: nothing here knows Kafka.
 * Thread:    any; a record belongs to one thread at a time.
 * Ownership: record_free() frees the headers, the value and the body.
 */
#pragma once

#include <glib.h>

#include "base/auto.h"
#include "bus/protocol/body.h"

enum topic { TOPIC_TASKS, TOPIC_RESULTS, TOPIC_HEARTBEATS, TOPIC_DEAD, TOPIC_COUNT };

/* A record as it goes over the bus: scalar metadata in headers, readable with kcat, and one value. */
struct record {
	enum topic topic;
	gint32 partition;   /* -1: let Kafka choose */
	gint64 offset;      /* of a record read */
	GPtrArray *headers; /* name, value, name, value, ... owned strings, UTF-8 */
	GBytes *value;      /* never NULL; may be empty */
	gint *wanted; /* g_atomic_rc_box, atomic; 0: nobody needs what was not sent of it yet. NULL: it is always needed */
	struct body *body; /* in place of value, which is empty: too large for memory or for one record; NULL: none */
};
struct record *record_new(enum topic topic, gint32 partition, GBytes *value /* takes; NULL: empty */);
void record_add(struct record *record, const char *name, const char *value);
void record_addf(struct record *record, const char *name, const char *format, ...) G_GNUC_PRINTF(3, 4);
const char *record_get(const struct record *record, const char *name); /* NULL when missing; borrowed */
void record_free(struct record *record);
DEFINE_AUTO(record, record_free)

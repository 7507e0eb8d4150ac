/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   what the tests of the bus share: an inbox that collects records, counters of up and down, brokers and handles.
 * Thread:    callbacks run on the bus's threads, the rest on the test's.
 * Ownership: an inbox owns the records that came.
 */
#pragma once

#include "../unit.h"

#include <string.h>

#include "base/clock.h"
#include "bus/embedded.h"
#include "bus/kafka.h"
#include "bus/reader.h"
#include "bus/send.h"

#define WAIT_US (20 * G_USEC_PER_SEC)

/* What came in, for a test to wait on. */
struct inbox {
	GMutex lock;
	GCond changed;
	GPtrArray *records;
	GArray *assigned; /* partitions as last told */
	int assignments;
};

static inline void inbox_init(struct inbox *inbox)
{
	memset(inbox, 0, sizeof(*inbox));
	g_mutex_init(&inbox->lock);
	g_cond_init(&inbox->changed);
	inbox->records = g_ptr_array_new_with_free_func((GDestroyNotify)record_free);
	inbox->assigned = g_array_new(FALSE, FALSE, sizeof(gint32));
}

static inline void inbox_clear(struct inbox *inbox)
{
	g_ptr_array_unref(inbox->records);
	g_array_unref(inbox->assigned);
	g_mutex_clear(&inbox->lock);
	g_cond_clear(&inbox->changed);
}

static inline bool on_record(struct bus_reader *reader, struct record *record, void *user)
{
	struct inbox *inbox = user;
	(void)reader;
	g_mutex_lock(&inbox->lock);
	g_ptr_array_add(inbox->records, record);
	g_cond_broadcast(&inbox->changed);
	g_mutex_unlock(&inbox->lock);
	return true;
}

static inline void on_assigned(const gint32 *partitions, gsize count, void *user)
{
	struct inbox *inbox = user;
	g_mutex_lock(&inbox->lock);
	g_array_set_size(inbox->assigned, 0);
	g_array_append_vals(inbox->assigned, partitions, (guint)count);
	inbox->assignments++;
	g_cond_broadcast(&inbox->changed);
	g_mutex_unlock(&inbox->lock);
}

static inline void wait_records(struct inbox *inbox, guint count)
{
	gint64 end_us = clock_now_us() + WAIT_US;
	g_mutex_lock(&inbox->lock);
	while (inbox->records->len < count)
		if (!g_cond_wait_until(&inbox->changed, &inbox->lock, end_us))
			break;
	guint came = inbox->records->len;
	g_mutex_unlock(&inbox->lock);
	assert_int_equal(came, count);
}

static inline void wait_any(struct inbox *inbox)
{
	gint64 end_us = clock_now_us() + WAIT_US;
	g_mutex_lock(&inbox->lock);
	while (inbox->records->len == 0)
		if (!g_cond_wait_until(&inbox->changed, &inbox->lock, end_us))
			break;
	guint came = inbox->records->len;
	g_mutex_unlock(&inbox->lock);
	assert_true(came > 0);
}

static inline void wait_assigned(struct inbox *inbox, guint count)
{
	gint64 end_us = clock_now_us() + WAIT_US;
	g_mutex_lock(&inbox->lock);
	while (inbox->assigned->len != count || inbox->assignments == 0)
		if (!g_cond_wait_until(&inbox->changed, &inbox->lock, end_us))
			break;
	guint held = inbox->assigned->len;
	g_mutex_unlock(&inbox->lock);
	assert_int_equal(held, count);
}

static inline struct embedded *broker(int partitions)
{
	g_autoptr(GError) error = NULL;
	struct embedded *embedded = embedded_new("t.", partitions, true, &error);
	if (!embedded)
		fail_msg("%s", error->message);
	return embedded;
}

static inline struct bus *bus_on(const struct embedded *embedded)
{
	struct bus_options options = {
		.brokers = (char *)embedded_brokers(embedded), .prefix = "t.", .role = "test", .embedded = true};
	g_autoptr(GError) error = NULL;
	struct bus *bus = bus_new(&options, NULL, NULL, &error);
	if (!bus)
		fail_msg("%s", error->message);
	return bus;
}

static inline struct bus_reader *reader_on(struct bus *bus, enum topic topic, const char *group,
	const gint32 *partitions, gsize count, bool from_end, struct inbox *inbox)
{
	struct bus_reader_options options = {
		.topics = &topic,
		.topic_count = 1,
		.group = group,
		.partitions = partitions,
		.partition_count = count,
		.from_end = from_end,
		.record = on_record,
		.assigned = on_assigned,
		.user = inbox,
	};
	g_autoptr(GError) error = NULL;
	struct bus_reader *reader = bus_reader_new(bus, &options, &error);
	if (!reader)
		fail_msg("%s", error->message);
	return reader;
}

static inline void send_text(struct bus *bus, enum topic topic, gint32 partition, const char *text)
{
	g_autoptr(GError) error = NULL;
	struct record *record = record_new(topic, partition, g_bytes_new(text, strlen(text)));
	record_add(record, "text", text);
	if (!bus_send(bus, record, NULL, NULL, &error))
		fail_msg("%s", error->message);
}

static inline const char *text_at(struct inbox *inbox, guint index)
{
	return record_get(inbox->records->pdata[index], "text");
}

struct states {
	GMutex lock;
	GCond changed;
	int ups, downs;
	char *why;
};

static inline void on_state(bool up, const char *why, void *user)
{
	struct states *states = user;
	g_mutex_lock(&states->lock);
	states->ups += up;
	states->downs += !up;
	if (why) {
		g_free(states->why);
		states->why = g_strdup(why);
	}
	g_cond_broadcast(&states->changed);
	g_mutex_unlock(&states->lock);
}

static inline void wait_states(struct states *states, int ups, int downs)
{
	gint64 end_us = clock_now_us() + WAIT_US;
	g_mutex_lock(&states->lock);
	while (states->ups < ups || states->downs < downs)
		if (!g_cond_wait_until(&states->changed, &states->lock, end_us))
			break;
	g_mutex_unlock(&states->lock);
	assert_int_equal(states->ups, ups);
	assert_int_equal(states->downs, downs);
}

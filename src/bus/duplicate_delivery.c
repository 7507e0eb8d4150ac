/* SPDX-License-Identifier: GPL-2.0-or-later
 * Late second deliveries, for tests: see duplicate_delivery.h. */
#include "bus/duplicate_delivery.h"

#ifdef DROPMILL_TEST_HOOKS

static struct record *copy_of(const struct record *record)
{
	struct record *copy = record_new(record->topic, record->partition, g_bytes_ref(record->value));

	for (guint i = 0; i + 1 < record->headers->len; i += 2)
		record_add(copy, record->headers->pdata[i], record->headers->pdata[i + 1]);
	return copy;
}

struct record *duplicate_delivery_after(const struct record *record)
{
	static GMutex lock;
	static struct record *kept;
	static gint64 count;
	const char *text = g_getenv("DROPMILL_TEST_TWICE");
	gint64 each = text ? g_ascii_strtoll(text, NULL, 10) : 0;
	struct record *again = NULL;

	if (each <= 0 || (record->topic != TOPIC_TASKS && record->topic != TOPIC_RESULTS))
		return NULL;
	g_mutex_lock(&lock);
	if (++count % each == 0) {
		again = kept;
		kept = copy_of(record);
	}
	g_mutex_unlock(&lock);
	return again;
}

#endif

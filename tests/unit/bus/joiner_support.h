/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   a joiner in a folder of its own that remembers what it was told, and records in parts for it.
 * Thread:    the test's. Ownership: finish() frees the harness's.
 */
#pragma once

#include "base/error.h"

#include "support.h"

#include <glib/gstdio.h>

#include "bus/protocol/joiner.h"
#include "bus/protocol/payload.h"

/* In a spool file. */
#define HUGE_BYTES (JOINER_SMALL_BYTES + 1000)

struct harness {
	struct joiner *joiner;
	char *folder;
	int told;
	char *why, *job, *attempt;
	int kind;
};

static inline void on_lost(const struct record *headers, const GError *why, void *user)
{
	struct harness *harness = user;

	harness->told++;
	g_free(harness->why);
	g_free(harness->job);
	g_free(harness->attempt);
	harness->why = g_strdup(why->message);
	harness->kind = why->code;
	harness->job = g_strdup(record_get(headers, "job"));
	harness->attempt = g_strdup(record_get(headers, "attempt"));
}

static inline void begin(struct harness *harness, gint64 spool_bytes, gint64 patience_us)
{
	*harness = (struct harness){.folder = g_dir_make_tmp("dropmill-joiner-XXXXXX", NULL)};
	const struct joiner_options options = {harness->folder, spool_bytes, patience_us, on_lost, harness};
	harness->joiner = joiner_new(&options);
}

static inline void finish(struct harness *harness)
{
	joiner_free(harness->joiner);
	/* Nothing has a name there. */
	assert_int_equal(g_rmdir(harness->folder), 0);
	g_free(harness->folder);
	g_free(harness->why);
	g_free(harness->job);
	g_free(harness->attempt);
}

static inline GBytes *noise(gsize size)
{
	guint8 *bytes = g_malloc(MAX(size, 1));

	for (gsize i = 0; i < size; i++)
		bytes[i] = (guint8)(i * 31 + i / 251);
	return g_bytes_new_take(bytes, size);
}

static inline struct record *large(gsize size, const char *attempt)
{
	struct record *record = record_new(TOPIC_TASKS, 3, noise(size));
	record_add(record, "type", "task");
	record_add(record, "job", "j");
	record_add(record, "serial", "1");
	record_add(record, "tile", "2");
	record_add(record, "attempt", attempt);
	record_add(record, "worker", "w");
	return record;
}

static inline GPtrArray *split(struct record *taken, gsize limit)
{
	auto_struct(record) record = taken;
	GPtrArray *parts = g_ptr_array_new_with_free_func((GDestroyNotify)record_free);

	for (gint64 i = 0; i < payload_parts(record, limit); i++)
		g_ptr_array_add(parts, payload_part(record, i, limit, NULL));
	return parts;
}

/* Part i, taken out of the array. */
static inline struct record *part_of(GPtrArray *parts, guint i)
{
	struct record *part = parts->pdata[i];
	parts->pdata[i] = NULL;
	return part;
}

static inline void set_part(struct record *record, const char *name, const char *value)
{
	for (guint i = 0; i < record->headers->len; i += 2)
		if (strcmp(record->headers->pdata[i], name) == 0) {
			g_ptr_array_remove_range(record->headers, i, 2);
			break;
		}
	if (value)
		record_add(record, name, value);
}

static inline void assert_value(const struct record *record, GBytes *expected)
{
	assert_non_null(record);
	g_autoptr(GBytes) came = record->body ? body_read(record->body, 0, (gsize)body_bytes(record->body), NULL)
					      : g_bytes_ref(record->value);
	assert_true(g_bytes_equal(came, expected));
	if (!record->body)
		return;
	g_autoptr(GBytes) mapped = body_map(record->body, 0, (gsize)body_bytes(record->body), NULL);
	assert_true(g_bytes_equal(mapped, expected));
	/* Off the page's edge. */
	g_autoptr(GBytes) some = body_map(record->body, 4099, 5000, NULL);
	assert_memory_equal(
		g_bytes_get_data(some, NULL), (const guint8 *)g_bytes_get_data(expected, NULL) + 4099, 5000);
}

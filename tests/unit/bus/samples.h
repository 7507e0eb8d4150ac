/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   what the tests of the messages share: a sample of each, and ways to spoil it.
 * Thread:    any.
 * Ownership: samples belong to the caller.
 */
#pragma once

#include "../unit.h"

#include <string.h>

#include "bus/protocol/heartbeat.h"
#include "bus/protocol/wire.h"

#define HASH "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static inline struct record *sample_task(void)
{
	g_autoptr(GBytes) pixels = g_bytes_new_static("pixels", 6);
	struct task task = {
		.kind = TASK_TILE,
		.plane = PLANE_INLINE,
		.job = "j1.2_a-B",
		.serial = G_MAXUINT32,
		.tile = 41,
		.attempt = 3,
		.worker = "host.example-17",
		.output = 1,
		.out = {1, 2, 3, 4},
		.need = {0, 0, 9999999, 10000000},
		.spec = "{\"steps\":[{\"blur\":3.0}],\"name\":\"\xc3\xa4\"}",
		.payload = pixels,
		.limit_ms = 600000,
	};
	return task_to_record(&task, 5);
}

static inline struct record *sample_result(void)
{
	g_autoptr(GBytes) pixels = g_bytes_new_static("grey", 4);
	auto_struct(body) body = body_new();
	body_add(body, pixels);
	struct result result = {
		.job = "j1",
		.serial = 7,
		.tile = 41,
		.attempt = 3,
		.worker = "w",
		.status = RESULT_OK,
		.compute_us = G_MAXINT64,
		.message = "",
		.report = "{\"outputs\":[]}",
		.payload = body,
	};
	return result_to_record(&result, 0);
}

static inline struct record *sample_heartbeat(void)
{
	g_autoptr(GArray) partitions = g_array_new(FALSE, FALSE, sizeof(gint32));
	gint32 held[] = {0, 7};
	g_array_append_vals(partitions, held, 2);
	g_autoptr(GArray) lags = g_array_new(FALSE, FALSE, sizeof(gint64));
	gint64 behind[] = {-1, 1ll << 40};
	g_array_append_vals(lags, behind, 2);
	g_autoptr(GPtrArray) endings = endings_new();
	endings_add(endings, 10, "exit status 1", NULL);
	endings_add(endings, 11, "killed by SIGSEGV", "j1/7/4/1");
	struct heartbeat heartbeat = {
		.id = "host-12",
		.host = "m\xc3\xbchle",
		.pid = 12,
		.machine = "boot:1:2",
		.state = "busy",
		.job = "j1",
		.tile = 4,
		.attempt = 1,
		.busy_us = 1500000,
		.done = 1ull << 40,
		.failed = 2,
		.partitions = partitions,
		.lag = -1,
		.lags = lags,
		.version = "1.2",
		.planes = {true, false},
		.vips = "8.14.1",
		.test_hash = HASH,
		.rss_bytes = 123456789,
		.sequence = 9,
		.slot = "77.1",
		.restarts = 5,
		.retiring = true,
		.endings = endings,
	};
	return heartbeat_to_record(&heartbeat);
}

static inline bool reads_task(const struct record *record, GError **error)
{
	auto_struct(task) task = task_from_record(record, error);
	return task != NULL;
}

static inline bool reads_result(const struct record *record, GError **error)
{
	auto_struct(result) result = result_from_record(record, error);
	return result != NULL;
}

static inline bool reads_heartbeat(const struct record *record, GError **error)
{
	auto_struct(heartbeat) heartbeat = heartbeat_from_record(record, error);
	return heartbeat != NULL;
}

typedef bool (*reader_fn)(const struct record *record, GError **error);

static inline void set_header(struct record *record, const char *name, const char *value)
{
	for (guint i = 0; i < record->headers->len; i += 2)
		if (strcmp(record->headers->pdata[i], name) == 0) {
			g_free(record->headers->pdata[i + 1]);
			record->headers->pdata[i + 1] = g_strdup(value);
			return;
		}
	record_add(record, name, value);
}

static inline void drop_header(struct record *record, const char *name)
{
	for (guint i = 0; i < record->headers->len; i += 2)
		if (strcmp(record->headers->pdata[i], name) == 0) {
			g_ptr_array_remove_range(record->headers, i, 2);
			return;
		}
	fail_msg("the sample has no header '%s'", name);
}

static inline void set_value(struct record *record, const char *text)
{
	g_bytes_unref(record->value);
	record->value = g_bytes_new(text, strlen(text));
}

/* Refused, with a reason that names the culprit. */
static inline void assert_refused(reader_fn reads, struct record *taken, const char *culprit, const char *how)
{
	auto_struct(record) record = taken;
	g_autoptr(GError) error = NULL;

	if (reads(record, &error))
		fail_msg("taken although %s is %s", culprit, how);
	assert_non_null(error);
	if (!strstr(error->message, culprit))
		fail_msg("%s is %s, but the reason is: %s", culprit, how, error->message);
}

struct bad {
	const char *name;
	const char *values[12];
};

static inline void flip(char *text, gsize length, GRand *random)
{
	int flips = g_rand_int_range(random, 1, 4);
	for (int i = 0; length > 0 && i < flips; i++)
		text[g_rand_int_range(random, 0, (gint32)length)] ^= (char)(1 << g_rand_int_range(random, 0, 8));
}

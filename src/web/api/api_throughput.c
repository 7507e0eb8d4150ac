/* SPDX-License-Identifier: GPL-2.0-or-later
 * Throughput and latency of the last hour or day, out of the history: see api.h. */
#include <math.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "web/api/api.h"
#include "web/api/archive.h"
#include "web/http/fields.h"

/* A computed answer is valid for this time. */
#define FRESH_US (5 * G_USEC_PER_SEC)
#define MOST_BUCKETS 96

struct bucket {
	guint jobs, failed;
	double megapixels;
	gint64 bytes_in, bytes_out;
	GArray *latencies_us;
};

struct series {
	gint64 from_us, bucket_us;
	guint count;
	struct bucket buckets[MOST_BUCKETS];
};

static void add_job(const struct history_job *job, void *user)
{
	struct series *series = user;
	gint64 at = (job->finished_wall_us - series->from_us) / series->bucket_us;

	if (job->finished_wall_us < series->from_us || at >= series->count)
		return;
	struct bucket *bucket = &series->buckets[at];
	if (strcmp(job->state, "done") != 0) {
		bucket->failed++;
		return;
	}
	gint64 latency = MAX(job->finished_wall_us - job->queued_wall_us, 0);
	bucket->jobs++;
	bucket->megapixels += (double)job->width * job->height / 1e6;
	bucket->bytes_in += job->bytes;
	bucket->bytes_out += job->out_bytes;
	g_array_append_val(bucket->latencies_us, latency);
}

static int by_time(gconstpointer a, gconstpointer b)
{
	gint64 x = *(const gint64 *)a, y = *(const gint64 *)b;

	return x < y ? -1 : x > y;
}

static JsonObject *bucket_object(const struct series *series, guint number)
{
	const struct bucket *bucket = &series->buckets[number];
	JsonObject *object = json_object_new();
	guint known = bucket->latencies_us->len;
	gint64 *sorted = (gint64 *)(gpointer)bucket->latencies_us->data;

	g_array_sort(bucket->latencies_us, by_time);
	set_time(object, "at", series->from_us + number * series->bucket_us);
	json_object_set_int_member(object, "jobs", bucket->jobs);
	json_object_set_int_member(object, "failed", bucket->failed);
	json_object_set_double_member(object, "megapixels", tenths(bucket->megapixels));
	json_object_set_int_member(object, "bytes_in", bucket->bytes_in);
	json_object_set_int_member(object, "bytes_out", bucket->bytes_out);
	set_seconds(object, "latency_p50_s", known ? sorted[(known - 1) / 2] : 0, known > 0);
	set_seconds(object, "latency_p95_s", known ? sorted[(known * 95 + 99) / 100 - 1] : 0, known > 0);
	return object;
}

static char *compute(struct archive *archive, bool day)
{
	g_autofree struct series *series = g_new0(struct series, 1);
	g_autoptr(JsonObject) object = json_object_new();
	JsonArray *list = json_array_new();
	gint64 now = clock_wall_us();

	series->count = day ? 96 : 60;
	series->bucket_us = (day ? 900 : 60) * (gint64)G_USEC_PER_SEC;
	/* Buckets begin at whole minutes and quarters, so that they do not move while somebody looks. */
	series->from_us = (now / series->bucket_us - (series->count - 1)) * series->bucket_us;
	for (guint i = 0; i < series->count; i++)
		series->buckets[i].latencies_us = g_array_new(FALSE, FALSE, sizeof(gint64));
	bool read = archive_since(archive, series->from_us, add_job, series);
	for (guint i = 0; i < series->count; i++) {
		json_array_add_object_element(list, bucket_object(series, i));
		g_array_unref(series->buckets[i].latencies_us);
	}
	json_object_set_string_member(object, "span", day ? "day" : "hour");
	json_object_set_int_member(object, "bucket_s", series->bucket_us / G_USEC_PER_SEC);
	set_time(object, "time", now);
	json_object_set_array_member(object, "buckets", list);
	return read ? json_object_text(object) : NULL;
}

char *api_throughput(struct archive *archive, bool day)
{
	static GMutex lock;
	static struct {
		const struct archive *of;
		char *text;
		gint64 at_us;
	} last[2];

	g_mutex_lock(&lock);
	if (!last[day].text || last[day].of != archive || clock_now_us() - last[day].at_us > FRESH_US) {
		g_free(last[day].text);
		last[day].text = compute(archive, day);
		last[day].of = archive;
		last[day].at_us = clock_now_us();
	}
	char *text = g_strdup(last[day].text);
	g_mutex_unlock(&lock);
	return text;
}

/* SPDX-License-Identifier: GPL-2.0-or-later
 * Throughput and latency of the last hour or day, out of the history: see api_throughput.h. */
#include <string.h>

#include "base/clock.h"
#include "web/api/api_throughput.h"
#include "web/api/archive.h"

/* How long a computed answer is used again. */
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

struct shown_bucket {
	struct bucket of;
	gint64 at_us, p50_us, p95_us;
};
#define BUCKET(member) MEMBER(struct shown_bucket, member)
static const struct field bucket_fields[] = {
	{"at", BUCKET(at_us), SHOW_TIME},
	{"jobs", BUCKET(of.jobs)},
	{"failed", BUCKET(of.failed)},
	{"megapixels", BUCKET(of.megapixels)},
	{"bytes_in", BUCKET(of.bytes_in)},
	{"bytes_out", BUCKET(of.bytes_out)},
	{"latency_p50_s", BUCKET(p50_us), SHOW_SECONDS, NULL_BELOW_0},
	{"latency_p95_s", BUCKET(p95_us), SHOW_SECONDS, NULL_BELOW_0},
	{0},
};
static const struct table bucket_table = {.fields = bucket_fields};
struct shown_series {
	guint span;
	gint64 bucket_s, now_us;
	JsonArray *buckets;
};
#define SERIES(member) MEMBER(struct shown_series, member)
static const char *const spans[] = {"hour", "day", NULL};
static const struct field throughput_fields[] = {
	{"span", SERIES(span), SHOW_WORD, .words = spans},
	{"bucket_s", SERIES(bucket_s)},
	{"time", SERIES(now_us), SHOW_TIME},
	{"buckets", SERIES(buckets), .of = &bucket_table},
	{0},
};
const struct table api_throughput_table = {"Throughput", .fields = throughput_fields};

static JsonObject *bucket_object(const struct series *series, guint number)
{
	const struct bucket *bucket = &series->buckets[number];
	guint known = bucket->latencies_us->len;
	gint64 *sorted = (gint64 *)(gpointer)bucket->latencies_us->data;

	g_array_sort(bucket->latencies_us, by_time);
	const struct shown_bucket shown = {.of = *bucket,
		.at_us = series->from_us + number * series->bucket_us,
		.p50_us = known ? sorted[(known - 1) / 2] : -1,
		.p95_us = known ? sorted[(known * 95 + 99) / 100 - 1] : -1};
	return fields_object(&bucket_table, &shown);
}

static char *compute(struct archive *archive, bool day)
{
	g_autofree struct series *series = g_new0(struct series, 1);
	g_autoptr(JsonArray) list = json_array_new();
	gint64 now = clock_wall_us();

	series->count = day ? 96 : 60;
	series->bucket_us = (day ? 900 : 60) * (gint64)G_USEC_PER_SEC;
	/* Buckets begin at whole minutes or quarters of an hour, so that they do not move under the eyes. */
	series->from_us = (now / series->bucket_us - (series->count - 1)) * series->bucket_us;
	for (guint i = 0; i < series->count; i++)
		series->buckets[i].latencies_us = g_array_new(FALSE, FALSE, sizeof(gint64));
	bool read = archive_since(archive, series->from_us, add_job, series);
	for (guint i = 0; i < series->count; i++) {
		json_array_add_object_element(list, bucket_object(series, i));
		g_array_unref(series->buckets[i].latencies_us);
	}
	const struct shown_series shown = {
		day, series->bucket_us / G_USEC_PER_SEC, now, read ? g_steal_pointer(&list) : NULL};
	return read ? fields_text(&api_throughput_table, &shown) : NULL;
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

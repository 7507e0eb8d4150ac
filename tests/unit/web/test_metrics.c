/* SPDX-License-Identifier: GPL-2.0-or-later
 * /metrics: the names that dashboards are made of, the histogram adds up, a label cannot break its line. */

#include "../unit.h"

#include <string.h>

#include "fake.h"
#include "web/api/metrics.h"

static void has(const char *text, const char *line)
{
	g_autofree char *whole = g_strdup_printf("\n%s\n", line);

	if (!strstr(text, whole))
		fail_msg("no line '%s' in\n%s", line, text);
}

static void test_names(void **state)
{
	auto_struct(snapshot) snapshot = fake_snapshot(NULL);
	snapshot->errors[SHOWN_LIMIT] = 4;
	struct pipeline_view *web = g_ptr_array_index(snapshot->pipelines, 0);
	web->jobs[JOB_DONE] = 12;
	web->jobs[JOB_FAILED] = 2;
	g_autofree char *text = metrics_text(snapshot);

	has(text, "dropmill_jobs_total{pipeline=\"web\",result=\"done\"} 12");
	has(text, "dropmill_jobs_total{pipeline=\"web\",result=\"failed\"} 2");
	has(text, "dropmill_tiles_total{result=\"done\"} 48210");
	has(text, "dropmill_tiles_total{result=\"retried\"} 3");
	has(text, "dropmill_queue_oldest_seconds 12");
	has(text, "dropmill_workers{state=\"late\"} 1");
	has(text, "dropmill_errors_total{kind=\"limit\"} 4");
	has(text, "dropmill_errors_total{kind=\"crash\"} 0");
	has(text, "dropmill_broker_lag_records 2");
	assert_non_null(strstr(text, "\ndropmill_build_info{version=\""));
	assert_null(strstr(text, "j-running"));
}

static void test_the_histogram_adds_up(void **state)
{
	auto_struct(snapshot) snapshot = fake_snapshot(NULL);
	for (int i = 0; i <= TASK_BOUNDS; i++)
		snapshot->tasks.buckets[i] = 2;
	snapshot->tasks.sum_us = 1500000;
	g_autofree char *text = metrics_text(snapshot);

	has(text, "dropmill_tile_seconds_bucket{le=\"0.001\"} 2");
	has(text, "dropmill_tile_seconds_bucket{le=\"0.0025\"} 4");
	has(text, "dropmill_tile_seconds_bucket{le=\"60\"} 28");
	has(text, "dropmill_tile_seconds_bucket{le=\"+Inf\"} 30");
	has(text, "dropmill_tile_seconds_sum 1.5");
	has(text, "dropmill_tile_seconds_count 30");
}

static void test_labels_stay_in_their_line(void **state)
{
	auto_struct(snapshot) snapshot = fake_snapshot(NULL);
	fake_pipeline(snapshot, "a\"b\\c\nd\xff", NULL);
	g_autofree char *text = metrics_text(snapshot);

	has(text, "dropmill_jobs_total{pipeline=\"a\\\"b\\\\c\\nd\357\277\275\",result=\"done\"} 0");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_the_histogram_adds_up),
		cmocka_unit_test(test_labels_stay_in_their_line),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

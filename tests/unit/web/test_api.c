/* SPDX-License-Identifier: GPL-2.0-or-later
 * The JSON that users script against: names, types and what null means. */

#include "../unit.h"

#include "base/disk/files.h"
#include "base/json.h"
#include "base/version.h"
#include "fake.h"
#include "ledger/history.h"
#include "web/api/api.h"
#include "web/api/api_job.h"
#include "web/api/api_jobs.h"
#include "web/api/api_pipelines.h"
#include "web/api/api_workers.h"
#include "web/api/archive.h"

static JsonObject *parsed(char *text)
{
	g_autofree char *owned = text;
	JsonObject *object = json_parse_object(owned, -1, NULL);
	assert_non_null(object);
	return object;
}

static JsonObject *jobs(const struct snapshot *snapshot, const char *query)
{
	struct jobs_query wanted;
	assert_true(jobs_query_parse(query, &wanted, NULL));
	JsonObject *object = parsed(api_jobs(snapshot, &wanted, NULL));
	jobs_query_clear(&wanted);
	return object;
}

static bool is_null(JsonObject *object, const char *name)
{
	return json_object_has_member(object, name) && json_object_get_null_member(object, name);
}

static void test_status(void **state)
{
	auto_struct(snapshot) snapshot = fake_snapshot(NULL);
	g_autoptr(JsonObject) status = parsed(api_status(snapshot));
	JsonObject *broker = json_object(status, "broker"), *workers = json_object(status, "workers");
	JsonObject *counts = json_object(status, "jobs"), *tiles = json_object(status, "tiles");

	assert_string_equal(json_string(status, "version", ""), DROPMILL_VERSION);
	assert_int_equal(json_int(status, "uptime_s", -1), 754);
	assert_string_equal(json_string(broker, "kind", ""), "embedded");
	assert_string_equal(json_string(broker, "state", ""), "up");
	assert_string_equal(json_string(broker, "note", "missing"), "");
	assert_int_equal(json_int(workers, "live", -1), 1);
	assert_int_equal(json_int(workers, "late", -1), 1);
	assert_int_equal(json_int(workers, "gone", -1), 1);
	assert_int_equal(json_int(counts, "queued", -1), 1);
	assert_int_equal(json_int(counts, "running", -1), 1);
	assert_int_equal(json_int(counts, "done", -1), 1);
	assert_int_equal(json_int(counts, "failed", -1), 1);
	assert_int_equal(json_int(tiles, "queued", -1), 79);
	assert_int_equal(json_int(tiles, "running", -1), 4);
	assert_int_equal(json_int(tiles, "done", -1), 48210);
	assert_int_equal(json_int(tiles, "retried", -1), 3);
	assert_int_equal(json_int(tiles, "duplicate", -1), 1);
	assert_int_equal(json_int(status, "records_refused", -1), 3);
	assert_int_equal(json_int(json_object(status, "counts"), "folders_read", -1), 0);
	assert_in_range((uintmax_t)(json_double(status, "oldest_queued_s", -1) * 10), 120, 125);
	assert_true(json_bool(status, "ready", false));
}

static void test_status_of_an_idle_mill_on_a_lost_cluster(void **state)
{
	auto_struct(snapshot) snapshot = snapshot_new();
	snapshot->started_us = clock_now_us();
	snapshot->broker.note = g_strdup("a:9092: connection refused");
	g_autoptr(JsonObject) status = parsed(api_status(snapshot));

	assert_true(is_null(status, "oldest_queued_s"));
	assert_string_equal(json_string(json_object(status, "broker"), "kind", ""), "kafka");
	assert_string_equal(json_string(json_object(status, "broker"), "state", ""), "down");
	assert_string_equal(json_string(json_object(status, "broker"), "note", ""), "a:9092: connection refused");
	assert_false(json_bool(status, "ready", true));
	g_autoptr(JsonObject) none = jobs(snapshot, NULL);
	assert_int_equal(json_int(none, "total", -1), 0);
	assert_int_equal(json_int(none, "pages", -1), 1);
	assert_int_equal(json_array_get_length(json_array(none, "jobs")), 0);
}

static void test_jobs(void **state)
{
	auto_struct(snapshot) snapshot = fake_snapshot("/srv/secret/beach.jpg");
	g_autoptr(JsonObject) all = jobs(snapshot, NULL);
	JsonArray *list = json_array(all, "jobs");
	assert_int_equal(json_int(all, "total", -1), 4);
	assert_int_equal(json_int(all, "page", -1), 1);
	assert_int_equal(json_int(all, "pages", -1), 1);

	JsonObject *running = json_object_at(list, 0);
	assert_string_equal(json_string(running, "id", ""), "j-running");
	assert_string_equal(json_string(running, "pipeline", ""), "web");
	assert_string_equal(json_string(running, "state", ""), "running");
	assert_string_equal(json_string(running, "lane", ""), "tiled");
	assert_int_equal(json_int(running, "width", -1), 24000);
	assert_int_equal(json_int(running, "height", -1), 18000);
	assert_int_equal(json_int(json_object(running, "tiles"), "total", -1), 120);
	assert_int_equal(json_int(json_object(running, "tiles"), "done", -1), 37);
	assert_string_equal(json_string(running, "queued_at", ""), "2026-11-23T09:00:00.000Z");
	assert_string_equal(json_string(running, "started_at", ""), "2026-11-23T09:00:03.000Z");
	assert_true(is_null(running, "finished_at"));
	assert_true(is_null(running, "error"));
	assert_string_equal(json_string(running, "doing", ""), "workers mill it");
	assert_string_equal(
		json_string(running, "waiting_for", ""), "cannot make the folder out: No space left on device");
	assert_int_equal(json_double(running, "retry_in_s", -1), 8);
	assert_int_equal(json_array_get_length(json_array(running, "outputs")), 0);

	JsonObject *queued = json_object_at(list, 1);
	assert_true(is_null(queued, "width"));
	assert_true(is_null(queued, "started_at"));
	assert_true(is_null(queued, "waiting_for"));
	assert_true(is_null(queued, "retry_in_s"));
	assert_string_equal(json_string(queued, "lane", ""), "whole");

	JsonObject *done = json_object_at(list, 2), *output = json_object_at(json_array(done, "outputs"), 0);
	assert_string_equal(json_string(done, "finished_at", ""), "2026-11-23T09:00:02.500Z");
	assert_string_equal(json_string(output, "path", ""), "web/holiday/b\xc3\xa4"
							     "ch \"1\".jpg");
	assert_int_equal(json_int(output, "bytes", -1), 421337);
	assert_int_equal(json_int(output, "width", -1), 1200);
	assert_int_equal(json_int(output, "height", -1), 800);
	assert_string_equal(json_string(output, "url", ""), "/jobs/j-done/output/0");

	JsonObject *failed = json_object_at(list, 3);
	assert_string_equal(json_string(failed, "source", ""), HOSTILE_NAME);
	assert_true(g_str_has_prefix(json_string(failed, "error", ""), "the file ends early"));

	/* Where files lie on disk is nobody's business. */
	g_autofree char *text = json_object_text(all);
	assert_null(strstr(text, "secret"));
}

static void test_filters(void **state)
{
	auto_struct(snapshot) snapshot = fake_snapshot(NULL);
	static const struct {
		const char *query;
		int total;
	} cases[] = {
		{"state=failed", 1},
		{"state=", 4},
		{"state=queued&pipeline=web", 1},
		{"pipeline=mono", 0},
		{"q=BEACH", 1},
		{"q=m%C3%9Cller+%26", 1},
		{"q=j-", 4},
		{"q=%3Cimg", 1},
		{"q=nowhere", 0},
		{"unknown=1", 4},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(JsonObject) found = jobs(snapshot, cases[i].query);
		if (json_int(found, "total", -1) != cases[i].total)
			fail_msg("%s: %d", cases[i].query, (int)json_int(found, "total", -1));
		assert_int_equal(json_array_get_length(json_array(found, "jobs")), cases[i].total);
	}
}

static void test_pages(void **state)
{
	auto_struct(snapshot) snapshot = snapshot_new();
	for (int i = 0; i < 10001; i++) {
		g_autofree char *id = g_strdup_printf("j%05d", i);
		fake_job(snapshot, id, "same.jpg", i % 2 ? JOB_DONE : JOB_FAILED);
	}
	g_autoptr(JsonObject) second = jobs(snapshot, "page=2");
	assert_int_equal(json_int(second, "total", -1), 10001);
	assert_int_equal(json_int(second, "pages", -1), 201);
	assert_int_equal(json_array_get_length(json_array(second, "jobs")), 50);
	assert_string_equal(json_string(json_object_at(json_array(second, "jobs"), 0), "id", ""), "j00050");
	g_autoptr(JsonObject) last = jobs(snapshot, "page=201");
	assert_int_equal(json_array_get_length(json_array(last, "jobs")), 1);
	g_autoptr(JsonObject) beyond = jobs(snapshot, "page=202");
	assert_int_equal(json_array_get_length(json_array(beyond, "jobs")), 0);
	assert_int_equal(json_int(beyond, "page", -1), 202);
	g_autoptr(JsonObject) failed = jobs(snapshot, "state=failed&page=3");
	assert_int_equal(json_int(failed, "total", -1), 5001);
	assert_string_equal(json_string(json_object_at(json_array(failed, "jobs"), 0), "id", ""), "j00200");
}

static void test_bad_queries(void **state)
{
	static const char *const bad[] = {
		"state=lost", "page=0", "page=-1", "page=x", "page=99999999999999999999", "q=%zz", "q=%ff", "q=%"};

	for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
		struct jobs_query query;
		g_autoptr(GError) error = NULL;
		if (jobs_query_parse(bad[i], &query, &error))
			fail_msg("%s was taken", bad[i]);
		assert_non_null(error);
		assert_null(strchr(error->message, '\n'));
	}
}

static void test_workers(void **state)
{
	auto_struct(snapshot) snapshot = fake_snapshot(NULL);
	g_autoptr(JsonObject) object = parsed(api_workers(snapshot));
	JsonArray *list = json_array(object, "workers");
	assert_int_equal(json_array_get_length(list), 3);

	JsonObject *live = json_object_at(list, 0), *gone = json_object_at(list, 2);
	assert_string_equal(json_string(live, "id", ""), "w1");
	assert_string_equal(json_string(live, "host", ""), "mill-1");
	assert_int_equal(json_int(live, "pid", -1), 4711);
	assert_string_equal(json_string(live, "state", ""), "live");
	assert_in_range((uintmax_t)(json_double(live, "last_heartbeat_s", -1) * 10 + 0.5), 4, 20);
	assert_string_equal(json_string(live, "plane", ""), "shm");
	assert_int_equal(json_array_get_length(json_array(live, "partitions")), 2);
	assert_int_equal(json_array_get_int_element(json_array(live, "partitions"), 1), 3);
	assert_int_equal(json_int(live, "lag", -1), 2);
	assert_int_equal(json_int(live, "tiles_done", -1), 12345);
	assert_true(json_double(live, "tiles_per_s", -1) > 8.2);
	assert_string_equal(json_string(live, "current", ""), "j-running tile 12");
	assert_string_equal(json_string(gone, "state", ""), "gone");
	assert_true(is_null(gone, "lag"));
	assert_true(json_double(gone, "last_heartbeat_s", -1) >= 95);
}

static void test_waiting(void **state)
{
	auto_struct(snapshot) snapshot = fake_snapshot(NULL);
	g_autoptr(JsonObject) object = parsed(api_waiting(snapshot));
	g_autoptr(JsonObject) status = parsed(api_status(snapshot));
	JsonObject *entry = json_object_at(json_array(object, "waiting"), 0);

	assert_int_equal(json_int(object, "total", 0), 7);
	assert_int_equal(json_int(status, "waiting", 0), 7);
	assert_string_equal(json_string(entry, "pipeline", ""), "mono");
	assert_string_equal(json_string(entry, "path", ""), "/srv/watch/mono/<b>half.jpg");
	assert_string_equal(json_string(entry, "why", ""), "permission denied");
	assert_string_equal(json_string(entry, "since", ""), "1970-01-01T00:00:01.000Z");
}

static void test_pipelines(void **state)
{
	auto_struct(snapshot) snapshot = fake_snapshot(NULL);
	g_autoptr(JsonObject) object = parsed(api_pipelines(snapshot));
	JsonArray *list = json_array(object, "pipelines");

	assert_int_equal(json_array_get_length(list), 2);
	assert_string_equal(json_string(json_object_at(list, 0), "inbox", ""), "watch/web");
	assert_true(json_bool(json_object_at(list, 0), "enabled", false));
	assert_true(is_null(json_object_at(list, 0), "error"));
	assert_false(json_bool(json_object_at(list, 1), "enabled", true));
	assert_non_null(strstr(json_string(json_object_at(list, 1), "error", ""), "did you mean 'blur'?"));
}

/* A job is written down a moment before the snapshot shows its end: whatever it is there, it is listed once. */
static void test_a_job_that_passes_into_the_history_is_listed_once(void **state)
{
	g_autofree char *folder = g_dir_make_tmp("dropmill-api-XXXXXX", NULL);
	g_autofree char *path = g_build_filename(folder, "history.db", NULL);
	auto_struct(history) history = history_open(path, NULL);
	auto_struct(snapshot) snapshot = snapshot_new();
	auto_struct(archive) archive = archive_new();
	static const struct {
		const char *id;
		enum job_state state;
	} known[] = {
		{"j-running", JOB_RUNNING}, {"j-queued", JOB_QUEUED}, {"j-done", JOB_DONE}, {"j-failed", JOB_FAILED}};

	assert_non_null(history);
	for (gsize i = 0; i < G_N_ELEMENTS(known); i++) {
		const struct history_job record = {.id = known[i].id,
			.pipeline = "web",
			.source = "a.jpg",
			.state = "done",
			.lane = "whole",
			.finished_wall_us = 1,
			.outputs = "[]"};
		fake_job(snapshot, known[i].id, "a.jpg", known[i].state);
		assert_true(history_add(history, &record, NULL));
	}
	archive_open(archive, history_open_again(history, NULL), folder);
	struct jobs_query wanted;
	assert_true(jobs_query_parse("", &wanted, NULL));
	g_autoptr(JsonObject) answer = parsed(api_jobs(snapshot, &wanted, archive));
	jobs_query_clear(&wanted);
	g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);
	JsonArray *list = json_array(answer, "jobs");
	for (guint i = 0; i < json_array_get_length(list); i++)
		assert_true(g_hash_table_add(seen, (gpointer)json_string(json_object_at(list, i), "id", "")));
	assert_int_equal(g_hash_table_size(seen), G_N_ELEMENTS(known));
	assert_int_equal(json_int(answer, "total", -1), G_N_ELEMENTS(known));
	files_remove_tree(folder);
}

static void test_bytes_that_are_no_text(void **state)
{
	auto_struct(snapshot) snapshot = snapshot_new();
	struct job_view *job = fake_job(snapshot, "j", "a\xff\x01\"\\.jpg", JOB_FAILED);
	job->error = g_strdup("quoted: \xc3");
	job->times.spent = g_new0(struct spent, 1);
	job->times.spent->of[SPENT_DECODE_US] = 7;
	g_autofree char *text = api_job(snapshot, job);

	assert_true(g_utf8_validate(text, -1, NULL));
	g_autoptr(JsonObject) object = json_parse_object(text, -1, NULL);
	assert_non_null(object);
	assert_int_equal(json_int(json_object(json_object(object, "spent"), "codec"), "decode_us", -1), 7);
	assert_string_equal(json_string(object, "source", ""), "a\xef\xbf\xbd\x01\"\\.jpg");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_status),
		cmocka_unit_test(test_status_of_an_idle_mill_on_a_lost_cluster),
		cmocka_unit_test(test_jobs),
		cmocka_unit_test(test_filters),
		cmocka_unit_test(test_pages),
		cmocka_unit_test(test_bad_queries),
		cmocka_unit_test(test_workers),
		cmocka_unit_test(test_waiting),
		cmocka_unit_test(test_pipelines),
		cmocka_unit_test(test_a_job_that_passes_into_the_history_is_listed_once),
		cmocka_unit_test(test_bytes_that_are_no_text),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

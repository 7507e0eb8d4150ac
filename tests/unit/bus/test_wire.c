/* SPDX-License-Identifier: GPL-2.0-or-later
 * Task and result: every field survives the way over the bus, and nothing malformed gets in. */
#include "bus/protocol/parcels.h"
#include "samples.h"

#define HASH2 "123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static void task_survives(void **state)
{
	auto_struct(record) record = sample_task();
	g_autoptr(GError) error = NULL;
	assert_int_equal(record->topic, TOPIC_TASKS);
	assert_int_equal(record->partition, 5);
	auto_struct(task) task = task_from_record(record, &error);
	assert_non_null(task);
	assert_int_equal(task->kind, TASK_TILE);
	assert_int_equal(task->plane, PLANE_INLINE);
	assert_string_equal(task->job, "j1.2_a-B");
	assert_true(task->serial == G_MAXUINT32);
	assert_int_equal(task->tile, 41);
	assert_int_equal(task->attempt, 3);
	assert_string_equal(task->worker, "host.example-17");
	assert_int_equal(task->output, 1);
	assert_memory_equal(&task->out, &((struct rect){1, 2, 3, 4}), sizeof(struct rect));
	assert_memory_equal(&task->need, &((struct rect){0, 0, 9999999, 10000000}), sizeof(struct rect));
	assert_string_equal(task->spec, "{\"steps\":[{\"blur\":3.0}],\"name\":\"\xc3\xa4\"}");
	assert_int_equal(g_bytes_get_size(task->payload), 6);
}

static void whole_task_needs_no_rectangles(void **state)
{
	struct task whole = {
		.kind = TASK_WHOLE, .plane = PLANE_SHM, .job = "j", .attempt = 1, .worker = "w", .spec = "{}"};
	auto_struct(record) record = task_to_record(&whole, -1);
	assert_null(record_get(record, "need"));
	auto_struct(task) task = task_from_record(record, NULL);
	assert_non_null(task);
	assert_int_equal(task->kind, TASK_WHOLE);
	assert_int_equal(task->plane, PLANE_SHM);
	assert_int_equal(g_bytes_get_size(task->payload), 0);
}

static void result_survives(void **state)
{
	for (int status = RESULT_OK; status <= RESULT_LACKS; status++) {
		struct result sent = {.job = "j1",
			.serial = 7,
			.tile = 41,
			.attempt = 3,
			.worker = "w",
			.status = status,
			.limit = status == RESULT_FAILED,
			.compute_us = 12,
			.spent = {1, 2, 3, 4, WORK_SPENT_MOST, 6},
			.message = status == RESULT_OK      ? ""
				   : status == RESULT_LACKS ? HASH
							    : "the reason, in \xc3\xbc"
							      "mlauts"};
		auto_struct(record) record = result_to_record(&sent, 0);
		auto_struct(result) result = result_from_record(record, NULL);
		assert_non_null(result);
		assert_string_equal(result->job, "j1");
		assert_int_equal(result->serial, 7);
		assert_int_equal(result->tile, 41);
		assert_int_equal(result->attempt, 3);
		assert_string_equal(result->worker, "w");
		assert_int_equal(result->status, status);
		assert_int_equal(result->limit, sent.limit);
		assert_int_equal(result->compute_us, 12);
		assert_memory_equal(&result->spent, &sent.spent, sizeof sent.spent);
		assert_string_equal(result->message, sent.message);
		assert_string_equal(result->report, "{}");
	}
	auto_struct(record) record = sample_result();
	auto_struct(result) result = result_from_record(record, NULL);
	assert_true(result->compute_us == G_MAXINT64);
	assert_int_equal(body_bytes(result->payload), 4);
}

static void what_was_spent_may_be_missing_but_not_malformed(void **state)
{
	static const char *const bad[] = {"", "1,2,3,4,5", "1,2,3,4,5,6,7", "1,2,3,4,5,-6", "1,2,3,4,1000000000001,6",
		"1,2,,4,5,6", "a,b,c,d,e,f"};
	for (gsize i = 0; i < G_N_ELEMENTS(bad); i++) {
		struct record *wrong = sample_result();
		set_header(wrong, "spent", bad[i]);
		assert_refused(reads_result, wrong, "spent", bad[i]);
	}
	struct record *twice = sample_result();
	record_add(twice, "spent", "1,2,3,4,5,6");
	assert_refused(reads_result, twice, "spent", "there twice");
	auto_struct(record) record = sample_result();
	drop_header(record, "spent");
	auto_struct(result) result = result_from_record(record, NULL);
	assert_non_null(result);
	assert_int_equal(result->spent.copied_bytes, 0);
}

static void long_reason_is_cut_at_a_letter(void **state)
{
	g_autoptr(GString) reason = g_string_new("x");
	for (int i = 0; i < 20000; i++)
		g_string_append(reason, "\xc3\xbc");
	struct result sent = {.job = "j", .attempt = 1, .worker = "w", .status = RESULT_FAILED, .message = reason->str};
	auto_struct(record) record = result_to_record(&sent, 0);
	auto_struct(result) result = result_from_record(record, NULL);
	assert_non_null(result);
	assert_in_range(strlen(result->message), 16000, 16 * 1024);
	assert_true(g_utf8_validate(result->message, -1, NULL));
}

static void unknown_headers_are_ignored(void **state)
{
	auto_struct(record) task = sample_task();
	auto_struct(record) heartbeat = sample_heartbeat();
	record_add(task, "traceparent", "00-1-2-3");
	assert_true(reads_task(task, NULL));
	set_value(heartbeat,
		"{\"id\":\"a\",\"host\":\"h\",\"pid\":1,\"machine\":\"m\",\"state\":\"idle\",\"job\":\"\","
		"\"tile\":-1,\"attempt\":0,\"busy_us\":0,\"done\":0,\"failed\":0,\"partitions\":[],\"lag\":0,"
		"\"planes\":[\"carrier-pigeon\",\"inline\"],\"vips\":\"\",\"test_hash\":\"\","
		"\"rss_bytes\":0,\"sequence\":1,\"colour\":\"green\"}");
	assert_true(reads_heartbeat(heartbeat, NULL));
}

static const struct bad bad_task[] = {
	{"v", {"", "x", "2", "0", "-1", "1 ", " 1", "1.0", "99999999999999999999"}},
	{"type", {"", "result", "Task", "task "}},
	{"job", {"", "a/b", "a b", "..\n", "\xc3\xa4",
			"12345678901234567890123456789012345678901234567890123456789012345"}},
	{"serial", {"", "-1", "4294967296", "0x1", "+1", " 1", "1,"}},
	{"tile", {"", "-1", "2147483648", "1e3", "99999999999999999999"}},
	{"attempt", {"", "0", "-1", "2147483648", "one"}},
	{"worker", {"", "a b", "../x", "\x01"}},
	{"kind", {"", "Tile", "tiles", "0"}},
	{"plane", {"", "SHM", "usb", "0"}},
	{"output", {"", "-1", "2147483648", "a"}},
	{"out", {"", "1,2,3", "1,2,3,4,5", "-1,0,1,1", "0,0,0,1", "0,0,1,0", "0,0,10000001,1", "1,0,10000000,1",
			"a,b,c,d", "1,2,3,4 ", "1,,3,4"}},
	{"need", {"", "1,2,3", "0,-1,1,1", "0,0,1,-1", "0,0,99999999999999999999,1", "0,1,1,10000000"}},
	{"spec", {"", "x", "[]", "1", "{", "{\"a\":}", "{}{}", "null", "{/*\"*/\"a\":1}", "{'a':1}"}},
};
static const struct bad bad_result[] = {
	{"v", {"", "2", "x"}},
	{"type", {"", "task"}},
	{"job", {"", "a/b"}},
	{"serial", {"", "-1", "4294967296"}},
	{"tile", {"", "-1", "x"}},
	{"attempt", {"", "0"}},
	{"worker", {"", "a b"}},
	{"status", {"", "OK", "fine"}},
	{"compute_us", {"", "-1", "9223372036854775808", "1.5"}},
	{"report", {"", "[]", "x"}},
};

static void refuse_all(reader_fn reads, struct record *(*sample)(void), const struct bad *bad, gsize count)
{
	for (gsize i = 0; i < count; i++) {
		struct record *record = sample();
		drop_header(record, bad[i].name);
		assert_refused(reads, record, bad[i].name, "missing");

		record = sample();
		record_add(record, bad[i].name, record_get(record, bad[i].name));
		assert_refused(reads, record, bad[i].name, "there twice");

		for (gsize j = 0; j < G_N_ELEMENTS(bad[i].values) && bad[i].values[j]; j++) {
			record = sample();
			set_header(record, bad[i].name, bad[i].values[j]);
			/* Another version has a reason of its own. */
			bool version = strcmp(bad[i].name, "v") == 0 && g_ascii_isdigit(*bad[i].values[j]) &&
				       strlen(bad[i].values[j]) == 1;
			assert_refused(reads, record, version ? "version" : bad[i].name, bad[i].values[j]);
		}
	}
}

static void malformed_tasks_are_refused(void **state)
{
	refuse_all(reads_task, sample_task, bad_task, G_N_ELEMENTS(bad_task));

	struct record *record = sample_task();
	set_header(record, "plane", "shm");
	assert_refused(reads_task, record, "shm", "with pixels");
	record = sample_task();
	set_value(record, "");
	assert_refused(reads_task, record, "inline", "without pixels");
	record = sample_task();
	set_header(record, "kind", "whole");
	assert_refused(reads_task, record, "tile", "of a whole file");
}

/* A task with two assets in front of its value. */
static struct record *task_with_assets(enum plane plane, const char *pixels)
{
	g_autoptr(GPtrArray) parcels = parcels_new();
	g_autoptr(GBytes) one = g_bytes_new_static("watermark", 9);
	g_autoptr(GBytes) two = g_bytes_new_static("font", 4);
	g_autoptr(GBytes) payload = g_bytes_new_static(pixels, strlen(pixels));

	parcels_add(parcels, HASH, one);
	parcels_add(parcels, "f" HASH2, two);
	struct task task = {.kind = TASK_TILE,
		.plane = plane,
		.job = "j",
		.attempt = 1,
		.worker = "w",
		.out = {0, 0, 1, 1},
		.need = {0, 0, 1, 1},
		.spec = "{}",
		.payload = payload,
		.parcels = parcels};
	return task_to_record(&task, 0);
}

static void assets_come_in_front_of_the_value(void **state)
{
	for (enum plane plane = PLANE_SHM; plane <= PLANE_INLINE; plane++) {
		const char *pixels = plane == PLANE_INLINE ? "pixels" : "";
		auto_struct(record) record = task_with_assets(plane, pixels);
		g_autoptr(GError) error = NULL;
		auto_struct(task) task = task_from_record(record, &error);
		assert_non_null(task);
		assert_int_equal(task->parcels->len, 2);
		assert_int_equal(parcels_bytes(task->parcels), 13);
		const struct parcel *first = task->parcels->pdata[0], *second = task->parcels->pdata[1];
		assert_string_equal(first->sha256, HASH);
		assert_memory_equal(g_bytes_get_data(first->bytes, NULL), "watermark", 9);
		assert_memory_equal(g_bytes_get_data(second->bytes, NULL), "font", 4);
		assert_int_equal(g_bytes_get_size(task->payload), strlen(pixels));
		assert_memory_equal(g_bytes_get_data(task->payload, NULL), pixels, strlen(pixels));
	}
	auto_struct(record) plain = sample_task();
	auto_struct(task) task = task_from_record(plain, NULL);
	assert_null(record_get(plain, "assets"));
	assert_int_equal(task->parcels->len, 0);
}

static void malformed_assets_are_refused(void **state)
{
	static const char *const bad[] = {"", ",", HASH, HASH ":", HASH ":0", HASH ":-1", HASH ":x", HASH ":20",
		HASH ":9," HASH ":11", HASH ":9:4", "g" HASH2 ":9", HASH ":9,", " " HASH ":9",
		HASH ":99999999999999999999"};

	for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
		struct record *record = task_with_assets(PLANE_INLINE, "pixels");
		set_header(record, "assets", bad[i]);
		assert_refused(reads_task, record, "assets", bad[i]);
	}
	struct record *record = task_with_assets(PLANE_INLINE, "");
	assert_refused(reads_task, record, "inline", "without pixels behind the assets");
	record = task_with_assets(PLANE_INLINE, "pixels");
	record_add(record, "assets", HASH ":9");
	assert_refused(reads_task, record, "assets", "there twice");
	/* What is lacking is named by its hash. */
	struct result lacks = {.job = "j", .attempt = 1, .worker = "w", .status = RESULT_LACKS, .message = "the logo"};
	record = result_to_record(&lacks, 0);
	assert_refused(reads_result, record, "message", "no hash");
}

static void malformed_results_are_refused(void **state)
{
	refuse_all(reads_result, sample_result, bad_result, G_N_ELEMENTS(bad_result));

	struct record *record = sample_result();
	set_header(record, "status", "failed");
	assert_refused(reads_result, record, "not ok", "with pixels");
	g_autofree char *text = g_strnfill(100000, 'x');
	record = sample_result();
	set_header(record, "message", text);
	assert_refused(reads_result, record, "message", "too long");
}

/* Whatever comes: taken or refused with a reason, and what was taken can be sent again. ASan has the rest to say. */
static void random_flips_never_crash(void **state)
{
	static struct record *(*const samples[])(void) = {sample_task, sample_result, sample_heartbeat};
	const reader_fn readers[] = {reads_task, reads_result, reads_heartbeat};
	g_autoptr(GRand) random = g_rand_new_with_seed(20261123);
	int refused = 0;
	for (int round = 0; round < 30000; round++) {
		auto_struct(record) record = samples[round % 3]();
		g_autoptr(GError) error = NULL;
		if (round % 3 == 2 && round % 2) {
			gsize size;
			char *text = g_bytes_unref_to_data(g_steal_pointer(&record->value), &size);
			flip(text, size, random);
			record->value = g_bytes_new_take(text, size);
		} else {
			char *text = record->headers->pdata[g_rand_int_range(random, 0, (gint32)record->headers->len)];
			flip(text, strlen(text), random);
		}
		bool taken = readers[round % 3](record, &error);
		assert_true(taken == (error == NULL));
		refused += !taken;
	}
	assert_in_range(refused, 10000, 29999);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(task_survives),
		cmocka_unit_test(whole_task_needs_no_rectangles),
		cmocka_unit_test(result_survives),
		cmocka_unit_test(what_was_spent_may_be_missing_but_not_malformed),
		cmocka_unit_test(long_reason_is_cut_at_a_letter),
		cmocka_unit_test(unknown_headers_are_ignored),
		cmocka_unit_test(malformed_tasks_are_refused),
		cmocka_unit_test(assets_come_in_front_of_the_value),
		cmocka_unit_test(malformed_assets_are_refused),
		cmocka_unit_test(malformed_results_are_refused),
		cmocka_unit_test(random_flips_never_crash),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

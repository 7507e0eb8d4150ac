/* SPDX-License-Identifier: GPL-2.0-or-later
 * Task, result and heartbeat: every field survives the way over the bus, and nothing malformed gets in. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants the four above. */
#include <cmocka.h>
#include <string.h>

#include "base/json.h"
#include "bus/wire.h"

#define HASH "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static struct record *sample_task(void)
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
	};
	return task_to_record(&task, 5);
}

static struct record *sample_result(void)
{
	g_autoptr(GBytes) pixels = g_bytes_new_static("grey", 4);
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
		.payload = pixels,
	};
	return result_to_record(&result, 0);
}

static struct record *sample_heartbeat(void)
{
	g_autoptr(GArray) partitions = g_array_new(FALSE, FALSE, sizeof(gint32));
	gint32 held[] = {0, 7};
	g_array_append_vals(partitions, held, 2);
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
		.planes = {true, false},
		.vips = "8.14.1",
		.test_hash = HASH,
		.rss_bytes = 123456789,
		.sequence = 9,
	};
	return heartbeat_to_record(&heartbeat);
}

static bool reads_task(const struct record *record, GError **error)
{
	auto_struct(task) task = task_from_record(record, error);
	return task != NULL;
}

static bool reads_result(const struct record *record, GError **error)
{
	auto_struct(result) result = result_from_record(record, error);
	return result != NULL;
}

static bool reads_heartbeat(const struct record *record, GError **error)
{
	auto_struct(heartbeat) heartbeat = heartbeat_from_record(record, error);
	return heartbeat != NULL;
}

typedef bool (*reader_fn)(const struct record *record, GError **error);

static void set_header(struct record *record, const char *name, const char *value)
{
	for (guint i = 0; i < record->headers->len; i += 2)
		if (strcmp(record->headers->pdata[i], name) == 0) {
			g_free(record->headers->pdata[i + 1]);
			record->headers->pdata[i + 1] = g_strdup(value);
			return;
		}
	record_add(record, name, value);
}

static void drop_header(struct record *record, const char *name)
{
	for (guint i = 0; i < record->headers->len; i += 2)
		if (strcmp(record->headers->pdata[i], name) == 0) {
			g_ptr_array_remove_range(record->headers, i, 2);
			return;
		}
	fail_msg("the sample has no header '%s'", name);
}

static void set_value(struct record *record, const char *text)
{
	g_bytes_unref(record->value);
	record->value = g_bytes_new(text, strlen(text));
}

/* Refused, with a reason that names the culprit. */
static void assert_refused(reader_fn reads, struct record *taken, const char *culprit, const char *how)
{
	auto_struct(record) record = taken;
	g_autoptr(GError) error = NULL;

	if (reads(record, &error))
		fail_msg("taken although %s is %s", culprit, how);
	assert_non_null(error);
	if (!strstr(error->message, culprit))
		fail_msg("%s is %s, but the reason is: %s", culprit, how, error->message);
}

static void task_survives(void **state)
{
	auto_struct(record) record = sample_task();
	g_autoptr(GError) error = NULL;
	(void)state;

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
	(void)state;

	assert_null(record_get(record, "need"));
	auto_struct(task) task = task_from_record(record, NULL);
	assert_non_null(task);
	assert_int_equal(task->kind, TASK_WHOLE);
	assert_int_equal(task->plane, PLANE_SHM);
	assert_int_equal(g_bytes_get_size(task->payload), 0);
}

static void result_survives(void **state)
{
	(void)state;
	for (int status = RESULT_OK; status <= RESULT_STALE; status++) {
		struct result sent = {.job = "j1",
			.serial = 7,
			.tile = 41,
			.attempt = 3,
			.worker = "w",
			.status = status,
			.compute_us = 12,
			.message = status == RESULT_OK ? ""
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
		assert_int_equal(result->compute_us, 12);
		assert_string_equal(result->message, sent.message);
		assert_string_equal(result->report, "{}");
	}
	auto_struct(record) record = sample_result();
	auto_struct(result) result = result_from_record(record, NULL);
	assert_true(result->compute_us == G_MAXINT64);
	assert_int_equal(g_bytes_get_size(result->payload), 4);
}

static void long_reason_is_cut_at_a_letter(void **state)
{
	g_autoptr(GString) reason = g_string_new("x");
	(void)state;
	for (int i = 0; i < 20000; i++)
		g_string_append(reason, "\xc3\xbc");
	struct result sent = {.job = "j", .attempt = 1, .worker = "w", .status = RESULT_FAILED, .message = reason->str};
	auto_struct(record) record = result_to_record(&sent, 0);
	auto_struct(result) result = result_from_record(record, NULL);
	assert_non_null(result);
	assert_in_range(strlen(result->message), 16000, 16 * 1024);
	assert_true(g_utf8_validate(result->message, -1, NULL));
}

static void heartbeat_survives(void **state)
{
	auto_struct(record) record = sample_heartbeat();
	(void)state;

	assert_int_equal(record->topic, TOPIC_HEARTBEATS);
	auto_struct(heartbeat) heartbeat = heartbeat_from_record(record, NULL);
	assert_non_null(heartbeat);
	assert_string_equal(heartbeat->id, "host-12");
	assert_string_equal(heartbeat->host, "m\xc3\xbchle");
	assert_int_equal(heartbeat->pid, 12);
	assert_string_equal(heartbeat->machine, "boot:1:2");
	assert_string_equal(heartbeat->state, "busy");
	assert_string_equal(heartbeat->job, "j1");
	assert_int_equal(heartbeat->tile, 4);
	assert_int_equal(heartbeat->attempt, 1);
	assert_int_equal(heartbeat->busy_us, 1500000);
	assert_true(heartbeat->done == 1ull << 40);
	assert_int_equal(heartbeat->failed, 2);
	assert_int_equal(heartbeat->partitions->len, 2);
	assert_int_equal(g_array_index(heartbeat->partitions, gint32, 1), 7);
	assert_int_equal(heartbeat->lag, -1);
	assert_true(heartbeat->planes[PLANE_SHM]);
	assert_false(heartbeat->planes[PLANE_INLINE]);
	assert_string_equal(heartbeat->vips, "8.14.1");
	assert_string_equal(heartbeat->test_hash, HASH);
	assert_int_equal(heartbeat->rss_bytes, 123456789);
	assert_int_equal(heartbeat->sequence, 9);
}

static void unknown_headers_are_ignored(void **state)
{
	auto_struct(record) task = sample_task();
	auto_struct(record) heartbeat = sample_heartbeat();
	(void)state;

	record_add(task, "traceparent", "00-1-2-3");
	assert_true(reads_task(task, NULL));
	set_value(heartbeat,
		"{\"id\":\"a\",\"host\":\"h\",\"pid\":1,\"machine\":\"m\",\"state\":\"idle\",\"job\":\"\","
		"\"tile\":-1,\"attempt\":0,\"busy_us\":0,\"done\":0,\"failed\":0,\"partitions\":[],\"lag\":0,"
		"\"planes\":[\"carrier-pigeon\",\"inline\"],\"vips\":\"\",\"test_hash\":\"\","
		"\"rss_bytes\":0,\"sequence\":1,\"colour\":\"green\"}");
	assert_true(reads_heartbeat(heartbeat, NULL));
}

struct bad {
	const char *name;
	const char *values[12];
};

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
	(void)state;
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

static void malformed_results_are_refused(void **state)
{
	(void)state;
	refuse_all(reads_result, sample_result, bad_result, G_N_ELEMENTS(bad_result));

	struct record *record = sample_result();
	set_header(record, "status", "failed");
	assert_refused(reads_result, record, "not ok", "with pixels");
	g_autofree char *text = g_strnfill(100000, 'x');
	record = sample_result();
	set_header(record, "message", text);
	assert_refused(reads_result, record, "message", "too long");
}

/* One member of the sample heartbeat with another value, as JSON text; NULL: without it. */
static struct record *heartbeat_with(const char *name, const char *json)
{
	struct record *record = sample_heartbeat();
	gsize size;
	const char *text = g_bytes_get_data(record->value, &size);
	g_autoptr(JsonObject) object = json_parse_object(text, (gssize)size, NULL);
	/* The parser's objects cannot be changed: members one by one into a new text. */
	g_autoptr(GString) changed = g_string_new("{");
	g_autoptr(GList) names = json_object_get_members(object);

	for (GList *link = names; link; link = link->next) {
		bool this_one = strcmp(link->data, name) == 0;
		if (this_one && !json)
			continue;
		g_autofree char *value =
			this_one ? g_strdup(json) : json_to_string(json_object_get_member(object, link->data), FALSE);
		g_string_append_printf(changed, "%s\"%s\":%s", changed->len > 1 ? "," : "", (char *)link->data, value);
	}
	g_string_append_c(changed, '}');
	set_value(record, changed->str);
	return record;
}

static void malformed_heartbeats_are_refused(void **state)
{
	static const struct bad bad[] = {
		{"id", {"1", "\"\"", "\"a b\"", "null", "[]"}},
		{"host", {"1", "null"}},
		{"pid", {"0", "-1", "\"1\"", "1.5", "true", "null", "{}"}},
		{"machine", {"1"}},
		{"state", {"\"dead\"", "\"\"", "1"}},
		{"job", {"1", "\"a/b\""}},
		{"tile", {"-2", "2147483648", "\"1\""}},
		{"attempt", {"-1", "2147483648"}},
		{"busy_us", {"-1"}},
		{"done", {"-1", "0.5"}},
		{"failed", {"-1"}},
		{"partitions", {"1", "[-1]", "[\"1\"]", "[2147483648]", "[null]", "[[1]]", "{}"}},
		{"lag", {"-2", "\"0\""}},
		{"planes", {"1", "[1]", "[null]", "\"shm\""}},
		{"vips", {"8"}},
		{"test_hash", {"\"abc\"", "0"}},
		{"rss_bytes", {"-1"}},
		{"sequence", {"0", "-9"}},
	};
	(void)state;

	assert_refused(reads_heartbeat, heartbeat_with("state", "\"x\""), "state", "x");
	for (gsize i = 0; i < G_N_ELEMENTS(bad); i++) {
		assert_refused(reads_heartbeat, heartbeat_with(bad[i].name, NULL), bad[i].name, "missing");
		for (gsize j = 0; bad[i].values[j]; j++)
			assert_refused(reads_heartbeat, heartbeat_with(bad[i].name, bad[i].values[j]), bad[i].name,
				bad[i].values[j]);
	}
	static const char *const texts[] = {"", "x", "[]", "null", "{", "{}", "\xff\xfe", "{\"id\":\"\xff\"}"};
	for (gsize i = 0; i < G_N_ELEMENTS(texts); i++) {
		struct record *record = sample_heartbeat();
		set_value(record, texts[i]);
		assert_refused(reads_heartbeat, record, "malformed heartbeat", texts[i]);
	}
}

/* json-glib would follow any depth on the stack, and crash. */
static void deep_json_is_refused(void **state)
{
	g_autoptr(GString) deep = g_string_new("{\"a\":");
	(void)state;
	for (int i = 0; i < 1000000; i++)
		g_string_append_c(deep, '[');
	struct record *record = sample_heartbeat();
	set_value(record, deep->str);
	assert_refused(reads_heartbeat, record, "nested", "1,000,000 deep");
	record = sample_task();
	set_header(record, "spec", deep->str);
	assert_refused(reads_task, record, "spec", "1,000,000 deep");
	/* Brackets in a string are none. */
	record = sample_task();
	g_autofree char *brackets = g_strnfill(1000, '[');
	g_autofree char *spec = g_strdup_printf("{\"a\":\"\\\"%s\"}", brackets);
	set_header(record, "spec", spec);
	assert_true(reads_task(record, NULL));
	record_free(record);
}

static void flip(char *text, gsize length, GRand *random)
{
	int flips = g_rand_int_range(random, 1, 4);
	for (int i = 0; length > 0 && i < flips; i++)
		text[g_rand_int_range(random, 0, (gint32)length)] ^= (char)(1 << g_rand_int_range(random, 0, 8));
}

/* Whatever comes: taken or refused with a reason, and what was taken can be sent again. ASan has the rest to say. */
static void random_flips_never_crash(void **state)
{
	struct record *(*const samples[])(void) = {sample_task, sample_result, sample_heartbeat};
	const reader_fn readers[] = {reads_task, reads_result, reads_heartbeat};
	g_autoptr(GRand) random = g_rand_new_with_seed(20261123);
	int refused = 0;
	(void)state;

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
		cmocka_unit_test(long_reason_is_cut_at_a_letter),
		cmocka_unit_test(heartbeat_survives),
		cmocka_unit_test(unknown_headers_are_ignored),
		cmocka_unit_test(malformed_tasks_are_refused),
		cmocka_unit_test(malformed_results_are_refused),
		cmocka_unit_test(malformed_heartbeats_are_refused),
		cmocka_unit_test(deep_json_is_refused),
		cmocka_unit_test(random_flips_never_crash),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

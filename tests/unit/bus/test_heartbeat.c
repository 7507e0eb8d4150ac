/* SPDX-License-Identifier: GPL-2.0-or-later
 * Heartbeats: every field survives the way over the bus, and no malformed or hostile JSON gets in. */
#include "samples.h"

#include "base/json.h"
#include "bus/protocol/heartbeat.h"

static void heartbeat_survives(void **state)
{
	auto_struct(record) record = sample_heartbeat();
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
	assert_int_equal(heartbeat->lags->len, 2);
	assert_int_equal(g_array_index(heartbeat->lags, gint64, 0), -1);
	assert_true(g_array_index(heartbeat->lags, gint64, 1) == 1ll << 40);
	assert_string_equal(heartbeat->version, "1.2");
	assert_true(heartbeat->planes[PLANE_SHM]);
	assert_false(heartbeat->planes[PLANE_INLINE]);
	assert_string_equal(heartbeat->vips, "8.14.1");
	assert_string_equal(heartbeat->test_hash, HASH);
	assert_int_equal(heartbeat->rss_bytes, 123456789);
	assert_int_equal(heartbeat->sequence, 9);
	assert_string_equal(heartbeat->slot, "77.1");
	assert_int_equal(heartbeat->restarts, 5);
	assert_true(heartbeat->retiring);
	assert_int_equal(heartbeat->endings->len, 2);
	const struct ending *ending = heartbeat->endings->pdata[1];
	assert_int_equal(ending->pid, 11);
	assert_string_equal(ending->how, "killed by SIGSEGV");
	assert_string_equal(ending->task, "j1/7/4/1");
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
		{"host", {"1", "null", "\"a\\nb\""}},
		{"pid", {"0", "-1", "\"1\"", "1.5", "true", "null", "{}"}},
		{"machine", {"1", "\"\\u001b[31m\""}},
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
		{"vips", {"8", "\"8\\n\"", "\"\\u202e8\""}},
		{"test_hash", {"\"abc\"", "0"}},
		{"rss_bytes", {"-1"}},
		{"sequence", {"0", "-9"}},
	};
	assert_refused(reads_heartbeat, heartbeat_with("state", "\"x\""), "state", "x");
	for (gsize i = 0; i < G_N_ELEMENTS(bad); i++) {
		assert_refused(reads_heartbeat, heartbeat_with(bad[i].name, NULL), bad[i].name, "missing");
		for (gsize j = 0; bad[i].values[j]; j++)
			assert_refused(reads_heartbeat, heartbeat_with(bad[i].name, bad[i].values[j]), bad[i].name,
				bad[i].values[j]);
	}
	/* What workers of another make may leave out. */
	static const struct bad optional[] = {
		{"slot", {"1", "\"a b\"", "null"}},
		{"restarts", {"-1", "\"1\""}},
		{"version", {"1", "null", "[]", "\"1\\r\""}},
		{"lags", {"1", "[0]", "[0, 0, 0]", "[0, -2]", "[0, \"1\"]", "[0, null]", "{}"}},
		{"endings", {"1", "[1]", "[{}]", "[{\"pid\":0,\"how\":\"x\"}]", "[{\"pid\":1}]",
				    "[{\"pid\":1,\"how\":\"\"}]", "[{\"pid\":1,\"how\":\"a\\nb\"}]",
				    "[{\"pid\":1,\"how\":\"x\",\"task\":\"\\u0007\"}]"}},
	};
	for (gsize i = 0; i < G_N_ELEMENTS(optional); i++) {
		auto_struct(record) without = heartbeat_with(optional[i].name, NULL);
		assert_true(reads_heartbeat(without, NULL));
		for (gsize j = 0; optional[i].values[j]; j++)
			assert_refused(reads_heartbeat, heartbeat_with(optional[i].name, optional[i].values[j]),
				optional[i].name, optional[i].values[j]);
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(heartbeat_survives),
		cmocka_unit_test(malformed_heartbeats_are_refused),
		cmocka_unit_test(deep_json_is_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

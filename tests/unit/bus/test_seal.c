/* SPDX-License-Identifier: GPL-2.0-or-later
 * The MAC of a record holds for exactly this topic, these headers and this value, under this key. */
#include "../unit.h"

#include "bus/seal.h"

#include <string.h>

static struct record *sample(enum topic topic, const char *name, const char *value, const char *bytes)
{
	struct record *record = record_new(topic, 0, g_bytes_new(bytes, strlen(bytes)));

	record_add(record, "v", "1");
	record_add(record, name, value);
	return record;
}

static void what_was_sealed_holds(void **state)
{
	g_autoptr(GBytes) key = seal_key_new();
	g_autoptr(GBytes) other = seal_key_new();
	auto_struct(record) record = sample(TOPIC_TASKS, "job", "a-1", "pixels");

	assert_false(seal_holds(record, key));
	seal_add(record, key);
	assert_true(seal_holds(record, key));
	assert_false(seal_holds(record, other));
	assert_int_equal(strlen("mac") + strlen(record_get(record, "mac")), SEAL_BYTES);
}

/* The same MAC in a record that differs in one place; what is cut elsewhere is another text, too. */
static void nothing_can_be_changed(void **state)
{
	g_autoptr(GBytes) key = seal_key_new();
	auto_struct(record) good = sample(TOPIC_TASKS, "job", "a-1", "pixels");
	seal_add(good, key);
	const struct {
		enum topic topic;
		const char *name, *value, *bytes;
	} forged[] = {
		{TOPIC_RESULTS, "job", "a-1", "pixels"},
		{TOPIC_TASKS, "jo", "ba-1", "pixels"},
		{TOPIC_TASKS, "job", "a-2", "pixels"},
		{TOPIC_TASKS, "job", "a-1", "pixelz"},
		{TOPIC_TASKS, "job", "a-1", ""},
		{TOPIC_TASKS, "job", "a-1pixels", ""},
	};

	for (gsize i = 0; i < G_N_ELEMENTS(forged); i++) {
		auto_struct(record) record = sample(forged[i].topic, forged[i].name, forged[i].value, forged[i].bytes);
		record_add(record, "mac", record_get(good, "mac"));
		assert_false(seal_holds(record, key));
	}
	auto_struct(record) more = sample(TOPIC_TASKS, "job", "a-1", "pixels");
	record_add(more, "mac", record_get(good, "mac"));
	assert_true(seal_holds(more, key));
	record_add(more, "part", "0");
	assert_false(seal_holds(more, key));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_sealed_holds),
		cmocka_unit_test(nothing_can_be_changed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

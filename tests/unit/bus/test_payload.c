/* SPDX-License-Identifier: GPL-2.0-or-later
 * Parts of large records. */
#include "support.h"

#include "bus/payload.h"

static struct record *large(gsize size, const char *attempt)
{
	guint8 *bytes = g_malloc(MAX(size, 1));
	for (gsize i = 0; i < size; i++)
		bytes[i] = (guint8)(i * 31 + i / 251);
	struct record *record = record_new(TOPIC_TASKS, 3, g_bytes_new_take(bytes, size));
	record_add(record, "type", "task");
	record_add(record, "job", "j");
	record_add(record, "serial", "1");
	record_add(record, "tile", "2");
	record_add(record, "attempt", attempt);
	record_add(record, "worker", "w");
	return record;
}

/* Part i, taken out of the array. */
static struct record *part_of(GPtrArray *parts, guint i)
{
	struct record *part = parts->pdata[i];
	parts->pdata[i] = NULL;
	return part;
}

static void one_record_stays_itself(void **state)
{
	auto_struct(joiner) joiner = joiner_new(100000);
	(void)state;

	for (gsize size = 0; size <= 10; size += 10) {
		struct record *record = large(size, "1");
		g_autoptr(GPtrArray) parts = payload_split(record, 10);
		assert_int_equal(parts->len, 1);
		assert_ptr_equal(parts->pdata[0], record);
		assert_null(record_get(record, "parts"));
		auto_struct(record) whole = joiner_add(joiner, part_of(parts, 0), NULL);
		assert_ptr_equal(whole, record);
	}
}

static void parts_come_together_in_any_order(void **state)
{
	const gsize sizes[] = {11, 20, 21, 1000}, counts[] = {2, 2, 3, 100};
	(void)state;

	for (gsize s = 0; s < G_N_ELEMENTS(sizes); s++) {
		for (int order = 0; order < 3; order++) {
			auto_struct(joiner) joiner = joiner_new(100000);
			auto_struct(record) sample = large(sizes[s], "1");
			g_autoptr(GPtrArray) parts = payload_split(large(sizes[s], "1"), 10);
			auto_struct(record) whole = NULL;
			assert_int_equal(parts->len, counts[s]);
			for (guint i = 0; i < parts->len; i++) {
				guint at = order == 0 ? i : order == 1 ? parts->len - 1 - i : (i + 1) % parts->len;
				struct record *part = parts->pdata[at];
				assert_int_equal(part->partition, 3);
				assert_in_range(g_bytes_get_size(part->value), 1, 10);
				g_autoptr(GError) error = NULL;
				assert_null(whole);
				whole = joiner_add(joiner, part_of(parts, at), &error);
				assert_null(error);
			}
			assert_non_null(whole);
			assert_true(g_bytes_equal(whole->value, sample->value));
			assert_null(record_get(whole, "part"));
			assert_null(record_get(whole, "parts"));
			assert_null(record_get(whole, "bytes"));
			assert_string_equal(record_get(whole, "worker"), "w");
			assert_int_equal(whole->headers->len, sample->headers->len);
		}
	}
}

/* A publisher that repeats itself, and two attempts at the same tile at once. */
static void doubles_and_mixed_records_do_no_harm(void **state)
{
	auto_struct(joiner) joiner = joiner_new(100000);
	g_autoptr(GPtrArray) a = payload_split(large(30, "1"), 10);
	g_autoptr(GPtrArray) b = payload_split(large(30, "2"), 10);
	g_autoptr(GPtrArray) again = payload_split(large(30, "1"), 10);
	g_autoptr(GError) error = NULL;
	(void)state;

	assert_null(joiner_add(joiner, part_of(a, 0), &error));
	assert_null(joiner_add(joiner, part_of(b, 0), &error));
	assert_null(joiner_add(joiner, part_of(again, 0), &error));
	assert_null(joiner_add(joiner, part_of(a, 2), &error));
	assert_null(joiner_add(joiner, part_of(again, 2), &error));
	assert_null(joiner_add(joiner, part_of(b, 1), &error));
	auto_struct(record) first = joiner_add(joiner, part_of(a, 1), &error);
	auto_struct(record) second = joiner_add(joiner, part_of(b, 2), &error);
	assert_null(error);
	assert_non_null(first);
	assert_non_null(second);
	assert_string_equal(record_get(first, "attempt"), "1");
	assert_string_equal(record_get(second, "attempt"), "2");
	assert_int_equal(joiner_dropped(joiner), 0);
}

static void oldest_goes_when_the_budget_is_spent(void **state)
{
	auto_struct(joiner) joiner = joiner_new(25000);
	g_autoptr(GPtrArray) old = payload_split(large(20000, "1"), 5000);
	g_autoptr(GPtrArray) fresh = payload_split(large(20000, "2"), 5000);
	g_autoptr(GError) error = NULL;
	(void)state;

	for (guint i = 0; i < 3; i++)
		assert_null(joiner_add(joiner, part_of(old, i), &error));
	assert_null(joiner_add(joiner, part_of(fresh, 0), &error));
	assert_int_equal(joiner_dropped(joiner), 0);
	assert_null(joiner_add(joiner, part_of(fresh, 1), &error));
	assert_int_equal(joiner_dropped(joiner), 3);
	/* What comes of the dropped one now does not make it whole. */
	assert_null(joiner_add(joiner, part_of(old, 3), &error));
	assert_null(joiner_add(joiner, part_of(fresh, 2), &error));
	auto_struct(record) whole = joiner_add(joiner, part_of(fresh, 3), &error);
	assert_non_null(whole);
	assert_null(error);
	assert_string_equal(record_get(whole, "attempt"), "2");
}

static void set_part(struct record *record, const char *name, const char *value)
{
	for (guint i = 0; i < record->headers->len; i += 2)
		if (strcmp(record->headers->pdata[i], name) == 0) {
			g_ptr_array_remove_range(record->headers, i, 2);
			break;
		}
	if (value)
		record_add(record, name, value);
}

static void malformed_parts_are_refused(void **state)
{
	static const struct {
		const char *name;
		const char *values[8];
	} bad[] = {
		{"part", {"", "-1", "3", "x", " 1", "99999999999999999999"}},
		{"parts", {"", "0", "-3", "65537", "4294967299", "x"}},
		{"bytes", {"", "0", "-30", "9", "x", "9223372036854775807", "18446744073709551615"}},
	};
	auto_struct(joiner) joiner = joiner_new(100000);
	(void)state;

	for (gsize i = 0; i < G_N_ELEMENTS(bad); i++)
		for (gsize j = 0; j == 0 || bad[i].values[j - 1]; j++) {
			g_autoptr(GPtrArray) parts = payload_split(large(30, "1"), 10);
			g_autoptr(GError) error = NULL;
			set_part(parts->pdata[1], bad[i].name, bad[i].values[j]);
			assert_null(joiner_add(joiner, part_of(parts, 1), &error));
			if (!error)
				fail_msg("taken with %s %s", bad[i].name,
					bad[i].values[j] ? bad[i].values[j] : "missing");
			assert_non_null(strstr(error->message, "malformed part"));
		}
	static const char *const identity[] = {"type", "job", "serial", "tile", "attempt", "worker"};
	for (gsize i = 0; i < G_N_ELEMENTS(identity); i++) {
		g_autoptr(GPtrArray) parts = payload_split(large(30, "1"), 10);
		g_autoptr(GError) error = NULL;
		set_part(parts->pdata[1], identity[i], NULL);
		assert_null(joiner_add(joiner, part_of(parts, 1), &error));
		assert_non_null(strstr(error->message, identity[i]));
	}
}

static void parts_that_disagree_are_refused(void **state)
{
	auto_struct(joiner) joiner = joiner_new(100000);
	g_autoptr(GPtrArray) parts = payload_split(large(30, "1"), 10);
	g_autoptr(GPtrArray) lying = payload_split(large(30, "2"), 10);
	g_autoptr(GError) other = NULL;
	g_autoptr(GError) sum = NULL;
	(void)state;

	assert_null(joiner_add(joiner, part_of(parts, 0), NULL));
	set_part(parts->pdata[1], "bytes", "31");
	assert_null(joiner_add(joiner, part_of(parts, 1), &other));
	assert_non_null(strstr(other->message, "31"));
	/* All say 25 bytes, but have 30. */
	for (guint i = 0; i < 3; i++)
		set_part(lying->pdata[i], "bytes", "25");
	for (guint i = 0; i < 3; i++)
		assert_null(joiner_add(joiner, part_of(lying, i), &sum));
	assert_non_null(strstr(sum->message, "30"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_record_stays_itself),
		cmocka_unit_test(parts_come_together_in_any_order),
		cmocka_unit_test(doubles_and_mixed_records_do_no_harm),
		cmocka_unit_test(oldest_goes_when_the_budget_is_spent),
		cmocka_unit_test(malformed_parts_are_refused),
		cmocka_unit_test(parts_that_disagree_are_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

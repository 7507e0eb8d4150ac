/* SPDX-License-Identifier: GPL-2.0-or-later
 * What never becomes whole, or is too much: told once, and its room is free again. */
#include "joiner_support.h"

/* The rest never comes: told once, and its room is free again. */
static void what_stays_unfinished_is_told_and_forgotten(void **state)
{
	struct harness harness;
	begin(&harness, HUGE_BYTES, 300 * 1000);
	for (int round = 1; round <= 2; round++) {
		g_autoptr(GPtrArray) parts = split(large(HUGE_BYTES, round == 1 ? "1" : "2"), HUGE_BYTES / 3 + 1);
		assert_null(joiner_add(harness.joiner, part_of(parts, 1)));
		joiner_tick(harness.joiner);
		assert_int_equal(joiner_pending(harness.joiner), 1);
		g_usleep(320 * 1000);
		joiner_tick(harness.joiner);
		assert_int_equal(joiner_pending(harness.joiner), 0);
		assert_int_equal(harness.told, round);
		assert_int_equal(harness.kind, ERROR_SYSTEM); /* counted as a message that was lost */
		assert_string_equal(harness.job, "j");
		assert_string_equal(harness.attempt, round == 1 ? "1" : "2");
		assert_non_null(strstr(harness.why, "1 of its 3 parts came"));
	}
	finish(&harness);
}

/* One that still comes is not given up for another; one that does not, is. */
static void when_the_spool_is_full_the_newcomer_is_told(void **state)
{
	struct harness harness;
	begin(&harness, HUGE_BYTES + HUGE_BYTES / 2, 600 * 1000);
	g_autoptr(GPtrArray) old = split(large(HUGE_BYTES, "1"), HUGE_BYTES / 3 + 1);
	g_autoptr(GPtrArray) fresh = split(large(HUGE_BYTES, "2"), HUGE_BYTES / 3 + 1);
	g_autoptr(GPtrArray) later = split(large(HUGE_BYTES, "3"), HUGE_BYTES / 3 + 1);
	assert_null(joiner_add(harness.joiner, part_of(old, 0)));
	for (guint i = 0; i < 3; i++)
		assert_null(joiner_add(harness.joiner, part_of(fresh, i)));
	assert_int_equal(harness.told, 1);
	assert_string_equal(harness.attempt, "2");
	assert_int_equal(harness.kind, ERROR_RETRY);
	assert_non_null(strstr(harness.why, "--spool"));
	g_usleep(220 * 1000);
	assert_null(joiner_add(harness.joiner, part_of(later, 0)));
	assert_int_equal(harness.told, 2);
	assert_string_equal(harness.attempt, "1");
	assert_null(joiner_add(harness.joiner, part_of(later, 1)));
	auto_struct(record) whole = joiner_add(harness.joiner, part_of(later, 2));
	g_autoptr(GBytes) expected = noise(HUGE_BYTES);
	assert_value(whole, expected);
	finish(&harness);
}

static struct record *joined(struct harness *harness, const char *attempt)
{
	g_autoptr(GPtrArray) parts = split(large(HUGE_BYTES, attempt), HUGE_BYTES / 2);
	struct record *whole = NULL;

	for (guint i = 0; i < parts->len; i++)
		whole = joiner_add(harness->joiner, part_of(parts, i));
	return whole;
}

/* What is whole lies on the disk until it was used. */
static void what_is_whole_is_counted_until_it_was_used(void **state)
{
	struct harness harness;
	begin(&harness, HUGE_BYTES + HUGE_BYTES / 2, 0);
	struct record *first = joined(&harness, "1");
	assert_non_null(first);
	assert_null(joined(&harness, "2"));
	assert_int_equal(harness.told, 1);
	assert_int_equal(harness.kind, ERROR_RETRY);
	record_free(first);
	struct record *third = joined(&harness, "3");
	assert_non_null(third);
	assert_int_equal(harness.told, 1);
	finish(&harness);
	record_free(third); /* may be used for longer than the joiner */
}

/* 256 MiB and more were called malformed, and nobody was told. */
static void what_is_too_large_is_told_once_and_takes_nothing(void **state)
{
	struct harness harness;
	begin(&harness, HUGE_BYTES - 1, 0);
	g_autoptr(GPtrArray) parts = split(large(HUGE_BYTES, "1"), HUGE_BYTES / 3);
	for (guint i = 0; i < parts->len; i++)
		assert_null(joiner_add(harness.joiner, part_of(parts, i)));
	assert_int_equal(harness.told, 1);
	assert_int_equal(harness.kind, ERROR_INPUT);
	assert_int_equal(joiner_pending(harness.joiner), 0);
	assert_non_null(strstr(harness.why, "at most"));
	finish(&harness);
	/* And 322 MB are no such thing where the bound lets them pass: the bound is on what is there, not on what fits in memory. */
	begin(&harness, G_GINT64_CONSTANT(1) << 30, 0);
	struct record *part = large(1000, "1");
	record_add(part, "part", "0");
	record_add(part, "parts", "400");
	record_add(part, "bytes", "322000000");
	assert_null(joiner_add(harness.joiner, part));
	assert_int_equal(harness.told, 0);
	assert_int_equal(joiner_pending(harness.joiner), 1);
	finish(&harness);
}

static void a_full_disk_is_told(void **state)
{
	struct harness harness;
	begin(&harness, G_MAXINT64 / 2, 0);
	struct record *part = large(10, "1");
	record_add(part, "part", "0");
	record_add(part, "parts", "3");
	record_add(part, "bytes", "1152921504606846976");
	assert_null(joiner_add(harness.joiner, part));
	assert_int_equal(harness.told, 1);
	assert_non_null(strstr(harness.why, "find no room"));
	assert_int_equal(joiner_pending(harness.joiner), 0);
	finish(&harness);
}

/* Memory and descriptors have an end, whatever comes. */
static void there_are_only_so_many_at_a_time(void **state)
{
	struct harness harness;
	begin(&harness, 1 << 20, 0);
	for (int i = 0; i <= JOINER_MOST; i++) {
		g_autofree char *attempt = g_strdup_printf("%d", i + 1);
		g_autoptr(GPtrArray) parts = split(large(30, attempt), 10);
		assert_null(joiner_add(harness.joiner, part_of(parts, 0)));
		assert_int_equal(harness.told, i == JOINER_MOST);
	}
	finish(&harness);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_stays_unfinished_is_told_and_forgotten),
		cmocka_unit_test(when_the_spool_is_full_the_newcomer_is_told),
		cmocka_unit_test(what_is_whole_is_counted_until_it_was_used),
		cmocka_unit_test(what_is_too_large_is_told_once_and_takes_nothing),
		cmocka_unit_test(a_full_disk_is_told),
		cmocka_unit_test(there_are_only_so_many_at_a_time),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

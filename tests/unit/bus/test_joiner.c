/* SPDX-License-Identifier: GPL-2.0-or-later
 * Parts of large records, and how they come together: in memory, in spool files, or not. */
#include "joiner_support.h"

#include <fcntl.h>
#include <unistd.h>

#include "base/disk/files.h"

static void one_record_stays_itself(void **state)
{
	struct harness harness;
	begin(&harness, 1 << 20, 0);
	for (gsize size = 0; size <= 10; size += 10) {
		auto_struct(record) record = large(size, "1");
		assert_int_equal(payload_parts(record, 10), 1);
		struct record *part = payload_part(record, 0, 10, NULL);
		assert_null(record_get(part, "parts"));
		auto_struct(record) whole = joiner_add(harness.joiner, part);
		assert_ptr_equal(whole, part);
	}
	finish(&harness);
}

static void parts_come_together_in_any_order(void **state)
{
	const gsize sizes[] = {11, 20, 21, 1000, HUGE_BYTES}, counts[] = {2, 2, 3, 100, 7},
		    limits[] = {10, 10, 10, 10, HUGE_BYTES / 6};
	struct harness harness;
	begin(&harness, HUGE_BYTES, 0);
	for (gsize s = 0; s < G_N_ELEMENTS(sizes); s++) {
		for (int order = 0; order < 3; order++) {
			auto_struct(record) sample = large(sizes[s], "1");
			g_autoptr(GPtrArray) parts = split(large(sizes[s], "1"), limits[s]);
			auto_struct(record) whole = NULL;
			assert_int_equal(parts->len, counts[s]);
			for (guint i = 0; i < parts->len; i++) {
				guint at = order == 0 ? i : order == 1 ? parts->len - 1 - i : (i + 1) % parts->len;
				struct record *part = parts->pdata[at];
				assert_int_equal(part->partition, 3);
				assert_in_range(g_bytes_get_size(part->value), 1, limits[s]);
				assert_null(whole);
				whole = joiner_add(harness.joiner, part_of(parts, at));
				assert_int_equal(joiner_pending(harness.joiner), i + 1 < parts->len);
			}
			assert_value(whole, sample->value);
			assert_true((whole->body != NULL) == (sizes[s] == HUGE_BYTES));
			assert_null(record_get(whole, "part"));
			assert_null(record_get(whole, "parts"));
			assert_null(record_get(whole, "bytes"));
			assert_string_equal(record_get(whole, "worker"), "w");
			assert_int_equal(whole->headers->len, sample->headers->len);
		}
	}
	assert_int_equal(harness.told, 0);
	finish(&harness);
}

/* A publisher that repeats itself, and two attempts at the same tile at once. */
static void doubles_and_mixed_records_do_no_harm(void **state)
{
	const gsize sizes[] = {30, HUGE_BYTES};
	struct harness harness;
	begin(&harness, 2 * HUGE_BYTES, 0);
	for (gsize s = 0; s < G_N_ELEMENTS(sizes); s++) {
		gsize limit = (sizes[s] + 2) / 3;
		g_autoptr(GPtrArray) a = split(large(sizes[s], "1"), limit), b = split(large(sizes[s], "2"), limit),
				     again = split(large(sizes[s], "1"), limit);
		g_autoptr(GBytes) expected = noise(sizes[s]);
		assert_null(joiner_add(harness.joiner, part_of(a, 0)));
		assert_null(joiner_add(harness.joiner, part_of(b, 0)));
		assert_null(joiner_add(harness.joiner, part_of(again, 0)));
		assert_null(joiner_add(harness.joiner, part_of(a, 2)));
		assert_null(joiner_add(harness.joiner, part_of(again, 2)));
		assert_null(joiner_add(harness.joiner, part_of(b, 1)));
		auto_struct(record) first = joiner_add(harness.joiner, part_of(a, 1));
		auto_struct(record) second = joiner_add(harness.joiner, part_of(b, 2));
		assert_value(first, expected);
		assert_value(second, expected);
		assert_string_equal(record_get(first, "attempt"), "1");
		assert_string_equal(record_get(second, "attempt"), "2");
	}
	assert_int_equal(harness.told, 0);
	assert_int_equal(joiner_pending(harness.joiner), 0);
	finish(&harness);
}

static void malformed_parts_are_told(void **state)
{
	static const struct {
		const char *name;
		const char *values[8];
	} bad[] = {
		{"part", {"", "-1", "3", "x", " 1", "99999999999999999999"}},
		{"parts", {"", "0", "-3", "65537", "4294967299", "x", "31"}},
		{"bytes", {"", "0", "-30", "9", "x", "9223372036854775808", "18446744073709551615"}},
	};
	struct harness harness;
	int told = 0;
	begin(&harness, 1 << 20, 0);
	for (gsize i = 0; i < G_N_ELEMENTS(bad); i++)
		for (gsize j = 0; j == 0 || bad[i].values[j - 1]; j++) {
			g_autoptr(GPtrArray) parts = split(large(30, "1"), 10);
			set_part(parts->pdata[1], bad[i].name, bad[i].values[j]);
			assert_null(joiner_add(harness.joiner, part_of(parts, 1)));
			if (harness.told != ++told)
				fail_msg("taken with %s %s", bad[i].name,
					bad[i].values[j] ? bad[i].values[j] : "missing");
			assert_non_null(strstr(harness.why, "malformed part"));
			assert_int_equal(harness.kind, ERROR_SYSTEM);
		}
	static const char *const identity[] = {"type", "job", "serial", "tile", "attempt", "worker"};
	for (gsize i = 0; i < G_N_ELEMENTS(identity); i++) {
		g_autoptr(GPtrArray) parts = split(large(30, "1"), 10);
		set_part(parts->pdata[1], identity[i], NULL);
		assert_null(joiner_add(harness.joiner, part_of(parts, 1)));
		assert_int_equal(harness.told, ++told);
		assert_non_null(strstr(harness.why, identity[i]));
	}
	finish(&harness);
}

static void parts_that_disagree_are_told(void **state)
{
	struct harness harness;
	begin(&harness, 1 << 20, 0);
	g_autoptr(GPtrArray) parts = split(large(30, "1"), 10);
	g_autoptr(GPtrArray) lying = split(large(30, "2"), 10);
	g_autoptr(GPtrArray) uneven = split(large(40, "3"), 10);
	assert_null(joiner_add(harness.joiner, part_of(parts, 0)));
	set_part(parts->pdata[1], "bytes", "31");
	assert_null(joiner_add(harness.joiner, part_of(parts, 1)));
	assert_int_equal(harness.told, 1);
	assert_non_null(strstr(harness.why, "31"));
	/* All say 25 bytes, but have 30. */
	for (guint i = 0; i < 3; i++)
		set_part(lying->pdata[i], "bytes", "25");
	for (guint i = 0; i < 3; i++)
		assert_null(joiner_add(harness.joiner, part_of(lying, i)));
	assert_int_equal(harness.told, 2);
	assert_non_null(strstr(harness.why, "30"));
	/* 40 bytes, but not as four times 10: where each lies would be a guess. */
	struct record *shorter = uneven->pdata[1], *longer = uneven->pdata[2];
	g_bytes_unref(shorter->value);
	g_bytes_unref(longer->value);
	shorter->value = noise(9);
	longer->value = noise(11);
	for (guint i = 0; i < 4; i++)
		assert_null(joiner_add(harness.joiner, part_of(uneven, i)));
	assert_int_equal(harness.told, 3);
	assert_non_null(strstr(harness.why, "one size"));
	finish(&harness);
}

/* The value lies in memory and in files; whoever cut the file short is found out, and nothing is made of what is not there. */
static void a_body_in_pieces_is_read_and_written(void **state)
{
	g_autofree char *folder = g_dir_make_tmp("dropmill-body-XXXXXX", NULL);
	g_autofree char *path = g_build_filename(folder, "file", NULL), *copy = g_build_filename(folder, "copy", NULL);
	g_autoptr(GBytes) first = g_bytes_new_static("assets", 6);
	g_autoptr(GBytes) file = noise(3 << 20);
	g_autoptr(GError) error = NULL;
	assert_true(files_write(path, g_bytes_get_data(file, NULL), 3 << 20, NULL));
	struct body *inner = body_new();
	body_add_file(inner, "file", open(path, O_RDONLY | O_CLOEXEC), 100, (3 << 20) - 100);
	auto_struct(body) body = body_new();
	body_add(body, first);
	body_add_all(body, inner);
	body_unref(inner);
	assert_int_equal(body_bytes(body), (3 << 20) - 94);
	g_autoptr(GBytes) seam = body_read(body, 4, 10, &error);
	assert_non_null(seam);
	assert_memory_equal(g_bytes_get_data(seam, NULL), "ts", 2);
	assert_memory_equal(
		(const char *)g_bytes_get_data(seam, NULL) + 2, (const guint8 *)g_bytes_get_data(file, NULL) + 100, 8);
	assert_true(body_write(body, 6, (3 << 20) - 100, copy, NULL));
	g_autofree char *written = NULL;
	gsize length;
	assert_true(g_file_get_contents(copy, &written, &length, NULL));
	assert_int_equal(length, (3 << 20) - 100);
	assert_memory_equal(written, (const guint8 *)g_bytes_get_data(file, NULL) + 100, length);
	assert_false(body_write(body, 6, 10, copy, NULL)); /* it never overwrites */
	g_unlink(copy);
	assert_int_equal(truncate(path, 2 << 20), 0);
	assert_null(body_read(body, 0, (3 << 20) - 94, &error));
	assert_int_equal(error->code, ERROR_RETRY);
	assert_false(body_write(body, 0, (3 << 20) - 94, copy, NULL));
	assert_false(g_file_test(copy, G_FILE_TEST_EXISTS));
	files_remove_tree(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_record_stays_itself),
		cmocka_unit_test(parts_come_together_in_any_order),
		cmocka_unit_test(doubles_and_mixed_records_do_no_harm),
		cmocka_unit_test(malformed_parts_are_told),
		cmocka_unit_test(parts_that_disagree_are_told),
		cmocka_unit_test(a_body_in_pieces_is_read_and_written),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

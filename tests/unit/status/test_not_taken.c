/* SPDX-License-Identifier: GPL-2.0-or-later
 * Files that are seen and not taken: told one by one up to a number, and those of an inbox together. */
#include "../unit.h"

#include <glib.h>

#include "status/not_taken.h"

static struct snapshot *shown(struct waiting *waiting)
{
	struct snapshot *snapshot = snapshot_new();

	waiting_view(waiting, snapshot);
	return snapshot;
}

static const struct waiting_view *entry(const struct snapshot *snapshot, guint index)
{
	return g_ptr_array_index(snapshot->waiting, index);
}

static void oldest_first_and_a_bounded_number(void **state)
{
	struct waiting *waiting = waiting_new();
	for (guint i = 0; i < 300; i++) {
		g_autofree char *path = g_strdup_printf("/watch/box/%u.jpg", i);
		assert_true(waiting_set(waiting, "box", path, "no permission"));
		assert_false(waiting_set(waiting, "box", path, "no permission"));
	}
	assert_true(waiting_set(waiting, "box", "/watch/box/0.jpg", NULL));
	assert_false(waiting_set(waiting, "box", "/watch/box/0.jpg", NULL));
	auto_struct(snapshot) now = shown(waiting);
	assert_int_equal(now->waiting_total, 299);
	assert_int_equal(now->waiting->len, 200);
	assert_string_equal(entry(now, 0)->path, "/watch/box/1.jpg");
	assert_int_equal(entry(now, 0)->files, 1);
	waiting_free(waiting);
}

static void those_of_an_inbox_are_one_entry_in_front(void **state)
{
	struct waiting *waiting = waiting_new();
	waiting_set(waiting, "box", "/watch/box/a.jpg", "no permission");
	assert_true(waiting_more(waiting, "zebra", "/watch/zebra", 7, "seven"));
	assert_true(waiting_more(waiting, "box", "/watch/box", 100000, "many"));
	/* Another number is no news, but is shown. */
	assert_false(waiting_more(waiting, "box", "/watch/box", 99000, "fewer"));
	auto_struct(snapshot) now = shown(waiting);
	assert_int_equal(now->waiting_total, 99008);
	assert_int_equal(now->waiting->len, 3);
	assert_string_equal(entry(now, 0)->path, "/watch/box");
	assert_string_equal(entry(now, 0)->why, "fewer");
	assert_int_equal(entry(now, 0)->files, 99000);
	assert_string_equal(entry(now, 1)->path, "/watch/zebra");
	assert_string_equal(entry(now, 2)->path, "/watch/box/a.jpg");
	assert_true(waiting_more(waiting, "box", "/watch/box", 0, NULL));
	assert_false(waiting_more(waiting, "box", "/watch/box", 0, NULL));
	assert_true(waiting_more(waiting, "zebra", "/watch/zebra", 0, NULL));
	auto_struct(snapshot) later = shown(waiting);
	assert_int_equal(later->waiting_total, 1);
	waiting_free(waiting);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(oldest_first_and_a_bounded_number),
		cmocka_unit_test(those_of_an_inbox_are_one_entry_in_front),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

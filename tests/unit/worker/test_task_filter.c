/* SPDX-License-Identifier: GPL-2.0-or-later
 * A task is done by whom it is leased to, and once, however often Kafka brings it. */
#include "../image/support.h"

#include "worker/task_filter.h"

static struct task task_of(const char *worker, guint32 serial, gint32 tile, gint32 attempt)
{
	return (struct task){
		.job = (char *)"job-1", .serial = serial, .tile = tile, .attempt = attempt, .worker = (char *)worker};
}

static void test_only_what_is_leased_to_it(void **state)
{
	auto_struct(task_filter) filter = task_filter_new("one");
	const struct task mine = task_of("one", 7, 0, 1), other = task_of("two", 7, 0, 1);
	assert_false(task_filter_take(filter, &other));
	assert_true(task_filter_take(filter, &mine));
}

static void test_once(void **state)
{
	auto_struct(task_filter) filter = task_filter_new("one");
	const struct task first = task_of("one", 7, 0, 1), attempt = task_of("one", 7, 0, 2),
			  tile = task_of("one", 7, 1, 1), run = task_of("one", 8, 0, 1);
	assert_true(task_filter_take(filter, &first));
	assert_false(task_filter_take(filter, &first));
	assert_true(task_filter_take(filter, &attempt));
	assert_true(task_filter_take(filter, &tile));
	assert_true(task_filter_take(filter, &run));
	assert_false(task_filter_take(filter, &first));
}

/* Bounded, and what is recent stays known. */
static void test_many(void **state)
{
	auto_struct(task_filter) filter = task_filter_new("one");
	for (gint32 i = 0; i < 20000; i++) {
		const struct task task = task_of("one", 7, i, 1);
		assert_true(task_filter_take(filter, &task));
		assert_false(task_filter_take(filter, &task));
	}
	const struct task recent = task_of("one", 7, 19000, 1);
	assert_false(task_filter_take(filter, &recent));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_only_what_is_leased_to_it),
		cmocka_unit_test(test_once),
		cmocka_unit_test(test_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

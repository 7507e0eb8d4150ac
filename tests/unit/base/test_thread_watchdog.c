/* SPDX-License-Identifier: GPL-2.0-or-later
 * A stalled thread is found; a thread that sleeps until something happens does not count as one. */
#include "../unit.h"

#include "base/thread_watchdog.h"

static void a_stalled_thread_is_named(void **state)
{
	struct watched_thread *first = watched_thread_new("first"), *second = watched_thread_new("second");

	assert_null(watched_thread_late(60 * G_USEC_PER_SEC));
	g_usleep(20000);
	watched_thread_mark(first);
	assert_string_equal(watched_thread_late(15000), "second");
	watched_thread_rest(second);
	g_usleep(20000);
	assert_string_equal(watched_thread_late(15000), "first");
	watched_thread_rest(first);
	assert_null(watched_thread_late(15000));
	watched_thread_free(first);
	watched_thread_mark(second);
	g_usleep(20000);
	assert_string_equal(watched_thread_late(15000), "second");
	watched_thread_free(second);
	assert_null(watched_thread_late(0));
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(a_stalled_thread_is_named)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

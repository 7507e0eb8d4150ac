/* SPDX-License-Identifier: GPL-2.0-or-later
 * A thread that does not turn is found; one that sleeps until something happens is not taken for it. */
#include "../unit.h"

#include "base/thread_watchdog.h"

static void a_thread_that_does_not_turn_is_named(void **state)
{
	struct turn *first = turn_new("first"), *second = turn_new("second");

	assert_null(turn_late(60 * G_USEC_PER_SEC));
	g_usleep(20000);
	turn_mark(first);
	assert_string_equal(turn_late(15000), "second");
	turn_rest(second);
	g_usleep(20000);
	assert_string_equal(turn_late(15000), "first");
	turn_rest(first);
	assert_null(turn_late(15000));
	turn_free(first);
	turn_mark(second);
	g_usleep(20000);
	assert_string_equal(turn_late(15000), "second");
	turn_free(second);
	assert_null(turn_late(0));
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(a_thread_that_does_not_turn_is_named)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: GPL-2.0-or-later
 * A worker that says it is idle and must answer tasks: they are lost only when nothing is on its way, and nothing unread. */
#include "master/policy/idle_worker.h"

#include "../unit.h"

/* After how many such heartbeats the tasks are lost; 0: not within a hundred. */
static guint beats_until_lost(struct idle_count *count, const struct idle_facts *facts)
{
	for (guint beats = 1; beats <= 100; beats++) {
		idle_worker_heard(count, facts);
		if (idle_worker_lost(count))
			return beats;
	}
	return 0;
}

static void rows(void **state)
{
	/* Facts: idle, owes, awaits, behind. */
	static const struct {
		const char *why;
		struct idle_facts facts;
		guint beats;
	} rows[] = {
		{"idle, and nothing is on its way", {1, 1, 0, 0}, 3},
		{"it computes", {0, 1, 0, 0}, 0},
		{"it owes nothing", {1, 0, 0, 0}, 0},
		{"a task is not delivered", {1, 1, 1, 0}, 0},
		{"a task is not delivered, and others are unread", {1, 1, 1, 1}, 0},
		{"something is unread, but not for ever", {1, 1, 0, 1}, 30},
	};

	for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
		struct idle_count count = {0};
		guint beats = beats_until_lost(&count, &rows[i].facts);
		if (beats != rows[i].beats)
			fail_msg("%s: %u", rows[i].why, beats);
	}
}

static void only_a_row_counts(void **state)
{
	const struct idle_facts idle = {1, 1, 0, 0}, behind = {1, 1, 0, 1}, busy = {0, 1, 0, 0};
	struct idle_count count = {0};

	for (guint i = 0; i < 50; i++) {
		idle_worker_heard(&count, &idle);
		idle_worker_heard(&count, &idle);
		assert_false(idle_worker_lost(&count));
		if (i % 3 == 0)
			idle_worker_heard(&count, &busy);
		else if (i % 3 == 1)
			idle_worker_heard(&count, &behind);
		else
			idle_worker_stirs(&count);
	}
}

/* Others work on, and now and then something of theirs is unread. */
static void beats_of_both_kinds_in_turn_end_it_too(void **state)
{
	const struct idle_facts idle = {1, 1, 0, 0}, behind = {1, 1, 0, 1};
	struct idle_count count = {0};
	guint beats = 0;

	while (!idle_worker_lost(&count) && beats < 1000)
		idle_worker_heard(&count, beats++ % 2 ? &idle : &behind);
	assert_int_equal(beats, 59);
}

static void each_time_in_vain_takes_more(void **state)
{
	const struct idle_facts idle = {1, 1, 0, 0};
	static const guint wanted[] = {3, 6, 12, 12};
	struct idle_count count = {0};

	for (guint i = 0; i < G_N_ELEMENTS(wanted); i++) {
		assert_int_equal(beats_until_lost(&count, &idle), wanted[i]);
		idle_worker_resent(&count);
		for (int k = 0; k < 8; k++)
			idle_worker_answered_late(&count);
	}
	/* Nothing of it came: they were lost. */
	assert_int_equal(beats_until_lost(&count, &idle), 12);
	idle_worker_resent(&count);
	assert_int_equal(beats_until_lost(&count, &idle), 12);
	idle_worker_resent(&count);
	assert_int_equal(beats_until_lost(&count, &idle), 3);
}

static void others_answers_are_no_sign(void **state)
{
	const struct idle_facts idle = {1, 1, 0, 0};
	struct idle_count count = {0};

	idle_worker_answered_late(&count);
	assert_int_equal(beats_until_lost(&count, &idle), 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rows),
		cmocka_unit_test(only_a_row_counts),
		cmocka_unit_test(beats_of_both_kinds_in_turn_end_it_too),
		cmocka_unit_test(each_time_in_vain_takes_more),
		cmocka_unit_test(others_answers_are_no_sign),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

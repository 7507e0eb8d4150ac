/* SPDX-License-Identifier: GPL-2.0-or-later
 * Whose fault a failure is: who is suspected, who is believed, and what follows. Each row. */
#include "master/policy/failure_votes.h"

#include "../unit.h"

static const struct breaker a, b, taken_out = {.state = BREAKER_OPEN};

#define TROUBLE FAILURE_TROUBLE
#define VERDICT FAILURE_VERDICT
#define LIMIT FAILURE_LIMIT
#define DEATH FAILURE_DEATH

/* Votes: tile, kind, whose, machine. What follows for tile 0 and a worker of `a` on machine "m". */
static const struct {
	const char *why;
	struct failure_vote votes[4];
	guint count;
	int suspicion;
	guint verdicts;
} rows[] = {
	{"no votes", {{0}}, 0, 0, 0},
	{"of another tile", {{1, VERDICT, &a, "m"}}, 1, 0, 0},
	{"it failed itself", {{0, TROUBLE, &a, "m"}}, 1, 2, 0},
	{"its machine's trouble", {{0, TROUBLE, &b, "m"}}, 1, 0, 0},
	{"a death on its machine", {{0, DEATH, &b, "m"}}, 1, 1, 0},
	{"a death elsewhere", {{0, DEATH, &b, "n"}}, 1, 0, 0},
	{"both", {{0, DEATH, &b, "m"}, {0, TROUBLE, &a, "m"}}, 2, 2, 0},
	{"and in the other order", {{0, TROUBLE, &a, "m"}, {0, DEATH, &b, "m"}}, 2, 2, 0},
	{"two that are at one", {{0, VERDICT, &a, "m"}, {0, LIMIT, &b, "n"}}, 2, 2, 2},
	{"one that says it twice", {{0, VERDICT, &b, "m"}, {0, VERDICT, &b, "m"}}, 2, 0, 1},
	{"the second one says it twice", {{0, VERDICT, &a, "m"}, {0, VERDICT, &b, "m"}, {0, VERDICT, &b, "m"}}, 3, 2,
		2},
	{"one that had trouble before", {{0, TROUBLE, &b, "m"}, {0, VERDICT, &b, "m"}}, 2, 0, 1},
	{"one that said it of another tile", {{1, VERDICT, &b, "m"}, {0, VERDICT, &b, "m"}}, 2, 0, 1},
	{"one that is taken out", {{0, VERDICT, &taken_out, "m"}, {0, VERDICT, &b, "m"}}, 2, 0, 1},
	{"full is no verdict", {{0, FAILURE_FULL, &b, "m"}}, 1, 0, 0},
};

static void test_votes(void **state)
{
	assert_int_equal(votes_suspicion(NULL, 0, &a, "m"), 0);
	assert_int_equal(votes_verdicts(NULL, 0), 0);
	for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autoptr(GPtrArray) votes = g_ptr_array_new();
		for (guint k = 0; k < rows[i].count; k++)
			g_ptr_array_add(votes, (gpointer)&rows[i].votes[k]);
		if (votes_suspicion(votes, 0, &a, "m") != rows[i].suspicion ||
			votes_verdicts(votes, 0) != rows[i].verdicts)
			fail_msg("%s", rows[i].why);
	}
}

static void test_faults(void **state)
{
	assert_true(failure_is_fault(FAILURE_TROUBLE));
	assert_true(failure_is_fault(FAILURE_VERDICT));
	assert_true(failure_is_fault(FAILURE_DEATH));
	assert_false(failure_is_fault(FAILURE_FULL));
	assert_false(failure_is_fault(FAILURE_LIMIT));
}

/* Facts: kind; another has it, another could; verdicts, trusted, waits. */
static const struct {
	struct failure_facts facts;
	enum failure_answer answer;
} answers[] = {
	{{TROUBLE, true, true, 0, true, 0}, ANSWER_WAIT},
	{{TROUBLE, false, true, 0, true, 0}, ANSWER_ELSEWHERE},
	{{TROUBLE, false, false, 0, true, 0}, ANSWER_LATER},
	{{TROUBLE, false, false, 2, true, 99}, ANSWER_LATER},
	{{FAILURE_FULL, true, false, 0, true, 0}, ANSWER_WAIT},
	{{FAILURE_FULL, false, false, 0, true, 0}, ANSWER_LATER},
	{{VERDICT, true, false, 1, true, 0}, ANSWER_WAIT},
	{{VERDICT, false, true, 1, true, 0}, ANSWER_ELSEWHERE},
	{{VERDICT, false, false, 1, true, 0}, ANSWER_FAIL},
	{{VERDICT, true, true, 2, true, 0}, ANSWER_FAIL},
	{{VERDICT, true, true, 3, false, 0}, ANSWER_FAIL},
	{{VERDICT, false, false, 0, false, 0}, ANSWER_LATER},
	{{VERDICT, false, false, 1, false, 5}, ANSWER_LATER},
	{{VERDICT, false, false, 1, false, 6}, ANSWER_FAIL},
	{{LIMIT, false, true, 1, true, 0}, ANSWER_ELSEWHERE},
	{{LIMIT, false, false, 1, true, 0}, ANSWER_FAIL},
	{{LIMIT, true, true, 2, true, 0}, ANSWER_FAIL},
};

static void test_answers(void **state)
{
	for (guint i = 0; i < G_N_ELEMENTS(answers); i++)
		if (failure_answer(&answers[i].facts) != answers[i].answer)
			fail_msg("row %u", i);
	assert_int_equal(mishap_answer(true, 9), ANSWER_WAIT);
	assert_int_equal(mishap_answer(false, 3), ANSWER_AGAIN);
	assert_int_equal(mishap_answer(false, 4), ANSWER_START_OVER);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_votes), cmocka_unit_test(test_faults), cmocka_unit_test(test_answers)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

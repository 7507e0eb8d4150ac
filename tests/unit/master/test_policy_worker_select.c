/* SPDX-License-Identifier: GPL-2.0-or-later
 * Which worker gets a task, who could help, and why nobody may. Each row. */
#include "master/policy/worker_select.h"

#include <string.h>

#include "../unit.h"

#define NONE OBSTACLE_NONE
/* A task of weight 1 and 10 bytes, in windows of 8 and 100. The least suspected, and whether these are the last tiles. */
/* clang-format off */
#define TASK(suspicion, ends) {1, 10, 8, 100, suspicion, ends}
/* clang-format on */

/* Workers: obstacle, suspicion, on trial; weight, bytes; cost. */
static const struct {
	const char *why;
	struct wanted wanted;
	struct candidate workers[3];
	guint count;
	int selected;
} rows[] = {
	{"nobody", TASK(0, false), {{0}}, 0, -1},
	{"the least to do", TASK(0, false), {{NONE, 0, 0, 3, 0, 3}, {NONE, 0, 0, 2, 0, 2}, {NONE, 0, 0, 5, 0, 5}}, 3,
		1},
	{"the first of equals", TASK(0, false), {{NONE, 0, 0, 2, 0, 2}, {NONE, 0, 0, 2, 0, 2}}, 2, 0},
	{"one that may not", TASK(0, false), {{OBSTACLE_STUCK, 0, 0, 0, 0, 0}, {NONE, 0, 0, 2, 0, 2}}, 2, 1},
	{"one that is suspected", TASK(0, false), {{NONE, 1, 0, 0, 0, 0}, {NONE, 0, 0, 2, 0, 2}}, 2, 1},
	{"all are suspected", TASK(1, false), {{NONE, 2, 0, 0, 0, 0}, {NONE, 1, 0, 2, 0, 2}}, 2, 1},
	{"the window is full", TASK(0, false), {{NONE, 0, 0, 8, 0, 8}}, 1, -1},
	{"the window is nearly full", TASK(0, false), {{NONE, 0, 0, 7, 90, 7}}, 1, 0},
	{"so are the bytes", TASK(0, false), {{NONE, 0, 0, 7, 91, 7}}, 1, -1},
	{"a large one to one that has nothing to do", {9, 900, 8, 100, 0, false}, {{NONE, 0, 0, 0, 0, 0}}, 1, 0},
	{"a trial comes first", TASK(0, false), {{NONE, 0, 0, 0, 0, 0}, {NONE, 0, 1, 0, 0, 9}, {NONE, 0, 0, 0, 0, -1}},
		3, 1},
	{"the first trial", TASK(0, false), {{NONE, 0, 1, 0, 0, 5}, {NONE, 0, 1, 0, 0, 0}}, 2, 0},
	{"one task a trial", TASK(0, false), {{NONE, 0, 1, 1, 0, 0}, {NONE, 0, 0, 2, 0, 2}}, 2, 1},
	{"no trial of what it failed", TASK(0, false), {{NONE, 2, 1, 0, 0, 0}, {NONE, 0, 0, 2, 0, 2}}, 2, 1},
	{"the last: ready first", TASK(0, true), {{NONE, 0, 0, 0, 0, 900}, {NONE, 0, 0, 6, 0, 800}}, 2, 1},
	{"the last wait for the fast one", TASK(0, true), {{NONE, 0, 0, 0, 0, 900}, {NONE, 0, 0, 8, 0, 800}}, 2, -1},
	{"not if that one is not first", TASK(0, true), {{NONE, 0, 0, 0, 0, 900}, {NONE, 0, 0, 8, 0, 900}}, 2, 0},
	{"nor with many left", TASK(0, false), {{NONE, 0, 0, 7, 0, 900}, {NONE, 0, 0, 8, 0, 800}}, 2, 0},
	{"the fastest of the full", TASK(0, true),
		{{NONE, 0, 0, 8, 0, 700}, {NONE, 0, 0, 8, 0, 900}, {NONE, 0, 0, 0, 0, 800}}, 3, -1},
	{"a trial among the last", TASK(0, true), {{NONE, 0, 0, 8, 0, 700}, {NONE, 0, 1, 0, 0, 800}}, 2, 1},
};

static void test_rows(void **state)
{
	for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
		struct selection selection = SELECTION_NONE;
		for (guint k = 0; k < rows[i].count; k++)
			selection_consider(&selection, &rows[i].wanted, &rows[i].workers[k], (int)k);
		if (selection_of(&selection, &rows[i].wanted) != rows[i].selected)
			fail_msg("%s", rows[i].why);
	}
}

static void test_may_help(void **state)
{
	static const struct {
		struct candidate candidate;
		bool has_it, may;
	} help[] = {
		{{NONE, 0, 0, 0, 0, 0}, false, true},
		{{OBSTACLE_LATE, 0, 0, 0, 0, 0}, false, false},
		{{NONE, 1, 0, 0, 0, 0}, false, false},
		{{NONE, 0, 1, 0, 0, 0}, false, false},
		{{NONE, 0, 0, 1, 0, 0}, false, false},
		{{NONE, 0, 0, 0, 0, 0}, true, false},
	};

	for (guint i = 0; i < G_N_ELEMENTS(help); i++)
		if (candidate_may_help(&help[i].candidate, help[i].has_it) != help[i].may)
			fail_msg("row %u", i);
}

static void test_texts(void **state)
{
	static const char *const said[] = {[OBSTACLE_GONE] = "no worker is running",
		[OBSTACLE_LATE] = "late",
		[OBSTACLE_OTHER_VIPS] = "libvips",
		[OBSTACLE_STUCK] = "hangs",
		[OBSTACLE_RETIRING] = "ending",
		[OBSTACLE_NO_PARTITION] = "partition",
		[OBSTACLE_TAKEN_OUT] = "taken out"};

	for (enum obstacle obstacle = 0; obstacle < OBSTACLE_NONE; obstacle++)
		assert_non_null(strstr(obstacle_text(obstacle), said[obstacle]));
	assert_null(obstacle_text(OBSTACLE_NONE));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows), cmocka_unit_test(test_may_help), cmocka_unit_test(test_texts)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: GPL-2.0-or-later
 * Workers whose image code differs: each row of the rules. Groups are {usable, present}, in the order in which they came. */
#include "master/policy/mixed_fleet.h"

#include "../unit.h"

#define GROUPS 3

static const struct {
	const char *why;
	struct fleet_members groups[GROUPS];
	int before, after;
} ruling[] = {
	{"nobody is there", {{0, 0}}, -1, -1},
	{"the first may not yet", {{0, 1}}, -1, -1},
	{"the first rules", {{1, 1}}, -1, 0},
	{"an upgrade begins", {{3, 3}, {1, 1}}, 0, 0},
	{"as many: it stays", {{2, 2}, {2, 2}}, 0, 0},
	{"as many, the other way", {{2, 2}, {2, 2}}, 1, 1},
	{"as many, none before: the first that came", {{2, 2}, {2, 2}}, -1, 0},
	{"the upgrade goes over", {{1, 1}, {3, 3}}, 0, 1},
	{"one more is enough", {{1, 1}, {2, 2}}, 0, 1},
	{"the last old one has gone", {{0, 0}, {4, 4}}, 0, 1},
	{"all old ones are late", {{0, 3}, {1, 1}}, 0, 1},
	{"all are late: it stays", {{0, 3}, {0, 2}}, 1, 1},
	{"all are gone: it stays", {{0, 0}, {0, 0}}, 0, 0},
	{"the largest of three", {{1, 1}, {2, 2}, {3, 3}}, 0, 2},
	{"the first of two that are as large", {{1, 1}, {3, 3}, {3, 3}}, 0, 1},
};

static void test_ruling(void **state)
{
	for (guint i = 0; i < G_N_ELEMENTS(ruling); i++)
		if (fleet_ruling(ruling[i].groups, GROUPS, ruling[i].before) != ruling[i].after)
			fail_msg("%s: %d", ruling[i].why, fleet_ruling(ruling[i].groups, GROUPS, ruling[i].before));
}

static const struct {
	const char *why;
	struct fleet_members groups[GROUPS];
	int of;
	bool cut, lost, mixed;
} pictures[] = {
	{"nobody was ever there", {{0, 0}}, -1, true, false, false},
	{"its group works", {{2, 2}}, 0, true, false, false},
	{"its group is late", {{0, 2}}, 0, true, false, false},
	{"all workers are gone, and come again", {{0, 0}}, 0, true, false, false},
	{"its group works beside another", {{1, 1}, {3, 3}}, 0, true, false, true},
	{"its group is late beside another", {{0, 1}, {3, 3}}, 0, true, false, true},
	{"its group is gone, another works", {{0, 0}, {3, 3}}, 0, false, true, false},
	{"its group is gone, another has no work yet", {{0, 0}, {0, 3}}, 0, false, false, false},
	{"nobody was ever of its group", {{2, 2}}, -1, false, true, false},
	{"nobody was of its group, two others are there", {{2, 2}, {0, 1}}, -1, false, true, true},
	{"its group is forgotten, and nobody is there", {{0, 0}}, -1, true, false, false},
};

static void test_pictures(void **state)
{
	for (guint i = 0; i < G_N_ELEMENTS(pictures); i++) {
		const struct fleet_members *groups = pictures[i].groups;
		int of = pictures[i].of;
		if (fleet_may_cut(groups, GROUPS, of) != pictures[i].cut ||
			fleet_lost(groups, GROUPS, of) != pictures[i].lost ||
			fleet_mixed(groups, GROUPS) != pictures[i].mixed)
			fail_msg("%s: cut %d, lost %d, mixed %d", pictures[i].why, fleet_may_cut(groups, GROUPS, of),
				fleet_lost(groups, GROUPS, of), fleet_mixed(groups, GROUPS));
	}
}

/* From any state, by any order of one upgrade at a time, the new version rules in the end and nothing waits for the old one. */
static void test_upgrades_end(void **state)
{
	for (guint workers = 1; workers <= 6; workers++) {
		struct fleet_members groups[2] = {{workers, workers}, {0, 0}};
		int rules = fleet_ruling(groups, 2, -1);
		guint changes = 0;
		for (guint done = 0; done < workers; done++) {
			groups[0].usable--, groups[0].present--; /* stopped */
			int now = fleet_ruling(groups, 2, rules);
			changes += now != rules;
			rules = now;
			groups[1].usable++, groups[1].present++; /* started */
			now = fleet_ruling(groups, 2, rules);
			changes += now != rules;
			rules = now;
		}
		assert_int_equal(rules, 1);
		assert_int_equal(changes, 1); /* once, never back */
		assert_true(fleet_lost(groups, 2, 0));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ruling),
		cmocka_unit_test(test_pictures),
		cmocka_unit_test(test_upgrades_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

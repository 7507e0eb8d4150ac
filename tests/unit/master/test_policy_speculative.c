/* SPDX-License-Identifier: GPL-2.0-or-later
 * Which tile is late enough to be given to a second worker, and when the next one will be. Each row. */
#include "master/policy/speculative.h"

#include "../unit.h"

#define MS 1000
#define NEVER G_MAXINT64
/* Its like takes 100 ms, at the helper as well, and is late after 300. A message may take 50 ms. */
#define LIKE .usual_us = 100 * MS, .late_us = 300 * MS, .helper_us = 100 * MS

static const struct {
	const char *why;
	struct speculative_choice before;
	struct speculative_facts facts;
	bool chosen;
	struct speculative_choice after;
} rows[] = {
	{"nothing is measured", {0, NEVER}, {.until_us = 3600 * (gint64)1000 * MS}, false, {0, NEVER}},
	{"barred", {0, NEVER}, {LIKE, .barred = true, .until_us = 900 * MS}, false, {0, NEVER}},
	{"begun and late", {0, NEVER}, {LIKE, .until_us = 351 * MS}, true, {351 * MS, NEVER}},
	{"begun and soon late", {0, NEVER}, {LIKE, .until_us = 350 * MS}, false, {0, 0}},
	{"begun and in time", {0, NEVER}, {LIKE, .until_us = 90 * MS}, false, {0, 260 * MS}},
	{"fresh: twice what the helper takes", {0, NEVER}, {LIKE, .fresh = true, .until_us = 251 * MS}, true,
		{251 * MS, NEVER}},
	{"fresh and in time", {0, NEVER}, {LIKE, .fresh = true, .until_us = 250 * MS}, false, {0, 0}},
	{"a slow helper", {0, NEVER},
		{.usual_us = 100 * MS, .late_us = 300 * MS, .helper_us = 400 * MS, .until_us = 850 * MS}, false,
		{0, 0}},
	{"later than the latest so far", {400 * MS, NEVER}, {LIKE, .until_us = 401 * MS}, true, {401 * MS, NEVER}},
	{"not as late as that", {400 * MS, NEVER}, {LIKE, .until_us = 400 * MS}, false, {400 * MS, NEVER}},
	{"the earliest of those to come", {0, 10 * MS}, {LIKE, .until_us = 345 * MS}, false, {0, 5 * MS}},
	{"another is earlier", {0, 10 * MS}, {LIKE, .until_us = 335 * MS}, false, {0, 10 * MS}},
	/* The chosen one may turn out not to be given to this helper: then the next one's time counts. */
	{"a chosen one keeps the time", {0, 10 * MS}, {LIKE, .until_us = 351 * MS}, true, {351 * MS, 10 * MS}},
};

static void test_rows(void **state)
{
	for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
		struct speculative_choice choice = rows[i].before;
		if (speculative_consider(&choice, &rows[i].facts) != rows[i].chosen ||
			choice.until_us != rows[i].after.until_us || choice.due_us != rows[i].after.due_us)
			fail_msg("%s", rows[i].why);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_rows)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: GPL-2.0-or-later
 * Which task was in hand as a worker died, and when a task has killed, hung or been lost often enough. Each row. */
#include "master/policy/poison_task.h"

#include "../unit.h"

#define NEVER G_MAXINT64
/* clang-format off */
#define JOURNAL {.in_journal = true, .sent_us = 5}
#define BEAT {.in_heartbeat = true, .sent_us = 5}
#define BEGUN {.begun = true, .sent_us = 5}
#define WAITS {.sent_us = 5}
/* clang-format on */

static const struct {
	const char *why;
	guint count;
	struct held_task tasks[4];
	bool journal;
	gint64 late_us;
	int index;
} in_hand[] = {
	{"it holds nothing", 0, {{0}}, false, NEVER, -1},
	{"the journal names one", 3, {WAITS, JOURNAL, BEGUN}, true, NEVER, 1},
	{"the journal names one that is over", 3, {BEGUN, BEAT, WAITS}, true, NEVER, -1},
	{"without a journal it says nothing", 2, {WAITS, JOURNAL}, false, NEVER, 0},
	{"the last one that was begun", 4, {BEGUN, BEGUN, BEAT, WAITS}, false, NEVER, 1},
	{"the first one was begun", 2, {BEGUN, BEAT}, false, NEVER, 0},
	{"the heartbeat names the first one", 2, {BEAT, BEAT}, false, 1, 0},
	{"the heartbeat names one", 3, {WAITS, BEAT, BEAT}, false, NEVER, 1},
	{"the heartbeat names one, whatever is late", 3, {WAITS, BEAT, WAITS}, false, 1, 1},
	{"the first in the order", 2, {WAITS, WAITS}, false, NEVER, 0},
	{"one that others have answered was sent after it", 2, {WAITS, WAITS}, false, 6, 0},
	{"one that others have answered comes first", 2, {WAITS, WAITS}, false, 5, -1},
};

static void test_in_hand(void **state)
{
	for (guint i = 0; i < G_N_ELEMENTS(in_hand); i++)
		if (poison_task_in_hand(in_hand[i].tasks, in_hand[i].count, in_hand[i].journal, in_hand[i].late_us) !=
			in_hand[i].index)
			fail_msg("%s", in_hand[i].why);
}

/* clang-format off */
#define DEAD(signal) {.dead = true, .how = signal}
#define SILENT {.how = 1}
/* clang-format on */

static const struct {
	const char *why;
	struct poison_count before;
	struct worker_end end;
	guint attempts;
	enum poison_verdict verdict;
	struct poison_count after;
} ends[] = {
	{"stopped", {0}, {.dead = true, .in_order = true, .how = 1}, 1, POISON_INNOCENT, {0}},
	{"it took too long", {0}, {.dead = true, .overtime = true, .how = 1}, 3, POISON_OVERTIME, {0}},
	{"silence is not overtime", {0}, {.overtime = true, .how = 1}, 3, POISON_SUSPECTED, {.silences = 1, .how = 1}},
	{"the first death", {0}, DEAD(1), 3, POISON_SUSPECTED, {.deaths = 1, .how = 1}},
	{"the last one that is allowed", {.deaths = 1, .how = 1}, DEAD(1), 3, POISON_SUSPECTED,
		{.deaths = 2, .how = 1}},
	{"one too many", {.deaths = 2, .how = 1}, DEAD(1), 3, POISON_FOUND, {.deaths = 3, .how = 1}},
	{"one attempt", {0}, DEAD(1), 1, POISON_FOUND, {.deaths = 1, .how = 1}},
	{"ends that differ", {.deaths = 1, .how = 1}, DEAD(2), 3, POISON_SUSPECTED,
		{.deaths = 2, .how = 2, .differ = true}},
	{"and differed before", {.deaths = 1, .how = 1, .differ = true}, DEAD(1), 3, POISON_SUSPECTED,
		{.deaths = 2, .how = 1, .differ = true}},
	{"silence counts a third", {.silences = 7, .how = 1}, SILENT, 3, POISON_SUSPECTED, {.silences = 8, .how = 1}},
	{"silence counts in the end", {.silences = 8, .how = 1}, SILENT, 3, POISON_FOUND, {.silences = 9, .how = 1}},
	{"with deaths", {.deaths = 2, .silences = 6, .how = 1}, SILENT, 3, POISON_FOUND,
		{.deaths = 2, .silences = 7, .how = 1}},
};

static void test_ends(void **state)
{
	for (guint i = 0; i < G_N_ELEMENTS(ends); i++) {
		struct poison_count count = ends[i].before;
		const struct poison_count *after = &ends[i].after;
		if (poison_task_worker_ended(&count, &ends[i].end, ends[i].attempts) != ends[i].verdict ||
			count.deaths != after->deaths || count.silences != after->silences || count.how != after->how ||
			count.differ != after->differ)
			fail_msg("%s", ends[i].why);
	}
}

static void test_lost(void **state)
{
	static const struct {
		guint losses;
		bool other_has_it, starts_over;
	} lost[] = {{0, false, false}, {2, false, false}, {3, false, true}, {3, true, false}, {9, false, true}};

	for (guint i = 0; i < G_N_ELEMENTS(lost); i++) {
		struct poison_count count = {.losses = lost[i].losses};
		assert_int_equal(poison_task_lost(&count, lost[i].other_has_it), lost[i].starts_over);
		assert_int_equal(count.losses, lost[i].losses + 1);
	}
}

static void test_hangs(void **state)
{
	assert_false(poison_task_hangs(1500000, 1.5));
	assert_true(poison_task_hangs(1500001, 1.5));
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_in_hand), cmocka_unit_test(test_ends),
		cmocka_unit_test(test_lost), cmocka_unit_test(test_hangs)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

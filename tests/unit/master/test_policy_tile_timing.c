/* SPDX-License-Identifier: GPL-2.0-or-later
 * What is usual, what is late, how slow a worker is, and when it should be through. */
#include "master/policy/tile_timing.h"

#include "../unit.h"

#define MS 1000

/* Tiles that came back one after the other in one run: so many, their times from one to the other. */
static const struct {
	const char *why;
	guint count;
	gint64 from_ms, to_ms;
	gint64 usual_us, late_us;
} rows[] = {
	{"one tells nothing", 1, 100, 100, 0, 0},
	{"two do, with caution", 1, 100, 100, 100 * MS, 600 * MS},
	{"seven", 5, 100, 100, 100 * MS, 600 * MS},
	{"eight are trusted", 1, 100, 100, 100 * MS, 300 * MS},
	{"a slow minority moves nothing", 5, 2000, 2000, 100 * MS, 300 * MS},
	{"times that vary widely: median and deviation are 100 and 40", 63, 20, 180, 98 * MS, 338 * MS},
	{"the oldest are forgotten", 63, 50, 50, 50 * MS, 150 * MS},
	{"nothing takes no time", 63, 0, 0, 1, 7},
};

static void test_usual_and_late(void **state)
{
	struct tile_timing timing = {0};

	for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
		guint last = MAX(rows[i].count - 1, 1);
		for (guint k = 0; k < rows[i].count; k++)
			tile_timing_add(&timing, (rows[i].from_ms + (rows[i].to_ms - rows[i].from_ms) * k / last) * MS);
		if (ABS(timing.usual_us - rows[i].usual_us) > 2 * MS * (rows[i].from_ms != rows[i].to_ms) ||
			ABS(timing.late_us - rows[i].late_us) > 8 * MS * (rows[i].from_ms != rows[i].to_ms))
			fail_msg("%s: %" G_GINT64_FORMAT " %" G_GINT64_FORMAT, rows[i].why, timing.usual_us,
				timing.late_us);
	}
}

static void test_tile_time(void **state)
{
	assert_int_equal(tile_time_us(10, 0, 5, 100), 90);   /* from the sending */
	assert_int_equal(tile_time_us(10, 40, 5, 100), 60);  /* from the answer before */
	assert_int_equal(tile_time_us(10, 40, 80, 100), 80); /* it says that it computed longer */
}

static void test_slowness(void **state)
{
	static const struct {
		double before;
		gint64 us, usual_us;
		double after, at_least;
	} slow[] = {
		{1, 400, 100, 1.75, 4},
		{4, 400, 100, 4, 4},
		{4, 100, 100, 3.25, 4},
		{1, 99999, 100, 4.75, 16},
		{1, 0, 160, 0.765625, 1},
		{3, 500, 0, 3, 3},
	};

	for (guint i = 0; i < G_N_ELEMENTS(slow); i++) {
		assert_int_equal(
			slowness_after(slow[i].before, slow[i].us, slow[i].usual_us) * 1e6, slow[i].after * 1e6);
		assert_int_equal(slowness_at_least(slow[i].before, slow[i].us, slow[i].usual_us), slow[i].at_least);
	}
	assert_int_equal(slowness_own_us(2.5, 100), 250);
}

static void test_backlog(void **state)
{
	struct backlog backlog = {0};

	assert_int_equal(backlog_until_us(&backlog, 50), 0);
	backlog_add(&backlog, 100);
	assert_int_equal(backlog_until_us(&backlog, 0), 100);
	backlog_add(&backlog, 30);
	assert_int_equal(backlog_until_us(&backlog, 0), 130);
	assert_int_equal(backlog_until_us(&backlog, 99), 31);
	assert_int_equal(backlog_until_us(&backlog, 100), 130); /* as long again */
	assert_int_equal(backlog_until_us(&backlog, 500), 530);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_usual_and_late), cmocka_unit_test(test_tile_time),
		cmocka_unit_test(test_slowness), cmocka_unit_test(test_backlog)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

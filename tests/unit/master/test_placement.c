/* SPDX-License-Identifier: GPL-2.0-or-later
 * A large picture where nobody shares memory: it is cut until its file is known to be faster. */
#include "base/clock.h"
#include "base/json.h"
#include "master/schedule/placement.h"
#include "master/schedule/schedule_private.h"
#include "workers_support.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define MS 1000

struct mill {
	struct options options;
	struct master master;
	struct pipeline pipeline;
	struct claim claim;
	struct spent spent;
	struct job job;
};

/* 8000 x 5000 pixels in a file of 10 MB, and two workers elsewhere. */
static int set_up(void **state)
{
	struct mill *mill = g_new0(struct mill, 1);

	mill->options.payload = "auto";
	mill->master.settings.options = &mill->options;
	mill->master.fleet.workers = workers_unheard();
	workers_heard(mill->master.fleet.workers, beat_from("another", "a", "idle", "h"));
	workers_heard(mill->master.fleet.workers, beat_from("another", "b", "idle", "h"));
	mill->pipeline.name = "p";
	mill->pipeline.limits.seconds = 600;
	mill->claim.bytes = 10 << 20;
	mill->job = (struct job){.master = &mill->master,
		.claim = &mill->claim,
		.pipeline = &mill->pipeline,
		.spent = &mill->spent,
		.lane = LANE_TILED,
		.width = 8000,
		.height = 5000};
	*state = mill;
	return 0;
}

static int tear_down(void **state)
{
	struct mill *mill = *state;

	g_clear_pointer(&mill->master.queue.placement_times, g_hash_table_unref);
	workers_free(mill->master.fleet.workers);
	g_free(mill);
	return 0;
}

static bool sends(struct mill *mill, bool streams)
{
	g_autofree char *text = g_strdup_printf(
		"{\"streams\":%s,\"task\":{\"source\":{\"pixel_bytes\":3}}}", streams ? "true" : "false");
	g_autoptr(JsonObject) plan = json_parse_object(text, -1, NULL);

	mill->job.sent_as_file = false;
	return placement_sends_file(&mill->master, &mill->job, plan);
}

/* It was cut, and took so long, of which so much was decoding and computing. */
static void was_cut(struct mill *mill, gint64 took_ms, gint64 decode_ms, gint64 compute_ms)
{
	mill->job.sent_as_file = false;
	mill->job.lane = LANE_TILED;
	mill->spent.of[SPENT_PACKED] = 1;
	mill->spent.of[SPENT_DECODE_CPU_US] = decode_ms * MS;
	mill->spent.of[SPENT_COMPUTE_CPU_US] = compute_ms * MS;
	mill->job.began_us = clock_now_us() - took_ms * MS;
	placement_measured(&mill->master.queue, mill->master.fleet.workers, &mill->job);
}

static void was_sent(struct mill *mill, gint64 took_ms)
{
	mill->job.sent_as_file = true;
	mill->job.lane = LANE_WHOLE;
	mill->spent.of[SPENT_PACKED] = 1;
	mill->job.began_us = clock_now_us() - took_ms * MS;
	placement_measured(&mill->master.queue, mill->master.fleet.workers, &mill->job);
	mill->job.lane = LANE_TILED;
}

static void test_the_first_is_cut(void **state)
{
	assert_false(sends(*state, true));
}

static void test_light_work_is_sent(void **state)
{
	struct mill *mill = *state;

	was_cut(mill, 2000, 700, 1000); /* with two threads: 0.85 s */
	assert_true(sends(mill, true));
	assert_true(mill->job.sent_as_file);
	assert_int_equal(workers_idle_neighbours(mill->master.fleet.workers), 2);
	assert_false(sends(mill, false)); /* it would be in memory as a whole */
}

static void test_heavy_work_is_cut(void **state)
{
	struct mill *mill = *state;

	was_cut(mill, 2000, 700, 6000); /* many workers did it: 3.4 s with two threads */
	assert_false(sends(mill, true));
}

static void test_what_was_measured_counts_more(void **state)
{
	struct mill *mill = *state;

	was_cut(mill, 2000, 700, 1000);
	assert_true(sends(mill, true));
	was_sent(mill, 2500);
	assert_false(sends(mill, true));
	was_cut(mill, 4000, 700, 1000); /* 3 s on the average */
	assert_true(sends(mill, true));
}

static void test_not_everywhere(void **state)
{
	struct mill *mill = *state;

	was_cut(mill, 2000, 700, 1000);
	mill->claim.bytes = 40 << 20; /* 120 MB of pixels: hardly compressed */
	assert_false(sends(mill, true));
	mill->claim.bytes = 10 << 20;
	mill->options.tile = 256; /* asked for */
	assert_false(sends(mill, true));
	mill->options.tile = 0;
	mill->pipeline.limits.seconds = 3;
	assert_false(sends(mill, true));
	mill->pipeline.limits.seconds = 600;
	mill->job.width = mill->job.height = 1000;
	assert_false(sends(mill, true));
	mill->job.width = 8000;
	mill->job.height = 5000;
	assert_true(sends(mill, true));
	/* One who shares memory is there. */
	struct worker *near = workers_find(mill->master.fleet.workers, "a");
	near->here = true;
	near->beat->planes[PLANE_SHM] = true;
	assert_false(sends(mill, true));
	mill->options.payload = "inline";
	assert_true(sends(mill, true));
	near->here = false; /* nobody watches its process */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_the_first_is_cut, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_light_work_is_sent, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_heavy_work_is_cut, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_what_was_measured_counts_more, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_not_everywhere, set_up, tear_down),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

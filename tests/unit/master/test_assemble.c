/* SPDX-License-Identifier: GPL-2.0-or-later
 * Results in: what answers no lease changes nothing; a tile that came back unusable goes out again, with the next attempt. */
#include "base/counters.h"
#include "bus/protocol/body.h"
#include "master/schedule/assemble.h"
#include "schedule_bench.h"

static struct result *result_of(const struct lease *lease, enum result_status status)
{
	struct result *result = g_new0(struct result, 1);

	result->job = g_strdup(lease->job->id);
	result->serial = lease->job->course.run;
	result->tile = (gint32)lease->tile;
	result->attempt = (gint32)lease->attempt;
	result->worker = g_strdup(lease->worker->id);
	result->status = status;
	result->message = g_strdup(status == RESULT_OK ? "" : "a reason");
	result->report = g_strdup("{}");
	result->payload = body_new();
	return result;
}

static void what_answers_no_lease_changes_nothing(void **state)
{
	struct bench *bench = *state;
	struct job *job = add_job(bench, "j", 0);
	struct worker *a = add_worker(bench, "a", "idle");

	add_worker(bench, "b", "idle");
	dispatch(&bench->master);
	const struct lease *lease = g_queue_peek_head(&a->leases);
	for (int wrong = 0; wrong < 6; wrong++) {
		struct result *result = result_of(lease, RESULT_OK);
		guint64 before = counter_value(COUNTER_TILES_DUPLICATE);
		if (wrong == 0)
			result->serial--;
		else if (wrong == 1)
			result->tile = TILES;
		else if (wrong == 2)
			result->tile = -1;
		else if (wrong == 3)
			result->attempt++;
		else if (wrong == 4)
			result->worker[0] = 'b';
		else
			result->job[0] = 'x';
		assemble(&bench->master, result);
		assert_int_equal(counter_value(COUNTER_TILES_DUPLICATE), before + 1);
		assert_int_equal(job->work.leased, 2 * WINDOW);
		assert_int_equal(job->work.done, 0);
		assert_int_equal(a->leases.length, WINDOW);
	}
}

static void what_is_unusable_goes_out_again(void **state)
{
	static const enum result_status unusable[] = {RESULT_OK, RESULT_STALE, RESULT_RETRY};
	struct bench *bench = *state;
	struct job *job = add_job(bench, "j", 0);

	add_worker(bench, "a", "idle");
	add_worker(bench, "b", "idle");
	for (size_t i = 0; i < G_N_ELEMENTS(unusable); i++) {
		dispatch(&bench->master);
		const struct lease *lease = g_queue_peek_head(&workers_find(bench->master.fleet.workers, "a")->leases);
		guint tile = lease->tile, attempt = lease->attempt;
		/* OK: with no pixels, where 64 bytes belong. */
		assemble(&bench->master, result_of(lease, unusable[i]));
		assert_int_equal(job->course.phase, PHASE_RUNNING);
		assert_int_equal(job->work.done, 0);
		assert_int_not_equal(job->work.tiles[tile].state, TILE_DONE);
		assert_null(lease_attempt(job, tile, attempt));
		assert_int_equal(job->work.leased, 2 * WINDOW);
		assert_int_equal(job->work.ready.length, TILES - 2 * WINDOW);
	}
}

/* A worker that is slow, and not one that lost its tasks: the next time it is given more time. */
static void an_answer_after_the_task_was_sent_again_is_remembered(void **state)
{
	struct bench *bench = *state;
	add_job(bench, "j", 0);
	struct worker *a = add_worker(bench, "a", "idle");
	gint64 end_us = g_get_monotonic_time() + 20 * (gint64)G_USEC_PER_SEC;

	dispatch(&bench->master);
	struct result *late = result_of(g_queue_peek_head(&a->leases), RESULT_STALE);
	while (worker_awaits(a) && g_get_monotonic_time() < end_us)
		g_usleep(10000);
	assert_false(worker_awaits(a));
	for (int i = 0; i < 3; i++)
		add_worker(bench, "a", "idle");
	schedule_tick(&bench->master);
	assert_true(a->idle.resent);
	assert_int_equal(a->idle.doubts, 0);
	assemble(&bench->master, late);
	assert_int_equal(a->idle.doubts, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(what_answers_no_lease_changes_nothing, set_up, tear_down),
		cmocka_unit_test_setup_teardown(what_is_unusable_goes_out_again, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			an_answer_after_the_task_was_sent_again_is_remembered, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

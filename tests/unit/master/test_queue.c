/* SPDX-License-Identifier: GPL-2.0-or-later
 * The queue: the order in which jobs start, which runs are found, and how many jobs may be stuck. */
#include "../unit.h"

#include "master/job/queue.h"

#define JOBS 5

struct bench {
	struct queue queue;
	struct pipeline low, high;
	struct job jobs[JOBS];
};

static int set_up(void **state)
{
	struct bench *bench = g_new0(struct bench, 1);

	queue_init(&bench->queue);
	bench->low = (struct pipeline){.name = "low", .priority = 1};
	bench->high = (struct pipeline){.name = "high", .priority = 2};
	for (int i = 0; i < JOBS; i++)
		bench->jobs[i] = (struct job){.pipeline = &bench->low, .times = {.queued_us = i}};
	*state = bench;
	return 0;
}

static int tear_down(void **state)
{
	struct bench *bench = *state;

	queue_clear(&bench->queue);
	g_queue_clear(&bench->queue.queued);
	g_hash_table_unref(bench->queue.jobs);
	g_hash_table_unref(bench->queue.sources);
	g_ptr_array_unref(bench->queue.running);
	g_free(bench);
	return 0;
}

static void higher_priority_first_and_then_the_older(void **state)
{
	struct bench *bench = *state;
	static const int added[JOBS] = {3, 1, 4, 0, 2}, wanted[JOBS] = {1, 4, 0, 2, 3};
	GList *link;

	bench->jobs[1].pipeline = bench->jobs[4].pipeline = &bench->high;
	for (int i = 0; i < JOBS; i++)
		queue_add(&bench->queue, &bench->jobs[added[i]]);
	link = bench->queue.queued.head;
	for (int i = 0; i < JOBS; i++, link = link->next)
		assert_ptr_equal(link->data, &bench->jobs[wanted[i]]);
	assert_null(link);
}

static void a_run_is_found_while_it_lasts(void **state)
{
	struct bench *bench = *state;
	struct job *job = &bench->jobs[0];
	struct tile tile = {0};

	job->id = (char *)"a";
	g_hash_table_insert(bench->queue.jobs, job->id, job);
	job->course.run = 7;
	assert_ptr_equal(queue_find(&bench->queue, "a"), job);
	assert_null(queue_find(&bench->queue, "b"));
	assert_null(queue_find_run(&bench->queue, "a", 7)); /* no tiles yet */
	job->work.tiles = &tile;
	assert_ptr_equal(queue_find_run(&bench->queue, "a", 7), job);
	assert_null(queue_find_run(&bench->queue, "a", 6));
}

static void jobs_that_only_wait_for_a_disk_are_not_busy(void **state)
{
	struct bench *bench = *state;

	for (int i = 0; i < 3; i++)
		g_ptr_array_add(bench->queue.running, &bench->jobs[i]);
	bench->jobs[1].course.commit_tries = 1;
	assert_int_equal(queue_busy(&bench->queue), 2);
}

/* 64 at most, of each pipeline; those that are stuck are tried one at a time. */
static void many_stuck_jobs_stop_their_own_pipeline_only(void **state)
{
	struct bench *bench = *state;
	struct job *fresh = &bench->jobs[0], *stuck = &bench->jobs[1], *tried = &bench->jobs[2],
		   *other = &bench->jobs[3];

	other->pipeline = &bench->high;
	stuck->course.stuck = tried->course.stuck = true;
	for (int i = 0; i < 63; i++)
		queue_count_stuck(&bench->queue, stuck, true);
	assert_true(queue_may_start(&bench->queue, fresh));
	queue_count_stuck(&bench->queue, stuck, true);
	assert_false(queue_may_start(&bench->queue, fresh));
	assert_true(queue_is_stuck(&bench->queue, fresh));
	assert_true(queue_may_start(&bench->queue, other));
	assert_true(queue_may_start(&bench->queue, stuck));
	g_ptr_array_add(bench->queue.running, tried);
	assert_false(queue_may_start(&bench->queue, stuck));
	/* Its try came as far as to the commit, which waits: that takes nothing from others. */
	tried->course.commit_tries = 1;
	assert_true(queue_may_start(&bench->queue, stuck));
	queue_count_stuck(&bench->queue, stuck, false);
	assert_true(queue_may_start(&bench->queue, fresh));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(higher_priority_first_and_then_the_older, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_run_is_found_while_it_lasts, set_up, tear_down),
		cmocka_unit_test_setup_teardown(jobs_that_only_wait_for_a_disk_are_not_busy, set_up, tear_down),
		cmocka_unit_test_setup_teardown(many_stuck_jobs_stop_their_own_pipeline_only, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: GPL-2.0-or-later
 * Events are posted by value, and run later, in order: those of a job that is gone, or of an older run, mean nothing. The loop runs them by itself. */
#include "../unit.h"

#include "master/schedule/run_effects.h"
#include "master/schedule/schedule.h"
#include "master/state/state.h"
#include "workers_support.h"

struct bench {
	struct master master;
	struct pipeline *pipeline;
	struct job *job;
};

static guint rooms; /* times that there was room */

static void room(struct master *master)
{
	rooms++;
}

static int set_up(void **state)
{
	struct bench *bench = g_new0(struct bench, 1);
	struct claim *claim = g_new0(struct claim, 1);
	struct options *options = g_new0(struct options, 1);

	rooms = 0;
	bench->master.settings.options = options;
	bench->master.fleet.workers = workers_unheard();
	queue_init(&bench->master.queue);
	bench->master.draining = true; /* no job starts */
	bench->master.room_hook = room;
	bench->pipeline = pipeline_new();
	g_ptr_array_add(bench->pipeline->outputs, output_new());
	claim->id = g_strdup("j");
	claim->relative = g_strdup("a.png");
	claim->path = g_strdup("/nowhere/a.png");
	bench->job = job_new(claim, bench->pipeline);
	bench->job->master = &bench->master;
	g_hash_table_insert(bench->master.queue.jobs, bench->job->id, bench->job);
	*state = bench;
	return 0;
}

static int tear_down(void **state)
{
	struct bench *bench = *state;

	g_queue_clear(&bench->master.queue.queued);
	g_hash_table_unref(bench->master.queue.jobs);
	g_hash_table_unref(bench->master.queue.sources);
	g_ptr_array_unref(bench->master.queue.running);
	queue_clear(&bench->master.queue);
	workers_free(bench->master.fleet.workers);
	g_free((struct options *)bench->master.settings.options);
	job_free(bench->job);
	pipeline_unref(bench->pipeline);
	g_free(bench);
	return 0;
}

static void nothing_happens_before_it_is_run(void **state)
{
	struct bench *bench = *state;

	job_happens(bench->job, (struct job_event){.kind = EVENT_ADDED});
	assert_int_equal(bench->job->course.phase, PHASE_NEW);
	run_effects(&bench->master);
	assert_int_equal(bench->job->course.phase, PHASE_QUEUED);
	assert_int_equal(bench->master.queue.queued.length, 1);
	assert_int_equal(rooms, 1);
	assert_true(bench->master.events.wanted);
}

static void events_keep_their_order_and_their_words(void **state)
{
	struct bench *bench = *state;
	char why[] = "first";

	job_broken(bench->job, why);
	why[0] = 'F'; /* the caller's, who may free it */
	job_made(bench->job);
	auto_struct(posted_event) first = job_events_take(&bench->master.events);
	auto_struct(posted_event) second = job_events_take(&bench->master.events);
	assert_string_equal(first->event.why, "first");
	assert_int_equal(second->event.kind, EVENT_MADE);
	assert_null(job_events_take(&bench->master.events));
}

static void a_job_that_is_gone_is_left_alone(void **state)
{
	struct bench *bench = *state;

	job_happens(bench->job, (struct job_event){.kind = EVENT_ADDED});
	g_hash_table_remove(bench->master.queue.jobs, bench->job->id);
	run_effects(&bench->master);
	assert_int_equal(bench->job->course.phase, PHASE_NEW);
	assert_int_equal(rooms, 0);
}

static void what_is_of_an_older_run_is_left_alone(void **state)
{
	struct bench *bench = *state;

	bench->job->course = (struct course){.phase = PHASE_RUNNING, .run = 7};
	job_made(bench->job);
	bench->job->course.run = 8; /* another one began meanwhile */
	run_effects(&bench->master);
	assert_int_equal(bench->job->course.phase, PHASE_RUNNING);
}

/* Another run of a whole job, for its worker is gone: what its workers did is remembered, and so is a pause that is not over. */
static void a_renewed_job_begins_again(void **state)
{
	struct bench *bench = *state;
	struct job *job = bench->job;

	job->course = (struct course){.phase = PHASE_RUNNING, .run = 7};
	job_set_tiles(job, 1);
	job->work.tiles[0].attempt = 3;
	job->work.tiles[0].poison.deaths = 2;
	job->work.failure_votes = g_ptr_array_new();
	job->work.undelivered = g_strdup("no broker");
	job->work.send_after_us = G_MAXINT64;
	job_renewed(job);
	job_made(job); /* of the run before */
	run_effects(&bench->master);
	assert_int_equal(job->course.phase, PHASE_RUNNING);
	assert_int_equal(job->course.run, bench->master.queue.serial);
	assert_int_equal(job->work.ready.length, 1);
	assert_int_equal(job->work.tiles[0].attempt, 0);
	assert_int_equal(job->work.tiles[0].poison.deaths, 2);
	assert_non_null(job->work.failure_votes);
	assert_string_equal(job->work.undelivered, "no broker");
	job->work.send_after_us = 1; /* it is over */
	job_renewed(job);
	run_effects(&bench->master);
	assert_null(job->work.undelivered);
}

/* Nobody has its task: it starts over, so that it ends. One whose task waits for a worker is left alone. */
static void a_job_that_nobody_has_starts_over(void **state)
{
	struct bench *bench = *state;
	struct job *job = bench->job;

	job->course = (struct course){.phase = PHASE_RUNNING, .run = 7, .attempts = 3};
	g_ptr_array_add(bench->master.queue.running, job);
	job_set_tiles(job, 1);
	g_queue_push_tail(&job->work.ready, GUINT_TO_POINTER(0));
	schedule_tick(&bench->master);
	assert_int_equal(job->course.phase, PHASE_RUNNING);
	g_queue_clear(&job->work.ready);
	schedule_tick(&bench->master);
	assert_int_equal(job->course.phase, PHASE_QUEUED);
	assert_int_equal(job->course.faults, 1);
}

static void the_loop_runs_what_is_posted(void **state)
{
	struct bench *bench = *state;

	schedule_attach(&bench->master);
	assert_false(g_main_context_iteration(NULL, FALSE));
	job_happens(bench->job, (struct job_event){.kind = EVENT_ADDED});
	assert_true(g_main_context_iteration(NULL, FALSE));
	assert_int_equal(bench->job->course.phase, PHASE_QUEUED);
	/* It does not ask for more turns than that. */
	assert_false(g_main_context_iteration(NULL, FALSE));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(nothing_happens_before_it_is_run, set_up, tear_down),
		cmocka_unit_test_setup_teardown(events_keep_their_order_and_their_words, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_job_that_is_gone_is_left_alone, set_up, tear_down),
		cmocka_unit_test_setup_teardown(what_is_of_an_older_run_is_left_alone, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_renewed_job_begins_again, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_job_that_nobody_has_starts_over, set_up, tear_down),
		cmocka_unit_test_setup_teardown(the_loop_runs_what_is_posted, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: GPL-2.0-or-later
 * Events are posted by value, and run later, in order: those of a job that is gone, or of an older run, mean nothing. The loop runs them by itself. */
#include "../unit.h"

#include "master/schedule/run_effects.h"
#include "master/schedule/schedule.h"
#include "master/state/state.h"

struct bench {
	struct master master;
	struct pipeline pipeline;
	struct claim claim;
	struct job job;
};

static guint rooms; /* times that there was room */

static void room(struct master *master)
{
	(void)master;
	rooms++;
}

static int set_up(void **state)
{
	struct bench *bench = g_new0(struct bench, 1);
	struct job *job = &bench->job;

	rooms = 0;
	queue_init(&bench->master.queue);
	bench->master.draining = true; /* no job starts */
	bench->master.room_hook = room;
	bench->pipeline = (struct pipeline){.name = "p"};
	*job = (struct job){.master = &bench->master, .id = g_ref_string_new("j"), .pipeline = &bench->pipeline};
	job->claim = &bench->claim;
	job->outputs = job_outputs_new();
	g_hash_table_insert(bench->master.queue.jobs, job->id, job);
	*state = bench;
	return 0;
}

static int tear_down(void **state)
{
	struct bench *bench = *state;

	queue_clear(&bench->master.queue);
	g_queue_clear(&bench->master.queue.queued);
	g_hash_table_unref(bench->master.queue.jobs);
	g_hash_table_unref(bench->master.queue.sources);
	g_ptr_array_unref(bench->master.queue.running);
	g_ptr_array_unref(bench->job.outputs);
	g_ref_string_release(bench->job.id);
	g_free(bench);
	return 0;
}

static void nothing_happens_before_it_is_run(void **state)
{
	struct bench *bench = *state;

	job_happens(&bench->job, (struct job_event){.kind = EVENT_ADDED});
	assert_int_equal(bench->job.course.phase, PHASE_NEW);
	run_effects(&bench->master);
	assert_int_equal(bench->job.course.phase, PHASE_QUEUED);
	assert_int_equal(bench->master.queue.queued.length, 1);
	assert_int_equal(rooms, 1);
	assert_true(bench->master.events.wanted);
}

static void events_keep_their_order_and_their_words(void **state)
{
	struct bench *bench = *state;
	char why[] = "first";

	job_broken(&bench->job, why);
	why[0] = 'F'; /* the caller's, who may free it */
	job_made(&bench->job);
	auto_struct(posted_event) first = job_events_take(&bench->master.events);
	auto_struct(posted_event) second = job_events_take(&bench->master.events);
	assert_string_equal(first->event.why, "first");
	assert_int_equal(second->event.kind, EVENT_MADE);
	assert_null(job_events_take(&bench->master.events));
}

static void a_job_that_is_gone_is_left_alone(void **state)
{
	struct bench *bench = *state;

	job_happens(&bench->job, (struct job_event){.kind = EVENT_ADDED});
	g_hash_table_remove(bench->master.queue.jobs, bench->job.id);
	run_effects(&bench->master);
	assert_int_equal(bench->job.course.phase, PHASE_NEW);
	assert_int_equal(rooms, 0);
}

static void what_is_of_an_older_run_is_left_alone(void **state)
{
	struct bench *bench = *state;

	bench->job.course = (struct course){.phase = PHASE_RUNNING, .run = 7};
	job_made(&bench->job);
	bench->job.course.run = 8; /* another one began meanwhile */
	run_effects(&bench->master);
	assert_int_equal(bench->job.course.phase, PHASE_RUNNING);
}

static void the_loop_runs_what_is_posted(void **state)
{
	struct bench *bench = *state;

	schedule_attach(&bench->master);
	assert_false(g_main_context_iteration(NULL, FALSE));
	job_happens(&bench->job, (struct job_event){.kind = EVENT_ADDED});
	assert_true(g_main_context_iteration(NULL, FALSE));
	assert_int_equal(bench->job.course.phase, PHASE_QUEUED);
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
		cmocka_unit_test_setup_teardown(the_loop_runs_what_is_posted, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

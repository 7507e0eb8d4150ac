/* SPDX-License-Identifier: GPL-2.0-or-later
 * Tasks out, over an embedded broker: windows, turns, priorities; what comes back; what cannot be sent. */
#include "schedule_bench.h"

#include "bus/reader.h"
#include "master/fleet/worker_select.h"

static void a_window_is_filled_and_no_more(void **state)
{
	struct bench *bench = *state;
	struct job *job = add_job(bench, "j", 0);
	struct worker *a = add_worker(bench, "a", "idle"), *b = add_worker(bench, "b", "idle");

	dispatch(&bench->master);
	assert_int_equal(a->leases.length, WINDOW);
	assert_int_equal(b->leases.length, WINDOW);
	assert_int_equal(job->work.leased, 2 * WINDOW);
	assert_int_equal(job->work.ready.length, TILES - 2 * WINDOW);
	assert_true(g_queue_is_empty(&bench->master.events.posted));
	dispatch(&bench->master);
	assert_int_equal(job->work.leased, 2 * WINDOW);
}

static void nothing_goes_where_nobody_takes_it(void **state)
{
	struct bench *bench = *state;
	struct job *job = add_job(bench, "j", 0);

	dispatch(&bench->master);
	assert_int_equal(job->work.leased, 0);
	struct worker *stopping = add_worker(bench, "a", "stopping");
	dispatch(&bench->master);
	assert_int_equal(job->work.leased, 0);
	assert_true(!stopping || stopping->leases.length == 0);
	add_worker(bench, "b", "idle");
	bench->master.link.up = false;
	dispatch(&bench->master);
	assert_int_equal(job->work.leased, 0);
	assert_int_equal(job->work.ready.length, TILES);
	bench->master.link.up = true;
	dispatch(&bench->master);
	assert_int_equal(job->work.leased, WINDOW);
}

static void jobs_take_turns_and_the_urgent_one_goes_first(void **state)
{
	struct bench *bench = *state;
	struct job *one = add_job(bench, "1", 0), *two = add_job(bench, "2", 0);

	add_worker(bench, "a", "idle");
	dispatch(&bench->master);
	assert_int_equal(one->work.leased, WINDOW / 2);
	assert_int_equal(two->work.leased, WINDOW / 2);
	struct job *urgent = add_job(bench, "3", 5);
	add_worker(bench, "b", "idle");
	dispatch(&bench->master);
	assert_int_equal(urgent->work.leased, WINDOW);
	assert_int_equal(one->work.leased + two->work.leased, WINDOW);
}

static void tiles_of_a_worker_that_stops_go_to_another(void **state)
{
	struct bench *bench = *state;
	struct job *job = add_job(bench, "j", 0);
	struct worker *a = add_worker(bench, "a", "idle");

	dispatch(&bench->master);
	assert_int_equal(a->leases.length, WINDOW);
	add_worker(bench, "a", "stopping");
	assert_int_equal(job->work.leased, 0);
	assert_int_equal(job->work.ready.length, TILES);
	assert_int_equal(job->course.phase, PHASE_RUNNING);
	struct worker *b = add_worker(bench, "b", "idle");
	dispatch(&bench->master);
	assert_int_equal(b->leases.length, WINDOW);
	assert_int_equal(job->work.ready.length, TILES - WINDOW);
}

/* What cannot be sent for the job's own sake is the job's end: nothing else of it goes out. */
static void a_job_that_cannot_be_sent_stops_there(void **state)
{
	struct bench *bench = *state;
	struct job *job = add_job(bench, "j", 0);

	add_worker(bench, "a", "idle");
	job->plan.profile = json_object_new();
	json_object_set_string_member(job->plan.profile, "sha256", "00");
	dispatch(&bench->master);
	assert_int_equal(bench->master.events.posted.length, 1);
	assert_int_equal(job->work.leased, 1);
	g_clear_pointer(&job->plan.profile, json_object_unref);
}

/* It may go to one of them only, and is more urgent: the others have work that it cannot give them. */
static void a_picture_of_one_group_holds_up_no_other_group(void **state)
{
	struct bench *bench = *state;
	struct worker *old = add_worker(bench, "old", "idle");
	struct job *cut = add_job(bench, "cut", 5), *other = add_job(bench, "other", 0);

	workers_heard(bench->master.fleet.workers, beat_from("another", "new", "idle", "another"));
	workers_heard(bench->master.fleet.workers, beat_from("another", "newer", "idle", "another"));
	workers_regroup(bench->master.fleet.workers);
	cut->plan.group = g_ref_string_acquire(old->group->key);
	assert_false(old->group->rules);
	dispatch(&bench->master);
	assert_int_equal(cut->work.leased, WINDOW);
	assert_int_equal(other->work.leased, 2 * WINDOW);
}

static bool count_record(struct bus_reader *reader, struct record *record, void *counts)
{
	(void)reader;
	g_atomic_int_inc(&((gint *)counts)[record->partition]);
	return false;
}

/* The first attempts of all tasks went to one partition of the worker's, and the others lay there in vain. */
static void the_partitions_of_a_worker_take_turns(void **state)
{
	struct bench *bench = *state;
	const enum topic tasks = TOPIC_TASKS;
	gint counts[2] = {0};
	const struct bus_reader_options options = {
		.topics = &tasks, .topic_count = 1, .record = count_record, .user = counts};
	const gint32 second = 1;
	gint64 end_us = g_get_monotonic_time() + 20 * (gint64)G_USEC_PER_SEC;

	add_job(bench, "j", 0);
	struct heartbeat *two = beat_from("another", "a", "idle", "h");
	g_array_append_val(two->partitions, second);
	workers_heard(bench->master.fleet.workers, two);
	auto_struct(bus_reader) reader = bus_reader_new(bench->master.link.bus, &options, NULL);
	assert_non_null(reader);
	dispatch(&bench->master);
	while (g_atomic_int_get(&counts[0]) + g_atomic_int_get(&counts[1]) < WINDOW && g_get_monotonic_time() < end_us)
		g_usleep(10000);
	assert_int_equal(g_atomic_int_get(&counts[0]), WINDOW / 2);
	assert_int_equal(g_atomic_int_get(&counts[1]), WINDOW / 2);
}

/* What lies unread there must not cost a task all its tries. */
static void a_second_task_goes_to_another_partition(void **state)
{
	struct bench *bench = *state;
	const gint32 second = 1;
	gint32 before[TILES] = {0};
	guint again = 0;
	struct job *job = add_job(bench, "j", 0);

	for (int round = 0; round < 2; round++) {
		struct heartbeat *two = beat_from("another", "a", "idle", "h");
		g_array_append_val(two->partitions, second);
		workers_heard(bench->master.fleet.workers, two);
		dispatch(&bench->master);
		assert_int_equal(job->work.leased, WINDOW);
		for (guint i = 0; i < TILES; i++) {
			if (job->work.tiles[i].state == TILE_LEASED && before[i]) {
				assert_int_not_equal(job->work.tiles[i].sent_to, before[i]);
				again++;
			}
			before[i] = job->work.tiles[i].sent_to;
		}
		/* Its tiles come back in reverse order: now each would meet its first partition again. */
		add_worker(bench, "a", "stopping")->turn = 1;
	}
	assert_int_equal(again, WINDOW);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_window_is_filled_and_no_more, set_up, tear_down),
		cmocka_unit_test_setup_teardown(nothing_goes_where_nobody_takes_it, set_up, tear_down),
		cmocka_unit_test_setup_teardown(jobs_take_turns_and_the_urgent_one_goes_first, set_up, tear_down),
		cmocka_unit_test_setup_teardown(tiles_of_a_worker_that_stops_go_to_another, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_job_that_cannot_be_sent_stops_there, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_picture_of_one_group_holds_up_no_other_group, set_up, tear_down),
		cmocka_unit_test_setup_teardown(the_partitions_of_a_worker_take_turns, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_second_task_goes_to_another_partition, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

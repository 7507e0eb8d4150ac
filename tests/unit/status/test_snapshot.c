/* SPDX-License-Identifier: GPL-2.0-or-later
 * The latest snapshot: readers keep what they hold while the next is published. */

#include "../unit.h"

#include "status/snapshot.h"

static struct snapshot *with_jobs(int count)
{
	struct snapshot *snapshot = snapshot_new();
	for (int i = 0; i < count; i++) {
		struct job_view *job = job_view_new();
		job->id = g_strdup_printf("j%d", i);
		g_ptr_array_add(snapshot->jobs, job);
	}
	snapshot->jobs_by_state[JOB_DONE] = (guint64)count;
	return snapshot;
}

static void test_names(void **state)
{
	assert_string_equal(job_state_name(JOB_QUEUED), "queued");
	assert_string_equal(job_state_name(JOB_RUNNING), "running");
	assert_string_equal(job_state_name(JOB_DONE), "done");
	assert_string_equal(job_state_name(JOB_FAILED), "failed");
	assert_string_equal(worker_state_name(WORKER_LIVE), "live");
	assert_string_equal(worker_state_name(WORKER_LATE), "late");
	assert_string_equal(worker_state_name(WORKER_GONE), "gone");
}

static void test_nothing_before_the_first(void **state)
{
	snapshot_publish(NULL);
	assert_null(snapshot_get());
}

static void test_a_reader_keeps_what_it_holds(void **state)
{
	snapshot_publish(with_jobs(3));
	auto_struct(snapshot) held = snapshot_get();
	snapshot_publish(with_jobs(5));
	auto_struct(snapshot) newer = snapshot_get();

	assert_ptr_not_equal(held, newer);
	assert_int_equal(held->jobs->len, 3);
	assert_string_equal(((struct job_view *)g_ptr_array_index(held->jobs, 2))->id, "j2");
	assert_int_equal(newer->jobs->len, 5);
	assert_true(newer->sequence > held->sequence);
	snapshot_publish(NULL);
}

static gint stop;

static gpointer reader(gpointer data)
{
	guint64 last = 0;
	gsize seen = 0;
	(void)data;

	do {
		auto_struct(snapshot) snapshot = snapshot_get();
		/* Never half of one and half of another, and never an older one. */
		if (snapshot->jobs->len != snapshot->jobs_by_state[JOB_DONE] || snapshot->sequence < last)
			return GINT_TO_POINTER(-1);
		last = snapshot->sequence;
		seen++;
	} while (!g_atomic_int_get(&stop));
	return GSIZE_TO_POINTER(MIN(seen, 1000));
}

static void test_many_readers_while_it_changes(void **state)
{
	GThread *readers[4];

	snapshot_publish(with_jobs(1));
	g_atomic_int_set(&stop, 0);
	for (size_t i = 0; i < G_N_ELEMENTS(readers); i++)
		readers[i] = g_thread_new("reader", reader, NULL);
	for (int i = 0; i < 2000; i++)
		snapshot_publish(with_jobs(i % 17));
	g_usleep(20000);
	g_atomic_int_set(&stop, 1);
	for (size_t i = 0; i < G_N_ELEMENTS(readers); i++)
		assert_in_range(GPOINTER_TO_INT(g_thread_join(readers[i])), 1, 1000);
	snapshot_publish(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_nothing_before_the_first),
		cmocka_unit_test(test_a_reader_keeps_what_it_holds),
		cmocka_unit_test(test_many_readers_while_it_changes),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: GPL-2.0-or-later
 * The commit thread works on values: what the loop has of a job stays as it is until the loop takes the answer over. */
#include <fcntl.h>

#include "../ledger/ledger_support.h"
#include "base/disk/beneath.h"
#include "commit_support.h"
#include "ledger/ledger.h"
#include "master/schedule/job_transitions.h"

static struct bench {
	struct bed *bed;
	struct committer *committer;
	struct job *job;
	bool ok, refused;
	char *message;
	GPtrArray *outputs; /* as the answer has them */
	char *left_at;
	guint next; /* how many are told that a name is free */
} here;

/* On the loop, without a loop's state. */
static void committed(struct commit_request *request, void *user)
{
	(void)user;
	here.ok = request->ok;
	here.refused = request->refused;
	here.message = g_strdup(request->error ? request->error->message : "");
	here.outputs = g_ptr_array_ref(request->found->outputs);
	here.left_at = g_strdup(request->claim->left_at);
	here.next = request->next ? request->next->len : 0;
	g_main_loop_quit(here.bed->loop);
}

static int begin_bench(void **state)
{
	if (set_up(state) != 0)
		return -1;
	here.bed = *state;
	add_output(here.bed, "{stem}.png");
	add_output(here.bed, "{width}.png");
	here.committer = committer_new(here.bed->names, here.bed->history, NULL, committed, NULL);
	here.job = milled(here.bed, "a.png"); /* one output has its name from the start, the other needs its size */
	return 0;
}

static int end_bench(void **state)
{
	committer_free(here.committer);
	g_clear_pointer(&here.outputs, g_ptr_array_unref);
	g_free(here.message);
	g_free(here.left_at);
	here = (struct bench){0};
	return tear_down(state);
}

/* What the page is made from meanwhile. */
static void assert_untouched(const struct job *job)
{
	assert_int_equal(job->outputs->len, 2);
	assert_named(job, 0, "a.png");
	assert_null(output_at(job, 1)->final);
	for (guint i = 0; i < 2; i++) {
		assert_false(output_at(job, i)->renamed);
		assert_false(output_at(job, i)->committed);
	}
	assert_null(job->claim->left_at);
}

/* To the end of the thread's work, and no further: the loop does not run. */
static void await_thread(void)
{
	for (guint i = 0; i < 10000 && !g_main_context_pending(NULL); i++) {
		assert_untouched(here.job);
		g_usleep(1000);
	}
	assert_true(g_main_context_pending(NULL));
	assert_untouched(here.job);
}

static void the_loop_sees_nothing_of_a_commit_before_it_takes_the_answer(void **state)
{
	g_autofree char *archived = g_build_filename(here.bed->folder, "_done", "a.png", NULL);

	jobs_ask_commit(here.committer, here.job, COMMIT_OUTPUTS);
	await_thread();
	g_main_loop_run(here.bed->loop);
	if (!here.ok)
		fail_msg("%s", here.message);
	assert_string_equal(here.left_at, archived);
	for (guint i = 0; i < 2; i++) {
		const struct job_output *output = here.outputs->pdata[i];
		assert_true(output->committed);
		assert_int_equal(access(output->final, F_OK), 0);
	}
	assert_true(g_str_has_suffix(((struct job_output *)here.outputs->pdata[1])->final, "/640.png"));
	assert_untouched(here.job);
}

/* Another picture is in work under its name: the place that it waits for is in the answer. */
static void nor_of_one_that_must_wait(void **state)
{
	struct bed *bed = *state;

	bed->pipeline->on_conflict = CONFLICT_OVERWRITE;
	struct job *other = drop(bed, "640.png");
	settle(bed, other, "640.png");
	jobs_ask_commit(here.committer, here.job, COMMIT_OUTPUTS);
	await_thread();
	g_main_loop_run(bed->loop);
	assert_false(here.ok);
	assert_string_equal(here.message, "640.png is being made from 640.png");
	assert_null(here.left_at);
}

static void nor_of_a_failure(void **state)
{
	g_autofree char *failed = g_build_filename(here.bed->folder, "_failed", "a.png", NULL);

	here.job->error = g_strdup("no good");
	jobs_ask_commit(here.committer, here.job, COMMIT_FAILURE);
	await_thread();
	g_main_loop_run(here.bed->loop);
	assert_true(here.ok);
	assert_string_equal(here.left_at, failed);
}

/* Something else got the name of the second one's folder after names were given. */
static void block_the_second(const struct bed *bed)
{
	g_autofree char *path = g_build_filename(bed->out, "p", "640.png", NULL);
	struct job_output *output = output_at(here.job, 1);

	assert_true(g_file_set_contents(path, "mine", 4, NULL));
	output->final = g_build_filename(path, "deeper.png", NULL);
	output->wished = g_strdup(output->final);
	output->fresh = true;
}

static void when_the_second_cannot_be_placed_the_first_goes(void **state)
{
	g_autofree char *first = g_strdup(output_at(here.job, 0)->final);

	block_the_second(*state);
	jobs_ask_commit(here.committer, here.job, COMMIT_OUTPUTS);
	g_main_loop_run(here.bed->loop);
	assert_false(here.ok);
	assert_true(here.refused);
	assert_non_null(strstr(here.message, "640.png"));
	assert_null(strstr(here.message, "stays"));
	assert_int_equal(access(first, F_OK), -1);
	assert_null(owner_of(here.bed->history, "p/a.png"));
	assert_int_equal(access(here.job->claim->path, F_OK), 0);
}

/* At once, and not when it has looked again by itself. */
static void and_who_waits_for_its_name_is_told(void **state)
{
	struct bed *bed = *state;

	bed->pipeline->on_conflict = CONFLICT_OVERWRITE;
	struct job *other = drop(bed, "a.tif");
	assert_int_equal(begin(bed, other, NULL), NAMES_TAKEN);
	block_the_second(bed);
	jobs_ask_commit(here.committer, here.job, COMMIT_OUTPUTS);
	g_main_loop_run(here.bed->loop);
	assert_true(here.refused);
	assert_int_equal(here.next, 1);
}

/* It had been there from an earlier drop: there is nothing to go back to. */
static void or_stays_and_is_told(void **state)
{
	struct bed *bed = *state;
	g_autofree char *first = g_strdup(output_at(here.job, 0)->final);

	assert_true(g_file_set_contents(first, "older", -1, NULL));
	struct stamp stamp;
	assert_true(stamp_take(first, &stamp));
	assert_true(history_own(bed->history, "p/a.png", "p/a.png", "p/a.png", "older", &stamp, NULL));
	output_at(here.job, 0)->fresh = false;
	block_the_second(bed);
	jobs_ask_commit(here.committer, here.job, COMMIT_OUTPUTS);
	g_main_loop_run(here.bed->loop);
	assert_true(here.refused);
	assert_non_null(strstr(here.message, "a.png was finished before that and stays"));
	assert_int_equal(access(first, F_OK), 0);
}

/* The reason says that they are finished, and so does the history. */
static void outputs_stay_when_only_the_original_cannot_be_placed(void **state)
{
	g_autofree char *first = g_strdup(output_at(here.job, 0)->final);
	g_free(here.job->claim->relative);
	here.job->claim->relative = g_strnfill(NAME_MAX + 1, 'x');
	jobs_ask_commit(here.committer, here.job, COMMIT_OUTPUTS);
	g_main_loop_run(here.bed->loop);
	assert_false(here.ok);
	assert_true(here.refused);
	assert_non_null(strstr(here.message, "its outputs are finished, but its original stays"));
	assert_int_equal(access(first, F_OK), 0);
	for (guint i = 0; i < 2; i++) {
		const struct job_output *output = here.outputs->pdata[i];
		assert_true(output->committed);
		assert_int_equal(access(output->final, F_OK), 0);
	}
}

/* The job may end, and be freed, whatever threads still have of it. */
static void a_drop_outlives_its_job(void **state)
{
	struct bed *bed = *state;
	struct drop *known = drop_ref(job_drop(here.job));

	g_ptr_array_remove(bed->jobs, here.job);
	assert_string_equal(known->claim->relative, "a.png");
	assert_string_equal(known->owner, "p/a.png");
	names_release(bed->names, known);
	drop_unref(known);
}

#undef TEST
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin_bench, end_bench)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_loop_sees_nothing_of_a_commit_before_it_takes_the_answer),
		TEST(nor_of_one_that_must_wait),
		TEST(nor_of_a_failure),
		TEST(when_the_second_cannot_be_placed_the_first_goes),
		TEST(and_who_waits_for_its_name_is_told),
		TEST(or_stays_and_is_told),
		TEST(outputs_stay_when_only_the_original_cannot_be_placed),
		TEST(a_drop_outlives_its_job),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

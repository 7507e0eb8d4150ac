/* SPDX-License-Identifier: GPL-2.0-or-later
 * Places of outputs: what two pictures in work, a crash, a stranger's file and the order of drops do to them. */
#include "../ledger/ledger_support.h"
#include "output_names_support.h"

static void a_place_belongs_to_one_picture_in_work(void **state)
{
	struct bed *bed = *state;

	add_output(bed, "x.jpg");
	struct job *a = drop(bed, "a.png"), *b = drop(bed, "b.png"), *c = drop(bed, "c.png");
	settle(bed, a, "x.jpg");
	settle(bed, b, "x-2.jpg");
	assert_string_equal(output_at(b, 0)->note, "renamed to x-2.jpg because x.jpg is being made from a.png");
	release(bed, a); /* it failed */
	settle(bed, c, "x.jpg");
	settle(bed, b, "x-2.jpg"); /* a run that starts over, while c has the first name */
}

static void a_picture_taken_up_after_a_crash_finds_its_own(void **state)
{
	struct bed *bed = *state;

	bed->pipeline->on_conflict = CONFLICT_FAIL;
	add_output(bed, "{stem}.jpg");
	struct job *a = drop(bed, "a.png");
	settle(bed, a, "a.jpg");
	finish(bed, a); /* and before the original was archived, the mill died */
	settle(bed, a, "a.jpg");
	release(bed, a);
	struct job *again = drop(bed, "a.png");
	g_autoptr(GError) error = NULL;
	assert_int_equal(begin(bed, again, &error), NAMES_FAILED);
	assert_true(g_error_matches(error, DROPMILL_ERROR, ERROR_INPUT));
}

static void a_stranger_that_comes_meanwhile_stays(void **state)
{
	struct bed *bed = *state;

	add_output(bed, "{stem}.jpg");
	struct job *a = drop(bed, "a.png");
	settle(bed, a, "a.jpg");
	assert_true(output_at(a, 0)->fresh);
	job_name_temps(a);
	assert_true(own(bed, a, output_at(a, 0)));
	put_stranger(bed, "a.jpg");
	names_give_up(bed->names, output_at(a, 0));
	assert_int_equal(settle_sized(bed, a), NAMES_GIVEN);
	assert_named(a, 0, "a-2.jpg");
	assert_string_equal(output_at(a, 0)->note, "renamed to a-2.jpg because a.jpg is there and was not made here");
	assert_null(owner_of(bed->history, "p/a.jpg"));
}

static void overwriting_goes_in_the_order_of_drops(void **state)
{
	struct bed *bed = *state;

	bed->pipeline->on_conflict = CONFLICT_OVERWRITE;
	add_output(bed, "x.jpg");
	struct job *a = drop(bed, "a.png"), *b = drop(bed, "b.png"), *c = drop(bed, "c.png");
	settle(bed, a, "x.jpg");
	assert_int_equal(begin(bed, b, NULL), NAMES_TAKEN);
	assert_int_equal(begin(bed, c, NULL), NAMES_TAKEN);
	assert_next(bed, "");
	finish(bed, a);
	assert_next(bed, "job1"); /* c would find that b is older */
	g_autoptr(GError) error = NULL;
	assert_int_equal(begin(bed, c, &error), NAMES_TAKEN); /* b is older */
	assert_string_equal(error->message, "x.jpg is being made from b.png");
	settle(bed, b, "x.jpg");
	assert_string_equal(output_at(b, 0)->note, "replaces the one made from a.png");
	finish(bed, b);
	assert_next(bed, "job2");
	settle(bed, c, "x.jpg");
	finish(bed, c);
	assert_next(bed, "");
}

static void one_end_may_be_good_news_for_many(void **state)
{
	struct bed *bed = *state;

	bed->pipeline->on_conflict = CONFLICT_OVERWRITE;
	add_output(bed, "{stem}.jpg");
	add_output(bed, "{stem}.png");
	struct job *first = drop(bed, "a.png"), *second = drop(bed, "a.webp");
	settle(bed, first, "a.jpg");
	assert_int_equal(begin(bed, second, NULL), NAMES_TAKEN);
	struct pipeline *both = bed->pipeline;
	g_ptr_array_remove_index(both->outputs, 0);
	struct job *third = drop(bed, "a.tif");
	assert_int_equal(begin(bed, third, NULL), NAMES_TAKEN);
	release(bed, first);
	assert_next(bed, "job1 job2");
}

static void two_that_want_each_others_second_name_never_wait_for_each_other(void **state)
{
	struct bed *bed = *state;

	bed->pipeline->on_conflict = CONFLICT_OVERWRITE;
	add_output(bed, "x.jpg");
	add_output(bed, "y.jpg");
	struct job *first = drop(bed, "0.png"), *a = drop(bed, "a.png"), *b = drop(bed, "b.png");
	settle(bed, first, "x.jpg");
	assert_int_equal(begin(bed, b, NULL), NAMES_TAKEN);
	assert_int_equal(begin(bed, a, NULL), NAMES_TAKEN);
	finish(bed, first);
	assert_int_equal(begin(bed, b, NULL), NAMES_TAKEN);
	settle(bed, a, "x.jpg");
	finish(bed, a);
	settle(bed, b, "x.jpg");
}

static void a_folder_is_no_place_for_a_file(void **state)
{
	struct bed *bed = *state;

	bed->pipeline->on_conflict = CONFLICT_OVERWRITE;
	add_output(bed, "{stem}.jpg");
	put_stranger(bed, "a.jpg/inside");
	settle(bed, drop(bed, "a.png"), "a-2.jpg");
}

static void hashes_are_of_the_bytes(void **state)
{
	struct bed *bed = *state;

	add_output(bed, "{hash}-{n:2}.jpg");
	struct job *a = drop(bed, "a.png"), *gone = drop(bed, "gone.png");
	assert_true(g_file_set_contents(a->claim->path, "abc", 3, NULL));
	ask(bed, a);
	g_main_loop_run(bed->loop);
	assert_int_equal(bed->answer, NAMES_GIVEN);
	assert_named(a, 0, "ba7816bf8f01-01.jpg"); /* FIPS 180-2's example */
	ask(bed, gone);
	g_main_loop_run(bed->loop);
	assert_int_equal(bed->answer, NAMES_FAILED);
	assert_string_equal(bed->message, "the original cannot be opened: No such file or directory");
}

static void sizes_come_later_and_temps_lie_on_the_same_file_system(void **state)
{
	struct bed *bed = *state;

	add_output(bed, "{width}/{stem}.jpg");
	struct job *a = drop(bed, "sub/a.png");
	assert_int_equal(begin(bed, a, NULL), NAMES_GIVEN);
	assert_null(output_at(a, 0)->final);
	g_autofree char *mirrored = g_build_filename(bed->out, "p", "sub", NULL);
	assert_string_equal(output_at(a, 0)->folder, mirrored);
	output_at(a, 0)->width = 640;
	output_at(a, 0)->height = 480;
	assert_int_equal(settle_sized(bed, a), NAMES_GIVEN);
	g_autofree char *final = g_build_filename(mirrored, "640", "a.jpg", NULL);
	assert_string_equal(output_at(a, 0)->final, final);
}

/* The page is made from the outputs at any time, also while a job that starts over is being named. */
static void the_loop_reads_the_outputs_while_a_job_is_named_again(void **state)
{
	struct bed *bed = *state;

	add_output(bed, "{stem}-{n}.jpg");
	struct job *a = drop(bed, "a.png");
	settle(bed, a, "a-1.jpg");
	output_at(a, 0)->width = 640; /* of the run before: a new one knows none yet */
	ask(bed, a);
	for (guint i = 0; i < 10000 && !g_main_context_pending(NULL); i++) {
		assert_named(a, 0, "a-1.jpg");
		g_usleep(1000);
	}
	assert_true(g_main_context_pending(NULL)); /* the thread is done, and the loop has not taken its answer */
	assert_int_equal(output_at(a, 0)->width, 640);
	g_main_loop_run(bed->loop);
	assert_int_equal(bed->answer, NAMES_GIVEN);
	assert_named(a, 0, "a-1.jpg");
	assert_int_equal(output_at(a, 0)->width, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_place_belongs_to_one_picture_in_work),
		TEST(a_picture_taken_up_after_a_crash_finds_its_own),
		TEST(a_stranger_that_comes_meanwhile_stays),
		TEST(overwriting_goes_in_the_order_of_drops),
		TEST(one_end_may_be_good_news_for_many),
		TEST(two_that_want_each_others_second_name_never_wait_for_each_other),
		TEST(a_folder_is_no_place_for_a_file),
		TEST(hashes_are_of_the_bytes),
		TEST(sizes_come_later_and_temps_lie_on_the_same_file_system),
		TEST(the_loop_reads_the_outputs_while_a_job_is_named_again),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

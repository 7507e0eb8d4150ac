/* SPDX-License-Identifier: GPL-2.0-or-later
 * Places of outputs: what two pictures in work, a crash, a stranger's file and the order of drops do to them. */
#include "master/names.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <glib/gstdio.h>

#include "base/error.h"
#include "base/files.h"

#include <cmocka.h> /* last: it makes fail a macro */

struct bed {
	char *folder, *out;
	struct history *history;
	struct names *names;
	struct pipeline *pipeline;
	GPtrArray *jobs;
	GMainLoop *loop;
	enum names_answer answer;
	char *message;
};

static void done(struct job *job, enum names_answer answer, GError *error, void *user)
{
	struct bed *bed = user;

	(void)job;
	bed->answer = answer;
	g_free(bed->message);
	bed->message = g_strdup(error ? error->message : "");
	g_clear_error(&error);
	g_main_loop_quit(bed->loop);
}

static int set_up(void **state)
{
	struct bed *bed = g_new0(struct bed, 1);

	bed->folder = g_dir_make_tmp("dropmill-names-XXXXXX", NULL);
	bed->out = g_build_filename(bed->folder, "out", NULL);
	g_autofree char *path = g_build_filename(bed->folder, "history.db", NULL);
	bed->history = history_open(path, NULL);
	bed->names = names_new(bed->out, bed->folder, bed->history, done, bed, NULL);
	bed->pipeline = pipeline_new();
	bed->pipeline->name = (g_free(bed->pipeline->name), g_strdup("p"));
	bed->jobs = g_ptr_array_new_with_free_func((GDestroyNotify)job_free);
	bed->loop = g_main_loop_new(NULL, FALSE);
	*state = bed;
	return bed->names ? 0 : -1;
}

static int tear_down(void **state)
{
	struct bed *bed = *state;

	names_free(bed->names);
	g_ptr_array_unref(bed->jobs);
	pipeline_unref(bed->pipeline);
	history_close(bed->history);
	g_main_loop_unref(bed->loop);
	files_remove_tree(bed->folder);
	g_free(bed->folder);
	g_free(bed->out);
	g_free(bed->message);
	g_free(bed);
	return 0;
}

static void add_output(struct bed *bed, const char *name)
{
	struct output *output = output_new();

	output->name = (g_free(output->name), g_strdup(name));
	g_ptr_array_add(bed->pipeline->outputs, output);
}

static struct job *drop(struct bed *bed, const char *relative)
{
	struct claim *claim = g_new0(struct claim, 1);

	claim->id = g_strdup_printf("job%u", bed->jobs->len);
	claim->pipeline = g_strdup("p");
	claim->inbox = g_strdup(bed->folder);
	claim->relative = g_strdup(relative);
	claim->path = g_build_filename(bed->folder, relative, NULL);
	struct job *job = job_new(claim, bed->pipeline);
	job->queued_us = bed->jobs->len; /* the order of drops */
	g_ptr_array_add(bed->jobs, job);
	return job;
}

static struct job_output *output_at(const struct job *job, guint index)
{
	assert_true(index < job->outputs->len);
	return g_ptr_array_index(job->outputs, index);
}

static void assert_named(const struct job *job, guint index, const char *name)
{
	g_autofree char *base = g_path_get_basename(output_at(job, index)->final);
	assert_string_equal(base, name);
}

static void settle(struct bed *bed, struct job *job, const char *name)
{
	g_autoptr(GError) error = NULL;

	if (names_settle(bed->names, job, false, &error) != NAMES_GIVEN)
		fail_msg("%s", error ? error->message : "not given");
	assert_named(job, 0, name);
}

/* As the commit does. */
static void finish(struct bed *bed, struct job *job)
{
	for (guint i = 0; i < job->outputs->len; i++) {
		assert_true(names_own(bed->names, job, output_at(job, i), NULL));
		assert_true(g_file_set_contents(output_at(job, i)->final, "x", 1, NULL));
	}
	names_release(bed->names, job);
}

static void put_stranger(const struct bed *bed, const char *name)
{
	g_autofree char *path = g_build_filename(bed->out, "p", name, NULL);
	g_autofree char *folder = g_path_get_dirname(path);

	assert_true(files_make_folder(folder, NULL));
	assert_true(g_file_set_contents(path, "mine", 4, NULL));
}

static void a_place_belongs_to_one_picture_in_work(void **state)
{
	struct bed *bed = *state;

	add_output(bed, "x.jpg");
	struct job *a = drop(bed, "a.png"), *b = drop(bed, "b.png"), *c = drop(bed, "c.png");
	settle(bed, a, "x.jpg");
	settle(bed, b, "x-2.jpg");
	assert_string_equal(output_at(b, 0)->note, "renamed to x-2.jpg because x.jpg is being made from a.png");
	names_release(bed->names, a); /* it failed */
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
	names_release(bed->names, a);
	struct job *again = drop(bed, "a.png");
	g_autoptr(GError) error = NULL;
	assert_int_equal(names_settle(bed->names, again, false, &error), NAMES_FAILED);
	assert_true(g_error_matches(error, DROPMILL_ERROR, ERROR_INPUT));
}

static void a_stranger_that_comes_meanwhile_stays(void **state)
{
	struct bed *bed = *state;
	char *owner = NULL, *job = NULL;

	add_output(bed, "{stem}.jpg");
	struct job *a = drop(bed, "a.png");
	settle(bed, a, "a.jpg");
	assert_true(output_at(a, 0)->fresh);
	assert_true(names_own(bed->names, a, output_at(a, 0), NULL));
	put_stranger(bed, "a.jpg");
	g_autofree char *path = g_strdup(output_at(a, 0)->final);
	names_give_up(bed->names, output_at(a, 0));
	assert_int_equal(names_settle(bed->names, a, true, NULL), NAMES_GIVEN);
	assert_named(a, 0, "a-2.jpg");
	assert_string_equal(output_at(a, 0)->note, "renamed to a-2.jpg because a.jpg is there and was not made here");
	assert_true(history_owner(bed->history, path, &owner, &job, NULL));
	assert_null(owner);
}

static void overwriting_goes_in_the_order_of_drops(void **state)
{
	struct bed *bed = *state;

	bed->pipeline->on_conflict = CONFLICT_OVERWRITE;
	add_output(bed, "x.jpg");
	struct job *a = drop(bed, "a.png"), *b = drop(bed, "b.png"), *c = drop(bed, "c.png");
	settle(bed, a, "x.jpg");
	assert_int_equal(names_settle(bed->names, b, false, NULL), NAMES_TAKEN);
	assert_int_equal(names_settle(bed->names, c, false, NULL), NAMES_TAKEN);
	finish(bed, a);
	g_autoptr(GError) error = NULL;
	assert_int_equal(names_settle(bed->names, c, false, &error), NAMES_TAKEN); /* b is older */
	assert_string_equal(error->message, "x.jpg is being made from b.png");
	settle(bed, b, "x.jpg");
	assert_string_equal(output_at(b, 0)->note, "replaces the one made from a.png");
	finish(bed, b);
	settle(bed, c, "x.jpg");
}

static void two_that_want_each_others_second_name_never_wait_for_each_other(void **state)
{
	struct bed *bed = *state;

	bed->pipeline->on_conflict = CONFLICT_OVERWRITE;
	add_output(bed, "x.jpg");
	add_output(bed, "y.jpg");
	struct job *first = drop(bed, "0.png"), *a = drop(bed, "a.png"), *b = drop(bed, "b.png");
	settle(bed, first, "x.jpg");
	assert_int_equal(names_settle(bed->names, b, false, NULL), NAMES_TAKEN);
	assert_int_equal(names_settle(bed->names, a, false, NULL), NAMES_TAKEN);
	finish(bed, first);
	assert_int_equal(names_settle(bed->names, b, false, NULL), NAMES_TAKEN);
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
	names_ask(bed->names, a);
	g_main_loop_run(bed->loop);
	assert_int_equal(bed->answer, NAMES_GIVEN);
	assert_named(a, 0, "ba7816bf8f01-01.jpg"); /* FIPS 180-2's example */
	names_ask(bed->names, gone);
	g_main_loop_run(bed->loop);
	assert_int_equal(bed->answer, NAMES_FAILED);
	assert_string_equal(bed->message, "No such file or directory");
}

static void sizes_come_later_and_temps_lie_on_the_same_file_system(void **state)
{
	struct bed *bed = *state;

	add_output(bed, "{width}/{stem}.jpg");
	struct job *a = drop(bed, "sub/a.png");
	assert_int_equal(names_settle(bed->names, a, false, NULL), NAMES_GIVEN);
	struct job_output *output = output_at(a, 0);
	assert_null(output->final);
	g_autofree char *mirrored = g_build_filename(bed->out, "p", "sub", NULL);
	assert_string_equal(output->folder, mirrored);
	output->width = 640;
	output->height = 480;
	assert_int_equal(names_settle(bed->names, a, true, NULL), NAMES_GIVEN);
	g_autofree char *final = g_build_filename(mirrored, "640", "a.jpg", NULL);
	assert_string_equal(output->final, final);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(a_place_belongs_to_one_picture_in_work),
		TEST(a_picture_taken_up_after_a_crash_finds_its_own),
		TEST(a_stranger_that_comes_meanwhile_stays),
		TEST(overwriting_goes_in_the_order_of_drops),
		TEST(two_that_want_each_others_second_name_never_wait_for_each_other),
		TEST(a_folder_is_no_place_for_a_file),
		TEST(hashes_are_of_the_bytes),
		TEST(sizes_come_later_and_temps_lie_on_the_same_file_system),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

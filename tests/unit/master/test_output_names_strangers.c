/* SPDX-License-Identifier: GPL-2.0-or-later
 * Places of outputs on which somebody else's file lies, and outputs that were copied elsewhere: whose a file is, is never told by its name. */
#include "output_names_support.h"

/* A person's own file in place of an output, in every way that leaves a trace in the ledger. */
static void a_persons_own_file_is_never_taken_for_an_output(void **state)
{
	struct bed *bed = *state;
	static const enum on_conflict policies[] = {CONFLICT_RENAME, CONFLICT_OVERWRITE};

	add_output(bed, "{stem}.jpg");
	for (guint i = 0; i < 2 * G_N_ELEMENTS(policies); i++) {
		g_autofree char *name = g_strdup_printf("%u.png", i), *first = g_strdup_printf("%u.jpg", i),
				*second = g_strdup_printf("%u-2.jpg", i);
		bed->pipeline->on_conflict = policies[i / 2];
		bed->unmarked = i % 2;
		struct job *a = drop(bed, name), *b = drop(bed, name);
		settle(bed, a, first);
		finish(bed, a);
		settle(bed, b, first); /* its own, replaced */
		finish(bed, b);
		put_stranger(bed, first);
		struct job *c = drop(bed, name), *d = drop(bed, name);
		settle(bed, c, second);
		finish(bed, c);
		settle(bed, d, second); /* and stays under that name */
	}
}

static void with_skip_and_fail_a_persons_own_file_stays_as_well(void **state)
{
	struct bed *bed = *state;

	add_output(bed, "{stem}.jpg");
	struct job *a = drop(bed, "a.png"), *b = drop(bed, "a.png");
	settle(bed, a, "a.jpg");
	finish(bed, a);
	put_stranger(bed, "a.jpg");
	bed->pipeline->on_conflict = CONFLICT_SKIP;
	settle(bed, b, "a.jpg");
	assert_true(output_at(b, 0)->skipped);
	bed->pipeline->on_conflict = CONFLICT_FAIL;
	g_autoptr(GError) error = NULL;
	assert_int_equal(begin(bed, drop(bed, "a.png"), &error), NAMES_FAILED);
}

/* Between the name, given as work starts, and the commit. */
static void a_persons_file_that_comes_while_the_picture_is_in_work_stays(void **state)
{
	struct bed *bed = *state;

	add_output(bed, "{stem}.jpg");
	struct job *a = drop(bed, "a.png"), *b = drop(bed, "a.png");
	settle(bed, a, "a.jpg");
	finish(bed, a);
	settle(bed, b, "a.jpg");
	put_stranger(bed, "a.jpg");
	assert_true(may_replace(bed, b, output_at(b, 0)));
	assert_null(output_at(b, 0)->final);
	assert_int_equal(settle_sized(bed, b), NAMES_GIVEN);
	assert_named(b, 0, "a-2.jpg");
	/* Or takes the output away. */
	struct job *c = drop(bed, "c.png"), *d = drop(bed, "c.png");
	settle(bed, c, "c.jpg");
	finish(bed, c);
	settle(bed, d, "c.jpg");
	assert_false(output_at(d, 0)->fresh);
	assert_int_equal(unlink(output_at(d, 0)->final), 0);
	assert_true(may_replace(bed, d, output_at(d, 0)));
	assert_true(output_at(d, 0)->fresh);
}

static void of_several_outputs_each_is_looked_at_by_itself(void **state)
{
	struct bed *bed = *state;

	add_output(bed, "{stem}.jpg");
	add_output(bed, "{stem}.webp");
	add_output(bed, "{stem}");
	((struct output *)g_ptr_array_index(bed->pipeline->outputs, 2))->format = g_strdup("dz");
	struct job *a = drop(bed, "a.png"), *b = drop(bed, "a.png");
	settle(bed, a, "a.jpg");
	finish(bed, a);
	put_stranger(bed, "a.webp");
	put_stranger(bed, "a/note");
	settle(bed, b, "a.jpg");
	assert_named(b, 1, "a-2.webp");
	assert_named(b, 2, "a-2");
}

/* Without marks, and a crash after the ledger knew of the new output and before that had its name: what lies there is the old one. */
static void the_output_before_is_known_as_long_as_it_lies_there(void **state)
{
	struct bed *bed = *state;

	bed->unmarked = true;
	add_output(bed, "{stem}.jpg");
	struct job *a = drop(bed, "a.png"), *b = drop(bed, "a.png");
	settle(bed, a, "a.jpg");
	finish(bed, a);
	settle(bed, b, "a.jpg");
	job_name_temps(b);
	assert_true(g_file_set_contents(output_at(b, 0)->temp, "newer", 5, NULL));
	assert_true(own(bed, b, output_at(b, 0)));
	release(bed, b);
	settle(bed, b, "a.jpg");
}

/* The output folder was copied to a larger disk, by a program that left the attributes behind. */
static void a_ledger_knows_the_outputs_wherever_their_folder_lies(void **state)
{
	struct bed *bed = *state;
	g_autofree char *larger = g_build_filename(bed->folder, "larger", NULL);
	char *copy[] = {"cp", "-r", "--preserve=timestamps", bed->out, larger, NULL};

	bed->unmarked = true;
	add_output(bed, "{stem}.jpg");
	struct job *a = drop(bed, "a.png"), *b = drop(bed, "a.png");
	settle(bed, a, "a.jpg");
	finish(bed, a);
	assert_true(g_spawn_sync(NULL, copy, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, NULL, NULL, NULL, NULL));
	names_free(g_steal_pointer(&bed->names));
	bed->names = names_new(larger, bed->folder, bed->history, done, bed, NULL);
	assert_non_null(bed->names);
	settle(bed, b, "a.jpg");
	assert_false(output_at(b, 0)->fresh);
	g_autofree char *final = g_build_filename(larger, "p", "a.jpg", NULL);
	assert_string_equal(output_at(b, 0)->final, final);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_persons_own_file_is_never_taken_for_an_output),
		TEST(with_skip_and_fail_a_persons_own_file_stays_as_well),
		TEST(a_persons_file_that_comes_while_the_picture_is_in_work_stays),
		TEST(of_several_outputs_each_is_looked_at_by_itself),
		TEST(the_output_before_is_known_as_long_as_it_lies_there),
		TEST(a_ledger_knows_the_outputs_wherever_their_folder_lies),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

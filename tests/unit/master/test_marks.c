/* SPDX-License-Identifier: GPL-2.0-or-later
 * Marks on outputs: whose they are, and whose they are not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/xattr.h>

#include <glib/gstdio.h>

#include "base/error.h"
#include "base/files.h"
#include "master/kept.h"
#include "master/marks.h"

#include <cmocka.h> /* last: it makes fail a macro */

#define OWNER "p/sub/odd \xff name.png"

static struct {
	char *folder, *out, *final;
	struct mark_place mill;
	struct job *job;
	struct job_output *output;
} here;

static struct job *a_job(void)
{
	struct pipeline *pipeline = pipeline_new();
	struct claim *claim = g_new0(struct claim, 1);

	g_free(pipeline->name);
	pipeline->name = g_strdup("p");
	pipeline->originals = ORIGINALS_KEEP;
	claim->id = g_strdup("1m892mq6r-hhfy");
	claim->pipeline = g_strdup("p");
	claim->inbox = g_strdup(here.folder);
	claim->relative = g_strdup(&OWNER[2]);
	claim->path = g_build_filename(here.folder, claim->relative, NULL);
	claim->inode = 7;
	struct job *job = job_new(claim, pipeline);
	job->number = 42;
	pipeline_unref(pipeline);
	return job;
}

static int set_up(void **state)
{
	(void)state;
	here.folder = g_dir_make_tmp("dropmill-marks-XXXXXX", NULL);
	here.out = g_build_filename(here.folder, "out", NULL);
	here.mill = (struct mark_place){here.out, here.folder};
	here.final = g_build_filename(here.out, "p", "odd \xff name-2.png", NULL);
	here.job = a_job();
	here.output = g_new0(struct job_output, 1);
	here.output->wished = g_build_filename(here.out, "p", "odd \xff name.png", NULL);
	here.output->final = g_strdup(here.final);
	here.output->temp = g_build_filename(here.out, "p", ".dropmill-1.tmp", NULL);
	g_ptr_array_add(here.job->outputs, here.output);
	g_autofree char *parent = g_path_get_dirname(here.final);
	return g_mkdir_with_parents(parent, 0777);
}

static int tear_down(void **state)
{
	(void)state;
	files_remove_tree(here.folder);
	job_free(here.job);
	g_free(here.final);
	g_free(here.out);
	g_free(here.folder);
	return 0;
}

/* As the commit does it. */
static void publish(void)
{
	assert_true(g_file_set_contents(here.output->temp, "a picture", -1, NULL));
	if (setxattr(here.output->temp, "user.probe", "1", 1, 0) != 0) {
		print_message("skipped: no extended attributes on this file system\n");
		skip();
	}
	mark_write(&here.mill, here.job, here.output);
	assert_int_equal(rename(here.output->temp, here.final), 0);
}

static bool is_ours(const struct mark_place *mill, const char *path)
{
	struct mark mark;
	bool found = mark_read(mill, path, &mark);

	mark_clear(&mark);
	return found;
}

static void an_output_says_what_it_was_made_from(void **state)
{
	struct mark mark;
	g_autofree char *key = kept_key(here.job->claim);

	(void)state;
	publish();
	assert_true(mark_read(&here.mill, here.final, &mark));
	assert_string_equal(mark.owner, OWNER);
	assert_string_equal(mark.wished, here.output->wished);
	assert_string_equal(mark.job, here.job->id);
	assert_string_equal(mark.kept, key);
	assert_int_equal(mark.number, 42);
	mark_clear(&mark);
}

static void what_was_copied_renamed_or_made_by_another_mill_is_nobodys(void **state)
{
	g_autofree char *copy = g_build_filename(here.out, "p", "copy.png", NULL);
	const struct mark_place other = {here.out, "/another/watch"};
	char *copying[] = {"cp", "-a", here.final, copy, NULL};

	(void)state;
	publish();
	assert_false(is_ours(&other, here.final));
	assert_int_equal(rename(here.final, copy), 0);
	assert_false(is_ours(&here.mill, copy));
	assert_int_equal(rename(copy, here.final), 0);
	assert_true(is_ours(&here.mill, here.final));
	assert_true(g_spawn_sync(NULL, copying, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, NULL, NULL, NULL, NULL));
	assert_true(lgetxattr(copy, "user.dropmill", NULL, 0) > 0);
	assert_false(is_ours(&here.mill, copy));
	/* The copy in the very place: another file with the right name. */
	assert_int_equal(rename(copy, here.final), 0);
	assert_false(is_ours(&here.mill, here.final));
}

static void a_garbled_mark_is_none(void **state)
{
	static const char *const garbage[] = {"", "{", "[]", "{\"inode\":\"x\"}", "\xff\xfe"};

	(void)state;
	publish();
	for (gsize i = 0; i < G_N_ELEMENTS(garbage); i++) {
		assert_int_equal(setxattr(here.final, "user.dropmill", garbage[i], strlen(garbage[i]), 0), 0);
		assert_false(is_ours(&here.mill, here.final));
	}
}

static void a_new_ledger_learns_and_an_old_one_keeps_what_it_knows(void **state)
{
	g_autofree char *path = g_build_filename(here.folder, "history.db", NULL);
	g_autofree char *stranger = g_build_filename(here.out, "p", "stranger.png", NULL);

	(void)state;
	publish();
	assert_true(g_file_set_contents(stranger, "not ours", -1, NULL));
	auto_struct(history) history = history_open(path, NULL);
	assert_true(history_began(history));
	assert_false(history_began(history));
	marks_relearn(&here.mill, history);
	g_autofree char *owner = NULL, *job = NULL, *other = NULL, *none = NULL;
	assert_true(history_owner(history, here.final, &owner, &job, NULL));
	assert_string_equal(owner, OWNER);
	assert_true(history_owner(history, stranger, &other, &none, NULL));
	assert_null(other);
	assert_int_equal(history_number(history, "p", OWNER, NULL), 42);
	assert_int_equal(history_number(history, "p", "p/another.png", NULL), 43);
	auto_struct(kept) kept = kept_new(history);
	assert_true(kept_knows(kept, "p", 0, 7, 0, 0));
	assert_true(history_own(history, here.final, "p/newer.png", here.output->wished, "k", NULL));
	marks_relearn(&here.mill, history);
	g_free(owner);
	g_free(job);
	assert_true(history_owner(history, here.final, &owner, &job, NULL));
	assert_string_equal(owner, "p/newer.png");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(an_output_says_what_it_was_made_from),
		TEST(what_was_copied_renamed_or_made_by_another_mill_is_nobodys),
		TEST(a_garbled_mark_is_none),
		TEST(a_new_ledger_learns_and_an_old_one_keeps_what_it_knows),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

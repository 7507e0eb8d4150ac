/* SPDX-License-Identifier: GPL-2.0-or-later
 * Marks on outputs: whose they are, and whose they are not. */
#include "../unit.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>

#include <glib/gstdio.h>

#include "../ledger/ledger_support.h"
#include "base/disk/files.h"
#include "ledger/ledger.h"
#include "master/commit/kept_originals_records.h"
#include "master/commit/output_xattr.h"
#include "master/job/job.h"

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
	claim->bytes = 11;
	claim->mtime_ns = 22;
	struct job *job = job_new(claim, pipeline);
	job->number = 42;
	pipeline_unref(pipeline);
	return job;
}

static int set_up(void **state)
{
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
	struct stamp stamp;
	assert_true(stamp_take(here.output->temp, &stamp));
	mark_write(&here.mill, job_drop(here.job), here.job->number, here.output, &stamp);
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

	publish();
	assert_true(mark_read(&here.mill, here.final, &mark));
	assert_string_equal(mark.owner, OWNER);
	assert_string_equal(mark.wished, mark_relative(&here.mill, here.output->wished));
	assert_string_equal(mark.job, here.job->id);
	assert_int_equal(mark.original.bytes, 11);
	assert_int_equal(mark.original.mtime_ns, 22);
	assert_int_equal(mark.number, 42);
	mark_clear(&mark);
}

static void copy(const char *how, const char *from, const char *to)
{
	char *argv[] = {"cp", (char *)how, (char *)from, (char *)to, NULL};
	int status;

	assert_true(g_spawn_sync(NULL, argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, NULL, NULL, &status, NULL));
	assert_int_equal(status, 0);
}

static void what_was_renamed_or_made_by_another_mill_is_nobodys(void **state)
{
	g_autofree char *elsewhere = g_build_filename(here.out, "p", "copy.png", NULL);
	const struct mark_place other = {here.out, "/another/watch"};

	publish();
	assert_false(is_ours(&other, here.final));
	assert_int_equal(rename(here.final, elsewhere), 0);
	assert_false(is_ours(&here.mill, elsewhere));
	assert_int_equal(rename(elsewhere, here.final), 0);
	assert_true(is_ours(&here.mill, here.final));
	copy("-a", here.final, elsewhere);
	assert_false(is_ours(&here.mill, elsewhere));
}

/* A larger disk: another device, other inodes. */
static void a_copy_of_the_output_folder_is_still_the_mills(void **state)
{
	g_autofree char *out = g_build_filename(here.folder, "larger", NULL);
	g_autofree char *final = g_build_filename(out, "p", "odd \xff name-2.png", NULL);
	const struct mark_place moved = {out, here.folder};
	struct mark mark;

	publish();
	copy("-a", here.out, out);
	assert_true(mark_read(&moved, final, &mark));
	assert_string_equal(mark.owner, OWNER);
	mark_clear(&mark);
	/* To a disk whose times are whole seconds. */
	struct stat status;
	assert_int_equal(stat(final, &status), 0);
	const struct timespec coarse[] = {{.tv_nsec = UTIME_OMIT}, {status.st_mtim.tv_sec, 0}};
	assert_int_equal(utimensat(AT_FDCWD, final, coarse, 0), 0);
	assert_true(is_ours(&moved, final));
}

/* Same name, same inode, same attribute: but not what the mill wrote. */
static void what_somebody_wrote_into_is_theirs(void **state)
{
	publish();
	FILE *file = fopen(here.final, "r+e");
	assert_non_null(file);
	assert_true(fputs("A", file) >= 0); /* of the same size */
	fclose(file);
	assert_false(is_ours(&here.mill, here.final));
	assert_true(g_file_set_contents_full(here.final, "mine", 4, G_FILE_SET_CONTENTS_NONE, 0666, NULL));
	assert_false(is_ours(&here.mill, here.final));
}

/* Deep in a pyramid somebody left a note. */
static void a_folder_is_the_mills_with_all_that_is_in_it(void **state)
{
	g_autofree char *deep = g_build_filename(here.output->temp, "0", "1", NULL);
	g_autofree char *tile = g_build_filename(deep, "2.png", NULL);
	g_autofree char *note = g_build_filename(here.final, "0", "1", "note", NULL);
	struct stamp stamp;

	assert_int_equal(g_mkdir_with_parents(deep, 0777), 0);
	assert_true(g_file_set_contents(tile, "a tile", -1, NULL));
	assert_true(stamp_take(here.output->temp, &stamp));
	assert_int_equal(stamp.bytes, strlen("a tile"));
	mark_write(&here.mill, job_drop(here.job), here.job->number, here.output, &stamp);
	assert_int_equal(rename(here.output->temp, here.final), 0);
	if (lgetxattr(here.final, "user.dropmill", NULL, 0) <= 0)
		skip();
	assert_true(is_ours(&here.mill, here.final));
	assert_true(g_file_set_contents(note, "", -1, NULL));
	assert_false(is_ours(&here.mill, here.final));
}

/* Marks of older versions have the inode. */
static void an_older_mark_holds_for_its_file(void **state)
{
	g_autofree char *text = NULL;
	struct stat status;

	publish();
	g_autofree char *place = g_filename_to_uri(strchr(here.final + strlen(here.out), '/'), NULL, NULL);
	assert_int_equal(lstat(here.final, &status), 0);
	for (guint64 off = 0; off < 2; off++) {
		g_free(text);
		text = g_strdup_printf("{\"inode\":%" G_GUINT64_FORMAT
				       ",\"watch\":\"%s\",\"path\":\"%s\",\"wished\":\"%s\","
				       "\"owner\":\"/p/a.png\",\"job\":\"j\"}",
			(guint64)status.st_ino + off, here.folder, place, place);
		assert_int_equal(setxattr(here.final, "user.dropmill", text, strlen(text), 0), 0);
		assert_int_equal(is_ours(&here.mill, here.final), off == 0);
	}
}

static void a_garbled_mark_is_none(void **state)
{
	static const char *const garbage[] = {"", "{", "[]", "{\"inode\":\"x\"}", "\xff\xfe"};

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

	publish();
	assert_true(g_file_set_contents(stranger, "not ours", -1, NULL));
	auto_struct(history) history = history_open(path, NULL);
	assert_true(history_began(history));
	assert_false(history_began(history));
	marks_relearn(&here.mill, history);
	const char *place = mark_relative(&here.mill, here.final);
	g_autofree char *owner = owner_of(history, place);
	assert_string_equal(owner, OWNER);
	g_autofree char *other = owner_of(history, mark_relative(&here.mill, stranger));
	assert_null(other);
	assert_int_equal(history_number(history, "p", OWNER, NULL), 42);
	assert_int_equal(history_number(history, "p", "p/another.png", NULL), 43);
	auto_struct(kept) kept = kept_new(history, NULL, NULL, NULL);
	assert_int_equal(kept_count(kept, "p"), 1);
	struct stamp stamp;
	assert_true(stamp_take(here.final, &stamp));
	assert_true(history_own(history, place, "p/newer.png", "p/odd", "k", &stamp, NULL));
	marks_relearn(&here.mill, history);
	g_autofree char *newer = owner_of(history, place);
	assert_string_equal(newer, "p/newer.png");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(an_output_says_what_it_was_made_from),
		TEST(what_was_renamed_or_made_by_another_mill_is_nobodys),
		TEST(a_copy_of_the_output_folder_is_still_the_mills),
		TEST(what_somebody_wrote_into_is_theirs),
		TEST(a_folder_is_the_mills_with_all_that_is_in_it),
		TEST(an_older_mark_holds_for_its_file),
		TEST(a_garbled_mark_is_none),
		TEST(a_new_ledger_learns_and_an_old_one_keeps_what_it_knows),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

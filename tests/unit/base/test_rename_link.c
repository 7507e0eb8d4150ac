/* SPDX-License-Identifier: GPL-2.0-or-later
 * A rename that overwrites nothing, on a file system without a flag for it (NFS, some FUSE): by a hard link. What the system answers is made
 * here. */
#include "../unit.h"

#include <errno.h>

#include <glib.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/disk/files.h"
#include "base/disk/moves.h"

static guint refusals; /* so many removals fail from now on */
static char *here, *from, *to;

/* In place of the C library's. */
int renameat2(int old_at, const char *old, int new_at, const char *new, unsigned flags)
{
	if (flags) {
		errno = EINVAL;
		return -1;
	}
	return (int)syscall(SYS_renameat2, old_at, old, new_at, new, 0);
}

int unlinkat(int at, const char *name, int flags)
{
	if (refusals) {
		refusals--;
		errno = EROFS;
		return -1;
	}
	return (int)syscall(SYS_unlinkat, at, name, flags);
}

static int make_folder(void **state)
{
	here = g_dir_make_tmp("dropmill-link-XXXXXX", NULL);
	from = g_build_filename(here, "temp", NULL);
	to = g_build_filename(here, "a.jpg", NULL);
	return g_file_set_contents(from, "picture", -1, NULL) ? 0 : -1;
}

static int remove_folder(void **state)
{
	refusals = 0;
	files_remove_tree(here);
	g_clear_pointer(&here, g_free);
	g_clear_pointer(&from, g_free);
	g_clear_pointer(&to, g_free);
	return 0;
}

static bool is_there(const char *path)
{
	return g_file_test(path, G_FILE_TEST_EXISTS);
}

static void a_link_does_it_and_overwrites_nothing(void **state)
{
	g_autofree char *text = NULL;
	assert_int_equal(files_rename_new(from, to), 0);
	assert_false(is_there(from));
	assert_true(g_file_set_contents(from, "another", -1, NULL));
	assert_int_equal(files_rename_new(from, to), -1);
	assert_int_equal(errno, EEXIST);
	assert_true(g_file_get_contents(to, &text, NULL, NULL));
	assert_string_equal(text, "picture");
}

static void of_two_names_the_old_one_stays(void **state)
{
	refusals = 1;
	assert_int_equal(files_rename_new(from, to), -1);
	assert_int_equal(errno, EROFS);
	assert_true(is_there(from));
	assert_false(is_there(to));
}

/* Neither name can be removed, for a time: the try after that makes one of the two. */
static void what_could_not_end_ends_at_the_next_try(void **state)
{
	refusals = 100;
	assert_int_equal(files_rename_new(from, to), -1);
	assert_int_equal(errno, EROFS);
	assert_int_equal(files_rename_new(from, to), -1);
	assert_int_equal(errno, EROFS);
	assert_true(is_there(from));
	refusals = 0;
	assert_int_equal(files_rename_new(from, to), 0);
	assert_false(is_there(from));
	assert_true(is_there(to));
}

/* The one that is moved beside, as an original is, gets no second name either. */
static void nor_is_a_number_given(void **state)
{
	refusals = 100;
	assert_null(files_rename_beside(from, to, NULL, NULL));
	refusals = 0;
	g_autofree char *got = files_rename_beside(from, to, NULL, NULL);
	assert_string_equal(got, to);
	assert_false(is_there(from));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_folder, remove_folder)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_link_does_it_and_overwrites_nothing),
		TEST(of_two_names_the_old_one_stays),
		TEST(what_could_not_end_ends_at_the_next_try),
		TEST(nor_is_a_number_given),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

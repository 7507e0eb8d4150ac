/* SPDX-License-Identifier: GPL-2.0-or-later
 * Renames that cross file systems, and folders whose names something else has. */

#include "../unit.h"

#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/disk/carry.h"
#include "base/disk/files.h"
#include "base/disk/folder.h"
#include "base/disk/moves.h"

static char *here, *there; /* on two file systems, where this machine has them */

static int make_folders(void **state)
{
	here = g_dir_make_tmp("dropmill-carry-XXXXXX", NULL);
	there = g_strdup("/dev/shm/carry-XXXXXX");
	return here && g_mkdtemp(there) ? 0 : -1;
}

static int remove_folders(void **state)
{
	files_remove_tree(here);
	files_remove_tree(there);
	g_clear_pointer(&here, g_free);
	g_clear_pointer(&there, g_free);
	return 0;
}

static void need_two(void)
{
	struct stat a, b;

	assert_int_equal(stat(here, &a) + stat(there, &b), 0);
	if (a.st_dev == b.st_dev)
		skip();
}

static char *put(const char *folder, const char *relative, const char *text)
{
	char *path = g_build_filename(folder, relative, NULL);
	g_autofree char *parent = g_path_get_dirname(path);

	assert_int_equal(g_mkdir_with_parents(parent, 0777), 0);
	assert_true(g_file_set_contents(path, text, -1, NULL));
	return path;
}

static void assert_text(const char *path, const char *text)
{
	g_autofree char *got = NULL;

	assert_true(g_file_get_contents(path, &got, NULL, NULL));
	assert_string_equal(got, text);
}

static guint entries(const char *folder)
{
	g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
	guint count = 0;

	assert_non_null(dir);
	while (g_dir_read_name(dir))
		count++;
	return count;
}

static void a_file_goes_with_its_times_and_mode(void **state)
{
	g_autofree char *from = put(here, "a.jpg", "picture");
	g_autofree char *to = g_build_filename(there, "b.jpg", NULL);
	const struct timespec times[2] = {{1000000, 5000}, {2000000, 7000}};
	struct stat status;
	need_two();

	assert_int_equal(chmod(from, 0640), 0);
	assert_int_equal(utimensat(AT_FDCWD, from, times, 0), 0);
	assert_true(files_move(from, to, NULL));
	assert_text(to, "picture");
	assert_int_equal(stat(to, &status), 0);
	assert_int_equal(status.st_mode & 0777, 0640);
	assert_int_equal(status.st_mtim.tv_sec, 2000000);
	assert_int_equal(status.st_mtim.tv_nsec, 7000);
	assert_int_equal(entries(here), 0);
	assert_int_equal(entries(there), 1);
}

static void nothing_is_overwritten(void **state)
{
	g_autofree char *from = put(here, "a.jpg", "new");
	g_autofree char *to = put(there, "sub/a.jpg", "old");
	g_autofree char *folder = g_path_get_dirname(to);
	need_two();

	g_autofree char *got = files_move_beside(from, to, NULL);
	assert_non_null(got);
	assert_true(g_str_has_suffix(got, "/sub/a-1.jpg"));
	assert_text(got, "new");
	assert_text(to, "old");
	assert_int_equal(entries(here), 0);
	assert_int_equal(entries(folder), 2);
}

static void a_folder_goes_whole(void **state)
{
	g_autofree char *one = put(here, "pyramid/0/0_0.jpg", "tile");
	g_autofree char *two = put(here, "pyramid/x.dzi", "text");
	g_autofree char *from = g_build_filename(here, "pyramid", NULL);
	g_autofree char *to = g_build_filename(there, "out", NULL);
	g_autofree char *tile = g_build_filename(to, "0/0_0.jpg", NULL);
	need_two();
	assert_non_null(one);
	assert_non_null(two);
	assert_true(files_move(from, to, NULL));
	assert_text(tile, "tile");
	assert_int_equal(entries(here), 0);
	assert_int_equal(entries(there), 1);
}

static void what_cannot_be_carried_stays_and_leaves_nothing(void **state)
{
	g_autofree char *from = g_build_filename(here, "pipe", NULL);
	g_autoptr(GError) error = NULL;
	assert_int_equal(mkfifo(from, 0600), 0);
	assert_null(carry(from, there, &error));
	assert_non_null(error);
	assert_int_equal(entries(there), 0);
	assert_int_equal(entries(here), 1);
}

/* A copy that a crash left behind does no harm, and goes. */
static void a_copy_left_behind_is_replaced(void **state)
{
	g_autofree char *from = put(here, "a.jpg", "picture");
	auto_struct(carried) first = carry(from, there, NULL);
	assert_non_null(first);
	assert_true(g_file_set_contents(first->path, "cut o", -1, NULL));
	auto_struct(carried) second = carry(from, there, NULL);
	assert_string_equal(first->path, second->path);
	assert_text(second->path, "picture");
	assert_int_equal(entries(there), 1);
}

/* Whoever uploads does not know that the file moves meanwhile. */
static void what_is_appended_until_the_name_goes_is_in_the_copy(void **state)
{
	g_autofree char *from = put(here, "a.jpg", "begin");
	g_autofree char *to = g_build_filename(there, "b.jpg", NULL);
	struct stat status, copied;
	int writer = open(from, O_WRONLY | O_APPEND | O_CLOEXEC);
	auto_struct(carried) copy = carry(from, there, NULL);
	assert_non_null(copy);
	assert_int_equal(rename(copy->path, to), 0);
	assert_int_equal(write(writer, " end", 4), 4);
	assert_int_equal(fstat(writer, &status), 0);
	close(writer);
	assert_int_equal(carry_leave(from, copy), 0);
	assert_text(to, "begin end");
	assert_int_equal(stat(to, &copied), 0);
	assert_int_equal(copied.st_mtim.tv_sec, status.st_mtim.tv_sec);
	assert_int_equal(entries(here), 0);
}

static void what_was_written_into_meanwhile_is_carried_again(void **state)
{
	g_autofree char *from = put(here, "a.jpg", "begin");
	g_autofree char *to = g_build_filename(there, "b.jpg", NULL);
	const struct timespec later[2] = {{3000000, 0}, {3000000, 0}};
	auto_struct(carried) copy = carry(from, there, NULL);
	assert_non_null(copy);
	assert_int_equal(rename(copy->path, to), 0);
	assert_true(g_file_set_contents_full(from, "BEGIN", 5, G_FILE_SET_CONTENTS_NONE, 0666, NULL));
	assert_int_equal(utimensat(AT_FDCWD, from, later, 0), 0);
	assert_int_equal(carry_leave(from, copy), -1);
	assert_int_equal(errno, EBUSY);
	assert_text(from, "BEGIN");
}

/* Another file has the name: it is not what was copied, whatever its size and times are. */
static void what_took_the_name_meanwhile_stays(void **state)
{
	g_autofree char *from = put(here, "a.jpg", "begin");
	g_autofree char *other = put(here, "b.jpg", "other, and longer");
	auto_struct(carried) copy = carry(from, there, NULL);
	assert_non_null(copy);
	assert_int_equal(rename(other, from), 0);
	assert_int_equal(carry_leave(from, copy), -1);
	assert_int_equal(errno, EBUSY);
	assert_text(from, "other, and longer");
	assert_text(copy->path, "begin");
}

/* exFAT keeps 10 ms, some servers give a time of their own. */
static void the_copys_own_time_does_not_count(void **state)
{
	g_autofree char *from = put(here, "a.jpg", "picture");
	const struct timespec own[2] = {{3000000, 10000000}, {3000000, 10000000}};
	auto_struct(carried) copy = carry(from, there, NULL);
	assert_non_null(copy);
	assert_int_equal(utimensat(AT_FDCWD, copy->path, own, 0), 0);
	assert_int_equal(carry_leave(from, copy), 0);
	assert_text(copy->path, "picture");
	assert_int_equal(entries(here), 0);
}

/* As a mill that is not root. errno, or 0. */
static int moved_by_nobody(int (*move)(const char *, const char *), const char *from, const char *to)
{
	enum { NOBODY = 65534 };
	pid_t child = fork();
	int status = 0;

	if (child == 0)
		_exit(setgid(NOBODY) != 0 || setuid(NOBODY) != 0 ? 255 : move(from, to) == 0 ? 0 : errno);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void one_that_nobody_may_write_to_goes_as_well(void **state)
{
	g_autofree char *from = put(there, "a.jpg", "picture");
	g_autofree char *to = g_build_filename(here, "b.jpg", NULL);
	need_two();
	if (geteuid() != 0)
		skip(); /* cannot become another user */

	assert_int_equal(chmod(here, 0777) + chmod(there, 0777) + chmod(from, 0444), 0);
	assert_int_equal(moved_by_nobody(files_rename_new, from, to), 0);
	assert_text(to, "picture");
	assert_int_equal(entries(there), 0);
	assert_int_equal(entries(here), 1);
}

/* Where the old name cannot go, the new one goes; but not where it took an older file's place: none would be left. */
static void what_replaced_an_older_file_stays(void **state)
{
	g_autofree char *from = put(there, "a.jpg", "picture");
	g_autofree char *older = put(here, "older.jpg", "older");
	g_autofree char *none = g_build_filename(here, "none.jpg", NULL);
	need_two();
	if (geteuid() != 0)
		skip(); /* cannot become another user */

	assert_int_equal(chmod(here, 0777) + chmod(there, 0555), 0);
	assert_int_equal(moved_by_nobody(files_rename, from, older), EACCES);
	assert_text(older, "picture");
	assert_int_equal(moved_by_nobody(files_rename, from, none), EACCES);
	assert_int_equal(moved_by_nobody(files_rename_new, from, none), EACCES);
	assert_text(from, "picture");
	assert_int_equal(entries(here), 1);
}

/* A tree deeper than descriptors are many: to carry, to pack, to sync, to remove. */
static void no_level_of_a_tree_holds_a_descriptor(void **state)
{
	enum { LEVELS = 150, DESCRIPTORS = 40 };
	struct rlimit before, few;
	g_autofree char *from = g_build_filename(here, "tree", NULL);
	g_autofree char *to = g_build_filename(there, "tree", NULL);
	g_autoptr(GString) deep = g_string_new(from);
	for (guint i = 0; i < LEVELS; i++)
		g_string_append(deep, "/x");
	g_autofree char *leaf = put(deep->str, "leaf", "leaf");
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	few = (struct rlimit){DESCRIPTORS, before.rlim_max};
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
	auto_struct(carried) copy = carry(from, there, NULL);
	int renamed = copy ? rename(copy->path, to) : -1;
	int left = copy ? carry_leave(from, copy) : -1;
	g_autoptr(GBytes) packed = folder_pack(to, NULL);
	g_autofree char *moved_leaf = g_strconcat(to, leaf + strlen(from), NULL);
	bool there_now = g_file_test(moved_leaf, G_FILE_TEST_EXISTS);
	files_remove_tree(to);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
	assert_non_null(copy);
	assert_int_equal(renamed, 0);
	assert_int_equal(left, 0);
	assert_true(there_now);
	assert_non_null(packed);
	assert_int_equal(entries(here), 0);
	assert_int_equal(entries(there), 0);
}

static void a_folder_whose_name_a_file_has_gets_a_number(void **state)
{
	g_autofree char *file = put(here, "_done/scan", "a picture without an ending");
	g_autofree char *from = put(here, "claim/p.jpg", "picture");
	g_autofree char *to = g_build_filename(here, "_done/scan/deep/p.jpg", NULL);
	g_autofree char *got = files_rename_beside(from, to, here, NULL);
	assert_non_null(got);
	assert_true(g_str_has_suffix(got, "/_done/scan-1/deep/p.jpg"));
	assert_text(got, "picture");
	assert_text(file, "a picture without an ending");
	/* The next one goes beside it, not into another. */
	g_autofree char *next = put(here, "claim/q.jpg", "another");
	g_autofree char *wished = g_build_filename(here, "_done/scan/deep/q.jpg", NULL);
	g_autofree char *there_too = files_rename_beside(next, wished, here, NULL);
	assert_non_null(there_too);
	assert_true(g_str_has_suffix(there_too, "/_done/scan-1/deep/q.jpg"));
}

static void above_the_top_nothing_gets_a_number(void **state)
{
	g_autofree char *file = put(here, "top", "a file");
	g_autofree char *below = g_build_filename(file, "sub", NULL);
	g_autoptr(GError) error = NULL;
	assert_null(files_make_folder_beside(below, file, &error));
	assert_non_null(error);
	assert_int_equal(entries(here), 1);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, make_folders, remove_folders)
	const struct CMUnitTest tests[] = {
		TEST(a_file_goes_with_its_times_and_mode),
		TEST(nothing_is_overwritten),
		TEST(a_folder_goes_whole),
		TEST(what_cannot_be_carried_stays_and_leaves_nothing),
		TEST(a_copy_left_behind_is_replaced),
		TEST(what_is_appended_until_the_name_goes_is_in_the_copy),
		TEST(what_was_written_into_meanwhile_is_carried_again),
		TEST(what_took_the_name_meanwhile_stays),
		TEST(the_copys_own_time_does_not_count),
		TEST(one_that_nobody_may_write_to_goes_as_well),
		TEST(what_replaced_an_older_file_stays),
		TEST(no_level_of_a_tree_holds_a_descriptor),
		TEST(a_folder_whose_name_a_file_has_gets_a_number),
		TEST(above_the_top_nothing_gets_a_number),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

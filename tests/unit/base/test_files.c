/* SPDX-License-Identifier: GPL-2.0-or-later
 * Durable moves, on a temporary folder. */

#include "../unit.h"

#include <glib.h>
#include <glib/gstdio.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/disk/files.h"
#include "base/disk/moves.h"
#include "base/display.h"

static char *root;

static int make_root(void **state)
{
	root = g_dir_make_tmp("dropmill-files-XXXXXX", NULL);
	return root ? 0 : -1;
}

static int remove_root(void **state)
{
	files_remove_tree(root);
	bool gone = !g_file_test(root, G_FILE_TEST_EXISTS);
	g_clear_pointer(&root, g_free);
	return gone ? 0 : -1;
}

static char *at(const char *relative)
{
	return g_build_filename(root, relative, NULL);
}

static void put(const char *relative, const char *text)
{
	g_autofree char *path = at(relative);
	g_autofree char *folder = g_path_get_dirname(path);
	assert_int_equal(g_mkdir_with_parents(folder, 0777), 0);
	assert_true(g_file_set_contents_full(
		path, text, -1, G_FILE_SET_CONTENTS_NONE, 0666, NULL)); /* no temp name: it would be too long */
}

static bool exists(const char *relative)
{
	g_autofree char *path = at(relative);
	struct stat status;
	return lstat(path, &status) == 0;
}

static void assert_content(const char *relative, const char *text)
{
	g_autofree char *path = at(relative);
	g_autofree char *content = NULL;
	assert_true(g_file_get_contents(path, &content, NULL, NULL));
	assert_string_equal(content, text);
}

static void folders_are_made_with_parents(void **state)
{
	g_autofree char *deep = at("a/b/c");
	g_autofree char *below_file = at("file/x");
	g_autoptr(GError) error = NULL;
	assert_true(files_make_folder(deep, NULL));
	assert_true(files_make_folder(deep, NULL));
	assert_true(g_file_test(deep, G_FILE_TEST_IS_DIR));
	put("file", "");
	assert_false(files_make_folder(below_file, &error));
	assert_non_null(strstr(error->message, "file"));
}

static void move_replaces(void **state)
{
	g_autofree char *from = at("new");
	g_autofree char *to = at("old");
	g_autoptr(GError) error = NULL;
	put("new", "2");
	put("old", "1");
	assert_true(files_move(from, to, NULL));
	assert_content("old", "2");
	assert_false(exists("new"));
	assert_false(files_move(from, to, &error));
	assert_non_null(strstr(error->message, "No such file"));
}

/* rename(2) between two links of one file succeeds and leaves both. */
static void move_onto_a_link_of_itself(void **state)
{
	g_autofree char *from = at("a");
	g_autofree char *to = at("b");
	put("a", "1");
	assert_int_equal(link(from, to), 0);
	assert_true(files_move(from, to, NULL));
	assert_false(exists("a"));
	assert_content("b", "1");
}

static void move_beside_never_overwrites(void **state)
{
	static const char *const expected[] = {"done/s/a.tar.gz", "done/s/a.tar-1.gz", "done/s/a.tar-2.gz"};
	g_autofree char *from = at("drop");
	g_autofree char *to = at("done/s/a.tar.gz");
	for (unsigned i = 0; i < G_N_ELEMENTS(expected); i++) {
		char text[2] = {(char)('0' + i), 0};
		put("drop", text);
		g_autofree char *got = files_move_beside(from, to, NULL);
		g_autofree char *wanted = at(expected[i]);
		assert_string_equal(got, wanted);
		assert_false(exists("drop"));
	}
	for (unsigned i = 0; i < G_N_ELEMENTS(expected); i++) {
		char text[2] = {(char)('0' + i), 0};
		assert_content(expected[i], text);
	}
}

static void move_beside_a_link_or_a_folder(void **state)
{
	g_autofree char *from = at("drop");
	g_autofree char *to = at("name");
	g_autofree char *hidden = at(".hidden");
	/* A dangling link counts as taken: following it would write elsewhere. */
	assert_int_equal(symlink("/nowhere", to), 0);
	put("drop", "1");
	g_autofree char *got = files_move_beside(from, to, NULL);
	assert_true(g_str_has_suffix(got, "/name-1"));
	put("drop", "2");
	put(".hidden", "");
	g_autofree char *beside_hidden = files_move_beside(from, hidden, NULL);
	assert_true(g_str_has_suffix(beside_hidden, "/.hidden-1"));
}

static void longest_names_keep_their_ending(void **state)
{
	char name[NAME_MAX + 1];
	g_autofree char *from = at("drop");
	/* "é" is two bytes: the cut must not leave half of one. */
	for (int i = 0; i + 1 < NAME_MAX - 4; i += 2)
		memcpy(name + i, "\xc3\xa9", 2);
	memcpy(name + NAME_MAX - 5, "x.jpg", 6);
	assert_int_equal(strlen(name), NAME_MAX);
	g_autofree char *to = at(name);
	put(name, "1");
	put("drop", "2");
	g_autofree char *got = files_move_beside(from, to, NULL);
	assert_non_null(got);
	assert_true(g_str_has_suffix(got, "-1.jpg"));
	assert_true(g_utf8_validate(got, -1, NULL));
}

static void move_beside_says_why_not(void **state)
{
	g_autofree char *from = at("not\nthere");
	g_autofree char *to = at("x");
	g_autoptr(GError) error = NULL;
	assert_null(files_move_beside(from, to, &error));
	assert_non_null(strstr(error->message, "not\\x0athere"));
	assert_non_null(strstr(error->message, "No such file"));
}

static void remove_tree_does_not_follow_links(void **state)
{
	g_autofree char *tree = at("tree");
	g_autofree char *outside = at("outside");
	g_autofree char *link_path = at("tree/sub/link");
	put("outside/keep", "1");
	put("tree/sub/deep/file", "");
	assert_int_equal(symlink(outside, link_path), 0);
	files_remove_tree(tree);
	assert_false(exists("tree"));
	assert_content("outside/keep", "1");
	files_remove_tree(tree);
}

static void prune_stops(void **state)
{
	g_autofree char *deep = at("stop/a/b/c");
	g_autofree char *stop = at("stop");
	g_autofree char *elsewhere = at("stop-not/a");
	put("stop/a/keep", "");
	g_mkdir_with_parents(deep, 0777);
	g_mkdir_with_parents(elsewhere, 0777);
	files_prune(deep, stop);
	assert_false(exists("stop/a/b"));
	assert_true(exists("stop/a/keep"));
	g_autofree char *keep = at("stop/a/keep");
	assert_int_equal(unlink(keep), 0);
	g_autofree char *gone = at("stop/a/b");
	files_prune(gone, stop); /* its lower part may be gone already */
	assert_false(exists("stop/a"));
	assert_true(exists("stop"));
	files_prune(elsewhere, stop); /* not below it: nothing */
	assert_true(exists("stop-not/a"));
}

static void display_is_printable(void **state)
{
	static const char *const cases[][2] = {
		{"plain.jpg", "plain.jpg"},
		{"\xc3\xa9t\xc3\xa9.jpg", "\xc3\xa9t\xc3\xa9.jpg"},
		{"a\nb\x1b[31m\x7f", "a\\x0ab\\x1b[31m\\x7f"},
		{"bad\xff\xc3", "bad\\xff\\xc3"},
		{"\xe2\x80\xaegpj.exe", "\\xe2\\x80\\xaegpj.exe"},
		{"\xc2\x9b"
		 "1m",
			"\\xc2\\x9b"
			"1m"},
		{"", ""},
	};
	for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *shown = display_name(cases[i][0]);
		assert_string_equal(shown, cases[i][1]);
	}
}

static void sync_reports_what_is_missing(void **state)
{
	g_autofree char *missing = at("missing/file");
	g_autofree char *here = at("here");
	g_autoptr(GError) error = NULL;
	put("here", "x");
	assert_true(files_sync(here, NULL));
	assert_true(files_sync_folder_of(here, NULL));
	assert_false(files_sync_folder_of(missing, &error));
	assert_non_null(strstr(error->message, "missing"));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, make_root, remove_root)
	const struct CMUnitTest tests[] = {
		TEST(folders_are_made_with_parents),
		TEST(move_replaces),
		TEST(move_onto_a_link_of_itself),
		TEST(move_beside_never_overwrites),
		TEST(move_beside_a_link_or_a_folder),
		TEST(longest_names_keep_their_ending),
		TEST(move_beside_says_why_not),
		TEST(remove_tree_does_not_follow_links),
		TEST(prune_stops),
		TEST(display_is_printable),
		TEST(sync_reports_what_is_missing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

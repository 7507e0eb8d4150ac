/* SPDX-License-Identifier: GPL-2.0-or-later
 * No step below a root follows a link. Every test runs twice: with openat2, and part by part as on a kernel without it. */

#include "../unit.h"

#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/disk/beneath.h"
#include "base/disk/files.h"
#include "base/disk/moves.h"
#include "base/disk/roots.h"

static char *top, *root, *outside;

static char *at(const char *relative)
{
	return g_build_filename(top, relative, NULL);
}

static void put(const char *relative, const char *text)
{
	g_autofree char *path = at(relative);
	assert_true(g_file_set_contents(path, text, -1, NULL));
}

static void make_link(const char *target, const char *relative)
{
	g_autofree char *path = at(relative);
	assert_int_equal(symlink(target, path), 0);
}

static void make_dir(const char *relative)
{
	g_autofree char *path = at(relative);
	assert_int_equal(g_mkdir_with_parents(path, 0777), 0);
}

/* A new root for each test, since roots stay for ever: top/root, with secrets in top/outside. */
static int set_up(void **state)
{
	beneath_walk_by_parts(*state != NULL);
	top = g_dir_make_tmp("dropmill-beneath-XXXXXX", NULL);
	if (!top)
		return -1;
	root = at("root");
	outside = at("outside");
	make_dir("root/real/deep");
	make_dir("outside/deep");
	put("root/real/a", "mine");
	put("outside/a", "secret");
	make_link(outside, "root/link");
	make_link("../outside/a", "root/real/b");
	beneath_add(root, BENEATH_INBOX);
	return 0;
}

static int tear_down(void **state)
{
	beneath_walk_by_parts(false);
	files_remove_tree(top);
	g_clear_pointer(&top, g_free);
	g_clear_pointer(&root, g_free);
	g_clear_pointer(&outside, g_free);
	return 0;
}

static char *in_root(const char *relative)
{
	return g_build_filename(root, relative, NULL);
}

static void refused(int status, int number)
{
	assert_int_equal(status, -1);
	assert_int_equal(errno, number);
}

static char *contents(const char *relative)
{
	g_autofree char *path = at(relative);
	char *text = NULL;
	g_file_get_contents(path, &text, NULL, NULL);
	return text;
}

static void opens_files_and_no_links(void **state)
{
	static const char *const linked[] = {"link/a", "link", "real/b", "link/deep/none"};
	g_autofree char *real = in_root("real/a");
	int fd = beneath_open(real, O_RDONLY, 0);
	assert_true(fd >= 0);
	assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	close(fd);
	for (gsize i = 0; i < G_N_ELEMENTS(linked); i++) {
		g_autofree char *path = in_root(linked[i]);
		refused(beneath_open(path, O_RDONLY, 0), ELOOP);
		refused(beneath_open(path, O_RDONLY | O_DIRECTORY, 0), ELOOP);
		refused(beneath_sync(path), ELOOP);
		refused(beneath_open(path, O_WRONLY | O_CREAT | O_TRUNC, 0666), ELOOP);
		assert_null(beneath_opendir(path));
		assert_false(beneath_is_folder(path));
		g_autofree char *link = beneath_find_link(path);
		assert_non_null(link);
	}
	g_autofree char *secret = contents("outside/a");
	assert_string_equal(secret, "secret");
}

static void no_path_leaves(void **state)
{
	static const char *const odd[] = {"../outside/a", "real/../../outside/a", "real/..", "./real/a", "."};
	for (gsize i = 0; i < G_N_ELEMENTS(odd); i++) {
		g_autofree char *path = g_strdup_printf("%s/%s", root, odd[i]);
		struct stat status;
		refused(beneath_open(path, O_RDONLY, 0), EXDEV);
		refused(beneath_stat(path, &status), EXDEV);
		refused(beneath_unlink(path), EXDEV);
		assert_false(beneath_known(path));
		assert_false(beneath_within(path, root));
	}
	g_autofree char *fine = in_root("real/..a");
	assert_true(beneath_known(fine));
	assert_true(beneath_within(fine, root));
	assert_false(beneath_within(root, root));
	assert_false(beneath_known(outside));
}

/* The number goes along, so that who asks by number (a copy to another file system) does not make another of it. */
static void a_link_in_the_way_says_so_by_number_and_words(void **state)
{
	g_autofree char *through = in_root("link/a"), *real = in_root("real/a");
	for (guint i = 0; i < 2; i++) {
		g_autoptr(GError) error = NULL;
		errno = ELOOP;
		assert_false(beneath_fail(&error, i == 0 ? through : real, NULL, "cannot move it"));
		assert_int_equal(error_number(error), ELOOP);
		assert_int_equal(error_kind(error), error_kind_of(ELOOP, PLACE_OUTPUT));
		assert_non_null(strstr(error->message, i == 0 ? "link is a link" : "was a link for a moment"));
	}
}

static void steps_stay_inside(void **state)
{
	g_autofree char *real = in_root("real/a"), *through = in_root("link/a"), *new = in_root("link/new"),
			*link = in_root("link"), *moved = in_root("real/moved");
	char value[8];
	struct stat status;
	refused(beneath_stat(through, &status), ELOOP);
	refused(beneath_unlink(through), ELOOP);
	refused(beneath_mkdir(new, 0777), ELOOP);
	refused(beneath_rmdir(new), ELOOP);
	refused(beneath_rename(real, new, 0), ELOOP);
	refused(beneath_rename(through, moved, 0), ELOOP);
	refused(beneath_link(through, moved), ELOOP);
	refused(beneath_link(real, new), ELOOP);
	refused(beneath_touch(through, NULL), ELOOP);
	refused(beneath_set_attribute(through, "user.x", "1", 1), ELOOP);
	refused((int)beneath_get_attribute(through, "user.x", value, sizeof value), ELOOP);
	refused(beneath_set_attribute(link, "user.x", "1", 1), ELOOP);
	/* The link itself is a thing in its folder like any other. */
	assert_int_equal(beneath_stat(link, &status), 0);
	assert_true(S_ISLNK(status.st_mode));
	assert_int_equal(beneath_rename(link, moved, 0), 0);
	assert_int_equal(beneath_unlink(moved), 0);
	assert_int_equal(beneath_rename(real, moved, RENAME_NOREPLACE), 0);
	g_autofree char *secret = contents("outside/a");
	assert_string_equal(secret, "secret");
}

static void attributes_go_to_the_file(void **state)
{
	g_autofree char *real = in_root("real/a"), *folder = in_root("real");
	char value[8] = "";
	if (beneath_set_attribute(real, "user.dropmill-test", "one", 3) != 0 && errno == EOPNOTSUPP)
		skip();
	assert_int_equal(beneath_get_attribute(real, "user.dropmill-test", value, sizeof value), 3);
	assert_memory_equal(value, "one", 3);
	assert_int_equal(beneath_set_attribute(folder, "user.dropmill-test", "two", 3), 0);
}

static void what_files_does_stays_inside(void **state)
{
	g_autofree char *real = in_root("real/a"), *new = in_root("link/made/deep"), *to = in_root("link/a"),
			*tree = in_root("link"), *deep = in_root("link/deep"), *beside = in_root("real/b");
	g_autoptr(GError) error = NULL, second = NULL, third = NULL;
	struct stat status;
	assert_false(files_make_folder(new, &error));
	assert_true(g_error_matches(error, DROPMILL_ERROR, ERROR_RETRY));
	assert_non_null(strstr(error->message, "/root/link is a link; dropmill does not follow links"));
	assert_false(files_move(real, to, &second));
	assert_non_null(strstr(second->message, "/root/link is a link; dropmill does not follow links"));
	assert_null(files_move_beside(real, to, &third));
	assert_non_null(third);
	files_prune(deep, root);
	files_remove_tree(tree);
	g_autofree char *kept = at("outside/deep");
	assert_true(g_file_test(kept, G_FILE_TEST_IS_DIR));
	/* A link in the place of a new name is not written through: the next name is taken. */
	g_autofree char *place = files_move_beside(real, beside, NULL);
	assert_non_null(place);
	assert_string_not_equal(place, beside);
	g_autofree char *secret = contents("outside/a");
	assert_string_equal(secret, "secret");
	g_autofree char *none = at("outside/made");
	assert_int_equal(lstat(none, &status), -1);
}

/* The root is found by its name each time: another folder, or a link of the operator's, may have it by now. */
static void a_root_may_be_a_link(void **state)
{
	g_autofree char *alias = at("alias"), *file = at("alias/real/a"), *through = at("alias/link/a"),
			*above = at("above"), *below_it = at("above/root/real/a"), *bad = at("above/root/link/a");
	struct stat status;
	assert_int_equal(symlink(root, alias), 0);
	beneath_add(alias, BENEATH_INBOX);
	assert_int_equal(beneath_stat(alias, &status), 0);
	assert_true(S_ISDIR(status.st_mode));
	assert_int_equal(beneath_stat(file, &status), 0);
	refused(beneath_stat(through, &status), ELOOP);
	/* A link above. */
	assert_int_equal(symlink(top, above), 0);
	g_autofree char *linked_root = g_build_filename(above, "root", NULL);
	beneath_add(linked_root, BENEATH_INBOX);
	assert_int_equal(beneath_stat(below_it, &status), 0);
	refused(beneath_stat(bad, &status), ELOOP);
	refused(beneath_open(bad, O_RDONLY, 0), ELOOP);
	/* Another folder under its name: no descriptor of the old one is left. */
	g_autofree char *elsewhere = at("elsewhere");
	assert_int_equal(rename(root, elsewhere), 0);
	make_dir("root/real");
	refused(beneath_stat(file, &status), ENOENT);
}

/* A root that lies in an inbox is a folder where strangers write: it may not be a link. One in a folder of ours may, when it is ours. */
static void roots_in_roots(void **state)
{
	g_autofree char *inner = in_root("link"), *inner_file = in_root("link/a"), *out = at("out"), *own = at("out/p"),
			*own_file = at("out/p/a"), *other = at("out/q"), *other_file = at("out/q/a");
	struct stat status;
	beneath_add(inner, BENEATH_INBOX);
	refused(beneath_stat(inner_file, &status), ELOOP);
	refused(beneath_open(inner, O_RDONLY | O_DIRECTORY, 0), ELOOP);
	g_autofree char *why = beneath_find_link(inner_file);
	assert_string_equal(why, inner);
	beneath_add(out, BENEATH_OWN);
	make_dir("out");
	make_link(outside, "out/p");
	make_link(outside, "out/q");
	refused(beneath_stat(own_file, &status), ELOOP);
	beneath_add(own, BENEATH_OWN);
	beneath_add(other, BENEATH_OWN);
	assert_int_equal(beneath_stat(own_file, &status), 0);
	assert_true(beneath_is_folder(own));
	if (geteuid() != 0)
		return;
	assert_int_equal(lchown(other, 12345, 12345), 0);
	refused(beneath_stat(other_file, &status), ELOOP);
	assert_false(beneath_is_folder(other));
	g_autofree char *link = beneath_find_link(other_file);
	assert_string_equal(link, other);
	assert_int_equal(chown(out, 12345, 12345), 0); /* whoever owns out/ may say where its folders lie */
	assert_int_equal(beneath_stat(other_file, &status), 0);
}

/* While a folder is a link every other moment, what is read is either ours or refused, never the stranger's. */
static gint stop;

static gpointer swap(gpointer data)
{
	const char *const *paths = data;

	while (!g_atomic_int_get(&stop))
		if (renameat2(AT_FDCWD, paths[0], AT_FDCWD, paths[1], RENAME_EXCHANGE) != 0)
			break;
	return NULL;
}

static void nothing_can_be_swapped_in(void **state)
{
	g_autofree char *real = in_root("real"), *link = in_root("link"), *file = in_root("real/a"),
			*new = in_root("real/new");
	const char *paths[] = {real, link};
	guint mine = 0, refusals = 0;
	char text[8];
	g_atomic_int_set(&stop, 0);
	GThread *thread = g_thread_new("swap", swap, paths);
	for (int i = 0; i < 3000 || (i < 300000 && (!mine || !refusals)); i++) {
		int fd = beneath_open(file, O_RDONLY, 0);
		gssize length = fd >= 0 ? read(fd, text, sizeof text) : -1;
		if (fd < 0) {
			refusals++;
		} else {
			mine++;
			assert_int_equal(length, 4);
			assert_memory_equal(text, "mine", 4);
			close(fd);
		}
		if (beneath_mkdir(new, 0777) == 0)
			beneath_rmdir(new);
	}
	g_atomic_int_set(&stop, 1);
	g_thread_join(thread);
	assert_true(mine > 0 && refusals > 0);
	g_autofree char *out = at("outside/new");
	assert_false(g_file_test(out, G_FILE_TEST_EXISTS));
}

/* What comes and goes is waited for: no picture fails of it. */
static void what_is_swapped_may_pass(void **state)
{
	g_autofree char *real = in_root("real"), *link = in_root("link"), *below = in_root("real/sub/folder"),
			*new = in_root("real/new"), *file = in_root("real/a"), *to = in_root("real/c");
	const char *paths[] = {real, link};
	guint refusals = 0;
	g_atomic_int_set(&stop, 0);
	GThread *thread = g_thread_new("swap", swap, paths);
	for (int i = 0; i < 2000 || (i < 100000 && !refusals); i++) {
		g_autoptr(GError) error = NULL;
		bool ok = i % 2 ? files_make_folder(below, &error) : files_sync(new, &error);
		ok = ok && files_move(file, to, &error) && files_move(to, file, &error);
		refusals += ok ? 0 : 1;
		if (!ok && error_kind(error) != ERROR_RETRY)
			fail_msg("%s", error->message);
		beneath_rmdir(below);
	}
	g_atomic_int_set(&stop, 1);
	g_thread_join(thread);
	assert_true(refusals > 0);
}

/* What lies in no root is opened as its name says: a person gave it. */
static void elsewhere_links_are_followed(void **state)
{
	g_autofree char *link = at("somewhere");
	make_link(outside, "somewhere");
	assert_true(beneath_is_folder(link));
	g_autofree char *file = at("somewhere/a");
	assert_true(beneath_exists(file));
	assert_null(beneath_find_link(file));
}

/* clang-format off */
#define TWICE(test)                                                                                                    \
	{#test, test, set_up, tear_down, NULL}, {#test " (part by part)", test, set_up, tear_down, (void *)1}
/* clang-format on */

int main(void)
{
	const struct CMUnitTest tests[] = {
		TWICE(opens_files_and_no_links),
		TWICE(no_path_leaves),
		TWICE(a_link_in_the_way_says_so_by_number_and_words),
		TWICE(steps_stay_inside),
		TWICE(attributes_go_to_the_file),
		TWICE(what_files_does_stays_inside),
		TWICE(a_root_may_be_a_link),
		TWICE(roots_in_roots),
		TWICE(nothing_can_be_swapped_in),
		TWICE(what_is_swapped_may_pass),
		TWICE(elsewhere_links_are_followed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

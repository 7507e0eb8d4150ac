/* SPDX-License-Identifier: GPL-2.0-or-later
 * What a message may name: judged by where it really leads. Each test is a process, since confinement cannot be taken back. */
#include "../unit.h"

#include "base/disk/files.h"
#include "sandbox/path_allowlist.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <linux/landlock.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static char *root;

static char *below(const char *name)
{
	return g_build_filename(root, name, NULL);
}

/* in/a.jpg, in/link to secret, in/folder to elsewhere, out, out/link to secret, secret, elsewhere/b.jpg; shortcut leads to in. */
static int make(void **state)
{
	root = g_dir_make_tmp("dropmill-places-XXXXXX", NULL);
	static const char *const folders[] = {"in", "out", "elsewhere", "input"}, *const files[] = {"in/a.jpg",
											  "secret", "elsewhere/b.jpg",
											  "input/c.jpg"};
	static const char *const links[][2] = {
		{"../secret", "in/link"}, {"../elsewhere", "in/folder"}, {"../secret", "out/link"}, {"in", "shortcut"}};
	for (gsize i = 0; i < G_N_ELEMENTS(folders); i++) {
		g_autofree char *path = below(folders[i]);
		assert_int_equal(g_mkdir(path, 0755), 0);
	}
	for (gsize i = 0; i < G_N_ELEMENTS(files); i++) {
		g_autofree char *path = below(files[i]);
		assert_true(g_file_set_contents(path, "x", 1, NULL));
	}
	for (gsize i = 0; i < G_N_ELEMENTS(links); i++) {
		g_autofree char *path = below(links[i][1]);
		assert_int_equal(symlink(links[i][0], path), 0);
	}
	return 0;
}

static int discard(void **state)
{
	files_remove_tree(root);
	g_clear_pointer(&root, g_free);
	return 0;
}

static void in_a_process(bool (*holds)(void))
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		g_autofree char *in = below("shortcut");
		g_autofree char *out = below("out");
		path_allowlist_confine();
		path_allowlist_add(in, PLACE_READ);
		path_allowlist_add(out, PLACE_WRITE);
		_exit(holds() ? 0 : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

/* "in/a.jpg" when that is allowed and where it really lies, else NULL. Owned. */
static char *found(const char *name, enum place_use use)
{
	g_autofree char *path = name[0] == '/' ? g_strdup(name) : below(name);
	g_autoptr(GError) error = NULL;
	g_autofree char *real = path_allowlist_find(path, use, &error);

	if (!real) {
		g_assert_nonnull(error);
		return NULL;
	}
	g_assert_true(g_str_has_prefix(real, root));
	return g_strdup(real + strlen(root) + 1);
}

static bool is(const char *name, enum place_use use, const char *wanted)
{
	g_autofree char *real = found(name, use);

	if (g_strcmp0(real, wanted) == 0)
		return true;
	g_printerr("%s: %s, not %s\n", name, real, wanted);
	return false;
}

static bool reading(void)
{
	return is("in/a.jpg", PLACE_READ, "in/a.jpg") && is("shortcut/a.jpg", PLACE_READ, "in/a.jpg") &&
	       is("in/../in/./a.jpg", PLACE_READ, "in/a.jpg") && is("out", PLACE_READ, "out") &&
	       is("secret", PLACE_READ, NULL) && is("in/link", PLACE_READ, NULL) &&
	       is("in/../secret", PLACE_READ, NULL) && is("in/folder/b.jpg", PLACE_READ, NULL) &&
	       is("input/c.jpg", PLACE_READ, NULL) && is("in/none", PLACE_READ, NULL) &&
	       is("/etc/passwd", PLACE_READ, NULL) && is("/proc/self/root/etc/passwd", PLACE_READ, NULL) &&
	       is("/proc/self/exe", PLACE_READ, NULL);
}

static void what_is_read(void **state)
{
	in_a_process(reading);
}

static bool writing(void)
{
	return is("out/new.jpg", PLACE_WRITE, "out/new.jpg") && is("out/../out/new.jpg", PLACE_WRITE, "out/new.jpg") &&
	       is("out/link", PLACE_WRITE, NULL) && is("in/a.jpg", PLACE_WRITE, NULL) &&
	       is("out/..", PLACE_WRITE, NULL) && is("out/", PLACE_WRITE, NULL) &&
	       is("out/none/new.jpg", PLACE_WRITE, NULL) && is("secret", PLACE_WRITE, NULL);
}

static void what_is_written(void **state)
{
	in_a_process(writing);
}

static bool relative(void)
{
	g_autoptr(GError) error = NULL;

	return chdir(root) == 0 && !path_allowlist_find("in/a.jpg", PLACE_READ, &error) && error->code == ERROR_RETRY;
}

static void names_are_absolute(void **state)
{
	in_a_process(relative);
}

static bool replaced(void)
{
	g_autofree char *out = below("out");
	g_autofree char *old = below("old");

	if (path_allowlist_changed())
		return false;
	g_assert_cmpint(g_rename(out, old), ==, 0);
	if (path_allowlist_changed()) /* nothing is there: nothing to begin anew with */
		return false;
	g_assert_cmpint(g_mkdir(out, 0755), ==, 0);
	return g_strcmp0(path_allowlist_changed(), out) == 0;
}

static void a_folder_that_was_replaced_is_noticed(void **state)
{
	in_a_process(replaced);
}

/* A share was mounted again, with the numbers of before: only the kernel's rules, which are of the mount that went, tell it. */
static bool mounted_again(void)
{
	const struct landlock_ruleset_attr handled = {.handled_access_fs = LANDLOCK_ACCESS_FS_READ_DIR};
	g_autofree char *in = below("shortcut"), *elsewhere = below("elsewhere");
	int rules = (int)syscall(SYS_landlock_create_ruleset, &handled, sizeof handled, 0);

	path_allowlist_add(elsewhere, PLACE_READ);
	if (rules < 0) /* a kernel without Landlock has no rules that could be outdated */
		return !path_allowlist_changed();
	const struct landlock_path_beneath_attr rule = {
		.allowed_access = LANDLOCK_ACCESS_FS_READ_DIR,
		.parent_fd = open(elsewhere, O_PATH),
	};
	g_assert_cmpint(syscall(SYS_landlock_add_rule, rules, LANDLOCK_RULE_PATH_BENEATH, &rule, 0), ==, 0);
	if (path_allowlist_changed())
		return false;
	g_assert_cmpint(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), ==, 0);
	g_assert_cmpint(syscall(SYS_landlock_restrict_self, rules, 0), ==, 0);
	return g_strcmp0(path_allowlist_changed(), in) == 0;
}

static void a_folder_that_the_kernel_does_not_know_any_more(void **state)
{
	in_a_process(mounted_again);
}

static bool nothing_else(void)
{
	return path_allowlist_any();
}

static void some_and_none(void **state)
{
	in_a_process(nothing_else);
	assert_true(path_allowlist_any()); /* a program that is not confined */
	g_autofree char *free = path_allowlist_find("/etc/passwd", PLACE_WRITE, NULL);
	assert_string_equal(free, "/etc/passwd");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(what_is_read, make, discard),
		cmocka_unit_test_setup_teardown(what_is_written, make, discard),
		cmocka_unit_test_setup_teardown(names_are_absolute, make, discard),
		cmocka_unit_test_setup_teardown(a_folder_that_was_replaced_is_noticed, make, discard),
		cmocka_unit_test_setup_teardown(a_folder_that_the_kernel_does_not_know_any_more, make, discard),
		cmocka_unit_test_setup_teardown(some_and_none, make, discard),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

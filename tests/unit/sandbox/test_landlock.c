/* SPDX-License-Identifier: GPL-2.0-or-later
 * Files: what lies in its places goes on, what lies elsewhere is shut. */
#include "sandbox_support.h"

#include <fcntl.h>
#include <glib/gstdio.h>

#include "base/disk/files.h"
#include "sandbox/path_allowlist.h"

static char *folder;

/* Like open(), but 0 when it goes. */
static int try_open(const char *name, int flags)
{
	g_autofree char *path = g_build_filename(name[0] == '/' ? "" : folder, name, NULL);
	int fd = open(path, flags | O_CLOEXEC, 0644);

	if (fd >= 0)
		close(fd);
	return fd < 0 ? -1 : 0;
}

static int try_read_inbox(void)
{
	return try_open("in/a.jpg", O_RDONLY);
}

static int try_write_output(void)
{
	return try_open("out/.dropmill-1.tmp", O_WRONLY | O_CREAT | O_TRUNC);
}

static int try_read_secret(void)
{
	return try_open("secret", O_RDONLY);
}

static int try_read_link_to_secret(void)
{
	return try_open("in/link", O_RDONLY);
}

static int try_write_inbox(void)
{
	return try_open("in/a.jpg", O_WRONLY);
}

static int try_truncate_inbox(void)
{
	return try_open("in/a.jpg", O_RDONLY | O_TRUNC);
}

static int try_remove_inbox(void)
{
	g_autofree char *path = g_build_filename(folder, "in/a.jpg", NULL);
	return unlink(path);
}

static int try_write_beside(void)
{
	return try_open("new", O_WRONLY | O_CREAT);
}

static int try_passwords(void)
{
	return try_open("/etc/passwd", O_RDONLY);
}

static int try_environment_of_parent(void)
{
	g_autofree char *path = g_strdup_printf("/proc/%d/environ", (int)getppid());
	return try_open(path, O_RDONLY);
}

static int try_memory_of_parent(void)
{
	g_autofree char *path = g_strdup_printf("/proc/%d/mem", (int)getppid());
	return try_open(path, O_RDONLY);
}

/* in/a.jpg and in/link, which leads to secret; out. The places are inherited by each try's process. */
static int make_folder(void **state)
{
	g_autofree char *here = g_get_current_dir();
	folder = g_build_filename(here, "sandbox-XXXXXX", NULL);
	assert_non_null(g_mkdtemp(folder));
	g_autofree char *in = g_build_filename(folder, "in", NULL);
	g_autofree char *out = g_build_filename(folder, "out", NULL);
	g_autofree char *file = g_build_filename(in, "a.jpg", NULL);
	g_autofree char *secret = g_build_filename(folder, "secret", NULL);
	g_autofree char *link = g_build_filename(in, "link", NULL);
	g_mkdir(in, 0755);
	g_mkdir(out, 0755);
	g_file_set_contents(file, "x", 1, NULL);
	g_file_set_contents(secret, "x", 1, NULL);
	assert_int_equal(symlink(secret, link), 0);
	/* As a mill has it: temporary files in a folder of their own. That of the system is around all this where the project lies in it. */
	g_autofree char *temporary = g_build_filename(folder, "tmp", NULL);
	g_mkdir(temporary, 0700);
	g_setenv("TMPDIR", temporary, TRUE);
	path_allowlist_add(in, PLACE_READ);
	path_allowlist_add(out, PLACE_WRITE);
	return 0;
}

static int discard_folder(void **state)
{
	files_remove_tree(folder);
	g_clear_pointer(&folder, g_free);
	return 0;
}

static int try_nothing(void)
{
	return 0;
}

/* 0: the kernel has none. */
static long landlock_version(void)
{
	return MAX(syscall(SYS_landlock_create_ruleset, NULL, 0, 1), 0);
}

#define DENIED(try)                                                                                                    \
	do {                                                                                                           \
		int number = inside(SANDBOX_NO_NETWORK, try);                                                          \
		if (number == -1)                                                                                      \
			skip();                                                                                        \
		assert_int_equal(number, EACCES);                                                                      \
	} while (0)

static void files_outside_of_its_places_are_shut(void **state)
{
	if (landlock_version() < 1) {
		print_message("skipped: no Landlock in this kernel or emulator\n");
		skip();
	}
	if (inside(SANDBOX_NO_NETWORK, try_nothing) == -1)
		skip();
	inside_files = true;
	LET_THROUGH(SANDBOX_NO_NETWORK, try_read_inbox);
	LET_THROUGH(SANDBOX_NO_NETWORK, try_write_output);
	DENIED(try_read_secret);
	DENIED(try_read_link_to_secret);
	DENIED(try_write_inbox);
	DENIED(try_remove_inbox);
	DENIED(try_write_beside);
	DENIED(try_passwords);
	DENIED(try_environment_of_parent);
	DENIED(try_memory_of_parent);
	if (landlock_version() >= 3)
		DENIED(try_truncate_inbox);
	LET_THROUGH(SANDBOX_NETWORK, try_passwords); /* who looks up names reads /etc */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(files_outside_of_its_places_are_shut, make_folder, discard_folder),
	};
	return cmocka_run_group_tests(tests, start_vips, NULL);
}

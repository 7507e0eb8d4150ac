/* SPDX-License-Identifier: GPL-2.0-or-later
 * What counts as the output that was asked for. */
#include "../unit.h"

#include "master/commit/output_check.h"

#include <string.h>
#include <unistd.h>

#include <glib/gstdio.h>

#include "base/disk/files.h"

static char *root, *path;

static int set_up(void **state)
{
	root = g_dir_make_tmp("dropmill-check-XXXXXX", NULL);
	path = g_build_filename(root, "output", NULL);
	return root ? 0 : -1;
}

static int tear_down(void **state)
{
	files_remove_tree(root);
	g_clear_pointer(&root, g_free);
	g_clear_pointer(&path, g_free);
	return 0;
}

static void take_away(void)
{
	g_unlink(path);
}

static void put(const char *bytes, gsize length)
{
	take_away();
	assert_true(g_file_set_contents(path, bytes, (gssize)length, NULL));
}

static void assert_refused(const char *format, bool folder, gint64 bytes, const char *why)
{
	const struct output_wanted wanted = {format, folder, bytes};
	g_autoptr(GError) error = NULL;

	assert_false(output_check(path, &wanted, &error));
	if (!strstr(error->message, why))
		fail_msg("'%s' does not say '%s'", error->message, why);
}

static void assert_taken(const char *format, bool folder, gint64 bytes)
{
	const struct output_wanted wanted = {format, folder, bytes};
	g_autoptr(GError) error = NULL;

	if (!output_check(path, &wanted, &error))
		fail_msg("%s", error->message);
}

static void a_file_begins_as_its_format(void **state)
{
	put("\x89PNG\r\n\x1a\n....", 12);
	assert_taken("png", false, 12);
	assert_taken(NULL, false, 12);
	assert_refused("jpeg", false, 12, "is not a jpeg file: its first bytes are those of png");
	assert_refused("dz", false, 12, "png");
	put("PK\3\4........", 12);
	assert_taken("dz", false, 12);
	assert_refused(NULL, false, 12, "is not a picture file: its first bytes are those of dz");
	put("........", 8);
	assert_refused("png", false, 8, "no known format");
	put("%PDF-1.7", 8);
	assert_refused(NULL, false, 8, "pdf");
}

static void a_file_has_its_size(void **state)
{
	put("\xff\xd8\xff....", 7);
	assert_taken("jpeg", false, 7);
	assert_refused("jpeg", false, 8, "has 7 bytes, its report says 8");
	put("", 0);
	assert_refused("jpeg", false, 0, "no known format");
	take_away();
	assert_refused("jpeg", false, 7, "cannot be read");
}

static void a_folder_is_a_pyramid(void **state)
{
	static const char *const signs[] = {"a.dzi", "ImageProperties.xml", "info.json", "blank.png"};
	put("\xff\xd8\xff....", 7);
	assert_refused("dz", true, 7, "a folder was asked for");
	take_away();
	assert_int_equal(g_mkdir(path, 0777), 0);
	assert_refused("dz", true, 0, "without the description");
	assert_refused("jpeg", false, 0, "is a folder");
	for (gsize i = 0; i < G_N_ELEMENTS(signs); i++) {
		g_autofree char *sign = g_build_filename(path, signs[i], NULL);
		assert_true(g_file_set_contents(sign, "x", 1, NULL));
		assert_taken("dz", true, 1);
		assert_int_equal(g_unlink(sign), 0);
	}
}

static void a_link_is_no_output(void **state)
{
	g_autofree char *other = g_build_filename(root, "other", NULL);
	assert_true(g_file_set_contents(other, "\xff\xd8\xff....", 7, NULL));
	assert_int_equal(symlink(other, path), 0);
	assert_refused("jpeg", false, 7, "cannot be read");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(a_file_begins_as_its_format),
		TEST(a_file_has_its_size),
		TEST(a_folder_is_a_pyramid),
		TEST(a_link_is_no_output),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

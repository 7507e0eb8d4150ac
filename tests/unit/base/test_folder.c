/* SPDX-License-Identifier: GPL-2.0-or-later
 * A folder as one output: packed, unpacked, put in place of an older one. */

#include "../unit.h"

#include <glib.h>
#include <glib/gstdio.h>
#include <string.h>

#include "base/disk/files.h"
#include "base/disk/folder.h"

static char *root;

static int make_root(void **state)
{
	root = g_dir_make_tmp("dropmill-folder-XXXXXX", NULL);
	return root ? 0 : -1;
}

static int remove_root(void **state)
{
	files_remove_tree(root);
	g_clear_pointer(&root, g_free);
	return 0;
}

static char *at(const char *relative)
{
	return g_build_filename(root, relative, NULL);
}

static void put(const char *relative, const char *text, gssize length)
{
	g_autofree char *path = at(relative);
	g_autofree char *parent = g_path_get_dirname(path);

	assert_int_equal(g_mkdir_with_parents(parent, 0755), 0);
	assert_true(g_file_set_contents(path, text, length, NULL));
}

static void assert_holds(const char *relative, const char *text, gsize length)
{
	g_autofree char *path = at(relative);
	g_autofree char *found = NULL;
	gsize size;

	assert_true(g_file_get_contents(path, &found, &size, NULL));
	assert_int_equal(size, length);
	assert_memory_equal(found, text, length);
}

static bool exists(const char *relative)
{
	g_autofree char *path = at(relative);

	return g_file_test(path, G_FILE_TEST_EXISTS);
}

static void test_packed_and_unpacked(void **state)
{
	g_autofree char *from = at("a"), *to = at("b");

	put("a/x.dzi", "<Image/>", -1);
	put("a/x_files/0/0_0.jpg", "\0\xff\0", 3);
	put("a/x_files/1/empty", "", 0);
	g_autoptr(GBytes) bytes = folder_pack(from, NULL);
	assert_non_null(bytes);
	assert_true(folder_unpack(bytes, to, NULL));
	assert_holds("b/x.dzi", "<Image/>", 8);
	assert_holds("b/x_files/0/0_0.jpg", "\0\xff\0", 3);
	assert_holds("b/x_files/1/empty", "", 0);
	assert_int_equal(folder_bytes(to), 11);
	assert_true(folder_sync(to, NULL));
	/* Not into what is there. */
	assert_false(folder_unpack(bytes, to, NULL));
}

static GBytes *one_file(const char *name)
{
	GVariantBuilder builder;

	g_variant_builder_init(&builder, G_VARIANT_TYPE("a(ayay)"));
	g_variant_builder_add(&builder, "(@ay@ay)", g_variant_new_bytestring(name), g_variant_new_bytestring("x"));
	g_autoptr(GVariant) all = g_variant_ref_sink(g_variant_builder_end(&builder));
	return g_variant_get_data_as_bytes(all);
}

static void test_other_bytes_are_refused(void **state)
{
	static const char text[] = "a PNG file, or what else a worker may send where a folder is asked for";
	g_autofree char *from = at("c"), *to = at("d");
	put("c/x.dzi", "<Image/>", -1);
	put("c/x_files/0/0_0.jpg", "pixels", 6);
	g_autoptr(GBytes) good = folder_pack(from, NULL);
	gsize size = g_bytes_get_size(good);
	for (gsize length = 0; length < size; length++) { /* cut off anywhere */
		g_autoptr(GBytes) cut = g_bytes_new_from_bytes(good, 0, length);
		assert_false(folder_unpack(cut, to, NULL));
		files_remove_tree(to);
	}
	g_autoptr(GBytes) other = g_bytes_new_static(text, sizeof text);
	g_autofree guint8 *nothing = g_malloc0(size);
	g_autoptr(GBytes) zeros = g_bytes_new_static(nothing, size);
	assert_false(folder_unpack(other, to, NULL));
	assert_false(exists("d"));
	assert_false(folder_unpack(zeros, to, NULL));
	assert_false(exists("d"));
}

static void test_names_that_lead_out_are_refused(void **state)
{
	static const char *const names[] = {"../out", "a/../../out", "/tmp/dropmill-out", "", "a//b", "./a", ".."};

	for (guint i = 0; i < G_N_ELEMENTS(names); i++) {
		g_autofree char *to = at("in");
		g_autoptr(GBytes) bytes = one_file(names[i]);
		g_autoptr(GError) error = NULL;
		if (folder_unpack(bytes, to, &error))
			fail_msg("'%s' was unpacked", names[i]);
		assert_non_null(strstr(error->message, "names"));
		assert_false(exists("out"));
		files_remove_tree(to);
	}
	assert_false(g_file_test("/tmp/dropmill-out", G_FILE_TEST_EXISTS));
}

/* What a broken worker sends makes an empty folder or an error, never a crash. */
static void test_rubbish(void **state)
{
	guint32 noise = 7;

	for (gsize length = 0; length < 400; length++) {
		g_autofree guint8 *data = g_malloc(length + 1);
		g_autofree char *to = at("rubbish");
		for (gsize i = 0; i < length; i++) {
			noise = noise * 1664525u + 1013904223u;
			data[i] = length % 2 ? (guint8)(noise >> 24) : (guint8)((noise >> 24) % 5);
		}
		g_autoptr(GBytes) bytes = g_bytes_new(data, length);
		g_autoptr(GError) error = NULL;
		folder_unpack(bytes, to, &error);
		files_remove_tree(to);
	}
}

static void test_replaces_an_older_one(void **state)
{
	g_autofree char *temp = at(".tmp"), *final = at("a.dzi");

	put(".tmp/new", "1", 1);
	assert_true(folder_replace(temp, final, NULL));
	assert_true(exists("a.dzi/new"));
	put(".tmp/newer", "2", 1);
	assert_true(folder_replace(temp, final, NULL));
	assert_true(exists("a.dzi/newer"));
	assert_false(exists("a.dzi/new"));
	assert_false(exists(".tmp"));
}

static void test_a_file_in_the_way_stays(void **state)
{
	g_autofree char *temp = at(".tmp"), *final = at("a");

	put(".tmp/new", "1", 1);
	put("a", "mine", 4);
	assert_false(folder_replace(temp, final, NULL));
	assert_holds("a", "mine", 4);
	assert_true(exists(".tmp/new"));
}

static void test_discard(void **state)
{
	g_autofree char *file = at("file"), *folder = at("folder"), *none = at("none");

	put("file", "1", 1);
	put("folder/a/b", "1", 1);
	folder_discard(file);
	assert_false(exists("file"));
	folder_discard(none);
	folder_discard(folder);
	for (int i = 0; i < 500 && exists("folder"); i++)
		g_usleep(10000);
	assert_false(exists("folder"));
}

/* Not now, but as soon as the place can be written to: here something is in the way for a while, on a real disk it is read-only. */
static void test_discard_again(void **state)
{
	g_autofree char *folder = g_build_filename(root, "out", NULL), *path = g_build_filename(folder, "a.tmp", NULL);
	assert_true(g_file_set_contents(folder, "in the way", -1, NULL));
	folder_discard(path);
	folder_discard_again();
	assert_int_equal(g_unlink(folder), 0);
	assert_int_equal(g_mkdir(folder, 0755), 0);
	assert_true(g_file_set_contents(path, "temp", -1, NULL));
	folder_discard_again();
	assert_false(g_file_test(path, G_FILE_TEST_EXISTS));
	assert_true(g_file_set_contents(path, "another", -1, NULL));
	folder_discard_again();
	assert_true(g_file_test(path, G_FILE_TEST_EXISTS));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_packed_and_unpacked, make_root, remove_root),
		cmocka_unit_test_setup_teardown(test_other_bytes_are_refused, make_root, remove_root),
		cmocka_unit_test_setup_teardown(test_names_that_lead_out_are_refused, make_root, remove_root),
		cmocka_unit_test_setup_teardown(test_rubbish, make_root, remove_root),
		cmocka_unit_test_setup_teardown(test_replaces_an_older_one, make_root, remove_root),
		cmocka_unit_test_setup_teardown(test_a_file_in_the_way_stays, make_root, remove_root),
		cmocka_unit_test_setup_teardown(test_discard, make_root, remove_root),
		cmocka_unit_test_setup_teardown(test_discard_again, make_root, remove_root),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

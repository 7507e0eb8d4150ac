/* SPDX-License-Identifier: GPL-2.0-or-later
 * Cores by the quota of a control group: this one's, and those above it. */
#include "../unit.h"

#include "base/cores.h"
#include "base/disk/files.h"

static char *mount;

static void put(const char *group, const char *text)
{
	g_autofree char *folder = g_build_filename(mount, group, NULL),
			*path = g_build_filename(folder, "cpu.max", NULL);

	assert_true(files_make_folder(folder, NULL));
	assert_true(g_file_set_contents(path, text, -1, NULL));
}

static int make(void **state)
{
	(void)state;
	mount = g_dir_make_tmp("dropmill-cores-XXXXXX", NULL);
	return mount ? 0 : -1;
}

static int clear(void **state)
{
	(void)state;
	files_remove_tree(mount);
	g_free(mount);
	return 0;
}

static void no_quota_is_no_limit(void **state)
{
	assert_int_equal(cores_of_quota("", mount), 0);
	assert_int_equal(cores_of_quota("0::/\n", mount), 0);
	put("a", "max 100000\n");
	assert_int_equal(cores_of_quota("0::/a\n", mount), 0);
	put("a", "nonsense");
	assert_int_equal(cores_of_quota("0::/a\n", mount), 0);
	/* Version 1 is another mount. */
	put("b", "200000 100000\n");
	assert_int_equal(cores_of_quota("4:cpu:/b\n", mount), 0);
}

static void a_part_of_a_core_is_one(void **state)
{
	put("", "50000 100000\n");
	assert_int_equal(cores_of_quota("0::/\n", mount), 1);
	put("", "150000 100000\n");
	assert_int_equal(cores_of_quota("0::/\n", mount), 2);
}

static void the_least_of_all_above_counts(void **state)
{
	put("", "max 100000\n");
	put("slice", "300000 100000\n");
	put("slice/mill", "800000 100000\n");
	assert_int_equal(cores_of_quota("12:pids:/x\n0::/slice/mill\n", mount), 3);
	put("slice/mill", "200000 100000\n");
	assert_int_equal(cores_of_quota("12:pids:/x\n0::/slice/mill\n", mount), 2);
}

static void a_group_outside_of_the_mount_is_not_read(void **state)
{
	g_autofree char *inner = g_build_filename(mount, "inner", NULL);

	put("slice", "200000 100000\n");
	put("inner", "max 100000\n");
	assert_int_equal(cores_of_quota("0::/../slice\n", inner), 0);
}

static void this_process_has_one_at_least(void **state)
{
	assert_in_range(cores_allowed(), 1, g_get_num_processors());
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(no_quota_is_no_limit, make, clear),
		cmocka_unit_test_setup_teardown(a_part_of_a_core_is_one, make, clear),
		cmocka_unit_test_setup_teardown(the_least_of_all_above_counts, make, clear),
		cmocka_unit_test_setup_teardown(a_group_outside_of_the_mount_is_not_read, make, clear),
		cmocka_unit_test(this_process_has_one_at_least),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

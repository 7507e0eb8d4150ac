/* SPDX-License-Identifier: GPL-2.0-or-later
 * What a chain tells of itself: whether it goes on libvips' grid, reads its source once, or runs whole. */
#include "support.h"

static void assert_flags(const char *steps, unsigned flags)
{
	g_autofree char *text = g_strdelimit(g_strdup(steps), "'", '"');
	g_autoptr(JsonArray) array = chain(text);

	assert_int_equal(chain_flags(array), flags);
}

static void test_flags(void **state)
{
	assert_int_equal(chain_flags(NULL), OPERATION_SEQUENTIAL);
	assert_flags("[]", OPERATION_SEQUENTIAL);
	assert_flags("[{'op':'grayscale'},{'op':'blur'},{'op':'sharpen'},{'op':'flop'},{'op':'crop'},{'op':'invert'}]",
		OPERATION_SEQUENTIAL);
	assert_flags("[{'op':'grayscale'},{'op':'flip'}]", 0);
	assert_flags("[{'op':'auto_orient'}]", 0);
	assert_flags("[{'op':'rotate','params':{'angle':270}}]", 0);
	assert_flags("[{'op':'rotate','params':{'angle':-90}}]", 0);
	assert_flags("[{'op':'rotate','params':{'angle':90.5}}]", OPERATION_ON_GRID);
	assert_flags("[{'op':'blur'},{'op':'resize','params':{'scale':2}}]", OPERATION_ON_GRID);
	assert_flags("[{'op':'thumbnail','params':{'width':2}},{'op':'blur'}]", OPERATION_ON_GRID | OPERATION_LOADS);
	assert_flags("[{'op':'blur'},{'op':'thumbnail','params':{'width':2}}]", OPERATION_ON_GRID);
	assert_flags("[{'op':'vips','params':{'operation':'sobel'}}]", 0);
	assert_flags("[{'op':'vips','params':{'operation':'canny'}}]", OPERATION_SEQUENTIAL);
	assert_flags("[{'op':'vips','params':{'operation':'gaussblur','sigma':2}}]", OPERATION_SEQUENTIAL);
	assert_flags("[{'op':'vips','params':{'operation':'gaussblur','sigma':2,'precision':'approximate'}}]",
		OPERATION_ON_GRID);
	assert_flags("[{'op':'vips','params':{'operation':'reduce'}}]", OPERATION_ON_GRID);
	assert_flags("[{'op':'vips','params':{'operation':'icc_transform','output_profile':'p3'}}]",
		OPERATION_SEQUENTIAL | OPERATION_READS_PROFILE);
	assert_flags(
		"[{'op':'vips','params':{'operation':'hist_equal'}}]", OPERATION_ON_GRID | OPERATION_READS_METADATA);
	assert_flags("[{'op':'never heard of'}]", OPERATION_ON_GRID | OPERATION_READS_METADATA);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_flags),
	};

	return cmocka_run_group_tests(tests, start_vips, NULL);
}

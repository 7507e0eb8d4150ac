/* SPDX-License-Identifier: GPL-2.0-or-later
 * The pool of segments: what fits is used again, what is kept never exceeds the budget, what somebody may write to is gone. */
#include "../unit.h"

#include "master/fleet/segment_pool.h"

#define MB ((gsize)1 << 20)

static struct segment *borrow(struct segments *segments, gsize bytes)
{
	g_autoptr(GError) error = NULL;
	struct segment *segment = segments_borrow(segments, bytes, false, 1, &error);

	assert_null(error);
	assert_non_null(segment);
	return segment;
}

/* Whether the next one of this size is a used one: the mark in its last byte is still there. */
static bool is_used_again(struct segments *segments, gsize bytes)
{
	struct segment *segment = borrow(segments, bytes);
	bool used = segment->bytes[bytes - 1] == 'm';

	segment->bytes[bytes - 1] = 'm';
	segments_give_back(segments, segment, false);
	return used;
}

static void what_fits_is_used_again(void **state)
{
	auto_struct(segments) segments = segments_new("/tmp", 64 * MB);
	assert_false(is_used_again(segments, 8 * MB));
	assert_true(is_used_again(segments, 8 * MB));
	struct segment *small = borrow(segments, MB); /* an eighth: not wasted on it */
	assert_int_equal(small->size, MB);
	segments_give_back(segments, small, false);
}

static void what_is_tainted_is_not(void **state)
{
	auto_struct(segments) segments = segments_new("/tmp", 64 * MB);
	struct segment *segment = borrow(segments, 8 * MB);
	segment->bytes[8 * MB - 1] = 'm';
	segments_give_back(segments, segment, true);
	assert_false(is_used_again(segments, 8 * MB));
}

static void what_is_kept_makes_room_for_what_is_lent(void **state)
{
	auto_struct(segments) segments = segments_new("/tmp", 32 * MB);
	assert_false(is_used_again(segments, 8 * MB));
	assert_false(is_used_again(segments, MB));
	/* With 9 kept it is 3 too much: the older 8 go, the 1 stays. */
	struct segment *large = borrow(segments, 26 * MB);
	assert_true(is_used_again(segments, MB));
	/* Lent beside the large one it is beyond the budget, and not kept. */
	assert_false(is_used_again(segments, 8 * MB));
	assert_false(is_used_again(segments, 8 * MB));
	large->bytes[26 * MB - 1] = 'm';
	segments_give_back(segments, large, false);
	assert_true(is_used_again(segments, 26 * MB));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_fits_is_used_again),
		cmocka_unit_test(what_is_tainted_is_not),
		cmocka_unit_test(what_is_kept_makes_room_for_what_is_lent),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: GPL-2.0-or-later
 * What a codec says of rows and rectangles is believed only where it lies inside the memory it speaks of. */
#include "../unit.h"

#include "master/job/job.h"

static void rectangles_lie_in_the_rows_of_their_ring(void **state)
{
	const struct ring_place ring = {4096, 300, 64, 3}; /* 100 pixels a row */
	static const struct {
		gint64 edges[4];
		bool fits;
	} cases[] = {
		{{0, 0, 1, 1}, true},
		{{0, 0, 100, 64}, true},
		{{99, 5000, 1, 64}, true},  /* rows go round */
		{{99, 5000, 1, 65}, false}, /* but not over themselves */
		{{1, 0, 100, 1}, false},
		{{100, 0, 1, 1}, false},
		{{-1, 0, 10, 1}, false},
		{{0, -1, 10, 1}, false},
		{{0, 0, 0, 1}, false},
		{{0, 0, 1, 0}, false},
		{{0, 0, 1, -5}, false},
		{{G_MAXINT64, 0, 1, 1}, false},
		{{4294967296, 0, 1, 1}, false}, /* 0 as an int */
		{{0, G_MAXINT64, 1, 1}, false},
		{{10000000, 0, 10000000, 1}, false},
		{{0, 0, G_MAXINT64, 1}, false},
	};
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		struct rect rect = {0};
		if (ring_place_rect(&ring, cases[i].edges, &rect) != cases[i].fits)
			fail_msg("case %zu", i);
		if (cases[i].fits)
			assert_int_equal(rect.left, cases[i].edges[0]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rectangles_lie_in_the_rows_of_their_ring),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: GPL-2.0-or-later
 * Whole or in tiles, and how large these are. Each row. */
#include "master/policy/lane.h"

#include "../unit.h"

#define M 1000000
#define LARGE (3 << 20)
/* With two workers, neither of which shares memory unless the row says so, three jobs are few and four are many. */

/* Facts: must_tile, never_cut, as_file; wished_px; jobs, live, sharing; file_bytes.
 * Choice: asks_codec, tiled_pixels, huge_pixels, tile_px, largest_px, spreads. */
static const struct {
	const char *why;
	struct lane_facts facts;
	struct lane_choice choice;
} rows[] = {
	{"a small file", {0, 0, 0, 0, 1, 2, 0, LARGE - 1}, {false, 12 * M, 12 * M, 512, 0, true}},
	{"a large one", {0, 0, 0, 0, 1, 2, 0, LARGE}, {true, 12 * M, 12 * M, 512, 0, true}},
	{"a large one of few", {0, 0, 0, 0, 3, 2, 0, LARGE}, {true, 12 * M, 12 * M, 512, 0, true}},
	{"a large one of many", {0, 0, 0, 0, 4, 2, 0, LARGE}, {false, 12 * M, 100 * M, 512, 0, false}},
	{"it must be cut", {1, 0, 0, 0, 4, 2, 0, 1}, {true, 0, 100 * M, 512, 0, false}},
	{"it cannot be cut", {0, 1, 0, 0, 1, 2, 0, LARGE}, {false, 12 * M, 0, 512, 0, true}},
	{"it cannot be cut, of many", {0, 1, 0, 0, 4, 2, 0, LARGE}, {false, 12 * M, 0, 512, 0, false}},
	{"it cannot, although a tile is wished", {0, 1, 0, 256, 1, 2, 0, LARGE}, {false, 65537, 0, 256, 0, true}},
	{"its file is faster, of many", {0, 1, 1, 0, 4, 2, 0, LARGE}, {false, 12 * M, 0, 512, 0, true}},
	{"a tile is wished", {0, 0, 0, 256, 4, 2, 0, 1}, {true, 65537, 100 * M, 256, 0, false}},
	{"and it must be cut", {1, 0, 0, 256, 1, 2, 0, 1}, {true, 0, 12 * M, 256, 0, true}},
	{"a wished tile stays as it is", {0, 0, 0, 256, 1, 2, 2, 1}, {true, 65537, 12 * M, 256, 0, true}},
	{"all share memory", {0, 0, 0, 0, 1, 2, 2, LARGE}, {true, 12 * M, 12 * M, 512, 1024, true}},
	{"one does not", {0, 0, 0, 0, 1, 2, 1, LARGE}, {true, 12 * M, 12 * M, 512, 0, true}},
	{"nobody is there", {0, 0, 0, 0, 1, 0, 0, LARGE}, {true, 12 * M, 12 * M, 512, 0, true}},
};

static void test_rows(void **state)
{
	for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
		const struct lane_choice *expected = &rows[i].choice, choice = lane_choose(&rows[i].facts);
		if (choice.asks_codec != expected->asks_codec || choice.tiled_pixels != expected->tiled_pixels ||
			choice.huge_pixels != expected->huge_pixels || choice.tile_px != expected->tile_px ||
			choice.largest_px != expected->largest_px || choice.spreads != expected->spreads)
			fail_msg("%s", rows[i].why);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_rows)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

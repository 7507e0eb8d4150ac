/* SPDX-License-Identifier: GPL-2.0-or-later
 * The flow of rows, and what a tile holds back that is done while a second worker may still be at it. */
#include "../unit.h"

#include "codec/rows.h"

/* One column of tiles of 10 rows, each made of the same rows of the source. */
#define EDGE 10
#define TILES 8
#define HEIGHT (EDGE * TILES)

struct flow_test {
	struct plan plan;
	struct plan_output output;
	struct rows *rows;
	int ready; /* tiles that were given out; they are in order */
};

static void ready(const int *tiles, guint count, void *user)
{
	struct flow_test *test = user;

	for (guint i = 0; i < count; i++)
		assert_int_equal(tiles[i], test->ready++);
}

/* source_rows, result_rows: of the rings. */
static void begin(struct flow_test *test, int source_rows, int result_rows)
{
	struct plan *plan = &test->plan;

	plan->source = vips_image_new();
	plan->source->Ysize = HEIGHT;
	plan->ring.rows = source_rows;
	plan->tiles = g_array_new(FALSE, FALSE, sizeof(struct plan_tile));
	plan->order = g_array_new(FALSE, FALSE, sizeof(int));
	plan->low = g_array_new(FALSE, FALSE, sizeof(int));
	plan->outputs = g_ptr_array_new();
	for (int i = 0; i < TILES; i++) {
		const VipsRect rect = {0, i * EDGE, 1, EDGE};
		const struct plan_tile tile = {0, rect, rect};
		g_array_append_val(plan->tiles, tile);
		g_array_append_val(plan->order, i);
		g_array_append_val(plan->low, rect.top);
	}
	test->output.grid = (struct grid){1, HEIGHT, 1, EDGE, 1, EDGE, 1, TILES};
	test->output.ring.rows = result_rows;
	g_ptr_array_add(plan->outputs, &test->output);
	test->rows = rows_new(plan, NULL, ready, test);
}

static void end(struct flow_test *test)
{
	rows_free(test->rows);
	g_object_unref(test->plan.source);
	g_array_unref(test->plan.tiles);
	g_array_unref(test->plan.order);
	g_array_unref(test->plan.low);
	g_ptr_array_unref(test->plan.outputs);
}

static int room(struct flow_test *test, int top)
{
	return rows_wait_room(test->rows, top, 1, HEIGHT);
}

static void tiles_go_when_rows_are_there_and_their_place_is_free(void **state)
{
	struct flow_test test = {0};

	begin(&test, HEIGHT, 2 * EDGE);
	rows_decoded(test.rows, 5);
	assert_int_equal(test.ready, 0);
	rows_decoded(test.rows, 4 * EDGE);
	assert_int_equal(test.ready, 2);
	rows_tile_done(test.rows, 0, false);
	assert_true(rows_wait_complete(test.rows, 0, EDGE));
	rows_encoded(test.rows, 0, EDGE);
	assert_int_equal(test.ready, 3);
	end(&test);
}

static void a_held_tile_keeps_its_place_in_the_result(void **state)
{
	struct flow_test test = {0};

	begin(&test, HEIGHT, 3 * EDGE);
	rows_decoded(test.rows, HEIGHT);
	assert_int_equal(test.ready, 3);
	rows_tile_done(test.rows, 0, false);
	rows_tile_done(test.rows, 1, true);
	rows_tile_done(test.rows, 2, false);
	/* The encoder reads it as any other. */
	assert_true(rows_wait_complete(test.rows, 0, 3 * EDGE));
	rows_encoded(test.rows, 0, 3 * EDGE);
	/* The fourth tile lies where the first one was; the fifth would lie where the second one may still be written. */
	assert_int_equal(test.ready, 4);
	rows_tile_free(test.rows, 1);
	assert_int_equal(test.ready, 6);
	/* Told twice, or of one that never was held: nothing. */
	rows_tile_free(test.rows, 1);
	rows_tile_free(test.rows, 3);
	rows_tile_done(test.rows, 1, true);
	assert_int_equal(test.ready, 6);
	end(&test);
}

static void a_held_tile_keeps_its_rows_of_the_source(void **state)
{
	struct flow_test test = {0};

	begin(&test, 3 * EDGE, HEIGHT);
	assert_int_equal(room(&test, 0), 3 * EDGE);
	rows_decoded(test.rows, 3 * EDGE);
	rows_tile_done(test.rows, 0, true);
	rows_tile_done(test.rows, 1, false);
	rows_tile_done(test.rows, 2, false);
	/* All of the ring is done, and none of it may be written over: whoever asked would wait. */
	assert_int_equal(room(&test, 2 * EDGE), EDGE);
	rows_tile_free(test.rows, 0);
	assert_int_equal(room(&test, 3 * EDGE), 3 * EDGE);
	end(&test);
}

/* The end of a job does not wait for it: what is left of the source is decoded to see whether it is whole, and put nowhere. */
static void a_held_tile_does_not_keep_the_job_from_its_end(void **state)
{
	struct flow_test test = {0};

	begin(&test, 3 * EDGE, HEIGHT);
	g_array_set_size(test.plan.order, 3);
	assert_true(rows_wanted(test.rows));
	rows_decoded(test.rows, 3 * EDGE);
	assert_int_equal(test.ready, 3);
	rows_tile_done(test.rows, 0, true);
	assert_int_equal(room(&test, 3 * EDGE), HEIGHT);
	assert_false(rows_wanted(test.rows));
	end(&test);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tiles_go_when_rows_are_there_and_their_place_is_free),
		cmocka_unit_test(a_held_tile_keeps_its_place_in_the_result),
		cmocka_unit_test(a_held_tile_keeps_its_rows_of_the_source),
		cmocka_unit_test(a_held_tile_does_not_keep_the_job_from_its_end),
	};

	(void)argc;
	if (VIPS_INIT(argv[0]))
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: GPL-2.0-or-later
 * What tiles need of the source: learnt of columns and rows, it is the same as asked place by place. */
#include "support.h"

#include "image/chain/tile_dependencies.h"

static struct tilesource *recorder_for(VipsImage *source)
{
	struct tilesource *recorder = tilesource_new_like(source, NULL);

	assert_non_null(recorder);
	tilesource_record(recorder);
	return recorder;
}

static VipsImage *built_on(struct tilesource *recorder, const char *steps)
{
	g_autoptr(JsonArray) array = chain(steps);
	g_autoptr(GError) error = NULL;
	VipsImage *image = NULL;

	if (!chain_build(array, 0, tilesource_image(recorder), NULL, &image, &error))
		fail_msg("%s: %s", steps, error->message);
	return image;
}

static void test_learnt_as_asked(void **state)
{
	static const char *const chains[] = {
		"[]",
		"[{\"op\":\"grayscale\",\"params\":{}},{\"op\":\"blur\",\"params\":{\"sigma\":3}}]",
		"[{\"op\":\"resize\",\"params\":{\"scale\":0.37}}]",
		"[{\"op\":\"resize\",\"params\":{\"scale\":2.3}},{\"op\":\"sharpen\",\"params\":{\"sigma\":1}}]",
		"[{\"op\":\"flop\",\"params\":{}},{\"op\":\"blur\",\"params\":{\"sigma\":1}}]",
		"[{\"op\":\"rotate\",\"params\":{\"angle\":90}}]",
		"[{\"op\":\"rotate\",\"params\":{\"angle\":30}}]",
		"[{\"op\":\"shear\",\"params\":{\"x\":10}}]",
		"[{\"op\":\"pad\",\"params\":{\"width\":1500,\"height\":1300}}]",
		"[{\"op\":\"pad\",\"params\":{\"width\":1500,\"height\":1300,\"mode\":\"mirror\"}}]",
		"[{\"op\":\"tile\",\"params\":{\"across\":2,\"down\":3}}]",
		"[{\"op\":\"wrap\",\"params\":{}}]",
		"[{\"op\":\"crop\",\"params\":{\"left\":100,\"top\":50,\"width\":700,\"height\":800}}]",
	};
	g_autoptr(VipsImage) source = picture(1000, 900, 3, 8);

	for (guint i = 0; i < G_N_ELEMENTS(chains); i++) {
		auto_struct(tilesource) recorder = recorder_for(source);
		g_autoptr(VipsImage) recorded = built_on(recorder, chains[i]);
		struct grid grid;
		grid_make(&grid, recorded, 64, false, 0, 0);
		auto_struct(tile_dependencies) asked = tile_dependencies_new(recorder, recorded, &grid, NULL);
		auto_struct(tile_dependencies) teacher = tile_dependencies_new(recorder, recorded, &grid, NULL);
		tile_dependencies_learn(teacher);
		auto_struct(tile_dependencies) learnt = tile_dependencies_new(recorder, recorded, &grid, teacher);
		assert_true(grid_tiles(&grid) > 100 || i == 2);
		for (int tile = 0; tile < grid_tiles(&grid); tile++) {
			VipsRect a, b;
			assert_true(
				tile_dependencies_find(asked, tile, &a) && tile_dependencies_find(learnt, tile, &b));
			if (!vips_rect_equalsrect(&a, &b))
				fail_msg("%s, tile %d: %dx%d at %d,%d was learnt, %dx%d at %d,%d asked", chains[i],
					tile, b.width, b.height, b.left, b.top, a.width, a.height, a.left, a.top);
		}
	}
}

/* Asking costs: of a large grid only its columns and rows are asked. An operation in between counts. */
static int questions;

static int count(VipsRegion *out, void *sequence, void *a, void *b, gboolean *stop)
{
	VipsRegion *in = sequence;

	(void)a;
	(void)b;
	(void)stop;
	questions++;
	return vips_region_prepare(in, &out->valid) ||
	       vips_region_region(out, in, &out->valid, out->valid.left, out->valid.top);
}

static void test_few_are_asked(void **state)
{
	g_autoptr(VipsImage) source = picture(2000, 1500, 1, 8);
	auto_struct(tilesource) recorder = recorder_for(source);
	g_autoptr(VipsImage) counted = vips_image_new();
	VipsImage *in = tilesource_image(recorder);
	struct grid grid;
	VipsRect need;

	assert_int_equal(vips_image_pipelinev(counted, VIPS_DEMAND_STYLE_ANY, in, NULL), 0);
	assert_int_equal(
		vips_image_generate(counted, vips_start_one, (VipsGenerateFn)count, vips_stop_one, in, NULL), 0);
	grid_make(&grid, counted, 20, false, 0, 0);
	assert_int_equal(grid_tiles(&grid), 7500);
	auto_struct(tile_dependencies) needs = tile_dependencies_new(recorder, counted, &grid, NULL);
	tile_dependencies_learn(needs);
	for (int tile = 0; tile < grid_tiles(&grid); tile++)
		assert_true(tile_dependencies_find(needs, tile, &need));
	/* 201 columns of places and 151 rows: three of each, a diagonal. */
	assert_in_range(questions, 900, 1300);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_learnt_as_asked),
		cmocka_unit_test(test_few_are_asked),
	};

	return cmocka_run_group_tests(tests, start_vips, NULL);
}

/* SPDX-License-Identifier: GPL-2.0-or-later
 * How a picture is cut, asked of libvips: in bounded time and memory, whatever the chain. */
#include "../image/support.h"

#include <glib/gstdio.h>

#include "base/json.h"
#include "codec/plan.h"
#include "image/write/format_save.h"

/* A picture of so many pixels; more: what else is asked for, or NULL. */
static struct plan *plan_sized(int width, int height, const char *steps, int tile, const char *more)
{
	g_autofree char *folder = g_dir_make_tmp("dropmill-plan-XXXXXX", NULL);
	g_autofree char *path = g_build_filename(folder, "a.png", NULL);
	g_autoptr(VipsImage) image = picture(width, height, 3, 8);
	g_autoptr(JsonObject) request = more ? json_parse_object(more, -1, NULL) : json_object_new();
	g_autoptr(GError) error = NULL;
	JsonArray *outputs = json_array_new();

	assert_true(format_save(image, path, "png", NULL, NULL));
	json_object_set_string_member(request, "path", path);
	json_object_set_int_member(request, "tile", tile);
	json_object_set_array_member(request, "steps", chain(steps));
	json_array_add_object_element(outputs, json_object_new());
	json_object_set_array_member(request, "outputs", outputs);
	struct plan *plan = plan_make(request, &error);
	if (!plan)
		fail_msg("%s", error->message);
	g_unlink(path);
	g_rmdir(folder);
	return plan;
}

static struct plan *plan_of(const char *steps, int tile)
{
	return plan_sized(640, 480, steps, tile, NULL);
}

static const struct plan_output *only_output(const struct plan *plan)
{
	assert_null(plan->whole);
	assert_int_equal(plan->outputs->len, 1);
	return plan->outputs->pdata[0];
}

static const char invert[] = "[{\"op\":\"invert\",\"params\":{}}]";

/* A band of square tiles would fill the memory that rings may have, and decoder, workers and encoder take turns. */
static void tiles_of_a_wide_picture_are_flat(void **state)
{
	/* 9,600 bytes a row: 128 rows of source and of result are 2.4 MB. */
	static const char little[] = "{\"budget\": 6000000}", much[] = "{\"budget\": 60000000}";
	static const char fixed[] = "{\"budget\": 6000000, \"tile_fixed\": true}";

	auto_struct(plan) flat = plan_sized(3200, 900, invert, 128, little);
	const struct plan_output *output = only_output(flat);
	assert_int_equal(output->grid.tile_height, 64);
	assert_int_equal(output->grid.tile_width, 256); /* as many pixels */
	assert_true(output->ring.rows >= 2 * output->grid.tile_height);
	assert_true(flat->segment_bytes <= 6500000);

	auto_struct(plan) square = plan_sized(3200, 900, invert, 128, much);
	assert_int_equal(only_output(square)->grid.tile_height, 128);
	assert_int_equal(only_output(square)->grid.tile_width, 128);
	auto_struct(plan) wished = plan_sized(3200, 900, invert, 128, fixed);
	assert_int_equal(only_output(wished)->grid.tile_height, 128);
	assert_int_equal(only_output(wished)->grid.tile_width, 128);
}

/* What a band needs around it is decoded and computed for each band anew. */
static void tiles_with_wide_margins_stay_high(void **state)
{
	static const char little[] = "{\"budget\": 6000000}";

	auto_struct(plan) plan = plan_sized(3200, 900, "[{\"op\":\"blur\",\"params\":{\"sigma\":8}}]", 128, little);
	assert_int_equal(only_output(plan)->grid.tile_height, 128);
}

/* Fewer messages, while each worker still has many tiles. */
static void tiles_grow_with_the_picture(void **state)
{
	auto_struct(plan) one = plan_sized(2000, 1800, invert, 128, "{\"tile_most\": 512, \"workers\": 1}");
	assert_int_equal(only_output(one)->grid.tile_width, 256); /* 335, in steps */
	auto_struct(plan) many = plan_sized(2000, 1800, invert, 128, "{\"tile_most\": 512, \"workers\": 9}");
	assert_int_equal(only_output(many)->grid.tile_width, 128);
	auto_struct(plan) bounded = plan_sized(2000, 1800, invert, 64, "{\"tile_most\": 128, \"workers\": 1}");
	assert_int_equal(only_output(bounded)->grid.tile_width, 128);
	auto_struct(plan) sent = plan_sized(2000, 1800, invert, 128, "{\"tile_most\": 0, \"workers\": 1}");
	assert_int_equal(only_output(sent)->grid.tile_width, 128);
}

static void needs_are_the_tile_and_a_margin(void **state)
{
	auto_struct(plan) plan = plan_of("[{\"op\":\"blur\",\"params\":{\"sigma\":2}}]", 128);

	assert_null(plan->whole);
	assert_int_equal(plan->tiles->len, 5 * 4);
	for (guint i = 0; i < plan->tiles->len; i++) {
		const struct plan_tile *tile = plan_tile(plan, (int)i);
		VipsRect most = tile->out, picture = {0, 0, 640, 480};
		assert_true(vips_rect_includesrect(&tile->need, &tile->out));
		vips_rect_marginadjust(&most, 16);
		vips_rect_intersectrect(&most, &picture, &most);
		assert_true(vips_rect_includesrect(&most, &tile->need));
	}
}

/* Each sharpen forks its input three ways: forks that do not share what they compute double and double again. */
static void chains_that_fork_are_planned_in_little_memory(void **state)
{
	gsize before = vips_tracked_get_mem_highwater();
	auto_struct(plan) plan =
		plan_of("[{\"op\":\"sharpen\",\"params\":{\"sigma\":5}},{\"op\":\"sharpen\",\"params\":{\"sigma\":5}},"
			"{\"op\":\"sharpen\",\"params\":{\"sigma\":5}}]",
			128);

	assert_null(plan->whole);
	assert_in_range(vips_tracked_get_mem_highwater() - before, 0, 64 << 20);
}

static void a_chain_that_looks_at_all_runs_whole(void **state)
{
	auto_struct(plan) plan = plan_of("[{\"op\":\"vips\",\"params\":{\"operation\":\"hist_equal\"}}]", 128);

	assert_non_null(plan->whole);
}

/* 576 pixels are four pieces of 128 and one of 64: with a margin beyond 64, libvips' sink has the last piece's pixels in the buffer of the
 * one before, computed from another left edge on. */
static void what_leans_on_the_piece_before_runs_whole(void **state)
{
	auto_struct(plan) near = plan_of(
		"[{\"op\":\"resize\",\"params\":{\"scale\":0.9}},{\"op\":\"sharpen\",\"params\":{\"sigma\":1}}]", 128);
	auto_struct(plan) far = plan_of(
		"[{\"op\":\"resize\",\"params\":{\"scale\":0.9}},{\"op\":\"unsharp\",\"params\":{\"sigma\":30}}]", 128);

	assert_null(near->whole);
	assert_non_null(far->whole);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tiles_of_a_wide_picture_are_flat),
		cmocka_unit_test(tiles_with_wide_margins_stay_high),
		cmocka_unit_test(tiles_grow_with_the_picture),
		cmocka_unit_test(needs_are_the_tile_and_a_margin),
		cmocka_unit_test(chains_that_fork_are_planned_in_little_memory),
		cmocka_unit_test(a_chain_that_looks_at_all_runs_whole),
		cmocka_unit_test(what_leans_on_the_piece_before_runs_whole),
	};
	return cmocka_run_group_tests(tests, start_vips, NULL);
}

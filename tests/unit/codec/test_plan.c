/* SPDX-License-Identifier: GPL-2.0-or-later
 * How a picture is cut, asked of libvips: in bounded time and memory, whatever the chain. */
#include "../image/support.h"

#include <glib/gstdio.h>

#include "codec/plan.h"

static struct plan *plan_of(const char *steps, int tile)
{
	g_autofree char *folder = g_dir_make_tmp("dropmill-plan-XXXXXX", NULL);
	g_autofree char *path = g_build_filename(folder, "a.png", NULL);
	g_autoptr(VipsImage) image = picture(640, 480, 3, 8);
	g_autoptr(JsonObject) request = json_object_new();
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

static void needs_are_the_tile_and_a_margin(void **state)
{
	(void)state;
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
	(void)state;
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
	(void)state;
	auto_struct(plan) plan = plan_of("[{\"op\":\"vips\",\"params\":{\"operation\":\"hist_equal\"}}]", 128);

	assert_non_null(plan->whole);
}

/* 576 pixels are four pieces of 128 and one of 64: with a margin beyond 64, libvips' sink has the last piece's pixels in the buffer of the
 * one before, computed from another left edge on. */
static void what_leans_on_the_piece_before_runs_whole(void **state)
{
	(void)state;
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
		cmocka_unit_test(needs_are_the_tile_and_a_margin),
		cmocka_unit_test(chains_that_fork_are_planned_in_little_memory),
		cmocka_unit_test(a_chain_that_looks_at_all_runs_whole),
		cmocka_unit_test(what_leans_on_the_piece_before_runs_whole),
	};
	return cmocka_run_group_tests(tests, start_vips, NULL);
}

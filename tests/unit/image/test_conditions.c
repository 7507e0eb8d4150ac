/* SPDX-License-Identifier: GPL-2.0-or-later
 * Chains with conditions (`when:`): which steps are done is decided by the picture as it comes to them. */
#include "support.h"

#include "base/json.h"
#include "image/chain/chain.h"

static JsonArray *steps_of(const char *text)
{
	g_autoptr(JsonNode) root = json_from_string(text, NULL);

	assert_non_null(root);
	return json_array_ref(json_node_get_array(root));
}

/* The size that comes out of a black picture with this chain. */
static void assert_size(const char *text, int width, int height, int bands, int out_width, int out_height)
{
	g_autoptr(JsonArray) steps = steps_of(text);
	g_autoptr(JsonObject) names = json_object_new();
	const struct build_context context = {.names = names};
	g_autoptr(VipsImage) black = NULL, out = NULL;
	g_autoptr(GError) error = NULL;

	json_object_set_string_member(names, "format", "png");
	assert_int_equal(vips_black(&black, width, height, "bands", bands, NULL), 0);
	if (!chain_build(steps, 0, black, &context, &out, &error))
		fail_msg("%s", error->message);
	if (out->Xsize != out_width || out->Ysize != out_height)
		fail_msg("%s of %dx%d: %dx%d", text, width, height, out->Xsize, out->Ysize);
}

#define CROP(WIDTH, HEIGHT) "{\"op\":\"crop\",\"params\":{\"width\":" #WIDTH ",\"height\":" #HEIGHT "}"
#define WHEN(ID, IF) ",\"when\":[{\"id\":" #ID ",\"if\":\"" IF "\"}]}"

static void a_step_is_done_when_its_condition_holds(void **state)
{
	static const char chain[] = "[" CROP(40, 30) WHEN(1, "width > 50") "]";

	assert_size(chain, 60, 50, 3, 40, 30);
	assert_size(chain, 50, 50, 3, 50, 50);
}

static void each_condition_sees_the_picture_as_it_comes(void **state)
{
	static const char chain[] = "[" CROP(40, 30) WHEN(1, "width > 50") "," CROP(20, 10) WHEN(2, "width > 50") "]";

	assert_size(chain, 60, 50, 3, 40, 30);
}

static void a_group_is_decided_once(void **state)
{
	static const char chain[] = "[" CROP(40, 30) WHEN(7, "width > 50") "," CROP(20, 10) WHEN(7, "width > 50") "]";

	assert_size(chain, 60, 50, 3, 20, 10);
	assert_size(chain, 50, 50, 3, 50, 50);
}

static void an_inner_condition_is_asked_inside_only(void **state)
{
	static const char chain[] =
		"[{\"op\":\"crop\",\"params\":{\"width\":5,\"height\":5},\"when\":[{\"id\":1,\"if\":\"width > 50\"},"
		"{\"id\":2,\"if\":\"height > 50\"}]}]";

	assert_size(chain, 60, 60, 1, 5, 5);
	assert_size(chain, 60, 40, 1, 60, 40);
	assert_size(chain, 40, 60, 1, 40, 60);
}

static void what_can_be_asked(void **state)
{
	assert_size("[" CROP(1, 1) WHEN(1, "has_alpha") "]", 9, 9, 4, 9, 9); /* multiband: no alpha */
	assert_size("[" CROP(1, 1) WHEN(1, "bands == 4 and depth == 8") "]", 9, 9, 4, 1, 1);
	assert_size("[" CROP(1, 1) WHEN(1, "orientation == 'portrait'") "]", 9, 10, 1, 1, 1);
	assert_size("[" CROP(1, 1) WHEN(1, "format == 'png' and pages == 1") "]", 9, 9, 1, 1, 1);
	assert_size("[" CROP(1, 1) WHEN(1, "megapixels >= 0.0001") "]", 10, 10, 1, 1, 1);
}

static void a_first_step_that_loads_is_asked_before(void **state)
{
	g_autofree char *folder = scratch_folder();
	g_autofree char *path = g_build_filename(folder, "a.png", NULL);
	const struct build_context context = {.source_path = path};
	static const char *const chains[] = {
		"[{\"op\":\"thumbnail\",\"params\":{\"width\":20},\"when\":[{\"id\":1,\"if\":\"width > 50\"}]}," CROP(
			5, 5) WHEN(1, "width > 50") "]",
		"[{\"op\":\"thumbnail\",\"params\":{\"width\":20},\"when\":[{\"id\":1,\"if\":\"width > 500\"}]}," CROP(
			5, 5) WHEN(1, "width > 500") "]",
	};
	static const int widths[] = {5, 60};
	g_autoptr(VipsImage) black = NULL, source = NULL;
	g_autoptr(GError) error = NULL;

	assert_int_equal(vips_black(&black, 60, 40, NULL), 0);
	assert_int_equal(vips_image_write_to_file(black, path, NULL), 0);
	assert_true(format_open(path, NULL, false, &(struct image_limits){0}, &source, &error));
	for (size_t i = 0; i < G_N_ELEMENTS(chains); i++) {
		g_autoptr(JsonArray) steps = steps_of(chains[i]);
		g_autoptr(VipsImage) out = NULL;
		assert_true(chain_flags(steps) & OPERATION_LOADS);
		assert_true(chain_open(steps, source, &context, &out, &error));
		assert_int_equal(out->Xsize, widths[i]);
	}
	remove_scratch(folder);
}

static void a_condition_that_is_none_is_an_error(void **state)
{
	g_autoptr(JsonArray) steps = steps_of("[" CROP(1, 1) WHEN(1, "widht > 3") "]");
	g_autoptr(VipsImage) black = NULL, out = NULL;
	g_autoptr(GError) error = NULL;

	assert_int_equal(vips_black(&black, 9, 9, NULL), 0);
	assert_false(chain_build(steps, 0, black, NULL, &out, &error));
	assert_string_equal(
		error->message, "step 1 (crop): when: widht > 3: unknown name 'widht'; did you mean 'width'?");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_step_is_done_when_its_condition_holds),
		cmocka_unit_test(each_condition_sees_the_picture_as_it_comes),
		cmocka_unit_test(a_group_is_decided_once),
		cmocka_unit_test(an_inner_condition_is_asked_inside_only),
		cmocka_unit_test(what_can_be_asked),
		cmocka_unit_test(a_first_step_that_loads_is_asked_before),
		cmocka_unit_test(a_condition_that_is_none_is_an_error),
	};

	return cmocka_run_group_tests(tests, start_vips, NULL);
}

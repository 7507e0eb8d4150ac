/* SPDX-License-Identifier: GPL-2.0-or-later
 * Which plans send the picture's profile to the workers, and where they apply it at the end. */
#include "../image/profile_support.h"

#include <glib/gstdio.h>

#include "base/json.h"
#include "codec/plan.h"
#include "codec/plan_describe.h"
#include "image/write/format_save.h"

/* A picture in this built-in profile (NULL: none), milled so. */
static struct plan *plan_of(const char *profile, const char *steps, const char *output)
{
	g_autofree char *folder = g_dir_make_tmp("dropmill-plan-XXXXXX", NULL);
	g_autofree char *path = g_build_filename(folder, "a.png", NULL);
	g_autoptr(VipsImage) image = picture(320, 240, 3, 8);
	g_autofree char *text = g_strdup_printf(
		"{\"tile\": 64, \"tile_fixed\": true, \"steps\": %s, \"outputs\": [%s]}", steps, output);
	g_autoptr(JsonObject) request = json_parse_object(text, -1, NULL);
	g_autoptr(GError) error = NULL;

	if (profile)
		image = embed_built_in(image, profile);
	assert_true(format_save(image, path, "png", NULL, NULL));
	json_object_set_string_member(request, "path", path);
	struct plan *plan = plan_make(request, &error);
	if (!plan)
		fail_msg("%s", error->message);
	assert_null(plan->whole);
	g_unlink(path);
	g_rmdir(folder);
	return plan;
}

#define STRIPPED "{\"steps\": [], \"format\": \"png\", \"save\": {\"strip\": true}}"
#define RAW "{\"steps\": [], \"format\": \"png\", \"save\": {\"strip\": true, \"keep_colours\": \"raw\"}}"
#define KEPT "{\"steps\": [], \"format\": \"png\", \"save\": {}}"
#define BLUR "[{\"op\":\"blur\",\"params\":{\"sigma\":2}}]"
#define ICC "[{\"op\":\"icc\",\"params\":{}}]"
#define STRIP "[{\"op\":\"strip\",\"params\":{}}]"

static void profiles_travel_where_they_are_read(void **state)
{
	static const struct {
		const char *profile, *steps, *output;
		bool travels;
		guint more; /* steps that the plan adds */
	} cases[] = {
		{"p3", BLUR, STRIPPED, true, 1},
		{"p3", BLUR, RAW, false, 0},
		{"p3", BLUR, KEPT, false, 0},
		{"p3", ICC, KEPT, true, 0},
		{"p3", ICC, STRIPPED, true, 0}, /* it is sRGB by then */
		{"p3", STRIP, STRIPPED, true, 0},
		{"srgb", BLUR, STRIPPED, false, 0},
		{"srgb", ICC, KEPT, true, 0},
		{NULL, BLUR, STRIPPED, false, 0},
		{NULL, ICC, STRIPPED, false, 0},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		auto_struct(plan) plan = plan_of(cases[i].profile, cases[i].steps, cases[i].output);
		g_autoptr(JsonObject) event = plan_describe(plan);
		JsonObject *task = json_object(event, "task"), *source = json_object(task, "source");
		const char *text = json_string(event, "profile", NULL);
		const struct plan_output *output = plan->outputs->pdata[0];
		if ((text != NULL) != cases[i].travels || json_array_get_length(output->steps) != cases[i].more)
			fail_msg("case %zu: %s, %u steps", i, text ? "travels" : "does not",
				json_array_get_length(output->steps));
		assert_int_equal(json_object(source, "profile") != NULL, cases[i].travels);
		assert_int_equal(
			json_array_get_length(json_array(json_object_at(json_array(task, "outputs"), 0), "steps")),
			cases[i].more);
		if (!text)
			continue;
		gsize size;
		g_autofree guint8 *data = g_base64_decode(text, &size);
		g_autofree char *sha256 = g_compute_checksum_for_data(G_CHECKSUM_SHA256, data, size);
		assert_string_equal(sha256, json_string(json_object(source, "profile"), "sha256", ""));
		assert_int_equal(size, json_int(json_object(source, "profile"), "bytes", 0));
	}
}

/* What is left for the encoder is a picture without a profile that matters. */
static void the_last_step_is_the_workers(void **state)
{
	auto_struct(plan) plan = plan_of("p3", BLUR, STRIPPED);
	const struct plan_output *output = plan->outputs->pdata[0];
	JsonObject *step = json_object_at(output->steps, 0);

	assert_string_equal(json_string(step, "op", ""), "strip");
	assert_false(has_profile(output->image));
	assert_true(has_profile(plan->source));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(profiles_travel_where_they_are_read),
		cmocka_unit_test(the_last_step_is_the_workers),
	};

	return cmocka_run_group_tests(tests, start_vips, NULL);
}

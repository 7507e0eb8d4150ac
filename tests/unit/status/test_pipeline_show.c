/* SPDX-License-Identifier: GPL-2.0-or-later
 * What one run did of a pipeline: steps that were left out, and steps that nobody wrote. Numbers of a worker that fit nothing change nothing. */
#include "../unit.h"

#include <glib.h>
#include <string.h>

#include "base/json.h"
#include "definition/implied.h"
#include "status/pipeline_show.h"

static const char shown[] = "{\"steps\":[{\"name\":\"a\"}],\"outputs\":[{\"name\":\"x\",\"steps\":[]},"
			    "{\"name\":\"y\",\"steps\":[{\"name\":\"b\"}]}]}";

static JsonArray *array(const char *text)
{
	g_autoptr(JsonNode) node = json_from_string(text, NULL);

	assert_non_null(node);
	return json_array_ref(json_node_get_array(node));
}

static JsonObject *run_of(const char *left_out, const char *skipped, const char *implied)
{
	g_autoptr(JsonArray) steps = array(left_out), outputs = array(skipped), added = array(implied);
	const struct shown_run run = {steps, outputs, added};
	g_autofree char *copy = g_strdup(shown);
	char *text = pipeline_show_run(copy, &run);
	JsonObject *object = json_parse_object(text, -1, NULL);

	g_ref_string_release(text);
	assert_non_null(object);
	return object;
}

static JsonArray *steps_of(JsonObject *object, guint output)
{
	return json_array(json_object_at(json_array(object, "outputs"), output), "steps");
}

static void steps_left_out_and_implied(void **state)
{
	g_autoptr(JsonObject) object = run_of("[[-1,0],[1,0]]", "[0]", "[[1,1],[1,4]]");
	JsonArray *steps = steps_of(object, 1);
	assert_true(json_bool(json_object_at(json_array(object, "steps"), 0), "left_out", false));
	assert_true(json_bool(json_object_at(json_array(object, "outputs"), 0), "left_out", false));
	assert_false(json_bool(json_object_at(json_array(object, "outputs"), 1), "left_out", false));
	assert_int_equal(json_array_get_length(steps), 3);
	assert_true(json_bool(json_object_at(steps, 0), "left_out", false));
	for (guint i = 1; i < 3; i++) {
		const struct implied_step *implied = &implied_steps[i == 1 ? IMPLIED_PROFILE : IMPLIED_DEPTH];
		JsonObject *step = json_object_at(steps, i);
		JsonObject *parameter = json_object_at(json_array(step, "parameters"), 0);
		assert_true(json_bool(step, "implied", false));
		assert_string_equal(json_string(step, "name", ""), implied->operation);
		assert_string_equal(json_string(step, "why", ""), implied->why);
		assert_string_equal(json_string(parameter, "name", ""), implied->parameter);
		assert_string_equal(json_string(parameter, "value", ""), implied->value);
		assert_non_null(strstr(json_string(step, "text", ""), implied->why));
	}
}

static void what_fits_nothing_is_passed_over(void **state)
{
	static const char strange[] = "[[7,0],[-1,5],[0,-1],[1],[1,0,0],[],\"x\",null,{},[1,99]]";
	g_autoptr(JsonObject) before = json_parse_object(shown, -1, NULL);
	g_autoptr(JsonObject) after = run_of(strange, "[9,-1]", strange);
	g_autoptr(JsonObject) common = run_of("[]", "[]", "[[-1,0]]");
	g_autofree char *wanted = json_object_text(before), *got = json_object_text(after),
			*got_common = json_object_text(common);
	assert_string_equal(got, wanted);
	assert_string_equal(got_common, wanted);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(steps_left_out_and_implied),
		cmocka_unit_test(what_fits_nothing_is_passed_over),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

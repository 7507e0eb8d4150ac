/* SPDX-License-Identifier: GPL-2.0-or-later
 * The canonical JSON of a pipeline, there and back. */
#include "../unit.h"

#include "definition/pipeline.h"
#include "definition/pipeline_from_json.h"

#include "base/json.h"

/* Every member differs from its default, so that one that is forgotten on the way shows. */
static struct pipeline *full_pipeline(void)
{
	struct pipeline *pipeline = pipeline_new();
	struct output *output = output_new();
	struct output *second = output_new();

	g_free(pipeline->name);
	g_free(pipeline->file);
	g_free(pipeline->hash);
	g_free(pipeline->description);
	g_free(pipeline->inbox);
	pipeline->name = g_strdup("web");
	pipeline->file = g_strdup("pipelines/web.yaml");
	pipeline->hash = g_strdup("0123abcd");
	pipeline->description = g_strdup("caf\xc3\xa9 \"quoted\"\n");
	pipeline->inbox = g_strdup("/srv/in box");
	pipeline->recursive = false;
	pipeline->accept = g_strsplit("*.jpg *.tif", " ", -1);
	pipeline->originals = ORIGINALS_KEEP;
	pipeline->on_conflict = CONFLICT_FAIL;
	pipeline->settle_us = 1234567;
	pipeline->prune_us = -1;
	pipeline->wait_empty_us = 7654321;
	pipeline->limits = (struct limits){.megapixels = 0.1, .frames = 3, .seconds = 1.0 / 3};
	pipeline->priority = 9;
	JsonObject *params = json_parse_object(
		"{\"sigma\":0.1,\"size\":5,\"on\":true,\"none\":null,\"list\":[1,[2.5,\"x\"]],\"map\":{\"a\":{}}}", -1,
		NULL);
	g_ptr_array_add(pipeline->steps, step_new("blur", params, 7, 5));
	g_ptr_array_add(pipeline->steps, step_new("grayscale", NULL, 8, 5));
	output->name = (g_free(output->name), g_strdup("{stem}.jpg"));
	output->format = g_strdup("jpeg");
	json_object_set_int_member(output->save, "quality", 82);
	g_ptr_array_add(output->steps, step_new("invert", NULL, 10, 13));
	output->line = 10;
	output->column = 3;
	second->name = (g_free(second->name), g_strdup("{stem}.{ext}"));
	g_ptr_array_add(pipeline->outputs, output);
	g_ptr_array_add(pipeline->outputs, second);
	return pipeline;
}

static char *text_of(const struct pipeline *pipeline)
{
	g_autoptr(JsonObject) object = pipeline_to_json(pipeline);
	return json_object_text(object);
}

static void assert_steps_equal(const GPtrArray *a, const GPtrArray *b)
{
	assert_int_equal(a->len, b->len);
	for (guint i = 0; i < a->len; i++) {
		const struct step *one = g_ptr_array_index(a, i), *two = g_ptr_array_index(b, i);
		g_autofree char *first = json_object_text(one->params);
		g_autofree char *second = json_object_text(two->params);
		assert_string_equal(one->operation, two->operation);
		assert_string_equal(first, second);
		assert_int_equal(one->line, two->line);
		assert_int_equal(one->column, two->column);
	}
}

static void round_trip_loses_nothing(void **state)
{
	auto_struct(pipeline) before = full_pipeline();
	g_autofree char *text = text_of(before);
	g_autoptr(GError) error = NULL;
	g_autoptr(JsonObject) parsed = json_parse_object(text, -1, &error);
	auto_struct(pipeline) after = pipeline_from_json(parsed, &error);

	assert_null(error);
	assert_string_equal(after->name, before->name);
	assert_string_equal(after->file, before->file);
	assert_string_equal(after->hash, before->hash);
	assert_string_equal(after->description, before->description);
	assert_string_equal(after->inbox, before->inbox);
	assert_false(after->recursive);
	assert_true(g_strv_equal((const char *const *)after->accept, (const char *const *)before->accept));
	assert_int_equal(after->originals, ORIGINALS_KEEP);
	assert_int_equal(after->on_conflict, CONFLICT_FAIL);
	assert_true(after->settle_us == before->settle_us);
	assert_true(after->prune_us == before->prune_us);
	assert_true(after->wait_empty_us == before->wait_empty_us);
	assert_true(after->limits.megapixels == before->limits.megapixels);
	assert_true(after->limits.seconds == before->limits.seconds);
	assert_int_equal(after->limits.frames, 3);
	assert_int_equal(after->priority, 9);
	assert_steps_equal(after->steps, before->steps);
	assert_int_equal(after->outputs->len, 2);
	for (guint i = 0; i < 2; i++) {
		const struct output *one = g_ptr_array_index(before->outputs, i);
		const struct output *two = g_ptr_array_index(after->outputs, i);
		g_autofree char *first = json_object_text(one->save);
		g_autofree char *second = json_object_text(two->save);
		assert_string_equal(first, second);
		assert_string_equal(one->name, two->name);
		assert_int_equal(g_strcmp0(one->format, two->format), 0);
		assert_int_equal(one->line, two->line);
		assert_int_equal(one->column, two->column);
		assert_steps_equal(one->steps, two->steps);
	}
	g_autofree char *again = text_of(after);
	assert_string_equal(text, again);
}

static void the_json_shares_nothing_with_the_pipeline(void **state)
{
	struct pipeline *pipeline = full_pipeline();
	g_autoptr(JsonArray) steps = steps_to_json(pipeline->steps, NULL);
	const struct step *blur = g_ptr_array_index(pipeline->steps, 0);
	JsonObject *params = json_object(json_object_at(steps, 0), "params");

	assert_ptr_not_equal(params, blur->params);
	assert_ptr_not_equal(json_object(params, "map"), json_object(blur->params, "map"));
	json_object_set_int_member(json_object(params, "map"), "b", 1);
	assert_false(json_object_has_member(json_object(blur->params, "map"), "b"));
	pipeline_unref(pipeline);
	assert_int_equal(json_int(params, "size", 0), 5);
}

static void steps_become_the_form_that_tasks_carry(void **state)
{
	auto_struct(pipeline) pipeline = full_pipeline();
	const struct output *output = g_ptr_array_index(pipeline->outputs, 0);

	g_ptr_array_remove_index(pipeline->steps, 0);
	g_autoptr(JsonArray) both = steps_to_json(pipeline->steps, output->steps);
	g_autofree char *text = json_array_text(both);
	assert_string_equal(text, "[{\"op\":\"grayscale\",\"params\":{}},{\"op\":\"invert\",\"params\":{}}]");
	g_autoptr(JsonArray) none = steps_to_json(NULL, NULL);
	assert_int_equal(json_array_get_length(none), 0);
}

static void references_are_counted(void **state)
{
	struct pipeline *pipeline = full_pipeline();

	assert_ptr_equal(pipeline_ref(pipeline), pipeline);
	pipeline_unref(pipeline);
	assert_string_equal(pipeline->name, "web"); /* ASan tells when this was one too many */
	pipeline_unref(pipeline);
	pipeline_unref(NULL);
	step_free(NULL);
}

static void names(void **state)
{
	g_autofree char *longest = g_strnfill(64, 'a');
	g_autofree char *longer = g_strnfill(65, 'a');

	assert_true(pipeline_name_valid("web"));
	assert_true(pipeline_name_valid("2-up_b"));
	assert_true(pipeline_name_valid(longest));
	assert_false(pipeline_name_valid(longer));
	assert_false(pipeline_name_valid(""));
	assert_false(pipeline_name_valid("_x"));
	assert_false(pipeline_name_valid("-x"));
	assert_false(pipeline_name_valid("Web"));
	assert_false(pipeline_name_valid("a/b"));
	assert_false(pipeline_name_valid(".."));
}

/* All the places of a tree where something can be put in another's stead. */
static void collect(JsonNode *node, GPtrArray *objects)
{
	if (JSON_NODE_HOLDS_OBJECT(node)) {
		JsonObjectIter iterator;
		JsonNode *member;
		g_ptr_array_add(objects, json_node_get_object(node));
		json_object_iter_init(&iterator, json_node_get_object(node));
		while (json_object_iter_next(&iterator, NULL, &member))
			collect(member, objects);
	} else if (JSON_NODE_HOLDS_ARRAY(node)) {
		JsonArray *array = json_node_get_array(node);
		for (guint i = 0; i < json_array_get_length(array); i++)
			collect(json_array_get_element(array, i), objects);
	}
}

/* Puts odd into member of object number index of a fresh copy (NULL: takes the member out) and reads that. */
static bool survives(guint index, const char *member, const char *odd)
{
	auto_struct(pipeline) pipeline = full_pipeline();
	g_autoptr(JsonObject) object = pipeline_to_json(pipeline);
	g_autoptr(JsonNode) root = json_node_init_object(json_node_alloc(), object);
	g_autoptr(GPtrArray) objects = g_ptr_array_new();
	g_autoptr(GError) error = NULL;

	collect(root, objects);
	JsonObject *target = g_ptr_array_index(objects, index);
	if (odd)
		json_object_set_member(target, member, json_from_string(odd, NULL));
	else
		json_object_remove_member(target, member);
	auto_struct(pipeline) result = pipeline_from_json(object, &error);
	assert_int_equal(result == NULL, error != NULL);
	if (error)
		assert_true(g_error_matches(error, DROPMILL_ERROR, ERROR_INPUT));
	return result != NULL;
}

static void odd_json_is_an_error_and_never_a_crash(void **state)
{
	static const char *const odd[] = {NULL, "null", "true", "-1", "1e300", "99999999999999", "\"\"", "\"../x\"",
		"[]", "[null]", "[[]]", "[{}]", "[1]", "{}", "{\"op\":1}"};
	auto_struct(pipeline) pipeline = full_pipeline();
	g_autoptr(JsonObject) object = pipeline_to_json(pipeline);
	g_autoptr(JsonNode) root = json_node_init_object(json_node_alloc(), object);
	g_autoptr(GPtrArray) objects = g_ptr_array_new();
	unsigned refused = 0, taken = 0;

	collect(root, objects);
	for (guint i = 0; i < objects->len; i++) {
		g_autoptr(GList) members = json_object_get_members(g_ptr_array_index(objects, i));
		for (GList *member = members; member; member = member->next)
			for (size_t o = 0; o < G_N_ELEMENTS(odd); o++)
				survives(i, member->data, odd[o]) ? taken++ : refused++;
	}
	assert_true(refused > 300);
	assert_true(taken > 0); /* parameters of an operation may be anything */
	assert_null(pipeline_from_json(NULL, NULL));
}

static void what_must_be_there_and_within_bounds(void **state)
{
	static const struct {
		const char *member, *odd;
	} cases[] = {{"name", NULL}, {"name", "\"a/b\""}, {"inbox", NULL}, {"hash", "5"}, {"recursive", "1"},
		{"accept", "[1]"}, {"accept", "\"*\""}, {"steps", NULL}, {"steps", "[{\"op\":\"\"}]"},
		{"outputs", "[]"}, {"outputs", "[5]"}, {"originals", "\"burn\""}, {"on_conflict", "\"ask\""},
		{"settle", "-1"}, {"wait_empty", "-1"}, {"settle", "1.5"},
		{"limits", "{\"megapixels\":0,\"frames\":1,\"seconds\":1}"}, {"priority", "10"}, {"priority", "-1"}};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++)
		if (survives(0, cases[i].member, cases[i].odd))
			fail_msg("%s: %s", cases[i].member, cases[i].odd);
	assert_true(survives(0, "accept", NULL));
	assert_true(survives(0, "priority", "0"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(round_trip_loses_nothing),
		cmocka_unit_test(the_json_shares_nothing_with_the_pipeline),
		cmocka_unit_test(steps_become_the_form_that_tasks_carry),
		cmocka_unit_test(references_are_counted),
		cmocka_unit_test(names),
		cmocka_unit_test(odd_json_is_an_error_and_never_a_crash),
		cmocka_unit_test(what_must_be_there_and_within_bounds),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

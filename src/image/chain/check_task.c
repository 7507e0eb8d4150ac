/* SPDX-License-Identifier: GPL-2.0-or-later
 * The chain of a task against the table: see check_task.h. */
#include "image/chain/check_task.h"

#include "base/error.h"
#include "base/json.h"
#include "image/check/check.h"
#include "image/operations/operations.h"
#include "image/table/colour.h"

static bool is_number(JsonNode *node, const struct param *param)
{
	GType type = JSON_NODE_HOLDS_VALUE(node) ? json_node_get_value_type(node) : G_TYPE_INVALID;

	if (type != G_TYPE_INT64 && (type != G_TYPE_DOUBLE || param->type == PARAM_INT))
		return false;
	double number = json_node_get_double(node);
	return number >= param->min && number <= param->max;
}

static bool is_text(JsonNode *node, const char *const *choices)
{
	if (!JSON_NODE_HOLDS_VALUE(node) || json_node_get_value_type(node) != G_TYPE_STRING)
		return false;
	return !choices || g_strv_contains(choices, json_node_get_string(node));
}

static bool count_fits(const struct param *param, guint count)
{
	return count >= param->count_min && (!param->count_max || count <= param->count_max);
}

/* A list of which each passes. */
static bool is_list(
	JsonNode *node, const struct param *param, bool (*passes)(JsonNode *item, const struct param *param))
{
	JsonArray *array = JSON_NODE_HOLDS_ARRAY(node) ? json_node_get_array(node) : NULL;

	if (!array || !count_fits(param, json_array_get_length(array)))
		return false;
	for (guint i = 0; i < json_array_get_length(array); i++)
		if (!passes(json_array_get_element(array, i), param))
			return false;
	return true;
}

static bool is_row(JsonNode *node, const struct param *param)
{
	return is_list(node, param, is_number);
}

static bool is_choice(JsonNode *node, const struct param *param)
{
	return is_text(node, param->choices);
}

static bool value_passes(JsonNode *node, const struct param *param)
{
	double rgba[4];

	switch (param->type) {
	case PARAM_INT:
	case PARAM_DOUBLE:
		return is_number(node, param);
	case PARAM_BOOL:
		return JSON_NODE_HOLDS_VALUE(node) && json_node_get_value_type(node) == G_TYPE_BOOLEAN;
	case PARAM_CHOICE:
		return is_text(node, param->choices);
	case PARAM_STRING:
		return is_text(node, NULL);
	case PARAM_COLOUR:
		return is_text(node, NULL) && colour_parse(json_node_get_string(node), rgba);
	case PARAM_NUMBERS:
		return is_list(node, param, is_number);
	case PARAM_MATRIX:
		return is_list(node, param, is_row);
	case PARAM_CHOICES:
		return is_list(node, param, is_choice);
	case PARAM_ASSET:
		return JSON_NODE_HOLDS_OBJECT(node);
	}
	return false;
}

static bool params_pass(const struct operation *operation, JsonObject *params, GError **error)
{
	JsonObjectIter iter;
	const char *name;
	JsonNode *value;

	json_object_iter_init(&iter, params);
	while (json_object_iter_next(&iter, &name, &value)) {
		const struct param *param = check_find(operation->params, name);
		if (!param || !g_str_equal(param->name, name))
			return fail(error, ERROR_INPUT, "it has no parameter '%s'", name);
		if (!value_passes(value, param)) {
			g_autofree char *accepts = check_accepts(param);
			return fail(error, ERROR_INPUT, "%s must be %s", name, accepts);
		}
	}
	for (const struct param *param = operation->params; param->name; param++)
		if (param->required && !json_object_has_member(params, param->name))
			return fail(error, ERROR_INPUT, "it needs %s", param->name);
	const struct args args = {operation->params, params};
	return !operation->check || operation->check(&args, error);
}

static bool steps_pass(JsonArray *steps, GError **error)
{
	guint count = steps ? json_array_get_length(steps) : 0;

	if (count > CHECK_TASK_STEPS_MOST)
		return fail(error, ERROR_INPUT, "the task has %u steps", count);
	for (guint i = 0; i < count; i++) {
		JsonObject *step = json_object_at(steps, i);
		const char *name = json_string(step, "op", "");
		const struct operation *operation = operation_find(name);
		JsonObject *params = json_object(step, "params");
		g_autoptr(JsonObject) none = json_object_new();
		g_autoptr(GError) cause = NULL;
		if (!operation)
			return fail(error, ERROR_INPUT, "step %u: unknown operation '%s'", i + 1, name);
		/* Those with a reader of their own (vips) ask libvips about each parameter when they are built. */
		if (!operation->check_node && !params_pass(operation, params ? params : none, &cause))
			return fail(error, ERROR_INPUT, "step %u (%s): %s", i + 1, name, cause->message);
	}
	return true;
}

bool check_task(JsonObject *spec, GError **error)
{
	JsonArray *outputs = json_array(spec, "outputs");

	if (!steps_pass(json_array(spec, "steps"), error))
		return false;
	for (guint i = 0; outputs && i < json_array_get_length(outputs); i++)
		if (!steps_pass(json_array(json_object_at(outputs, i), "steps"), error)) {
			g_prefix_error(error, "output %u: ", i + 1);
			return false;
		}
	return true;
}

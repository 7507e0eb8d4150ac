/* SPDX-License-Identifier: GPL-2.0-or-later
 * Pipelines for people: see pipeline_show.h. */
#include "status/pipeline_show.h"

#include "base/json.h"
#include "definition/implied.h"

static void add_value(GString *text, JsonNode *node);

static void add_members(GString *text, JsonObject *object)
{
	g_autoptr(GList) names = json_object_get_members(object);

	for (GList *link = names; link; link = link->next) {
		g_string_append_printf(text, "%s%s: ", link == names ? "" : ", ", (const char *)link->data);
		add_value(text, json_object_get_member(object, link->data));
	}
}

/* An asset is an object with more than anybody wants to read: its path says it. */
static void add_object(GString *text, JsonObject *object)
{
	g_autofree char *path = json_object_has_member(object, "sha256") ? json_path(object, "path") : NULL;

	if (path) {
		g_autofree char *name = g_path_get_basename(path);
		g_string_append(text, name);
		return;
	}
	g_string_append_c(text, '{');
	add_members(text, object);
	g_string_append_c(text, '}');
}

static void add_scalar(GString *text, JsonNode *node)
{
	GType type = json_node_get_value_type(node);
	char number[G_ASCII_DTOSTR_BUF_SIZE];

	if (type == G_TYPE_STRING)
		g_string_append(text, json_node_get_string(node));
	else if (type == G_TYPE_BOOLEAN)
		g_string_append(text, json_node_get_boolean(node) ? "true" : "false");
	else if (type == G_TYPE_DOUBLE)
		g_string_append(text, g_ascii_formatd(number, sizeof number, "%.10g", json_node_get_double(node)));
	else
		g_string_append_printf(text, "%" G_GINT64_FORMAT, json_node_get_int(node));
}

static void add_value(GString *text, JsonNode *node)
{
	switch (json_node_get_node_type(node)) {
	case JSON_NODE_OBJECT:
		add_object(text, json_node_get_object(node));
		break;
	case JSON_NODE_ARRAY: {
		JsonArray *array = json_node_get_array(node);
		g_string_append_c(text, '[');
		for (guint i = 0; i < json_array_get_length(array); i++) {
			g_string_append(text, i ? ", " : "");
			add_value(text, json_array_get_element(array, i));
		}
		g_string_append_c(text, ']');
		break;
	}
	case JSON_NODE_VALUE:
		add_scalar(text, node);
		break;
	case JSON_NODE_NULL:
		g_string_append(text, "null");
		break;
	}
}

static char *members_text(JsonObject *object)
{
	GString *text = g_string_new(NULL);

	if (object)
		add_members(text, object);
	return g_string_free(text, FALSE);
}

static void set_valid(JsonObject *object, const char *name, const char *text)
{
	g_autofree char *valid = g_utf8_make_valid(text, -1);
	json_object_set_string_member(object, name, valid);
}

/* Of all groups around a step; NULL: always. */
static char *condition_text(JsonArray *when)
{
	g_autoptr(GStrvBuilder) all = g_strv_builder_new();

	if (!when)
		return NULL;
	for (guint i = 0; i < json_array_get_length(when); i++)
		g_strv_builder_add(all, json_string(json_object_at(when, i), "if", ""));
	g_auto(GStrv) texts = g_strv_builder_end(all);
	return g_strjoinv(" and ", texts);
}

static void set_condition(JsonObject *object, const char *when)
{
	if (when)
		set_valid(object, "when", when);
	else
		json_object_set_null_member(object, "when");
}

static JsonObject *parameter_object(const char *name, const char *value)
{
	JsonObject *parameter = json_object_new();

	set_valid(parameter, "name", name);
	set_valid(parameter, "value", value);
	return parameter;
}

static JsonArray *show_steps(const GPtrArray *steps)
{
	JsonArray *list = json_array_new();

	for (guint i = 0; i < steps->len; i++) {
		const struct step *step = steps->pdata[i];
		JsonObject *entry = json_object_new();
		JsonArray *parameters = json_array_new();
		g_autoptr(GList) names = step->params ? json_object_get_members(step->params) : NULL;
		g_autofree char *members = members_text(step->params);
		g_autoptr(GString) text = g_string_new(step->operation);
		if (*members)
			g_string_append_printf(text, ": {%s}", members);
		g_autofree char *when = condition_text(step->when);
		if (when)
			g_string_append_printf(text, "  when %s", when);
		for (GList *link = names; link; link = link->next) {
			g_autoptr(GString) value = g_string_new(NULL);
			add_value(value, json_object_get_member(step->params, link->data));
			json_array_add_object_element(parameters, parameter_object(link->data, value->str));
		}
		set_valid(entry, "name", step->operation);
		set_valid(entry, "text", text->str);
		set_condition(entry, when);
		json_object_set_array_member(entry, "parameters", parameters);
		json_array_add_object_element(list, entry);
	}
	return list;
}

static JsonObject *show_implied(enum implied which)
{
	const struct implied_step *step = &implied_steps[which];
	JsonObject *entry = json_object_new();
	JsonArray *parameters = json_array_new();
	g_autofree char *plain = implied_text(which);
	g_autofree char *text = g_strdup_printf("%s  implied: %s", plain, step->why);

	json_array_add_object_element(parameters, parameter_object(step->parameter, step->value));
	set_valid(entry, "name", step->operation);
	set_valid(entry, "text", text);
	set_condition(entry, NULL);
	json_object_set_boolean_member(entry, "implied", TRUE);
	set_valid(entry, "why", step->why);
	json_object_set_array_member(entry, "parameters", parameters);
	return entry;
}

char *pipeline_show(const struct pipeline *pipeline)
{
	g_autoptr(JsonObject) shown = json_object_new();
	JsonArray *outputs = json_array_new();

	for (guint i = 0; i < pipeline->outputs->len; i++) {
		const struct output *output = pipeline->outputs->pdata[i];
		JsonObject *entry = json_object_new();
		g_autofree char *options = members_text(output->save);
		g_autofree char *text =
			output->when ? g_strdup_printf("%s  when %s", options, output->when) : g_strdup(options);
		set_valid(entry, "name", output->name);
		if (output->format)
			json_object_set_string_member(entry, "format", output->format);
		else
			json_object_set_null_member(entry, "format");
		set_valid(entry, "text", g_strchug(text));
		set_condition(entry, output->when);
		json_object_set_array_member(entry, "steps", show_steps(output->steps));
		json_array_add_object_element(outputs, entry);
	}
	json_object_set_array_member(shown, "steps", show_steps(pipeline->steps));
	json_object_set_array_member(shown, "outputs", outputs);
	if (pipeline->allow) {
		JsonArray *allow = json_array_new();
		for (char **name = pipeline->allow; *name; name++)
			json_array_add_string_element(allow, *name);
		json_object_set_array_member(shown, "allow", allow);
	}
	g_autofree char *text = json_object_text(shown);
	return g_ref_string_new(text);
}

static JsonObject *object_at(JsonArray *array, gint64 index)
{
	return array && index >= 0 && index < G_MAXINT ? json_object_at(array, (guint)index) : NULL;
}

static void leave_out(JsonObject *object)
{
	if (object)
		json_object_set_boolean_member(object, "left_out", TRUE);
}

/* The two numbers of an element, or false. */
static bool read_pair(JsonArray *list, guint i, gint64 pair[2])
{
	JsonNode *node = json_array_get_element(list, i);
	JsonArray *numbers = JSON_NODE_HOLDS_ARRAY(node) ? json_node_get_array(node) : NULL;

	if (!numbers || json_array_get_length(numbers) != 2)
		return false;
	for (guint n = 0; n < 2; n++)
		pair[n] = json_array_get_int_element(numbers, n);
	return true;
}

/* The steps of the output of this number; -1: the common ones; NULL: there is no such output. */
static JsonArray *steps_of(JsonObject *shown, gint64 output)
{
	JsonObject *owner = output < 0 ? shown : object_at(json_array(shown, "outputs"), output);

	return owner ? json_array(owner, "steps") : NULL;
}

char *pipeline_show_run(const char *shown, const struct shown_run *run)
{
	g_autoptr(JsonObject) marked = json_parse_object(shown, -1, NULL);
	gint64 pair[2];

	for (guint i = 0; run->left_out && i < json_array_get_length(run->left_out); i++)
		if (read_pair(run->left_out, i, pair))
			leave_out(object_at(steps_of(marked, pair[0]), pair[1]));
	for (guint i = 0; run->skipped && i < json_array_get_length(run->skipped); i++)
		leave_out(object_at(json_array(marked, "outputs"), json_array_get_int_element(run->skipped, i)));
	/* Last: the numbers of steps count those that were written. */
	for (guint i = 0; run->implied && i < json_array_get_length(run->implied); i++) {
		JsonArray *steps = read_pair(run->implied, i, pair) && pair[0] >= 0 ? steps_of(marked, pair[0]) : NULL;
		if (steps && pair[1] >= 0 && pair[1] < IMPLIED_COUNT)
			json_array_add_object_element(steps, show_implied((enum implied)pair[1]));
	}
	g_autofree char *text = json_object_text(marked);
	return g_ref_string_new(text);
}

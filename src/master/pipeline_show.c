/* SPDX-License-Identifier: GPL-2.0-or-later
 * Pipelines for people: see pipeline_show.h. */
#include "master/pipeline_show.h"

#include <string.h>

#include "base/json.h"

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

static void add_condition(GString *text, JsonArray *when)
{
	for (guint i = 0; when && i < json_array_get_length(when); i++)
		g_string_append_printf(
			text, "%s%s", i ? " and " : "  when ", json_string(json_object_at(when, i), "if", ""));
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
		add_condition(text, step->when);
		for (GList *link = names; link; link = link->next) {
			JsonObject *parameter = json_object_new();
			g_autoptr(GString) value = g_string_new(NULL);
			add_value(value, json_object_get_member(step->params, link->data));
			set_valid(parameter, "name", link->data);
			set_valid(parameter, "value", value->str);
			json_array_add_object_element(parameters, parameter);
		}
		set_valid(entry, "name", step->operation);
		set_valid(entry, "text", text->str);
		json_object_set_array_member(entry, "parameters", parameters);
		json_array_add_object_element(list, entry);
	}
	return list;
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

/* SPDX-License-Identifier: GPL-2.0-or-later
 * Safe reading of json-glib objects: see json.h. */
#include "base/json.h"

#include "base/error.h"

JsonObject *json_parse_object(const char *text, gssize length, GError **error)
{
	g_autoptr(JsonParser) parser = json_parser_new_immutable();
	g_autoptr(GError) cause = NULL;

	if (!json_parser_load_from_data(parser, text, length, &cause)) {
		fail(error, ERROR_INPUT, "not JSON: %s", cause->message);
		return NULL;
	}
	JsonNode *root = json_parser_get_root(parser);
	if (!root || !JSON_NODE_HOLDS_OBJECT(root)) {
		fail(error, ERROR_INPUT, "not a JSON object");
		return NULL;
	}
	return json_object_ref(json_node_get_object(root));
}

char *json_object_text(JsonObject *object)
{
	g_autoptr(JsonNode) node = json_node_init_object(json_node_alloc(), object);
	return json_to_string(node, FALSE);
}

char *json_array_text(JsonArray *array)
{
	g_autoptr(JsonNode) node = json_node_init_array(json_node_alloc(), array);
	return json_to_string(node, FALSE);
}

/* The member when it is a plain value, else NULL. */
static JsonNode *value_node(JsonObject *object, const char *name)
{
	JsonNode *node = object ? json_object_get_member(object, name) : NULL;
	return node && JSON_NODE_HOLDS_VALUE(node) ? node : NULL;
}

const char *json_string(JsonObject *object, const char *name, const char *fallback)
{
	JsonNode *node = value_node(object, name);
	return node && json_node_get_value_type(node) == G_TYPE_STRING ? json_node_get_string(node) : fallback;
}

gint64 json_int(JsonObject *object, const char *name, gint64 fallback)
{
	JsonNode *node = value_node(object, name);
	return node && json_node_get_value_type(node) == G_TYPE_INT64 ? json_node_get_int(node) : fallback;
}

double json_double(JsonObject *object, const char *name, double fallback)
{
	JsonNode *node = value_node(object, name);
	if (!node)
		return fallback;
	GType type = json_node_get_value_type(node);
	return type == G_TYPE_DOUBLE || type == G_TYPE_INT64 ? json_node_get_double(node) : fallback;
}

bool json_bool(JsonObject *object, const char *name, bool fallback)
{
	JsonNode *node = value_node(object, name);
	return node && json_node_get_value_type(node) == G_TYPE_BOOLEAN ? json_node_get_boolean(node) : fallback;
}

JsonObject *json_object(JsonObject *object, const char *name)
{
	JsonNode *node = object ? json_object_get_member(object, name) : NULL;
	return node && JSON_NODE_HOLDS_OBJECT(node) ? json_node_get_object(node) : NULL;
}

JsonArray *json_array(JsonObject *object, const char *name)
{
	JsonNode *node = object ? json_object_get_member(object, name) : NULL;
	return node && JSON_NODE_HOLDS_ARRAY(node) ? json_node_get_array(node) : NULL;
}

JsonObject *json_object_at(JsonArray *array, guint index)
{
	if (!array || index >= json_array_get_length(array))
		return NULL;
	JsonNode *node = json_array_get_element(array, index);
	return JSON_NODE_HOLDS_OBJECT(node) ? json_node_get_object(node) : NULL;
}

static char *path_text(const char *path)
{
	if (g_utf8_validate(path, -1, NULL))
		return g_strdup(path);
	return g_filename_to_uri(path, NULL, NULL);
}

static char *path_from_text(const char *text)
{
	return text && g_str_has_prefix(text, "file://") ? g_filename_from_uri(text, NULL, NULL) : g_strdup(text);
}

void json_set_path(JsonObject *object, const char *name, const char *path)
{
	g_autofree char *text = path_text(path);
	json_object_set_string_member(object, name, text);
}

void json_add_path(JsonArray *array, const char *path)
{
	g_autofree char *text = path_text(path);
	json_array_add_string_element(array, text);
}

char *json_path(JsonObject *object, const char *name)
{
	return path_from_text(json_string(object, name, NULL));
}

char *json_path_at(JsonArray *array, guint index)
{
	JsonNode *node = array && index < json_array_get_length(array) ? json_array_get_element(array, index) : NULL;

	return node && JSON_NODE_HOLDS_VALUE(node) && json_node_get_value_type(node) == G_TYPE_STRING
		       ? path_from_text(json_node_get_string(node))
		       : NULL;
}

/* SPDX-License-Identifier: GPL-2.0-or-later
 * The description of the API: see openapi.h. */
#include "web/openapi.h"

#include <string.h>

#include "base/json.h"

/* A new object that is a member of another. */
static JsonObject *below(JsonObject *object, const char *name)
{
	JsonObject *member = json_object_new();

	json_object_set_object_member(object, name, member);
	return member;
}

static JsonObject *type_schema(const char *type)
{
	JsonObject *schema = json_object_new();

	json_object_set_string_member(schema, "type", type);
	if (strcmp(type, "array") == 0)
		json_object_set_object_member(schema, "items", type_schema("string"));
	return schema;
}

static void add_content(JsonObject *answer, const char *types, const struct table *table, JsonObject *schemas)
{
	JsonObject *content = below(answer, "content");
	g_auto(GStrv) all = g_strsplit(types ? types : "application/json", ",", -1);

	for (char **type = all; *type; type++) {
		JsonObject *schema = table    ? fields_schema(table, schemas)
				     : !types ? type_schema("object")
					      : type_schema("string");
		if (!table && types && !g_str_has_prefix(*type, "text/"))
			json_object_set_string_member(schema, "format", "binary");
		json_object_set_object_member(below(content, *type), "schema", schema);
	}
}

static void add_error(
	JsonObject *answers, const struct route *route, int status, const char *about, JsonObject *schemas)
{
	g_autofree char *number = g_strdup_printf("%d", status);
	JsonObject *answer = below(answers, number);

	json_object_set_string_member(answer, "description", about);
	if (g_str_has_prefix(route->pattern, "/api/"))
		add_content(answer, NULL, &error_table, schemas);
}

static void add_parameter(JsonArray *list, const struct parameter *parameter)
{
	JsonObject *object = json_object_new(), *schema = type_schema(parameter->type);
	JsonArray *words = parameter->words ? json_array_new() : NULL;

	for (const char *const *word = parameter->words; word && *word; word++)
		json_array_add_string_element(words, *word);
	if (words)
		json_object_set_array_member(schema, "enum", words);
	json_object_set_string_member(object, "name", parameter->name);
	json_object_set_string_member(object, "in", parameter->in);
	json_object_set_boolean_member(object, "required", strcmp(parameter->in, "path") == 0);
	if (parameter->about)
		json_object_set_string_member(object, "description", parameter->about);
	json_object_set_object_member(object, "schema", schema);
	json_array_add_object_element(list, object);
}

/* The pattern names those of the path, as {name}. */
static void add_parameters(JsonObject *get, const struct route *route)
{
	JsonArray *list = json_array_new();
	g_auto(GStrv) parts = g_strsplit_set(route->pattern, "{}", -1);

	for (guint i = 1; i < g_strv_length(parts); i += 2)
		add_parameter(list, &(const struct parameter){parts[i], .in = "path", .type = "string"});
	for (const struct parameter *parameter = route->parameters; parameter && parameter->name; parameter++)
		add_parameter(list, parameter);
	json_object_set_array_member(get, "parameters", list);
}

static void add_route(JsonObject *paths, const struct route *route, JsonObject *schemas)
{
	JsonObject *get = below(below(paths, route->pattern), "get");
	JsonObject *answers = below(get, "responses"), *ok = below(answers, "200");

	json_object_set_string_member(get, "summary", route->about);
	json_object_set_string_member(ok, "description", "OK");
	add_content(ok, route->types, route->answer, schemas);
	if (!route->is_static)
		add_error(answers, route, 503, "the mill is starting", schemas);
	for (gsize i = 0; i < G_N_ELEMENTS(route->others) && route->others[i].status; i++)
		add_error(answers, route, route->others[i].status, route->others[i].about, schemas);
	add_parameters(get, route);
}

char *openapi_text(const struct route *routes, gsize count, JsonArray *metrics)
{
	g_autoptr(JsonObject) description = json_object_new();
	JsonObject *info = below(description, "info"), *paths = below(description, "paths");
	JsonObject *schemas = below(below(description, "components"), "schemas");

	json_object_set_string_member(description, "openapi", "3.1.0");
	json_object_set_string_member(info, "title", "dropmill");
	json_object_set_string_member(info, "version", "1");
	json_object_set_string_member(info, "description",
		"What a running mill reports. Read-only: GET and HEAD. Times are ISO 8601 in UTC, or null; *_s are seconds; "
		"what is not known is null. More fields may come.");
	json_object_set_string_member(below(info, "license"), "name", "GPL-2.0-or-later");
	for (gsize i = 0; i < count; i++)
		if (routes[i].about)
			add_route(paths, &routes[i], schemas);
	json_object_set_array_member(description, "x-metrics", metrics);
	return json_object_text(description);
}

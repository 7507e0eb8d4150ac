/* SPDX-License-Identifier: GPL-2.0-or-later
 * The language as a JSON Schema: see schema.h. A schema cannot say everything (what goes with what, what a file holds): it refuses
 * nothing that `check` takes, and `check` has the last word. */
#include "image/describe/schema.h"

#include <math.h>

#include "base/file_format.h"
#include "definition/expression/expression.h"
#include "definition/keys.h"
#include "image/operations/operations.h"
#include "image/table/format_table.h"

/* JSON text with ' for ", as an object. Returns owned. */
static JsonObject *parsed(const char *text)
{
	g_autofree char *json = g_strdelimit(g_strdup(text), "'", '"');
	g_autoptr(GError) error = NULL;
	g_autoptr(JsonNode) node = json_from_string(json, &error);

	if (!node)
		g_error("schema: %s: %s", text, error->message);
	return json_object_ref(json_node_get_object(node));
}

static JsonObject *typed(const char *type)
{
	JsonObject *object = json_object_new();

	json_object_set_string_member(object, "type", type);
	return object;
}

static JsonObject *reference(const char *name)
{
	JsonObject *object = json_object_new();
	g_autofree char *path = g_strconcat("#/$defs/", name, NULL);

	json_object_set_string_member(object, "$ref", path);
	return object;
}

static JsonArray *texts(const char *const *from)
{
	JsonArray *array = json_array_new();

	for (; *from; from++)
		json_array_add_string_element(array, *from);
	return array;
}

/* An object that takes either of these. Takes the alternatives. */
static JsonObject *either(JsonObject *one, JsonObject *other)
{
	JsonObject *object = json_object_new();
	JsonArray *array = json_array_new();

	json_array_add_object_element(array, one);
	json_array_add_object_element(array, other);
	json_object_set_array_member(object, "anyOf", array);
	return object;
}

/* One alternative more; takes it. */
static void add_alternative(JsonObject *object, JsonObject *another)
{
	json_array_add_object_element(json_object_get_array_member(object, "anyOf"), another);
}

static void set_number(JsonObject *object, const char *name, double value)
{
	if (value == floor(value))
		json_object_set_int_member(object, name, (gint64)value);
	else
		json_object_set_double_member(object, name, value);
}

static JsonObject *number(const struct param *param)
{
	JsonObject *object = typed(param->type == PARAM_INT ? "integer" : "number");

	/* Bounds that stand for none. */
	if (isfinite(param->min) && fabs(param->min) < 1e15)
		set_number(object, "minimum", param->min);
	if (isfinite(param->max) && fabs(param->max) < 1e15)
		set_number(object, "maximum", param->max);
	return object;
}

static JsonObject *choice(const struct param *param)
{
	JsonObject *object = json_object_new();

	json_object_set_array_member(object, "enum", texts(param->choices));
	return object;
}

/* Takes item. */
static JsonObject *list_of(JsonObject *item, const struct param *param)
{
	JsonObject *object = typed("array");

	json_object_set_object_member(object, "items", item);
	json_object_set_int_member(object, "minItems", MAX(param->count_min, 1));
	if (param->count_max)
		json_object_set_int_member(object, "maxItems", param->count_max);
	return object;
}

static JsonObject *value_of(const struct param *param)
{
	switch (param->type) {
	case PARAM_INT:
	case PARAM_DOUBLE:
		return number(param);
	case PARAM_BOOL:
		return typed("boolean");
	case PARAM_CHOICE:
		return choice(param);
	case PARAM_CHOICES:
		return either(choice(param), list_of(choice(param), param));
	case PARAM_NUMBERS:
		return either(number(param), list_of(number(param), param));
	case PARAM_MATRIX:
		return list_of(list_of(number(param), param), param);
	case PARAM_COLOUR:
		return parsed("{'type': ['string', 'number']}"); /* 000000 is a number to YAML */
	case PARAM_ASSET:
		return typed("string");
	case PARAM_STRING:
		break;
	}
	return parsed("{'type': ['string', 'number', 'boolean']}");
}

static void set_default(JsonObject *object, const struct param *param)
{
	if (!param->fallback)
		return;
	if (param->type == PARAM_INT || param->type == PARAM_DOUBLE)
		set_number(object, "default", g_ascii_strtod(param->fallback, NULL));
	else if (param->type == PARAM_BOOL)
		json_object_set_boolean_member(object, "default", g_str_equal(param->fallback, "true"));
	else
		json_object_set_string_member(object, "default", param->fallback);
}

static JsonObject *param_schema(const struct param *param)
{
	JsonObject *object = either(value_of(param), reference("variable"));
	bool unit = param->unit && *param->unit;
	g_autofree char *help = g_strdup_printf(
		"%s%s%s%s", param->help ? param->help : "", unit ? " (" : "", unit ? param->unit : "", unit ? ")" : "");

	json_object_set_string_member(object, "description", help);
	set_default(object, param);
	return object;
}

/* Under its name and its aliases. An existing entry becomes one more alternative (an option that formats bound
 * differently). */
static void add_param(JsonObject *properties, const struct param *param)
{
	for (guint i = 0; i == 0 || (param->aliases && param->aliases[i - 1]); i++) {
		const char *name = i == 0 ? param->name : param->aliases[i - 1];
		if (json_object_has_member(properties, name))
			add_alternative(json_object_get_object_member(properties, name), value_of(param));
		else
			json_object_set_object_member(properties, name, param_schema(param));
	}
}

/* What may stand behind an operation: nothing, its first parameter, or a map of them. */
static JsonObject *operation_schema(const struct operation *operation)
{
	JsonObject *map = typed("object"), *properties = json_object_new();
	JsonObject *object = either(typed("null"), map);

	for (const struct param *p = operation->params; p->name; p++)
		add_param(properties, p);
	json_object_set_object_member(map, "properties", properties);
	json_object_set_boolean_member(map, "additionalProperties", operation->check_node != NULL);
	if (operation->params->name) {
		add_alternative(object, value_of(operation->params));
		add_alternative(object, reference("variable"));
	}
	json_object_set_string_member(object, "description", operation->summary);
	return object;
}

/* A step: a name, or a map of one operation, and a condition. */
static void define_steps(JsonObject *definitions)
{
	JsonObject *map = typed("object"), *properties = json_object_new(), *names = json_object_new();
	JsonArray *list = json_array_new();
	const struct operation *operation;

	for (guint i = 0; (operation = operation_at(i)); i++) {
		g_autofree char *key = g_strconcat("operation_", operation->name, NULL);
		json_object_set_object_member(definitions, key, operation_schema(operation));
		for (guint a = 0; a == 0 || (operation->aliases && operation->aliases[a - 1]); a++) {
			const char *name = a == 0 ? operation->name : operation->aliases[a - 1];
			json_object_set_object_member(properties, name, reference(key));
			json_array_add_string_element(list, name);
		}
	}
	json_object_set_object_member(properties, "when", reference("condition"));
	json_object_set_object_member(properties, "steps", reference("steps"));
	json_object_set_object_member(properties, "include", typed("string"));
	json_object_set_object_member(map, "properties", properties);
	json_object_set_boolean_member(map, "additionalProperties", FALSE);
	json_object_set_int_member(map, "minProperties", 1);
	json_object_set_int_member(map, "maxProperties", 2);
	json_object_set_array_member(names, "enum", list);
	JsonObject *step = either(names, map);
	add_alternative(step, reference("variable"));
	json_object_set_object_member(definitions, "step", step);
	json_object_set_object_member(
		definitions, "steps", parsed("{'type': 'array', 'items': {'$ref': '#/$defs/step'}}"));
}

static void define_outputs(JsonObject *definitions)
{
	JsonObject *map = typed("object"), *properties = json_object_new(), *outputs = typed("array");

	json_object_set_object_member(properties, "name",
		parsed("{'type': 'string', 'description': 'its name below the out folder; {stem} is the source without its "
		       "ending'}"));
	json_object_set_object_member(properties, "steps", reference("steps"));
	json_object_set_object_member(properties, "when", reference("condition"));
	for (guint i = 0; i < format_count; i++)
		for (const struct param *p = format_table[i].options; p->name; p++)
			add_param(properties, p);
	/* Endings name formats too: jpg. */
	json_object_set_object_member(properties, "format",
		parsed("{'type': 'string', 'description': 'default: by the ending of the name'}"));
	for (const char *const *key = definition_output_keys; *key; key++)
		if (!json_object_has_member(properties, *key))
			json_object_set_object_member(properties, *key, json_object_new());
	json_object_set_object_member(map, "properties", properties);
	json_object_set_boolean_member(map, "additionalProperties", FALSE);
	json_object_set_object_member(outputs, "items", map);
	json_object_set_int_member(outputs, "minItems", 1);
	json_object_set_object_member(definitions, "outputs", outputs);
}

/* What allow: takes. Editors show the descriptions. */
static void define_allowable(JsonObject *definitions)
{
	const char *const *names = file_format_names(FILE_FORMATS_ALLOWABLE);
	JsonObject *word = json_object_new();
	JsonArray *called = json_array_new();

	for (const char *const *name = names; *name; name++)
		json_array_add_string_element(called, file_format_called(*name));
	json_object_set_array_member(word, "enum", texts(names));
	json_object_set_array_member(word, "enumDescriptions", called);
	json_object_set_object_member(definitions, "allowable", word);
}

/* What it is if it is not written, as one would write it; NULL: nothing. Returns owned. */
static char *fallback_of(const struct definition_key *key)
{
	double seconds = key->initial / G_USEC_PER_SEC;

	switch (key->type) {
	case KEY_BOOL:
		return g_strdup(key->initial ? "true" : "false");
	case KEY_INTEGER:
	case KEY_NUMBER:
		return g_strdup_printf("%g", key->initial);
	case KEY_CHOICE:
		return g_strdup(key->words[(int)key->initial]);
	case KEY_DURATION:
		return seconds < 1    ? g_strdup_printf("%gms", seconds * 1000)
		       : seconds < 60 ? g_strdup_printf("%gs", seconds)
				      : g_strdup_printf("%gm", seconds / 60);
	default:
		return NULL;
	}
}

static JsonObject *key_map(const char *map);

/* What its value may be, and its default. */
static JsonObject *key_value(const struct definition_key *key)
{
	static const enum param_type types[] = {[KEY_TEXT] = PARAM_ASSET,
		[KEY_BOOL] = PARAM_BOOL,
		[KEY_INTEGER] = PARAM_INT,
		[KEY_NUMBER] = PARAM_DOUBLE,
		[KEY_DURATION] = PARAM_STRING,
		[KEY_CHOICE] = PARAM_CHOICE};
	static const char duration[] = "{'type': 'string', 'pattern': '^[0-9.]+(ms|s|m)$'}",
			  or_never[] = "{'type': 'string', 'pattern': '^([0-9.]+(ms|s|m)|never)$'}",
			  bytes[] = "{'anyOf': [{'type': 'integer', 'minimum': 1}, "
				    "{'type': 'string', 'pattern': '^[0-9.]+ ?([kKMGT]i?)?B?$'}]}";

	if (key->schema || key->type == KEY_BYTES)
		return parsed(key->schema ? key->schema : bytes);
	if (key->type == KEY_MAP) {
		JsonObject *object = typed("object");
		json_object_set_boolean_member(object, "additionalProperties", FALSE);
		json_object_set_object_member(object, "properties", key_map(key->name));
		return object;
	}
	g_autofree char *fallback = fallback_of(key);
	const struct param param = {.type = types[key->type],
		.min = key->low,
		.max = key->high,
		.choices = key->words,
		.fallback = fallback};
	JsonObject *object = key->type != KEY_DURATION ? value_of(&param) : parsed(key->low < 0 ? or_never : duration);
	set_default(object, &param);
	return object;
}

/* The keys of this map; NULL: of the definition, where each may be a variable. */
static JsonObject *key_map(const char *map)
{
	JsonObject *object = json_object_new();

	for (const struct definition_key *key = definition_keys; key->name; key++) {
		if (g_strcmp0(key->within, map) != 0)
			continue;
		JsonObject *schema = map ? key_value(key) : either(key_value(key), reference("variable"));
		if (key->help)
			json_object_set_string_member(schema, "description", key->help);
		json_object_set_object_member(object, key->name, schema);
	}
	return object;
}

char *schema_text(void)
{
	g_autoptr(JsonObject) root = typed("object");
	JsonObject *definitions = json_object_new(), *condition;
	g_autofree char *names = g_strjoinv(", ", (char **)expression_names);
	g_autofree char *about = g_strdup_printf(
		"a condition on the picture as it comes here, such as width > 4000 and format in [\"png\"]; it knows %s",
		names);

	json_object_set_string_member(root, "$schema", "https://json-schema.org/draft/2020-12/schema");
	json_object_set_string_member(root, "title", "a pipeline of dropmill");
	json_object_set_object_member(root, "properties", key_map(NULL));
	json_object_set_boolean_member(root, "additionalProperties", FALSE);
	json_object_set_object_member(definitions, "variable",
		parsed("{'type': 'string', 'pattern': '[$][{]', 'description': 'a variable: ${name}'}"));
	define_allowable(definitions);
	condition = parsed("{'type': ['string', 'boolean']}");
	json_object_set_string_member(condition, "description", about);
	json_object_set_object_member(definitions, "condition", condition);
	define_steps(definitions);
	define_outputs(definitions);
	json_object_set_object_member(root, "$defs", definitions);
	g_autoptr(JsonNode) node = json_node_init_object(json_node_alloc(), root);
	g_autofree char *text = json_to_string(node, TRUE);
	return g_strconcat(text, "\n", NULL);
}

/* SPDX-License-Identifier: GPL-2.0-or-later
 * Objects of the API by their tables: see fields.h. */
#include "web/http/fields.h"

#include <math.h>

#include "base/clock.h"
#include "base/json.h"

void set_text(JsonObject *object, const char *name, const char *text)
{
	if (!text) {
		json_object_set_null_member(object, name);
		return;
	}
	g_autofree char *valid = g_utf8_make_valid(text, -1);
	json_object_set_string_member(object, name, valid);
}

static double tenths(double value)
{
	double rounded = round(value * 10) / 10;

	/* JSON has no infinity, and ten times a large number may be one. */
	return isfinite(rounded) ? rounded : 0;
}

static double seconds(gint64 us)
{
	double value = (double)MAX(us, 0) / G_USEC_PER_SEC;

	return value < 1 ? round(value * 1000) / 1000 : tenths(value);
}

gint64 field_number(const struct field *field, const void *from)
{
	const void *at = (const char *)from + field->at;

	switch (field->type) {
	case FIELD_BOOL:
		return *(const bool *)at;
	case FIELD_INT:
		return *(const int *)at;
	case FIELD_UINT:
		return *(const guint *)at;
	case FIELD_DOUBLE:
		return *(const double *)at >= 1 ? 1 : *(const double *)at >= 0 ? 0 : -1;
	default:
		return *(const gint64 *)at;
	}
}

static void set_number(JsonObject *object, const struct field *field, const void *from)
{
	gint64 number = field_number(field, from);

	if ((field->unknown == NULL_BELOW_0 && number < 0) || (field->unknown == NULL_BELOW_1 && number < 1)) {
		json_object_set_null_member(object, field->name);
	} else if (field->show == SHOW_WORD) {
		json_object_set_string_member(object, field->name, field->words[number]);
	} else if (field->show == SHOW_TIME) {
		g_autofree char *iso = clock_iso(number);
		set_text(object, field->name, iso);
	} else if (field->show == SHOW_SECONDS) {
		json_object_set_double_member(object, field->name, seconds(number));
	} else if (field->type == FIELD_DOUBLE) {
		double value = *(const double *)((const char *)from + field->at);
		json_object_set_double_member(object, field->name, field->show == SHOW_EXACT ? value : tenths(value));
	} else {
		json_object_set_int_member(object, field->name, number);
	}
}

/* What a pointer points to: a text, or JSON that is taken. */
static void set_pointed(JsonObject *object, const struct field *field, void *value)
{
	if (!value && field->unknown == ABSENT_IF_NONE)
		return;
	if (!value)
		json_object_set_null_member(object, field->name);
	else if (field->type == FIELD_OBJECT)
		json_object_set_object_member(object, field->name, value);
	else if (field->type == FIELD_ARRAY)
		json_object_set_array_member(object, field->name, value);
	else
		set_text(object, field->name, value);
}

static void set_fields(JsonObject *object, const struct table *table, const void *from)
{
	if (table->base)
		set_fields(object, table->base, from);
	for (const struct field *field = table->fields; field->name; field++) {
		const void *at = (const char *)from + field->at;
		if (field->type == FIELD_SAME)
			json_object_set_object_member(object, field->name, fields_object(field->of, from));
		else if (field->type == FIELD_BOOL)
			json_object_set_boolean_member(object, field->name, *(const bool *)at);
		else if (field->type == FIELD_TEXT || field->type >= FIELD_OBJECT)
			set_pointed(object, field, *(void *const *)at);
		else
			set_number(object, field, from);
	}
}

JsonObject *fields_object(const struct table *table, const void *from)
{
	JsonObject *object = json_object_new();

	set_fields(object, table, from);
	return object;
}

char *fields_text(const struct table *table, const void *from)
{
	g_autoptr(JsonObject) object = fields_object(table, from);

	return json_object_text(object);
}

/* ---- the same tables as schemas of OpenAPI 3.1, which are those of JSON Schema 2020-12 */

static const char *json_type(const struct field *field)
{
	switch (field->type) {
	case FIELD_TEXT:
		return "string";
	case FIELD_BOOL:
		return "boolean";
	case FIELD_DOUBLE:
		return "number";
	case FIELD_ARRAY:
		return "array";
	case FIELD_SAME:
	case FIELD_OBJECT:
		return "object";
	default:
		return field->show == SHOW_WORD || field->show == SHOW_TIME ? "string"
		       : field->show == SHOW_SECONDS                        ? "number"
									    : "integer";
	}
}

static bool may_be_null(const struct field *field)
{
	return field->unknown != NEVER_NULL && field->unknown != ABSENT_IF_NONE;
}

static void set_type(JsonObject *schema, const struct field *field)
{
	if (!may_be_null(field)) {
		json_object_set_string_member(schema, "type", json_type(field));
		return;
	}
	JsonArray *types = json_array_new();
	json_array_add_string_element(types, json_type(field));
	json_array_add_string_element(types, "null");
	json_object_set_array_member(schema, "type", types);
}

static JsonObject *items_schema(const struct field *field, JsonObject *schemas)
{
	if (field->of)
		return fields_schema(field->of, schemas);
	JsonObject *items = json_object_new();
	json_object_set_string_member(items, "type", field->items);
	return items;
}

static JsonObject *or_null(JsonObject *schema)
{
	JsonObject *either = json_object_new(), *null = json_object_new();
	JsonArray *any = json_array_new();

	json_object_set_string_member(null, "type", "null");
	json_array_add_object_element(any, schema);
	json_array_add_object_element(any, null);
	json_object_set_array_member(either, "anyOf", any);
	return either;
}

static JsonObject *field_schema(const struct field *field, JsonObject *schemas)
{
	JsonObject *schema = json_object_new();

	if (field->type != FIELD_ARRAY && field->of) {
		json_object_unref(schema);
		schema = fields_schema(field->of, schemas);
		schema = may_be_null(field) ? or_null(schema) : schema;
	} else {
		set_type(schema, field);
		if (field->type == FIELD_ARRAY)
			json_object_set_object_member(schema, "items", items_schema(field, schemas));
		if (field->show == SHOW_TIME)
			json_object_set_string_member(schema, "format", "date-time");
	}
	if (field->words) {
		JsonArray *words = json_array_new();
		for (const char *const *word = field->words; *word; word++)
			json_array_add_string_element(words, *word);
		if (may_be_null(field))
			json_array_add_null_element(words);
		json_object_set_array_member(schema, "enum", words);
	}
	if (field->about)
		json_object_set_string_member(schema, "description", field->about);
	return schema;
}

static void describe(const struct table *table, JsonObject *properties, JsonArray *required, JsonObject *schemas)
{
	if (table->base)
		describe(table->base, properties, required, schemas);
	for (const struct field *field = table->fields; field->name; field++) {
		json_object_set_object_member(properties, field->name, field_schema(field, schemas));
		if (field->unknown != ABSENT_IF_NONE)
			json_array_add_string_element(required, field->name);
	}
}

static JsonObject *whole_schema(const struct table *table, JsonObject *schemas)
{
	JsonObject *schema = json_object_new(), *properties = json_object_new();
	JsonArray *required = json_array_new();

	describe(table, properties, required, schemas);
	json_object_set_string_member(schema, "type", "object");
	if (table->about)
		json_object_set_string_member(schema, "description", table->about);
	json_object_set_object_member(schema, "properties", properties);
	json_object_set_array_member(schema, "required", required);
	return schema;
}

JsonObject *fields_schema(const struct table *table, JsonObject *schemas)
{
	if (!table->name)
		return whole_schema(table, schemas);
	if (!json_object_has_member(schemas, table->name)) {
		json_object_set_null_member(schemas, table->name); /* so that a table may name itself */
		json_object_set_object_member(schemas, table->name, whole_schema(table, schemas));
	}
	JsonObject *reference = json_object_new();
	g_autofree char *address = g_strconcat("#/components/schemas/", table->name, NULL);
	json_object_set_string_member(reference, "$ref", address);
	return reference;
}

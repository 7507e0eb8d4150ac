/* SPDX-License-Identifier: GPL-2.0-or-later
 * The checked definition and its canonical JSON: see pipeline.h. */
#include "definition/pipeline.h"

#include <string.h>

#include "base/file_format.h"
#include "base/json.h"
#include "definition/keys.h"
#include "definition/template/template_ending.h"

static void step_destroy(void *step)
{
	step_free(step);
}

static void output_destroy(void *data)
{
	struct output *output = data;

	g_free(output->name);
	g_free(output->format);
	json_object_unref(output->save);
	g_ptr_array_unref(output->steps);
	g_free(output->when);
	g_free(output);
}

static void set_initial(const struct definition_key *key, void *value)
{
	switch (key->type) {
	case KEY_TEXT:
		*(char **)value = g_strdup("");
		break;
	case KEY_BOOL:
		*(bool *)value = key->initial != 0;
		break;
	case KEY_INTEGER:
	case KEY_CHOICE:
		*(int *)value = (int)key->initial;
		break;
	case KEY_NUMBER:
		*(double *)value = key->initial;
		break;
	case KEY_DURATION:
	case KEY_BYTES:
		*(gint64 *)value = (gint64)key->initial;
		break;
	default:
		break;
	}
}

static void clear(const struct definition_key *key, void *value)
{
	if (key->type == KEY_TEXT)
		g_free(*(char **)value);
	else if (key->type == KEY_TEXTS)
		g_strfreev(*(char ***)value);
}

struct pipeline *pipeline_new(void)
{
	struct pipeline *pipeline = g_new0(struct pipeline, 1);

	pipeline->ref_count = 1;
	pipeline->file = g_strdup("");
	pipeline->hash = g_strdup("");
	pipeline->steps = g_ptr_array_new_with_free_func(step_destroy);
	pipeline->outputs = g_ptr_array_new_with_free_func(output_destroy);
	for (const struct definition_key *key = definition_keys; key->name; key++)
		set_initial(key, (char *)pipeline + key->at);
	return pipeline;
}

bool pipeline_name_valid(const char *name)
{
	static const char characters[] = "abcdefghijklmnopqrstuvwxyz0123456789_-";
	size_t length = strspn(name, characters);

	return length > 0 && length <= 64 && name[length] == '\0' && g_ascii_isalnum(*name);
}

const char *pipeline_kept_ending(const char *format)
{
	return format && !file_format_is_kept(format) ? "png" : NULL;
}

const char *pipeline_format_word(const char *word)
{
	return file_format_is_kept(word) ? file_format_find(word)->name : template_ending_format(word);
}

struct pipeline *pipeline_ref(struct pipeline *pipeline)
{
	g_atomic_int_inc(&pipeline->ref_count);
	return pipeline;
}

void pipeline_unref(struct pipeline *pipeline)
{
	if (!pipeline || !g_atomic_int_dec_and_test(&pipeline->ref_count))
		return;
	for (const struct definition_key *key = definition_keys; key->name; key++)
		clear(key, (char *)pipeline + key->at);
	g_free(pipeline->file);
	g_free(pipeline->hash);
	g_clear_pointer(&pipeline->shown, g_ref_string_release);
	g_strfreev(pipeline->watch);
	g_ptr_array_unref(pipeline->steps);
	g_ptr_array_unref(pipeline->outputs);
	g_free(pipeline);
}

struct step *step_new(const char *operation, JsonObject *params, unsigned line, unsigned column)
{
	struct step *step = g_new0(struct step, 1);

	step->operation = g_strdup(operation);
	step->params = params ? params : json_object_new();
	step->line = line;
	step->column = column;
	return step;
}

void step_free(struct step *step)
{
	if (!step)
		return;
	g_free(step->operation);
	json_object_unref(step->params);
	g_clear_pointer(&step->when, json_array_unref);
	g_free(step);
}

struct output *output_new(void)
{
	struct output *output = g_new0(struct output, 1);

	output->name = g_strdup("");
	output->save = json_object_new();
	output->steps = g_ptr_array_new_with_free_func(step_destroy);
	return output;
}

static JsonNode *json_copy(JsonNode *from);

static JsonArray *array_copy(JsonArray *from)
{
	JsonArray *copy = json_array_new();

	for (guint i = 0; i < json_array_get_length(from); i++)
		json_array_add_element(copy, json_copy(json_array_get_element(from, i)));
	return copy;
}

/* json-glib's own copies share the members, with reference counts that are not atomic. Two threads may render a
 * pipeline at once, so a copy must share nothing with it. */
static JsonNode *json_copy(JsonNode *from)
{
	switch (json_node_get_node_type(from)) {
	case JSON_NODE_OBJECT: {
		g_autoptr(JsonObject) object = params_copy(json_node_get_object(from));
		return json_node_init_object(json_node_alloc(), object);
	}
	case JSON_NODE_ARRAY: {
		g_autoptr(JsonArray) copy = array_copy(json_node_get_array(from));
		return json_node_init_array(json_node_alloc(), copy);
	}
	case JSON_NODE_VALUE: {
		g_auto(GValue) value = G_VALUE_INIT;
		JsonNode *copy = json_node_new(JSON_NODE_VALUE);
		json_node_get_value(from, &value);
		json_node_set_value(copy, &value);
		return copy;
	}
	default:
		return json_node_new(JSON_NODE_NULL);
	}
}

JsonObject *params_copy(JsonObject *from)
{
	JsonObject *copy = json_object_new();
	JsonObjectIter iterator;
	const char *name;
	JsonNode *node;

	json_object_iter_init_ordered(&iterator, from);
	while (json_object_iter_next_ordered(&iterator, &name, &node))
		json_object_set_member(copy, name, json_copy(node));
	return copy;
}

static void add_steps(JsonArray *array, const GPtrArray *steps, bool places)
{
	for (guint i = 0; steps && i < steps->len; i++) {
		const struct step *step = g_ptr_array_index(steps, i);
		JsonObject *object = json_object_new();
		json_object_set_string_member(object, "op", step->operation);
		json_object_set_object_member(object, "params", params_copy(step->params));
		if (step->when)
			json_object_set_array_member(object, "when", array_copy(step->when));
		if (places) {
			json_object_set_int_member(object, "line", step->line);
			json_object_set_int_member(object, "column", step->column);
		}
		json_array_add_object_element(array, object);
	}
}

JsonArray *steps_to_json(const GPtrArray *a, const GPtrArray *b)
{
	JsonArray *array = json_array_new();

	add_steps(array, a, false);
	add_steps(array, b, false);
	return array;
}

static JsonArray *steps_with_places(const GPtrArray *steps)
{
	JsonArray *array = json_array_new();

	add_steps(array, steps, true);
	return array;
}

static JsonArray *outputs_to_json(const GPtrArray *outputs)
{
	JsonArray *array = json_array_new();

	for (guint i = 0; i < outputs->len; i++) {
		const struct output *output = g_ptr_array_index(outputs, i);
		JsonObject *object = json_object_new();
		json_object_set_string_member(object, "name", output->name);
		if (output->format)
			json_object_set_string_member(object, "format", output->format);
		json_object_set_object_member(object, "save", params_copy(output->save));
		json_object_set_array_member(object, "steps", steps_with_places(output->steps));
		if (output->when)
			json_object_set_string_member(object, "when", output->when);
		json_object_set_int_member(object, "line", output->line);
		json_object_set_int_member(object, "column", output->column);
		json_array_add_object_element(array, object);
	}
	return array;
}

static void set_texts(JsonObject *object, const char *name, char **texts)
{
	if (!texts)
		return;
	JsonArray *array = json_array_new();
	for (; *texts; texts++)
		json_array_add_string_element(array, *texts);
	json_object_set_array_member(object, name, array);
}

/* Paths, which may not be UTF-8. */
static void set_paths(JsonObject *object, const char *name, char **paths)
{
	JsonArray *array = json_array_new();

	for (; paths && *paths; paths++)
		json_add_path(array, *paths);
	json_object_set_array_member(object, name, array);
}

/* Durations in microseconds. */
static void set_key(JsonObject *object, const struct definition_key *key, const void *value)
{
	switch (key->type) {
	case KEY_TEXT:
		json_object_set_string_member(object, key->name, *(char *const *)value);
		break;
	case KEY_TEXTS:
		set_texts(object, key->name, *(char **const *)value);
		break;
	case KEY_BOOL:
		json_object_set_boolean_member(object, key->name, *(const bool *)value);
		break;
	case KEY_INTEGER:
		json_object_set_int_member(object, key->name, *(const int *)value);
		break;
	case KEY_NUMBER:
		json_object_set_double_member(object, key->name, *(const double *)value);
		break;
	case KEY_DURATION:
	case KEY_BYTES:
		json_object_set_int_member(object, key->name, *(const gint64 *)value);
		break;
	case KEY_CHOICE:
		json_object_set_string_member(object, key->name, key->words[*(const unsigned *)value]);
		break;
	case KEY_MAP:
		json_object_set_object_member(object, key->name, json_object_new());
		break;
	case KEY_OWN:
		break;
	}
}

JsonObject *pipeline_to_json(const struct pipeline *pipeline)
{
	JsonObject *object = json_object_new();

	json_object_set_string_member(object, "file", pipeline->file);
	json_object_set_string_member(object, "hash", pipeline->hash);
	set_paths(object, "watch", pipeline->watch);
	json_object_set_array_member(object, "steps", steps_with_places(pipeline->steps));
	json_object_set_array_member(object, "outputs", outputs_to_json(pipeline->outputs));
	for (const struct definition_key *key = definition_keys; key->name; key++)
		set_key(key->within ? json_object(object, key->within) : object, key, (const char *)pipeline + key->at);
	return object;
}

void pipeline_describe_job(const struct pipeline *pipeline, JsonObject *object)
{
	JsonObject *limits = json_object_new();
	JsonArray *outputs = json_array_new();

	json_object_set_array_member(object, "steps", steps_to_json(pipeline->steps, NULL));
	for (guint i = 0; i < pipeline->outputs->len; i++) {
		const struct output *output = g_ptr_array_index(pipeline->outputs, i);
		JsonObject *entry = json_object_new();
		json_object_set_array_member(entry, "steps", steps_to_json(output->steps, NULL));
		if (output->format)
			json_object_set_string_member(entry, "format", output->format);
		json_object_set_object_member(entry, "save", json_object_ref(output->save));
		if (output->when)
			json_object_set_string_member(entry, "when", output->when);
		json_array_add_object_element(outputs, entry);
	}
	json_object_set_array_member(object, "outputs", outputs);
	json_object_set_double_member(limits, "megapixels", pipeline->limits.megapixels);
	json_object_set_int_member(limits, "frames", pipeline->limits.frames);
	json_object_set_object_member(object, "limits", limits);
	set_texts(object, "allow", pipeline->allow);
}

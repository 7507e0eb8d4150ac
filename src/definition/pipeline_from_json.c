/* SPDX-License-Identifier: GPL-2.0-or-later
 * Canonical JSON back to a struct pipeline: see pipeline.h. What comes in was written by our own checker, but
 * through a pipe from a process that may have died half way, so nothing is believed. */
#include "definition/pipeline_from_json.h"

#include "definition/pipeline.h"

#include <math.h>

#include "base/error.h"
#include "base/json.h"
#include "definition/keys.h"
#include "definition/template/template.h"

static bool wrong_member(GError **error, const char *name)
{
	return fail(error, ERROR_INPUT, "pipeline: '%s' is missing or of the wrong type", name);
}

static bool read_text(JsonObject *object, const char *name, char **text, GError **error)
{
	const char *value = json_string(object, name, NULL);

	if (!value)
		return wrong_member(error, name);
	g_free(*text);
	*text = g_strdup(value);
	return true;
}

static bool read_integer(JsonObject *object, const char *name, gint64 min, gint64 max, gint64 *value, GError **error)
{
	/* Two fallbacks that differ tell a missing member from one that has the fallback's value. */
	*value = json_int(object, name, 0);
	if (*value != json_int(object, name, 1))
		return wrong_member(error, name);
	if (*value < min || *value > max)
		return fail(error, ERROR_INPUT, "pipeline: '%s' is out of bounds", name);
	return true;
}

static bool read_unsigned(JsonObject *object, const char *name, unsigned *value, GError **error)
{
	gint64 integer;

	if (!read_integer(object, name, 0, G_MAXUINT, &integer, error))
		return false;
	*value = (unsigned)integer;
	return true;
}

static bool read_positive(JsonObject *object, const char *name, double *value, GError **error)
{
	*value = json_double(object, name, NAN);
	if (!isfinite(*value) || *value <= 0)
		return wrong_member(error, name);
	return true;
}

static bool read_when(JsonObject *object, struct step *step, GError **error)
{
	JsonArray *array = json_array(object, "when");

	step->when = json_array_new();
	for (guint i = 0; array && i < json_array_get_length(array); i++) {
		JsonObject *item = json_object_at(array, i);
		if (!item || !json_string(item, "if", NULL))
			return wrong_member(error, "when");
		json_array_add_object_element(step->when, params_copy(item));
	}
	return array || wrong_member(error, "when");
}

static bool read_steps(JsonObject *object, GPtrArray *steps, GError **error)
{
	JsonArray *array = json_array(object, "steps");

	if (!array)
		return wrong_member(error, "steps");
	for (guint i = 0; i < json_array_get_length(array); i++) {
		JsonObject *item = json_object_at(array, i);
		JsonObject *params = item ? json_object(item, "params") : NULL;
		unsigned line, column;
		const char *operation = json_string(item, "op", "");
		if (!params || *operation == '\0')
			return wrong_member(error, "steps");
		if (!read_unsigned(item, "line", &line, error) || !read_unsigned(item, "column", &column, error))
			return false;
		struct step *step = step_new(operation, params_copy(params), line, column);
		g_ptr_array_add(steps, step);
		if (json_object_has_member(item, "when") && !read_when(item, step, error))
			return false;
	}
	return true;
}

static bool read_output(JsonObject *object, struct output *output, GError **error)
{
	JsonObject *save = json_object(object, "save");
	gsize offset;

	if (!save)
		return wrong_member(error, "save");
	json_object_unref(output->save);
	output->save = params_copy(save);
	if (json_object_has_member(object, "format") && !read_text(object, "format", &output->format, error))
		return false;
	if (json_object_has_member(object, "when") && !read_text(object, "when", &output->when, error))
		return false;
	return read_text(object, "name", &output->name, error) && template_check(output->name, &offset, error) &&
	       read_steps(object, output->steps, error) && read_unsigned(object, "line", &output->line, error) &&
	       read_unsigned(object, "column", &output->column, error);
}

static bool read_outputs(JsonObject *object, GPtrArray *outputs, GError **error)
{
	JsonArray *array = json_array(object, "outputs");

	if (!array || json_array_get_length(array) == 0)
		return wrong_member(error, "outputs");
	for (guint i = 0; i < json_array_get_length(array); i++) {
		JsonObject *item = json_object_at(array, i);
		struct output *output = output_new();
		g_ptr_array_add(outputs, output);
		if (!item)
			return wrong_member(error, "outputs");
		if (!read_output(item, output, error))
			return false;
	}
	return true;
}

/* A list of texts that need not be there; NULL then. */
static bool read_texts(JsonObject *object, const char *name, char ***texts, GError **error)
{
	JsonArray *array = json_array(object, name);

	if (!json_object_has_member(object, name))
		return true;
	if (!array)
		return wrong_member(error, name);
	guint length = json_array_get_length(array);
	*texts = g_new0(char *, length + 1);
	for (guint i = 0; i < length; i++) {
		JsonNode *node = json_array_get_element(array, i);
		const char *text = JSON_NODE_HOLDS_VALUE(node) ? json_node_get_string(node) : NULL;
		if (!text)
			return wrong_member(error, name);
		(*texts)[i] = g_strdup(text);
	}
	return true;
}

static bool read_paths(JsonObject *object, const char *name, char ***paths, GError **error)
{
	JsonArray *array = json_array(object, name);
	g_autoptr(GPtrArray) found = g_ptr_array_new_with_free_func(g_free);

	for (guint i = 0; array && i < json_array_get_length(array); i++) {
		char *path = json_path_at(array, i);
		if (!path)
			return wrong_member(error, name);
		g_ptr_array_add(found, path);
	}
	if (found->len == 0)
		return true;
	g_ptr_array_add(found, NULL);
	*paths = (char **)g_ptr_array_free(g_steal_pointer(&found), FALSE);
	return true;
}

/* The index of one of names, which ends with NULL. */
static bool read_choice(
	JsonObject *object, const char *member, const char *const *names, unsigned *value, GError **error)
{
	const char *name = json_string(object, member, "");

	for (*value = 0; names[*value]; (*value)++)
		if (g_str_equal(names[*value], name))
			return true;
	return wrong_member(error, member);
}

static bool read_bool(JsonObject *object, const char *name, bool *value, GError **error)
{
	*value = json_bool(object, name, false);
	return *value == json_bool(object, name, true) || wrong_member(error, name);
}

static bool read_key(JsonObject *object, const struct definition_key *key, void *value, GError **error)
{
	gint64 integer;

	switch (key->type) {
	case KEY_TEXT:
		return read_text(object, key->name, value, error);
	case KEY_TEXTS:
		return read_texts(object, key->name, value, error);
	case KEY_BOOL:
		return read_bool(object, key->name, value, error);
	case KEY_INTEGER:
		if (!read_integer(object, key->name, (gint64)key->low, (gint64)key->high, &integer, error))
			return false;
		*(int *)value = (int)integer;
		return true;
	case KEY_NUMBER:
		return read_positive(object, key->name, value, error);
	case KEY_DURATION:
	case KEY_BYTES:
		return read_integer(object, key->name, (gint64)key->low, G_MAXINT64, value, error);
	case KEY_CHOICE:
		return read_choice(object, key->name, key->words, value, error);
	case KEY_MAP:
		return json_object(object, key->name) || wrong_member(error, key->name);
	default:
		return true;
	}
}

struct pipeline *pipeline_from_json(JsonObject *object, GError **error)
{
	auto_struct(pipeline) pipeline = pipeline_new();

	if (!object) {
		fail(error, ERROR_INPUT, "pipeline: nothing there");
		return NULL;
	}
	for (const struct definition_key *key = definition_keys; key->name; key++)
		if (!read_key(key->within ? json_object(object, key->within) : object, key, (char *)pipeline + key->at,
			    error))
			return NULL;
	if (!read_text(object, "file", &pipeline->file, error) || !read_text(object, "hash", &pipeline->hash, error) ||
		!read_paths(object, "watch", &pipeline->watch, error) || !read_steps(object, pipeline->steps, error) ||
		!read_outputs(object, pipeline->outputs, error))
		return NULL;
	if (!pipeline_name_valid(pipeline->name)) {
		fail(error, ERROR_INPUT, "pipeline: '%s' is not a valid name", pipeline->name);
		return NULL;
	}
	return g_steal_pointer(&pipeline);
}

/* SPDX-License-Identifier: GPL-2.0-or-later
 * Canonical JSON back to a struct pipeline: see pipeline.h. What comes in was written by our own checker, but
 * through a pipe from a process that may have died half way, so nothing is believed. */
#include "pipeline/pipeline.h"

#include <math.h>

#include "base/error.h"
#include "base/json.h"
#include "pipeline/template.h"

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
		g_ptr_array_add(steps, step_new(operation, params_copy(params), line, column));
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

static bool read_accept(JsonObject *object, char ***accept, GError **error)
{
	JsonArray *array = json_array(object, "accept");

	if (!json_object_has_member(object, "accept"))
		return true;
	if (!array)
		return wrong_member(error, "accept");
	guint length = json_array_get_length(array);
	*accept = g_new0(char *, length + 1);
	for (guint i = 0; i < length; i++) {
		JsonNode *node = json_array_get_element(array, i);
		const char *pattern = JSON_NODE_HOLDS_VALUE(node) ? json_node_get_string(node) : NULL;
		if (!pattern)
			return wrong_member(error, "accept");
		(*accept)[i] = g_strdup(pattern);
	}
	return true;
}

static bool read_originals(JsonObject *object, enum originals *originals, GError **error)
{
	const char *name = json_string(object, "originals", "");

	for (int i = 0; originals_names[i]; i++) {
		if (g_str_equal(originals_names[i], name)) {
			*originals = (enum originals)i;
			return true;
		}
	}
	return wrong_member(error, "originals");
}

static bool read_recursive(JsonObject *object, bool *recursive, GError **error)
{
	*recursive = json_bool(object, "recursive", false);
	return *recursive == json_bool(object, "recursive", true) || wrong_member(error, "recursive");
}

static bool read_limits(JsonObject *object, struct limits *limits, GError **error)
{
	JsonObject *member = json_object(object, "limits");

	if (!member)
		return wrong_member(error, "limits");
	return read_positive(member, "megapixels", &limits->megapixels, error) &&
	       read_unsigned(member, "frames", &limits->frames, error) &&
	       read_positive(member, "seconds", &limits->seconds, error);
}

struct pipeline *pipeline_from_json(JsonObject *object, GError **error)
{
	auto_struct(pipeline) pipeline = pipeline_new();
	gint64 priority;

	if (!object) {
		fail(error, ERROR_INPUT, "pipeline: nothing there");
		return NULL;
	}
	if (!read_text(object, "name", &pipeline->name, error) || !read_text(object, "file", &pipeline->file, error) ||
		!read_text(object, "hash", &pipeline->hash, error) ||
		!read_text(object, "description", &pipeline->description, error) ||
		!read_text(object, "inbox", &pipeline->inbox, error) ||
		!read_recursive(object, &pipeline->recursive, error) ||
		!read_accept(object, &pipeline->accept, error) || !read_steps(object, pipeline->steps, error) ||
		!read_outputs(object, pipeline->outputs, error) ||
		!read_originals(object, &pipeline->originals, error) ||
		!read_integer(object, "settle_us", 0, G_MAXINT64, &pipeline->settle_us, error) ||
		!read_limits(object, &pipeline->limits, error) ||
		!read_integer(object, "priority", PRIORITY_MIN, PRIORITY_MAX, &priority, error))
		return NULL;
	if (!pipeline_name_valid(pipeline->name)) {
		fail(error, ERROR_INPUT, "pipeline: '%s' is no name of a pipeline", pipeline->name);
		return NULL;
	}
	pipeline->priority = (int)priority;
	return g_steal_pointer(&pipeline);
}

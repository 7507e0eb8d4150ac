/* SPDX-License-Identifier: GPL-2.0-or-later
 * Definitions, checked elsewhere: see definitions.h. */
#include "master/config/definitions.h"

#include <gio/gio.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/json.h"
#include "base/process.h"
#include "definition/pipeline_from_json.h"
#include "status/pipeline_show.h"

void definition_free(struct definition *definition)
{
	g_free(definition->name);
	g_free(definition->file);
	pipeline_unref(definition->pipeline);
	g_free(definition->errors);
	g_free(definition->explained);
	g_strfreev(definition->watch);
	g_free(definition);
}

static char **read_paths(JsonArray *list)
{
	guint count = list ? json_array_get_length(list) : 0;
	g_autoptr(GStrvBuilder) paths = g_strv_builder_new();

	for (guint i = 0; i < count; i++) {
		g_autofree char *path = json_path_at(list, i);
		if (path)
			g_strv_builder_add(paths, path);
	}
	return g_strv_builder_end(paths);
}

static struct definition *read_one(JsonObject *object, GError **error)
{
	JsonObject *pipeline = json_object(object, "pipeline");
	struct definition *definition = g_new0(struct definition, 1);

	definition->name = g_strdup(json_string(object, "name", ""));
	definition->file = g_strdup(json_string(object, "file", ""));
	definition->errors = g_strchomp(g_strdup(json_string(object, "errors", "")));
	definition->explained = g_strchomp(g_strdup(json_string(object, "explained", "")));
	definition->watch = read_paths(json_array(object, "watch"));
	if (pipeline)
		definition->pipeline = pipeline_from_json(pipeline, error);
	if (pipeline && !definition->pipeline) {
		definition_free(definition);
		return NULL;
	}
	if (definition->pipeline) {
		definition->pipeline->shown = pipeline_show(definition->pipeline);
		definition->loaded_wall_us = clock_wall_us();
	}
	return definition;
}

GPtrArray *definitions_load(const char *folder_or_file, const char *assets, GError **error)
{
	g_autofree char *program = process_sibling("dropmill-image");
	g_autoptr(GError) cause = NULL;
	g_autofree char *output = NULL;
	const char *const arguments[] = {
		program, "definitions", "--json", folder_or_file, assets ? "--assets" : NULL, assets, NULL};
	g_autoptr(GSubprocess) checker = g_subprocess_newv(arguments, G_SUBPROCESS_FLAGS_STDOUT_PIPE, &cause);

	if (!checker || !g_subprocess_communicate_utf8(checker, NULL, NULL, &output, NULL, &cause)) {
		fail(error, ERROR_SYSTEM, "cannot check the definitions: %s", cause->message);
		return NULL;
	}
	g_autoptr(JsonObject) root = json_parse_object(output ? output : "", -1, &cause);
	if (!root) {
		fail(error, ERROR_SYSTEM, "%s: the checker of definitions failed (%s)", folder_or_file, cause->message);
		return NULL;
	}
	g_autoptr(GPtrArray) all = g_ptr_array_new_with_free_func((GDestroyNotify)definition_free);
	JsonArray *list = json_array(root, "definitions");
	for (guint i = 0; list && i < json_array_get_length(list); i++) {
		struct definition *definition = read_one(json_object_at(list, i), error);
		if (!definition)
			return NULL;
		g_ptr_array_add(all, definition);
	}
	return g_steal_pointer(&all);
}

struct definition *definitions_find(GPtrArray *definitions, const char *name)
{
	for (guint i = 0; i < definitions->len; i++) {
		struct definition *definition = g_ptr_array_index(definitions, i);
		if (strcmp(definition->name, name) == 0)
			return definition;
	}
	return NULL;
}

void definitions_keep_good(GPtrArray *fresh, GPtrArray *old)
{
	for (guint i = 0; i < fresh->len; i++) {
		struct definition *definition = g_ptr_array_index(fresh, i);
		struct definition *before = definitions_find(old, definition->name);
		if (!before || !before->pipeline)
			continue;
		if (!definition->pipeline)
			definition->pipeline = pipeline_ref(before->pipeline);
		if (g_strcmp0(definition->pipeline->hash, before->pipeline->hash) == 0)
			definition->loaded_wall_us = before->loaded_wall_us;
	}
}

/* SPDX-License-Identifier: GPL-2.0-or-later
 * ops, definitions and check: see commands.h. */
#include "image/describe/commands.h"

#include <string.h>

#include "base/json.h"
#include "base/terminal.h"
#include "definition/reader/assets.h"
#include "definition/reader/definition.h"
#include "definition/yaml/excerpt.h"
#include "image/describe/check_step.h"
#include "image/describe/checked.h"
#include "image/describe/command_line.h"
#include "image/describe/describe.h"
#include "image/describe/format_describe.h"
#include "image/describe/schema.h"
#include "image/operations/operations.h"
#include "image/read/format.h"

int ops_command(int argc, char **argv)
{
	gboolean json = FALSE, markdown = FALSE, formats = FALSE, schema = FALSE;
	const GOptionEntry entries[] = {
		{"formats", 0, 0, G_OPTION_ARG_NONE, &formats, "the formats of outputs and their options instead",
			NULL},
		{"json", 0, 0, G_OPTION_ARG_NONE, &json, "as JSON, an array of objects", NULL},
		{"markdown", 0, 0, G_OPTION_ARG_NONE, &markdown, "as Markdown, for a manual", NULL},
		{"schema", 0, 0, G_OPTION_ARG_NONE, &schema, "the whole language as a JSON Schema, for editors", NULL},
		{.long_name = NULL},
	};
	g_auto(GStrv) left = NULL;

	if (!command_parse(argc, argv, "[NAME]", "Operations, their parameters, bounds and defaults.", entries, &left))
		return EXIT_USAGE;
	const char *fault = json + markdown + schema > 1     ? "one of --json, --markdown and --schema"
			    : schema && (left[1] || formats) ? "--schema is of the whole language: alone"
			    : g_strv_length(left) > 2        ? "one NAME at most"
							     : NULL;
	if (fault) {
		terminal_say("dropmill ops: %s", fault);
		return EXIT_USAGE;
	}
	if (!command_start("ops"))
		return EXIT_WRONG;
	const char *form = json ? "json" : markdown ? "markdown" : "text";
	g_autofree char *text = schema    ? schema_text()
				: formats ? formats_describe(form)
					  : operations_describe(left[1], form);
	if (!text) {
		const char *near = operation_near(left[1]);
		terminal_say("dropmill ops: unknown operation '%s'; %s%s%s", left[1], near ? "did you mean '" : "",
			near ? near : "`dropmill ops` lists them", near ? "'?" : "");
		return EXIT_WRONG;
	}
	terminal_print("%s", text);
	return EXIT_FINE;
}

/* Copies of a good definition's assets into the folder, so that its jobs do not depend on files that people change.
 * Each mention of an asset gets the place of its copy. A codec may read nothing else, and does not know which mention
 * it meets first. */
static void keep_assets(const struct pipeline *pipeline, const char *folder)
{
	g_autoptr(GPtrArray) assets = assets_mentioned(pipeline);

	for (guint i = 0; i < assets->len; i++) {
		g_autoptr(GError) error = NULL;
		if (!asset_keep(assets->pdata[i], folder, &error))
			terminal_say("dropmill: no copy of an asset of %s: %s", pipeline->name, error->message);
	}
}

static JsonObject *describe_definition(const struct checked *file, const char *assets)
{
	JsonObject *entry = json_object_new();
	g_autofree char *text = diagnostics_text(file->errors);
	g_autofree char *explained = excerpts(file->errors, "");
	g_autofree char *stem = g_path_get_basename(file->path);
	const GPtrArray *read = diagnostics_files(file->errors);
	JsonArray *watch = json_array_new();
	char *ending = strrchr(stem, '.');

	if (ending)
		*ending = '\0';
	json_object_set_string_member(entry, "file", file->path);
	json_object_set_string_member(entry, "name", file->pipeline ? file->pipeline->name : stem);
	if (file->pipeline && assets)
		keep_assets(file->pipeline, assets);
	if (file->pipeline)
		json_object_set_object_member(entry, "pipeline", pipeline_to_json(file->pipeline));
	else
		json_object_set_null_member(entry, "pipeline");
	json_object_set_string_member(entry, "errors", text);
	json_object_set_string_member(entry, "explained", explained);
	/* Included files and assets, also of a definition that is wrong: when one of them changes, or comes, it may be right. */
	for (guint i = 0; i < file->named->len; i++)
		json_add_path(watch, g_ptr_array_index(file->named, i));
	for (guint i = 1; i < read->len; i++) {
		g_autofree char *path = g_canonicalize_filename(g_ptr_array_index(read, i), NULL);
		json_add_path(watch, path);
	}
	json_object_set_array_member(entry, "watch", watch);
	return entry;
}

int definitions_command(int argc, char **argv)
{
	gboolean json = FALSE;
	g_autofree char *assets = NULL;
	const GOptionEntry entries[] = {
		{"json", 0, 0, G_OPTION_ARG_NONE, &json, "as one JSON object", NULL},
		{"assets", 0, 0, G_OPTION_ARG_FILENAME, &assets, "folder for copies of the assets", "DIR"},
		{.long_name = NULL},
	};
	g_auto(GStrv) left = NULL;
	g_autoptr(GPtrArray) files = g_ptr_array_new_with_free_func(g_free);

	if (!command_parse(argc, argv, "DIR|FILE...", "Definitions as the master reads them.", entries, &left))
		return EXIT_USAGE;
	if (!json || !left[1]) {
		terminal_say("dropmill definitions: needs --json and a folder or files");
		return EXIT_USAGE;
	}
	for (char **name = left + 1; *name; name++) {
		if (!g_file_test(*name, G_FILE_TEST_IS_DIR))
			g_ptr_array_add(files, g_strdup(*name));
		else if (!command_add_folder(files, *name, "definitions"))
			return EXIT_WRONG;
	}
	if (!command_start("definitions"))
		return EXIT_WRONG;
	g_autoptr(JsonObject) answer = json_object_new();
	JsonArray *definitions = json_array_new();
	json_object_set_array_member(answer, "definitions", definitions);
	g_autoptr(GPtrArray) all = checked_read(files);
	for (guint i = 0; i < all->len; i++)
		json_array_add_object_element(definitions, describe_definition(all->pdata[i], assets));
	g_autofree char *text = json_object_text(answer);
	terminal_json(text);
	return EXIT_FINE;
}

static void print_all(const struct diagnostics *list, const char *severity)
{
	g_autofree char *text = excerpts(list, severity);
	terminal_print("%s", text);
}

/* One line for a definition that is right, some for each error of one that is not; then the warnings. */
static void print_file(const struct checked *file)
{
	const struct pipeline *pipeline = file->pipeline;

	print_all(file->errors, "");
	if (pipeline) {
		guint steps = pipeline->steps->len, outputs = pipeline->outputs->len;
		terminal_print("%s: ok (inbox %s, %u step%s, %u output%s)\n", file->path, pipeline->inbox, steps,
			steps == 1 ? "" : "s", outputs, outputs == 1 ? "" : "s");
	}
	print_all(file->warnings, "warning: ");
}

static void add_json(JsonArray *array, const struct diagnostics *list, const char *severity)
{
	for (unsigned i = 0; i < diagnostics_count(list); i++) {
		const struct diagnostic *entry = diagnostics_get(list, i);
		JsonObject *object = json_object_new();
		g_autofree char *file = g_utf8_make_valid(entry->file, -1);
		json_object_set_string_member(object, "file", file);
		json_object_set_int_member(object, "line", entry->line);
		json_object_set_int_member(object, "column", entry->column);
		json_object_set_string_member(object, "severity", severity);
		json_object_set_string_member(object, "message", entry->message);
		json_array_add_object_element(array, object);
	}
}

/* True when there is no error. */
static bool print_files(const GPtrArray *files, bool json)
{
	g_autoptr(JsonArray) array = json_array_new();
	bool ok = true;

	for (guint i = 0; i < files->len; i++) {
		const struct checked *file = g_ptr_array_index(files, i);
		ok = ok && file->pipeline;
		if (json) {
			add_json(array, file->errors, "error");
			add_json(array, file->warnings, "warning");
		} else {
			print_file(file);
		}
	}
	if (json) {
		g_autofree char *text = json_array_text(array);
		terminal_json(text);
	}
	return ok;
}

/* The option, else the environment, else the default. */
static const char *setting(const char *option, const char *variable, const char *fallback)
{
	const char *value = option ? option : g_getenv(variable);

	return value && *value ? value : fallback;
}

int check_command(int argc, char **argv)
{
	g_autofree char *pipelines = NULL, *watch = NULL, *out = NULL;
	gboolean json = FALSE;
	const GOptionEntry entries[] = {
		{"pipelines", 0, 0, G_OPTION_ARG_FILENAME, &pipelines,
			"folder of definitions, without FILE (pipelines)", "DIR"},
		{"watch", 0, 0, G_OPTION_ARG_FILENAME, &watch, "folder of inboxes, for warnings (watch)", "DIR"},
		{"out", 0, 0, G_OPTION_ARG_FILENAME, &out, "folder for finished images, for warnings (out)", "DIR"},
		{"json", 0, 0, G_OPTION_ARG_NONE, &json,
			"an array of {file, line, column, severity, message}, for editors", NULL},
		{.long_name = NULL},
	};
	g_auto(GStrv) left = NULL;
	g_autoptr(GPtrArray) paths = g_ptr_array_new_with_free_func(g_free);

	if (!command_parse(
		    argc, argv, "[FILE...]", "Checks definitions: FILE:LINE:COLUMN: what is wrong.", entries, &left))
		return EXIT_USAGE;
	const char *folder = setting(pipelines, "DROPMILL_PIPELINES", "pipelines");
	for (char **name = left + 1; *name; name++)
		g_ptr_array_add(paths, g_strdup(*name));
	if (!left[1] && !command_add_folder(paths, folder, "check"))
		return EXIT_WRONG;
	if (!paths->len) {
		terminal_say("dropmill check: no *.yaml in %s", folder);
		return EXIT_WRONG;
	}
	if (!command_start("check"))
		return EXIT_WRONG;
	g_autoptr(GPtrArray) files = checked_read(paths);
	checked_warn(files, setting(watch, "DROPMILL_WATCH", "watch"), setting(out, "DROPMILL_OUT", "out"));
	return print_files(files, json) ? EXIT_FINE : EXIT_WRONG;
}

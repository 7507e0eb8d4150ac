/* SPDX-License-Identifier: GPL-2.0-or-later
 * ops and definitions, and what all of the commands have in common: see commands.h. */
#include "image/describe/commands.h"

#include <string.h>

#include "base/json.h"
#include "base/terminal.h"
#include "definition/reader/assets.h"
#include "definition/reader/definition.h"
#include "definition/yaml/excerpt.h"
#include "image/describe/checked.h"
#include "image/describe/commands_private.h"
#include "image/describe/format_describe.h"
#include "image/describe/schema.h"
#include "image/operations/operations.h"
#include "image/read/format.h"

bool command_parse(
	int argc, char **argv, const char *usage, const char *summary, const GOptionEntry *entries, char ***left)
{
	g_autoptr(GOptionContext) context = g_option_context_new(usage);
	g_autofree char *program = g_strconcat("dropmill ", argv[0], NULL);
	g_autoptr(GError) error = NULL;
	char **arguments = g_new0(char *, (gsize)argc + 1);

	for (int i = 0; i < argc; i++)
		arguments[i] = g_strdup(i == 0 ? program : argv[i]);
	g_set_prgname(program);
	g_option_context_set_summary(context, summary);
	g_option_context_add_main_entries(context, entries, NULL);
	bool ok = g_option_context_parse_strv(context, &arguments, &error);
	if (!ok)
		terminal_say("%s: %s", program, error->message);
	*left = arguments;
	return ok;
}

bool command_start(const char *command)
{
	g_autoptr(GError) error = NULL;

	if (image_init("dropmill-image", 1, &error))
		return true;
	terminal_say("dropmill %s: %s", command, error->message);
	return false;
}

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

bool command_add_folder(GPtrArray *files, const char *folder, const char *command)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GPtrArray) found = definition_list(folder, &error);

	if (!found) {
		terminal_say("dropmill %s: %s", command, error->message);
		return false;
	}
	for (guint i = 0; i < found->len; i++)
		g_ptr_array_add(files, g_strdup(found->pdata[i]));
	return true;
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

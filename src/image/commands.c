/* SPDX-License-Identifier: GPL-2.0-or-later
 * ops, check, definitions: see commands.h. */
#include "image/commands.h"

#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "image/format.h"
#include "image/operations.h"
#include "pipeline/definition.h"

enum exit_code { EXIT_FINE = 0, EXIT_WRONG = 1, EXIT_USAGE = 2 };

/* Parses options into place; what is left over are the arguments. Owned copy in *left. False after a message. */
static bool parse(
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
		fprintf(stderr, "%s: %s\n", program, error->message);
	*left = arguments;
	return ok;
}

static bool start(const char *command)
{
	g_autoptr(GError) error = NULL;

	if (image_init("dropmill-image", 1, &error))
		return true;
	fprintf(stderr, "dropmill %s: %s\n", command, error->message);
	return false;
}

int ops_command(int argc, char **argv)
{
	gboolean json = FALSE, markdown = FALSE;
	const GOptionEntry entries[] = {
		{"json", 0, 0, G_OPTION_ARG_NONE, &json, "as JSON, an array of objects", NULL},
		{"markdown", 0, 0, G_OPTION_ARG_NONE, &markdown, "as Markdown, for a manual", NULL},
		{.long_name = NULL},
	};
	g_auto(GStrv) left = NULL;

	if (!parse(argc, argv, "[NAME]", "Operations, their parameters, bounds and defaults.", entries, &left))
		return EXIT_USAGE;
	if (g_strv_length(left) > 2 || (json && markdown)) {
		fprintf(stderr, "dropmill ops: %s\n",
			json && markdown ? "--json or --markdown, not both" : "one NAME at most");
		return EXIT_USAGE;
	}
	if (!start("ops"))
		return EXIT_WRONG;
	g_autofree char *text = operations_describe(left[1], json ? "json" : markdown ? "markdown" : "text");
	if (!text) {
		fprintf(stderr, "dropmill ops: unknown operation '%s'; `dropmill ops` lists them\n", left[1]);
		return EXIT_WRONG;
	}
	fputs(text, stdout);
	return EXIT_FINE;
}

static bool add_folder(GPtrArray *files, const char *folder, const char *command)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GPtrArray) found = definition_list(folder, &error);

	if (!found) {
		fprintf(stderr, "dropmill %s: %s\n", command, error->message);
		return false;
	}
	for (guint i = 0; i < found->len; i++)
		g_ptr_array_add(files, g_strdup(found->pdata[i]));
	return true;
}

/* One line for a definition that is right, one for each error of one that is not. */
static bool check_file(const char *path)
{
	auto_struct(diagnostics) errors = diagnostics_new(path);
	auto_struct(pipeline) pipeline = definition_read(path, &image_step_rules, errors);

	if (!pipeline) {
		g_autofree char *text = diagnostics_text(errors);
		g_autofree char *trimmed = g_strchomp(g_strdup(text));
		printf("%s\n", trimmed);
		return false;
	}
	guint steps = pipeline->steps->len, outputs = pipeline->outputs->len;
	printf("%s: ok (inbox %s, %u step%s, %u output%s)\n", path, pipeline->inbox, steps, steps == 1 ? "" : "s",
		outputs, outputs == 1 ? "" : "s");
	return true;
}

int check_command(int argc, char **argv)
{
	g_autofree char *option = NULL;
	const GOptionEntry entries[] = {
		{"pipelines", 0, 0, G_OPTION_ARG_FILENAME, &option, "folder of definitions, without FILE (pipelines)",
			"DIR"},
		{.long_name = NULL},
	};
	g_auto(GStrv) left = NULL;
	g_autoptr(GPtrArray) files = g_ptr_array_new_with_free_func(g_free);
	bool ok = true;

	if (!parse(argc, argv, "[FILE...]", "Checks definitions: FILE:LINE:COLUMN: what is wrong.", entries, &left))
		return EXIT_USAGE;
	const char *folder = option ? option : g_getenv("DROPMILL_PIPELINES");
	for (char **name = left + 1; *name; name++)
		g_ptr_array_add(files, g_strdup(*name));
	if (!left[1] && !add_folder(files, folder ? folder : "pipelines", "check"))
		return EXIT_WRONG;
	if (!files->len) {
		fprintf(stderr, "dropmill check: no *.yaml in %s\n", folder ? folder : "pipelines");
		return EXIT_WRONG;
	}
	if (!start("check"))
		return EXIT_WRONG;
	for (guint i = 0; i < files->len; i++)
		ok = check_file(files->pdata[i]) && ok;
	return ok ? EXIT_FINE : EXIT_WRONG;
}

static JsonObject *describe_definition(const char *path)
{
	JsonObject *entry = json_object_new();
	auto_struct(diagnostics) errors = diagnostics_new(path);
	auto_struct(pipeline) pipeline = definition_read(path, &image_step_rules, errors);
	g_autofree char *text = diagnostics_text(errors);
	g_autofree char *stem = g_path_get_basename(path);
	char *ending = strrchr(stem, '.');

	if (ending)
		*ending = '\0';
	json_object_set_string_member(entry, "file", path);
	json_object_set_string_member(entry, "name", pipeline ? pipeline->name : stem);
	if (pipeline)
		json_object_set_object_member(entry, "pipeline", pipeline_to_json(pipeline));
	else
		json_object_set_null_member(entry, "pipeline");
	json_object_set_string_member(entry, "errors", text);
	return entry;
}

int definitions_command(int argc, char **argv)
{
	gboolean json = FALSE;
	const GOptionEntry entries[] = {
		{"json", 0, 0, G_OPTION_ARG_NONE, &json, "as one JSON object", NULL},
		{.long_name = NULL},
	};
	g_auto(GStrv) left = NULL;
	g_autoptr(GPtrArray) files = g_ptr_array_new_with_free_func(g_free);

	if (!parse(argc, argv, "DIR|FILE...", "Definitions as the master reads them.", entries, &left))
		return EXIT_USAGE;
	if (!json || !left[1]) {
		fprintf(stderr, "dropmill definitions: needs --json and a folder or files\n");
		return EXIT_USAGE;
	}
	for (char **name = left + 1; *name; name++) {
		if (!g_file_test(*name, G_FILE_TEST_IS_DIR))
			g_ptr_array_add(files, g_strdup(*name));
		else if (!add_folder(files, *name, "definitions"))
			return EXIT_WRONG;
	}
	if (!start("definitions"))
		return EXIT_WRONG;
	g_autoptr(JsonObject) answer = json_object_new();
	JsonArray *definitions = json_array_new();
	json_object_set_array_member(answer, "definitions", definitions);
	for (guint i = 0; i < files->len; i++)
		json_array_add_object_element(definitions, describe_definition(files->pdata[i]));
	g_autofree char *text = json_object_text(answer);
	puts(text);
	return EXIT_FINE;
}

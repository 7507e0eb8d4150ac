/* SPDX-License-Identifier: GPL-2.0-or-later
 * check: every error of every file with its line below it, and warnings: see commands.h. */

#include "base/json.h"
#include "base/terminal.h"
#include "definition/yaml/excerpt.h"
#include "image/describe/checked.h"
#include "image/describe/commands.h"
#include "image/describe/commands_private.h"

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

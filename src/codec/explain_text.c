/* SPDX-License-Identifier: GPL-2.0-or-later
 * The explanation for people, and the command: see explain_text.h. */
#include "codec/explain_text.h"

#include <stdlib.h>
#include <string.h>

#include "base/display.h"
#include "base/error.h"
#include "base/json.h"
#include "base/terminal.h"
#include "codec/explain.h"
#include "definition/reader/definition.h"
#include "image/describe/check_step.h"
#include "image/describe/command_line.h"

static void append_size(GString *text, gint64 bytes)
{
	g_autofree char *size = g_format_size_full((guint64)bytes, G_FORMAT_SIZE_IEC_UNITS);
	g_string_append(text, size);
}

/* "3 bands of 8 bits, jpeg" */
static void append_kind(GString *text, JsonObject *picture)
{
	int bands = (int)json_int(picture, "bands", 0);

	g_string_append_printf(text, "%d x %d pixels, %d band%s of %d bits, %s", (int)json_int(picture, "width", 0),
		(int)json_int(picture, "height", 0), bands, bands == 1 ? "" : "s", (int)json_int(picture, "bits", 0),
		json_string(picture, "format", "?"));
	if (json_int(picture, "pages", 1) > 1)
		g_string_append_printf(text, ", %d pages", (int)json_int(picture, "pages", 1));
}

static void append_source(GString *text, JsonObject *explained)
{
	JsonObject *source = json_object(explained, "source");
	g_autofree char *path = json_path(explained, "file");
	g_autofree char *shown = display_name(path ? path : "");

	g_string_append_printf(text, "%s\n  is     ", shown);
	append_kind(text, source);
	g_string_append(text, ", ");
	append_size(text, json_int(source, "bytes", 0));
	g_string_append_c(text, '\n');
}

static void append_lane(GString *text, JsonObject *explained)
{
	JsonObject *step = json_object(explained, "step"), *memory = json_object(explained, "memory");
	const char *kind = json_string(memory, "kind", "");
	const char *output = json_string(step, "output", NULL);
	bool tiled = strcmp(json_string(explained, "lane", ""), "tiled") == 0;

	if (tiled)
		g_string_append_printf(text, "  runs   in %d tiles, on all workers: %s\n",
			(int)json_int(explained, "tiles", 0), json_string(explained, "why", ""));
	else
		g_string_append_printf(text, "  runs   whole, in one worker: %s\n", json_string(explained, "why", ""));
	if (step)
		g_string_append_printf(text, "         step %d%s%s (%s, line %d) always keeps it whole: %s\n",
			(int)json_int(step, "number", 0), output ? " of " : "", output ? output : "",
			json_string(step, "op", ""), (int)json_int(step, "line", 0), json_string(step, "why", ""));
	g_string_append(text, "  takes  about ");
	append_size(text, json_int(memory, "bytes", 0));
	if (tiled)
		g_string_append_printf(text, " of %s, %d rows of the source at a time\n",
			strcmp(kind, "spool") == 0 ? "disk" : "shared memory", (int)json_int(memory, "source_rows", 0));
	else
		g_string_append(text, strcmp(kind, "stream") == 0 ? " of memory: it is read once, from top to bottom\n"
								  : " of memory: it is decoded as a whole\n");
}

static void append_output(GString *text, JsonObject *explained, JsonObject *output)
{
	g_autofree char *path = json_path(output, "path");
	g_autofree char *shown = display_name(path ? path : "");
	JsonObject *tiles = json_object(output, "tiles");
	JsonArray *implied = json_array(output, "implied");

	if (!json_bool(output, "made", true)) {
		g_string_append_printf(text, "  leaves %s: not so: %s\n", json_string(output, "template", ""),
			json_string(output, "when", ""));
		return;
	}
	g_string_append_printf(text, "  makes  %s\n         ", shown);
	append_kind(text, output);
	g_string_append_c(text, '\n');
	for (guint i = 0; implied && i < json_array_get_length(implied); i++) {
		JsonObject *step = json_object_at(implied, i);
		g_string_append_printf(text, "         after %s (implied: %s)\n", json_string(step, "text", ""),
			json_string(step, "why", ""));
	}
	if (tiles)
		g_string_append_printf(text,
			"         %d x %d tiles of %d x %d, each from up to %d x %d pixels of the source (%d more on each side)\n",
			(int)json_int(tiles, "columns", 0), (int)json_int(tiles, "rows", 0),
			(int)json_int(tiles, "width", 0), (int)json_int(tiles, "height", 0),
			(int)json_int(tiles, "need_width", 0), (int)json_int(tiles, "need_height", 0),
			(int)json_int(tiles, "margin", 0));
	if (json_bool(output, "exists", false))
		g_string_append_printf(text, "         a file of that name is there already (on_conflict: %s)\n",
			json_string(explained, "on_conflict", ""));
}

char *explain_text(JsonObject *explained)
{
	GString *text = g_string_new(NULL);
	JsonArray *outputs = json_array(explained, "outputs");

	append_source(text, explained);
	append_lane(text, explained);
	for (guint i = 0; outputs && i < json_array_get_length(outputs); i++)
		append_output(text, explained, json_object_at(outputs, i));
	return g_string_free(text, FALSE);
}

/* The pipeline, or NULL after messages. */
static struct pipeline *read_pipeline(const char *command, const char *folder, const char *name)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *path = definition_find(folder, name, &error);

	if (!path) {
		terminal_say("%s: %s", command, error->message);
		return NULL;
	}
	auto_struct(diagnostics) errors = diagnostics_new(path);
	struct pipeline *pipeline = definition_read(path, &image_step_rules, errors);
	g_autofree char *text = diagnostics_text(errors);
	if (!pipeline)
		terminal_say_lines(text);
	return pipeline;
}

static bool explain_files(
	const struct pipeline *pipeline, char **files, const struct explain_options *options, bool json)
{
	JsonArray *all = json_array_new();
	bool well = true;

	for (char **file = files; *file; file++) {
		g_autoptr(GError) error = NULL;
		g_autoptr(JsonObject) explained = explain(pipeline, *file, options, &error);
		g_autofree char *shown = display_name(*file);
		if (!explained) {
			well = false;
			explained = json_object_new();
			json_set_path(explained, "file", *file);
			json_object_set_string_member(explained, "error", error->message);
			terminal_say("%s would fail: %s", shown, error->message);
		} else if (!json) {
			g_autofree char *text = explain_text(explained);
			terminal_print("%s%s", file == files ? "" : "\n", text);
		}
		json_array_add_object_element(all, g_steal_pointer(&explained));
	}
	g_autofree char *text = json_array_text(all);
	if (json)
		terminal_json(text);
	json_array_unref(all);
	return well;
}

int explain_command(int argc, char **argv)
{
	g_autofree char *pipelines = NULL, *out = NULL;
	gboolean json = FALSE, once = FALSE;
	int tile = 0;
	const GOptionEntry entries[] = {
		{"json", 0, 0, G_OPTION_ARG_NONE, &json, "as JSON, an array with an object a file", NULL},
		{"once", 0, 0, G_OPTION_ARG_NONE, &once, "as `once` would do it: outputs directly in the out folder",
			NULL},
		{"out", 0, 0, G_OPTION_ARG_FILENAME, &out, "folder for finished images (default out)", "DIR"},
		{"pipelines", 0, 0, G_OPTION_ARG_FILENAME, &pipelines, "folder of definitions (default pipelines)",
			"DIR"},
		{"tile", 0, 0, G_OPTION_ARG_INT, &tile, "tile edge; every picture larger than one tile is cut", "PX"},
		{.long_name = NULL},
	};
	g_auto(GStrv) left = NULL;

	if (!command_parse(argc, argv, "PIPELINE FILE...",
		    "What would happen to these files, without doing it: how they run, what they take, what they make.",
		    entries, &left))
		return EXIT_USAGE;
	if (g_strv_length(left) < 3 || tile < 0 || (tile > 0 && tile < 16)) {
		terminal_say("%s: wants a pipeline (its name or its path) and at least one file; --tile from 16 on",
			left[0]);
		return EXIT_USAGE;
	}
	const char *folder = pipelines ? pipelines : g_getenv("DROPMILL_PIPELINES"),
		   *target = out ? out : g_getenv("DROPMILL_OUT");
	const struct explain_options options = {target ? target : "out", once, tile};
	if (!command_start("explain"))
		return EXIT_WRONG;
	auto_struct(pipeline) pipeline = read_pipeline(left[0], folder ? folder : "pipelines", left[1]);
	if (!pipeline)
		return EXIT_WRONG;
	return explain_files(pipeline, left + 2, &options, json) ? EXIT_FINE : EXIT_WRONG;
}

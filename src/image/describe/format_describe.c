/* SPDX-License-Identifier: GPL-2.0-or-later
 * The table of formats for people and programs: see format_describe.h. */
#include "image/describe/format_describe.h"

#include <string.h>

#include "base/json.h"
#include "image/check/check.h"
#include "image/describe/format_check.h"
#include "image/table/format_table.h"

static void text_of(GString *text, const struct format *format)
{
	g_string_append_printf(text, "%s%s\n    %s\n", format->name,
		format_available(format->name) ? "" : " (this libvips cannot write it)", format->summary);
	for (const struct param *p = format->options; p->name; p++) {
		g_autofree char *accepts = check_accepts(p);
		g_string_append_printf(text, "    %-20s %s%s%s\n    %-20s %s\n", p->name, accepts,
			p->fallback ? ", default " : "", p->fallback ? p->fallback : "", "", p->help);
	}
}

static bool is_common(const struct param *param)
{
	return check_find(format_common_options, param->name) != NULL;
}

static void markdown_row(GString *text, const struct param *p)
{
	g_autofree char *accepts = check_accepts(p);
	g_auto(GStrv) cells = g_strsplit(accepts, "|", -1); /* a bar would begin the next cell */
	g_autofree char *escaped = g_strjoinv("\\|", cells);

	g_string_append_printf(
		text, "| `%s` | %s | %s | %s |\n", p->name, escaped, p->fallback ? p->fallback : "", p->help);
}

#define MARKDOWN_HEAD "\n| Option | Value | Default | |\n| --- | --- | --- | --- |\n"

static void markdown_of(GString *text, const struct format *format)
{
	g_string_append_printf(text, "\n#### %s\n\n%s.\n", format->name, format->summary);
	if (format->longest_px)
		g_string_append_printf(text, "At most %d pixels each way.\n", format->longest_px);
	g_string_append(text, MARKDOWN_HEAD);
	for (const struct param *p = format->options; p->name; p++)
		if (!is_common(p))
			markdown_row(text, p);
}

static JsonArray *json_names(const char *const *names)
{
	JsonArray *array = json_array_new();

	for (guint i = 0; names && names[i]; i++)
		json_array_add_string_element(array, names[i]);
	return array;
}

/* Metadata that is lost: {"kind": "exif", "until": the first version of libvips that keeps it}; without "until": always. */
static JsonArray *json_lacks(const struct format *format)
{
	JsonArray *array = json_array_new();

	for (guint i = 0; i < G_N_ELEMENTS(format->lacks) && format->lacks[i].kind; i++) {
		JsonObject *object = json_object_new();
		g_autofree char *until = quirk_version_text(quirk_row(format->lacks[i].quirk)->until);
		json_object_set_string_member(object, "kind", format->lacks[i].kind);
		if (*until)
			json_object_set_string_member(object, "until", until);
		json_array_add_object_element(array, object);
	}
	return array;
}

static JsonObject *json_of(const struct format *format)
{
	JsonObject *object = json_object_new();
	JsonArray *options = json_array_new();

	for (const struct param *p = format->options; p->name; p++) {
		JsonObject *option = json_object_new();
		g_autofree char *accepts = check_accepts(p);
		json_object_set_string_member(option, "name", p->name);
		json_object_set_array_member(option, "aliases", json_names(p->aliases));
		json_object_set_string_member(option, "accepts", accepts);
		if (p->fallback)
			json_object_set_string_member(option, "default", p->fallback);
		else
			json_object_set_null_member(option, "default");
		json_object_set_string_member(option, "help", p->help);
		json_array_add_object_element(options, option);
	}
	json_object_set_string_member(object, "name", format->name);
	json_object_set_string_member(object, "summary", format->summary);
	json_object_set_boolean_member(object, "available", format_available(format->name));
	json_object_set_array_member(object, "lacks", json_lacks(format));
	json_object_set_array_member(object, "options", options);
	return object;
}

char *formats_describe(const char *form)
{
	g_autoptr(GString) text = g_string_new(NULL);
	g_autoptr(JsonArray) array = json_array_new();

	if (strcmp(form, "json") == 0) {
		for (guint i = 0; i < format_count; i++)
			json_array_add_object_element(array, json_of(&format_table[i]));
		g_autoptr(JsonNode) root = json_node_init_array(json_node_alloc(), array);
		g_autofree char *lines = json_to_string(root, TRUE);
		return g_strconcat(lines, "\n", NULL);
	}
	if (strcmp(form, "markdown") == 0) {
		g_string_append(text, "Every format takes:\n" MARKDOWN_HEAD);
		for (const struct param *p = format_common_options; p->name; p++)
			markdown_row(text, p);
	}
	for (guint i = 0; i < format_count; i++)
		if (strcmp(form, "markdown") == 0)
			markdown_of(text, &format_table[i]);
		else
			text_of(text, &format_table[i]);
	return g_string_free(g_steal_pointer(&text), FALSE);
}

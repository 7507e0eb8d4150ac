/* SPDX-License-Identifier: GPL-2.0-or-later
 * The outputs of a definition: see reader.h. */

#include "definition/reader/outputs.h"
#include "base/file_format.h"
#include "definition/reader/reader.h"
#include "definition/reader/steps.h"
#include "definition/template/template.h"
#include "definition/template/template_ending.h"

#define OUTPUTS_EXAMPLE "[{name: \"{stem}.jpg\"}]"

const char *const definition_output_keys[] = {"name", "format", "steps", "when", NULL};

/* The format by its name or by a usual ending ("jpg"). NULL when none that can be written is called so. */
static const char *format_find(const char *word)
{
	const struct file_format *format = file_format_find(word);

	return format && format->written ? format->name : template_ending_format(word);
}

static void unknown_format(struct reader *reader, const struct node *node, const char *word)
{
	const char *const *names = file_format_names(FILE_FORMATS_WRITTEN);
	const char *meant = did_you_mean(word, names);
	g_autofree char *list = g_strjoinv(", ", (char **)names);

	if (meant)
		diagnostics_add(reader->errors, node->line, node->column, "unknown format '%s'; did you mean '%s'?",
			word, meant);
	else
		diagnostics_add(
			reader->errors, node->line, node->column, "unknown format '%s'; choose of %s", word, list);
}

/* The format that the name's ending asks for, in *format; NULL for the source's own. False with a diagnostic if no
 * format that can be written has this ending. given: there is a key format: too, and it decides. */
static bool read_ending(
	struct reader *reader, const struct node *node, const char *name, bool given, const char **format)
{
	const char *unknown;
	const char *named = template_format(name, &unknown);

	*format = given ? NULL : named;
	if (given || !unknown)
		return true;
	unsigned column = node_text_column(node, (gsize)(unknown - name));
	const char *meant = template_ending_meant(unknown);
	if (meant)
		diagnostics_add(
			reader->errors, node->line, column, "unknown ending '%s'; did you mean '%s'?", unknown, meant);
	else
		diagnostics_add(reader->errors, node->line, column,
			"the ending '%s' names no image format; write one such as .jpg, or give the output a format:",
			unknown);
	return false;
}

static bool read_name(struct reader *reader, const struct node *node, struct output *output)
{
	const char *name;
	gsize offset;
	g_autoptr(GError) cause = NULL;

	if (!read_text(reader, "name", node, &name))
		return false;
	g_free(output->name);
	output->name = g_strdup(name);
	if (!template_check(name, &offset, &cause)) {
		diagnostics_add(reader->errors, node->line, node_text_column(node, offset), "%s", cause->message);
		return false;
	}
	return true;
}

/* format: must be one that can be written, and the name must not promise another. */
static bool read_format(struct reader *reader, const struct node *node, const char *name, const char **format)
{
	const char *word, *unknown;

	if (!read_text(reader, "format", node, &word))
		return false;
	*format = format_find(word);
	if (!*format) {
		unknown_format(reader, node, word);
		return false;
	}
	const char *named = template_format(name, &unknown);
	if (named && !g_str_equal(named, *format)) {
		diagnostics_add(reader->errors, node->line, node->column,
			"format is '%s', but the name '%s' ends as %s does; change one of them", *format, name, named);
		return false;
	}
	if (template_ends_in_ext(name)) {
		const char *ending = file_format_ending(*format);
		diagnostics_add(reader->errors, node->line, node->column,
			"format is '%s', but the name '%s' ends as the source does; write .%s in place of {ext}",
			*format, name, ending ? ending : *format);
		return false;
	}
	return true;
}

static void refuse_twin(struct reader *reader, const struct output *output, const struct node *place)
{
	const GPtrArray *outputs = reader->pipeline->outputs;

	for (guint i = 0; i < outputs->len; i++) {
		const struct output *other = g_ptr_array_index(outputs, i);
		if (other != output && g_str_equal(other->name, output->name)) {
			diagnostics_add(reader->errors, place->line, place->column,
				"the output in line %u is named '%s' too; give one of them another name", other->line,
				output->name);
			return;
		}
	}
}

static void read_output(struct reader *reader, const struct node *node)
{
	if (!require_kind(reader, "an output", node, NODE_MAP, "{name: \"{stem}.jpg\"}"))
		return;
	struct output *output = output_new();
	g_ptr_array_add(reader->pipeline->outputs, output);
	output->file = node->file;
	output->line = node->line;
	output->column = node->column;

	const struct node *name = node_get(node, "name");
	const struct node *format = node_get(node, "format");
	const struct node *steps = node_get(node, "steps");
	const char *resolved = NULL;
	bool known = true; /* the format is; without it, its options cannot be judged */
	if (name)
		known = read_name(reader, name, output) &&
			read_ending(reader, name, output->name, format != NULL, &resolved);
	if (format)
		known = read_format(reader, format, output->name, &resolved) && known;
	if (!name) {
		const char *ending = resolved ? file_format_ending(resolved) : NULL;
		g_free(output->name);
		output->name =
			resolved ? g_strdup_printf("{stem}.%s", ending ? ending : resolved) : g_strdup("{stem}.{ext}");
	}
	if (known) {
		output->format = g_strdup(resolved);
		refuse_twin(reader, output, name ? name : node);
		JsonObject *save = reader->rules->check_save(resolved, node, definition_output_keys, reader->errors);
		if (save) {
			json_object_unref(output->save);
			output->save = save;
		}
	}
	if (steps)
		read_steps(reader, steps, output->steps);
	if (node_get(node, "when")) {
		const char *when;
		if (read_when(reader, node_get(node, "when"), &when))
			output->when = g_strdup(when);
	}
}

void read_outputs(struct reader *reader, const struct node *node)
{
	if (!require_kind(reader, "outputs", node, NODE_LIST, OUTPUTS_EXAMPLE))
		return;
	if (node->items->len == 0)
		diagnostics_add(reader->errors, node->line, node->column,
			"outputs is empty; list one such as {name: \"{stem}.jpg\"}, or take the key out for the default");
	for (guint i = 0; i < node->items->len; i++)
		read_output(reader, g_ptr_array_index(node->items, i));
}

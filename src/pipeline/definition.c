/* SPDX-License-Identifier: GPL-2.0-or-later
 * Definition files: see definition.h. The table of keys below is the language; a new key is one line there and one
 * function. */
#include "pipeline/definition.h"

#include <dirent.h>
#include <errno.h>
#include <glib/gstdio.h>
#include <string.h>

#include "base/error.h"
#include "pipeline/reader.h"

/* A definition is a page of text; what is bigger was dropped into the folder by mistake. */
#define DEFINITION_BYTES_MAX (1024 * 1024)

static void read_name(struct reader *reader, const struct node *node)
{
	const char *name;

	if (!read_text(reader, "name", node, &name))
		return;
	if (!pipeline_name_valid(name)) {
		diagnostics_add(reader->errors, node->line, node->column,
			"'%s' cannot be a name; write a-z, 0-9, _ and -, a letter or digit first, 64 at most", name);
		return;
	}
	g_free(reader->pipeline->name);
	reader->pipeline->name = g_strdup(name);
}

static void read_description(struct reader *reader, const struct node *node)
{
	const char *text;

	if (!read_text(reader, "description", node, &text))
		return;
	g_free(reader->pipeline->description);
	reader->pipeline->description = g_strstrip(g_strdup(text));
}

/* What is wrong with this folder as an inbox, and from which byte on; NULL when nothing is. */
static const char *inbox_fault(const char *inbox, gsize *offset_bytes)
{
	bool named = false;

	*offset_bytes = 0;
	if (*inbox == '\0')
		return "is empty; name a folder below the watch folder, or write an absolute path";
	if (*inbox == '~')
		return "begins with '~', which only a shell knows; write the absolute path";
	for (const char *start = inbox;; start++) {
		size_t length = strcspn(start, "/");
		g_autofree char *component = g_strndup(start, length);
		*offset_bytes = (gsize)(start - inbox);
		if (g_str_equal(component, ".."))
			return "contains '..'; name a folder below the watch folder, or write an absolute path";
		if (g_str_equal(component, "_done") || g_str_equal(component, "_failed") ||
			g_str_equal(component, ".dropmill"))
			return "contains a folder that dropmill keeps for itself; name another";
		for (const char *c = component; *c; c++)
			if (g_ascii_iscntrl(*c))
				return "contains a control character; take it out";
		named = named || (length > 0 && !g_str_equal(component, "."));
		start += length;
		if (*start == '\0')
			break;
	}
	*offset_bytes = 0;
	return named ? NULL : "is no folder of its own; name one below the watch folder";
}

static void read_inbox(struct reader *reader, const struct node *node)
{
	const char *inbox, *fault;
	gsize offset;

	if (!read_text(reader, "inbox", node, &inbox))
		return;
	fault = inbox_fault(inbox, &offset);
	if (fault) {
		diagnostics_add(
			reader->errors, node->line, node_text_column(node, offset), "inbox '%s' %s", inbox, fault);
		return;
	}
	g_free(reader->pipeline->inbox);
	reader->pipeline->inbox = g_strdup(inbox);
}

static void read_recursive(struct reader *reader, const struct node *node)
{
	read_bool(reader, "recursive", node, &reader->pipeline->recursive);
}

static void read_accept(struct reader *reader, const struct node *node)
{
	g_autoptr(GStrvBuilder) patterns = g_strv_builder_new();

	if (!require_kind(reader, "accept", node, NODE_LIST, "[\"*.jpg\", \"*.tif\"]"))
		return;
	if (node->items->len == 0)
		diagnostics_add(reader->errors, node->line, node->column,
			"accept is empty, so that no file would be taken; list patterns, or take the key out to take every image");
	for (guint i = 0; i < node->items->len; i++) {
		const struct node *item = g_ptr_array_index(node->items, i);
		const char *pattern;
		if (!read_text(reader, "a pattern of accept", item, &pattern))
			continue;
		if (*pattern == '\0' || strchr(pattern, '/'))
			diagnostics_add(reader->errors, item->line, item->column,
				"'%s' matches no file's name; write a pattern without '/' such as \"*.jpg\"", pattern);
		g_strv_builder_add(patterns, pattern);
	}
	g_strfreev(reader->pipeline->accept);
	reader->pipeline->accept = g_strv_builder_end(patterns);
}

static void read_pipeline_steps(struct reader *reader, const struct node *node)
{
	read_steps(reader, node, reader->pipeline->steps);
}

static void read_originals(struct reader *reader, const struct node *node)
{
	unsigned choice;

	if (read_choice(reader, "originals", node, originals_names, &choice))
		reader->pipeline->originals = (enum originals)choice;
}

static void read_settle(struct reader *reader, const struct node *node)
{
	read_duration(reader, "settle", node, &reader->pipeline->settle_us);
}

static void read_limits(struct reader *reader, const struct node *node)
{
	static const char *const keys[] = {"megapixels", "frames", "seconds", NULL};
	struct limits *limits = &reader->pipeline->limits;
	gint64 frames = limits->frames;

	if (!require_kind(reader, "limits", node, NODE_MAP, "{megapixels: 100, seconds: 60}"))
		return;
	for (guint i = 0; i < node->items->len; i++) {
		const struct node_entry *entry = g_ptr_array_index(node->items, i);
		if (g_str_equal(entry->key, "megapixels"))
			read_number(reader, "megapixels", entry->value, 0.001, 1e6, &limits->megapixels);
		else if (g_str_equal(entry->key, "frames"))
			read_integer(reader, "frames", entry->value, 1, 100000, &frames);
		else if (g_str_equal(entry->key, "seconds"))
			read_number(reader, "seconds", entry->value, 1, 86400, &limits->seconds);
		else
			unknown_key(reader, entry, keys);
	}
	limits->frames = (unsigned)frames;
}

static void read_priority(struct reader *reader, const struct node *node)
{
	gint64 priority;

	if (read_integer(reader, "priority", node, PRIORITY_MIN, PRIORITY_MAX, &priority))
		reader->pipeline->priority = (int)priority;
}

static const struct key {
	const char *name;
	void (*read)(struct reader *reader, const struct node *node);
} keys[] = {
	{"name", read_name},
	{"description", read_description},
	{"inbox", read_inbox},
	{"recursive", read_recursive},
	{"accept", read_accept},
	{"steps", read_pipeline_steps},
	{"outputs", read_outputs},
	{"originals", read_originals},
	{"settle", read_settle},
	{"limits", read_limits},
	{"priority", read_priority},
};

static void read_entry(struct reader *reader, const struct node_entry *entry)
{
	const char *names[G_N_ELEMENTS(keys) + 1];

	for (size_t i = 0; i < G_N_ELEMENTS(keys); i++) {
		if (g_str_equal(keys[i].name, entry->key)) {
			keys[i].read(reader, entry->value);
			return;
		}
		names[i] = keys[i].name;
	}
	names[G_N_ELEMENTS(keys)] = NULL;
	unknown_key(reader, entry, names);
}

/* What follows from the file's name where the definition says nothing. */
static void default_names(struct reader *reader, const struct node *root)
{
	struct pipeline *pipeline = reader->pipeline;
	g_autofree char *base = g_path_get_basename(pipeline->file);
	gsize offset;

	char *dot = strrchr(base, '.');
	if (dot && dot != base)
		*dot = '\0';
	if (!node_get(root, "name")) {
		if (!pipeline_name_valid(base))
			diagnostics_add(reader->errors, 1, 1,
				"the file's name makes '%s' the pipeline's, which takes a-z, 0-9, _ and - only; rename the file, "
				"or add a name:",
				base);
		g_free(pipeline->name);
		pipeline->name = g_strdup(base);
	}
	if (!node_get(root, "inbox")) {
		const char *fault = inbox_fault(base, &offset);
		if (fault)
			diagnostics_add(
				reader->errors, 1, 1, "the file's name makes '%s' the inbox, which %s", base, fault);
		g_free(pipeline->inbox);
		pipeline->inbox = g_strdup(base);
	}
}

static void default_output(struct reader *reader, const struct node *root)
{
	const struct node *steps = node_get(root, "steps");

	if (node_get(root, "outputs"))
		return;
	if (!steps)
		diagnostics_add(reader->errors, root->line, root->column,
			"there is nothing to do; give the definition steps:, outputs: or both");
	else if (steps->kind == NODE_LIST && steps->items->len == 0)
		diagnostics_add(reader->errors, steps->line, steps->column,
			"steps is empty and there are no outputs, so there is nothing to do; list a step, or an output");
	struct output *output = output_new();
	g_free(output->name);
	output->name = g_strdup("{stem}.{ext}");
	output->line = root->line;
	output->column = root->column;
	g_ptr_array_add(reader->pipeline->outputs, output);
}

struct pipeline *definition_parse(
	const char *path, const char *text, gsize length, const struct step_rules *rules, struct diagnostics *errors)
{
	auto_struct(pipeline) pipeline = pipeline_new();
	struct reader reader = {.pipeline = pipeline, .rules = rules, .errors = errors};

	g_free(pipeline->file);
	pipeline->file = g_strdup(path);
	g_free(pipeline->hash);
	pipeline->hash = g_compute_checksum_for_data(G_CHECKSUM_SHA256, (const guchar *)text, length);
	if (length > DEFINITION_BYTES_MAX) {
		diagnostics_add(errors, 1, 1, "the file has more than a megabyte, which is no definition; take it out");
		return NULL;
	}
	auto_struct(node) root = node_parse(text, length, errors);
	if (!root)
		return NULL;
	if (root->kind == NODE_NULL) {
		diagnostics_add(errors, 1, 1, "the file is empty; give the definition steps:, outputs: or both");
		return NULL;
	}
	if (!require_kind(&reader, "a definition", root, NODE_MAP, "'steps: [grayscale]'"))
		return NULL;
	for (guint i = 0; i < root->items->len; i++)
		read_entry(&reader, g_ptr_array_index(root->items, i));
	default_names(&reader, root);
	default_output(&reader, root);
	return diagnostics_count(errors) == 0 ? g_steal_pointer(&pipeline) : NULL;
}

struct pipeline *definition_read(const char *path, const struct step_rules *rules, struct diagnostics *errors)
{
	g_autofree char *text = NULL;
	gsize length = 0;
	g_autoptr(GError) cause = NULL;
	GStatBuf status;

	if (g_stat(path, &status) < 0) {
		diagnostics_add(errors, 1, 1, "cannot be read: %s", g_strerror(errno));
		return NULL;
	}
	/* Asked before it is opened: a pipe would be waited for, and a big file read. */
	if (!S_ISREG(status.st_mode)) {
		diagnostics_add(errors, 1, 1, "is not a file; a definition is a text file that ends in .yaml");
		return NULL;
	}
	if (status.st_size > DEFINITION_BYTES_MAX) {
		diagnostics_add(errors, 1, 1, "the file has more than a megabyte, which is no definition; take it out");
		return NULL;
	}
	if (!g_file_get_contents(path, &text, &length, &cause)) {
		diagnostics_add(errors, 1, 1, "cannot be read: %s", cause->message);
		return NULL;
	}
	return definition_parse(path, text, length, rules, errors);
}

static gint compare_paths(gconstpointer a, gconstpointer b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

GPtrArray *definition_list(const char *folder, GError **error)
{
	g_autoptr(GPtrArray) paths = g_ptr_array_new_with_free_func(g_free);
	DIR *directory = opendir(folder);

	if (!directory) {
		fail_errno(error, "definitions' folder '%s'", folder);
		return NULL;
	}
	for (;;) {
		errno = 0;
		const struct dirent *entry = readdir(directory);
		if (!entry)
			break;
		const char *name = entry->d_name;
		if (*name == '.' || !(g_str_has_suffix(name, ".yaml") || g_str_has_suffix(name, ".yml")))
			continue;
		g_autofree char *path = g_build_filename(folder, name, NULL);
		if (!g_file_test(path, G_FILE_TEST_IS_DIR))
			g_ptr_array_add(paths, g_steal_pointer(&path));
	}
	bool complete = errno == 0;
	if (!complete)
		fail_errno(error, "definitions' folder '%s'", folder);
	closedir(directory);
	if (!complete)
		return NULL;
	g_ptr_array_sort(paths, compare_paths);
	return g_steal_pointer(&paths);
}

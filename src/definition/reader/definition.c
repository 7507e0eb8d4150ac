/* SPDX-License-Identifier: GPL-2.0-or-later
 * Definition files: see definition.h. What their keys mean is keys.c's, steps and outputs are steps.c's. */
#include "definition/reader/definition.h"
#include "definition/reader/keys.h"

#include <dirent.h>
#include <errno.h>
#include <string.h>

#include "base/counters.h"
#include "base/error.h"
#include "base/file_format.h"
#include "base/json.h"
#include "definition/keys.h"
#include "definition/reader/reader.h"
#include "definition/yaml/include.h"

/* What is bigger was dropped into the folder by mistake. */
#define DEFINITION_BYTES_MAX (1024 * 1024)

/* What follows from the file's name where the definition says nothing. */
static void default_names(struct reader *reader, const struct node *root)
{
	struct pipeline *pipeline = reader->pipeline;
	g_autofree char *base = g_path_get_basename(pipeline->file);
	gsize offset;
	const struct place first_line = {g_intern_string(pipeline->file), 1, 1};

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
		pipeline->name_place = first_line;
	}
	if (!node_get(root, "inbox")) {
		const char *fault = inbox_fault(base, &offset);
		if (fault)
			diagnostics_add(
				reader->errors, 1, 1, "the file's name makes '%s' the inbox, which %s", base, fault);
		g_free(pipeline->inbox);
		pipeline->inbox = g_strdup(base);
		pipeline->inbox_place = first_line;
	}
}

static void default_output(struct reader *reader, const struct node *root)
{
	const struct node *steps = node_get(root, "steps");

	if (node_get(root, "outputs"))
		return;
	/* They may be in the file that could not be included. */
	bool excused = node_get(root, "include") && diagnostics_count(reader->errors) > 0;
	if (!steps && !excused)
		diagnostics_add(reader->errors, root->line, root->column,
			"there is nothing to do; give the definition steps:, outputs: or both");
	else if (steps && steps->kind == NODE_LIST && steps->items->len == 0)
		diagnostics_add(reader->errors, steps->line, steps->column,
			"steps is empty and there are no outputs, so there is nothing to do; list a step, or an output");
	struct output *output = output_new();
	g_free(output->name);
	output->name = g_strdup("{stem}.{ext}");
	output->file = root->file;
	output->line = root->line;
	output->column = root->column;
	g_ptr_array_add(reader->pipeline->outputs, output);
}

/* Whoever accepts a format by its name wants it read. */
static void require_allowed(struct reader *reader, const struct node *root)
{
	const struct node *accept = node_get(root, "accept");
	char **allow = reader->pipeline->allow;

	for (guint i = 0; accept && accept->kind == NODE_LIST && i < accept->items->len; i++) {
		const struct node *item = g_ptr_array_index(accept->items, i);
		const char *word = node_as_string(item);
		const char *format = word && pipeline_format_word(word) ? pipeline_format_word(word) : word;
		if (!format || !g_strv_contains(file_format_names(FILE_FORMATS_ALLOWABLE), format) ||
			(allow && g_strv_contains((const char *const *)allow, format)))
			continue;
		const char *before = diagnostics_enter(reader->errors, item->file);
		diagnostics_add(reader->errors, item->line, item->column,
			"accept names %s, which is read only where it is allowed; add allow: [%s], or take it out",
			format, format);
		diagnostics_enter(reader->errors, before);
	}
}

/* The assets in a step's parameters: objects with a hash and a path. Adds their paths to watch, their hashes to the pipeline's. */
static void add_assets(JsonNode *node, GPtrArray *watch, struct sources *sources)
{
	if (JSON_NODE_HOLDS_ARRAY(node)) {
		JsonArray *array = json_node_get_array(node);
		for (guint i = 0; i < json_array_get_length(array); i++)
			add_assets(json_array_get_element(array, i), watch, sources);
	} else if (JSON_NODE_HOLDS_OBJECT(node)) {
		JsonObject *object = json_node_get_object(node);
		const char *hash = json_string(object, "sha256", NULL);
		g_autofree char *path = json_path(object, "path");
		JsonObjectIter members;
		const char *name;
		JsonNode *member;
		if (hash && path) {
			sources_add_bytes(sources, hash, strlen(hash));
			if (!g_ptr_array_find_with_equal_func(watch, path, g_str_equal, NULL))
				g_ptr_array_add(watch, g_steal_pointer(&path));
			return;
		}
		json_object_iter_init_ordered(&members, object);
		while (json_object_iter_next_ordered(&members, &name, &member))
			add_assets(member, watch, sources);
	}
}

static void add_assets_of(const GPtrArray *steps, GPtrArray *watch, struct sources *sources)
{
	for (guint i = 0; i < steps->len; i++) {
		const struct step *step = g_ptr_array_index(steps, i);
		g_autoptr(JsonNode) node = json_node_init_object(json_node_alloc(), step->params);
		add_assets(node, watch, sources);
	}
}

/* What else the definition is made of than its file, and the hash over all of it. */
static void finish(struct pipeline *pipeline, struct sources *sources)
{
	GPtrArray *watch = sources_files(sources);

	add_assets_of(pipeline->steps, watch, sources);
	for (guint i = 0; i < pipeline->outputs->len; i++)
		add_assets_of(((struct output *)g_ptr_array_index(pipeline->outputs, i))->steps, watch, sources);
	g_ptr_array_add(watch, NULL);
	bool any = watch->len > 1;
	char **paths = (char **)g_ptr_array_free(watch, FALSE);
	pipeline->watch = any ? paths : NULL;
	if (!any)
		g_strfreev(paths);
	g_free(pipeline->hash);
	pipeline->hash = g_strdup(sources_hash(sources));
}

/* A map most of whose keys are a definition's, or a list with a step that there is. */
static bool looks_like_ours(const struct node *tree, const void *user)
{
	const struct step_rules *rules = user;

	guint known = 0;

	for (guint i = 0; tree->kind == NODE_MAP && i < tree->items->len; i++)
		known += definition_key_find(NULL, ((struct node_entry *)g_ptr_array_index(tree->items, i))->key) !=
			 NULL;
	if (tree->kind == NODE_MAP)
		return 2 * known > tree->items->len;
	for (guint i = 0; tree->kind == NODE_LIST && i < tree->items->len; i++) {
		const struct node *item = g_ptr_array_index(tree->items, i);
		const struct node_entry *first =
			item->kind == NODE_MAP && item->items->len ? g_ptr_array_index(item->items, 0) : NULL;
		const char *word = first ? first->key : node_as_string(item);
		if (word && rules->is_operation(word))
			return true;
	}
	return false;
}

struct pipeline *definition_parse(
	const char *path, const char *text, gsize length, const struct step_rules *rules, struct diagnostics *errors)
{
	auto_struct(pipeline) pipeline = pipeline_new();
	auto_struct(sources) sources = sources_new(errors, looks_like_ours, rules);
	struct reader reader = {.pipeline = pipeline, .rules = rules, .errors = errors, .sources = sources};

	g_free(pipeline->file);
	pipeline->file = g_strdup(path);
	if (length > DEFINITION_BYTES_MAX) {
		diagnostics_add(errors, 1, 1, "a definition has at most one megabyte; take the file out");
		return NULL;
	}
	struct node *root = sources_root(sources, text, length);
	if (!root)
		return NULL;
	if (root->kind == NODE_NULL) {
		diagnostics_add(errors, 1, 1, "the file is empty; give the definition steps:, outputs: or both");
		return NULL;
	}
	if (!require_kind(&reader, "a definition", root, NODE_MAP, "'steps: [grayscale]'"))
		return NULL;
	reader.when = g_ptr_array_new();
	for (guint i = 0; i < root->items->len; i++) {
		const struct node_entry *entry = g_ptr_array_index(root->items, i);
		diagnostics_enter(errors, entry->value->file);
		read_entry(&reader, entry);
	}
	diagnostics_enter(errors, NULL);
	g_ptr_array_unref(reader.when);
	default_names(&reader, root);
	default_output(&reader, root);
	require_allowed(&reader, root);
	finish(pipeline, sources);
	return diagnostics_count(errors) == 0 ? g_steal_pointer(&pipeline) : NULL;
}

struct pipeline *definition_read(const char *path, const struct step_rules *rules, struct diagnostics *errors)
{
	g_autofree char *text = NULL;
	gsize length = 0;

	return sources_read(path, &text, &length, errors) ? definition_parse(path, text, length, rules, errors) : NULL;
}

static gint compare_paths(gconstpointer a, gconstpointer b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

GPtrArray *definition_list(const char *folder, GError **error)
{
	g_autoptr(GPtrArray) paths = g_ptr_array_new_with_free_func(g_free);
	DIR *directory = opendir(folder);

	if (!directory && errno == ENOENT) {
		fail(error, ERROR_SYSTEM,
			"definitions' folder '%s': there is no such folder; `dropmill init` makes it with samples",
			folder);
		return NULL;
	}
	if (!directory) {
		fail_errno(error, "definitions' folder '%s'", folder);
		return NULL;
	}
	counter_add(COUNTER_FOLDERS);
	for (;;) {
		errno = 0;
		const struct dirent *entry = readdir(directory);
		if (!entry)
			break;
		const char *name = entry->d_name;
		if (*name == '.' || *name == '_' ||
			!(g_str_has_suffix(name, ".yaml") || g_str_has_suffix(name, ".yml")))
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

static bool no_pipeline(const char *folder, const char *name, const char *path, bool is_path, GError **error)
{
	g_autoptr(GPtrArray) files = is_path ? NULL : definition_list(folder, NULL);
	g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);

	for (guint i = 0; files && i < files->len; i++) {
		char *base = g_path_get_basename(g_ptr_array_index(files, i));
		*strrchr(base, '.') = '\0';
		g_ptr_array_add(names, base);
	}
	g_ptr_array_add(names, NULL);
	const char *near = did_you_mean(name, (const char *const *)names->pdata);
	if (!is_path && names->len == 1)
		return fail(error, ERROR_SYSTEM,
			"there is no pipeline '%s' (%s); `dropmill init` makes that folder with samples", name, path);
	return fail(error, ERROR_SYSTEM, "there is no pipeline '%s' (%s)%s%s%s", name, path,
		near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
}

char *definition_find(const char *folder, const char *name, GError **error)
{
	bool is_path = strchr(name, '/') || g_str_has_suffix(name, ".yaml") || g_str_has_suffix(name, ".yml");
	g_autofree char *file = g_strconcat(name, ".yaml", NULL);
	g_autofree char *path = is_path ? g_strdup(name) : g_build_filename(folder, file, NULL);

	if (!g_file_test(path, G_FILE_TEST_IS_REGULAR))
		return no_pipeline(folder, name, path, is_path, error), NULL;
	return g_steal_pointer(&path);
}

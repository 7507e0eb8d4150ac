/* SPDX-License-Identifier: GPL-2.0-or-later
 * The steps of a definition, their conditions, groups and included files: see reader.h. */

#include "definition/reader/steps.h"
#include "definition/reader/reader.h"

#define STEPS_EXAMPLE "[auto_orient, {blur: {sigma: 2}}]"

/* Words that stand where an operation does. */
static const char *const own_words[] = {"when", "steps", "include", NULL};

/* The conditions of all groups around, as the step keeps them; NULL when there are none. */
static JsonArray *conditions(const struct reader *reader)
{
	JsonArray *array = reader->when->len ? json_array_new() : NULL;

	for (guint i = 0; i < reader->when->len; i++)
		json_array_add_object_element(array, params_copy(g_ptr_array_index(reader->when, i)));
	return array;
}

static void add_step(struct reader *reader, const char *operation, unsigned line, unsigned column,
	const struct node *value, GPtrArray *steps)
{
	struct step *step = reader->rules->check_step(operation, line, column, value, reader->errors);

	/* A step that is refused without a word would be left out of the chain without a word. */
	g_assert(step || diagnostics_count(reader->errors) > 0);
	if (!step)
		return;
	step->when = conditions(reader);
	step->file = g_intern_string(diagnostics_file(reader->errors));
	g_ptr_array_add(steps, step);
}

static void read_list(struct reader *reader, const struct node *list, GPtrArray *steps);

static void read_included(struct reader *reader, const struct node *name, GPtrArray *steps)
{
	const char *before = diagnostics_file(reader->errors);
	const struct node *list = sources_enter(reader->sources, name);

	if (list)
		read_list(reader, list, steps);
	sources_leave(reader->sources);
	diagnostics_enter(reader->errors, before);
}

/* The first entry that is not `when`, and a second one, which is one too many. */
static const struct node_entry *entry_beside_when(const struct node *map, guint number)
{
	for (guint i = 0; i < map->items->len; i++) {
		const struct node_entry *entry = g_ptr_array_index(map->items, i);
		if (!g_str_equal(entry->key, "when") && number-- == 0)
			return entry;
	}
	return NULL;
}

static void read_what(struct reader *reader, const struct node_entry *entry, GPtrArray *steps)
{
	if (g_str_equal(entry->key, "include"))
		read_included(reader, entry->value, steps);
	else if (g_str_equal(entry->key, "steps"))
		read_steps(reader, entry->value, steps);
	else
		add_step(reader, entry->key, entry->line, entry->column, entry->value, steps);
}

static void read_map(struct reader *reader, const struct node *node, GPtrArray *steps)
{
	const struct node *when = node_get(node, "when");
	const struct node_entry *first = entry_beside_when(node, 0), *second = entry_beside_when(node, 1);
	const char *text;

	if (second) {
		diagnostics_add(reader->errors, second->line, second->column,
			"a step has one operation, and '%s' stands beside '%s'; indent it more if it belongs to '%s', or "
			"begin a new step with '- '",
			second->key, first->key, first->key);
		return;
	}
	if (!first) {
		diagnostics_add(reader->errors, node->line, node->column,
			"this condition has nothing to decide on; write an operation beside it, or steps: with a list of them");
		return;
	}
	if (!when || !read_when(reader, when, &text)) {
		read_what(reader, first, steps);
		return;
	}
	g_autoptr(JsonObject) condition = json_object_new();
	json_object_set_int_member(condition, "id", ++reader->conditions);
	json_object_set_string_member(condition, "if", text);
	g_ptr_array_add(reader->when, condition);
	read_what(reader, first, steps);
	g_ptr_array_set_size(reader->when, (gint)reader->when->len - 1);
}

static void read_step(struct reader *reader, const struct node *node, GPtrArray *steps)
{
	if (node->kind == NODE_SCALAR && g_strv_contains(own_words, node->text)) {
		diagnostics_add(reader->errors, node->line, node->column,
			"'%s' is not an operation; it takes a value: %s", node->text,
			g_str_equal(node->text, "include") ? "include: FILE"
							   : "{when: \"width > 4000\", steps: [...]}");
		return;
	}
	if (node->kind == NODE_SCALAR) {
		add_step(reader, node->text, node->line, node->column, NULL, steps);
		return;
	}
	if (node->kind == NODE_NULL) {
		diagnostics_add(reader->errors, node->line, node->column,
			"a step is missing here; name an operation, or take the '-' out");
		return;
	}
	if (node->kind == NODE_LIST || node->items->len == 0) {
		diagnostics_add(reader->errors, node->line, node->column,
			"a step is the name of an operation, or one operation with its parameters such as "
			"'blur: {sigma: 2}'; this is %s",
			node->kind == NODE_LIST ? "a list" : "an empty map");
		return;
	}
	read_map(reader, node, steps);
}

static void read_list(struct reader *reader, const struct node *list, GPtrArray *steps)
{
	for (guint i = 0; i < list->items->len; i++)
		read_step(reader, g_ptr_array_index(list->items, i), steps);
}

void read_steps(struct reader *reader, const struct node *node, GPtrArray *steps)
{
	if (require_kind(reader, "steps", node, NODE_LIST, STEPS_EXAMPLE))
		read_list(reader, node, steps);
}

/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Purpose:   step rules for tests: a handful of operations and save options, so that definitions can be read without
 *            libvips. The real rules have tests of their own in tests/unit/image/.
 * Thread:    any. Ownership: as struct step_rules says.
 */
#pragma once

#include "definition/reader/definition.h"

static const char *const rules_operations[] = {
	"auto_orient", "blur", "grayscale", "icc", "invert", "resize", "sharpen", "thumbnail", "vips", NULL};
static const char *const rules_options[] = {
	"compression", "lossless", "optimise", "predictor", "pyramid", "quality", "strip", "tiled", NULL};

/* The value as JSON; the order and nesting are kept, which is what the tests look at. */
static inline JsonNode *rules_value(const struct node *node)
{
	gint64 integer;
	double number;
	bool truth;

	if (node->kind == NODE_LIST) {
		g_autoptr(JsonArray) array = json_array_new();
		for (guint i = 0; i < node->items->len; i++)
			json_array_add_element(array, rules_value(g_ptr_array_index(node->items, i)));
		return json_node_init_array(json_node_alloc(), array);
	}
	if (node->kind == NODE_MAP) {
		g_autoptr(JsonObject) object = json_object_new();
		for (guint i = 0; i < node->items->len; i++) {
			const struct node_entry *entry = g_ptr_array_index(node->items, i);
			json_object_set_member(object, entry->key, rules_value(entry->value));
		}
		return json_node_init_object(json_node_alloc(), object);
	}
	if (node_as_bool(node, &truth))
		return json_node_init_boolean(json_node_alloc(), truth);
	if (node_as_int(node, &integer))
		return json_node_init_int(json_node_alloc(), integer);
	if (node_as_double(node, &number))
		return json_node_init_double(json_node_alloc(), number);
	return node->kind == NODE_NULL ? json_node_new(JSON_NODE_NULL)
				       : json_node_init_string(json_node_alloc(), node->text);
}

static inline struct step *rules_check_step(
	const char *operation, unsigned line, unsigned column, const struct node *value, struct diagnostics *errors)
{
	JsonObject *params = json_object_new();

	if (!g_strv_contains(rules_operations, operation)) {
		const char *meant = did_you_mean(operation, rules_operations);
		diagnostics_add(errors, line, column, "unknown operation '%s'%s%s%s", operation,
			meant ? "; did you mean '" : "", meant ? meant : "", meant ? "'?" : "");
		json_object_unref(params);
		return NULL;
	}
	if (value && value->kind != NODE_NULL)
		json_object_set_member(params, value->kind == NODE_MAP ? "map" : "first", rules_value(value));
	return step_new(operation, params, line, column);
}

static inline JsonObject *rules_check_save(
	const char *format, const struct node *output, const char *const *reserved, struct diagnostics *errors)
{
	JsonObject *save = json_object_new();

	for (guint i = 0; i < output->items->len; i++) {
		const struct node_entry *entry = g_ptr_array_index(output->items, i);
		if (g_strv_contains(reserved, entry->key))
			continue;
		if (!g_strv_contains(rules_options, entry->key))
			diagnostics_add(errors, entry->line, entry->column, "unknown option '%s' of %s", entry->key,
				format ? format : "the source's format");
		json_object_set_member(save, entry->key, rules_value(entry->value));
	}
	return save;
}

/* A libvips without FITS. */
static inline bool rules_can_load(const char *name)
{
	return !g_str_equal(name, "fits");
}

static inline bool rules_is_operation(const char *name)
{
	return g_strv_contains(rules_operations, name);
}

static const struct step_rules rules = {
	.check_step = rules_check_step,
	.is_operation = rules_is_operation,
	.check_save = rules_check_save,
	.can_load = rules_can_load,
};

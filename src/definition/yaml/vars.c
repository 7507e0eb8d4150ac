/* SPDX-License-Identifier: GPL-2.0-or-later
 * Variables: see vars.h. They are worked out when they are first used, so that they may refer to each other in any order. */
#include "definition/yaml/vars.h"

#include <string.h>

#define VALUE_BYTES_MAX 4096 /* of a text with variables in it: they could double each other without end */
#define DEPTH_MAX 32

struct var {
	const struct node *node;
	enum { VAR_NEW, VAR_OPEN, VAR_DONE, VAR_WRONG } state;
	char *text;
	bool quoted;
};

struct vars {
	GHashTable *known; /* name (owned) to struct var */
	GPtrArray *names;  /* borrowed from known, in the order they came */
	GChecksum *checksum;
	unsigned depth;
};

/* A ${...} in a text. */
struct reference {
	char *name;
	char *fallback; /* NULL: none */
	gsize length;   /* with its braces */
};

static void var_free(void *data)
{
	struct var *var = data;

	g_free(var->text);
	g_free(var);
}

struct vars *vars_new(GChecksum *checksum)
{
	struct vars *vars = g_new0(struct vars, 1);

	vars->known = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, var_free);
	vars->names = g_ptr_array_new();
	vars->checksum = checksum;
	return vars;
}

void vars_free(struct vars *vars)
{
	if (!vars)
		return;
	g_ptr_array_unref(vars->names);
	g_hash_table_unref(vars->known);
	g_free(vars);
}

static bool name_valid(const char *name)
{
	if (!g_ascii_isalpha(*name) && *name != '_')
		return false;
	while (g_ascii_isalnum(*name) || *name == '_')
		name++;
	return *name == '\0';
}

void vars_add(struct vars *vars, const struct node *map, struct diagnostics *errors)
{
	const char *before = diagnostics_enter(errors, map->file);

	if (map->kind != NODE_MAP)
		diagnostics_add(errors, map->line, map->column, "vars must be a map such as {width: 2000}");
	for (guint i = 0; map->kind == NODE_MAP && i < map->items->len; i++) {
		const struct node_entry *entry = g_ptr_array_index(map->items, i);
		if (!name_valid(entry->key)) {
			diagnostics_add(errors, entry->line, entry->column,
				"'%s' cannot be a variable's name; write letters, digits and _, no digit first",
				entry->key);
			continue;
		}
		if (entry->value->kind == NODE_LIST || entry->value->kind == NODE_MAP) {
			diagnostics_add(errors, entry->value->line, entry->value->column,
				"a variable is a text, a number, true or false; share %s with an anchor: &%s here, *%s there",
				entry->value->kind == NODE_LIST ? "a list" : "a map", entry->key, entry->key);
			continue;
		}
		if (g_hash_table_contains(vars->known, entry->key))
			continue;
		struct var *var = g_new0(struct var, 1);
		char *name = g_strdup(entry->key);
		var->node = entry->value;
		g_hash_table_insert(vars->known, name, var);
		g_ptr_array_add(vars->names, name);
	}
	diagnostics_enter(errors, before);
}

/* Reads the ${...} that begins at this byte of the node's text. */
static bool read_reference(const struct node *node, const char *text, gsize offset, struct reference *reference,
	struct diagnostics *errors)
{
	const char *start = text + offset + 2, *end = strchr(start, '}');
	unsigned column = node_text_column(node, offset);

	if (!end) {
		diagnostics_add(errors, node->line, column,
			"'${' is not closed; write ${name}, or $${ for the characters themselves");
		return false;
	}
	g_autofree char *inside = g_strndup(start, (gsize)(end - start));
	char *colon = strstr(inside, ":-");
	if (colon)
		*colon = '\0';
	if (!name_valid(inside)) {
		diagnostics_add(errors, node->line, column,
			"'%s' cannot be a variable's name; write ${name}, ${NAME:-default}, or $${ for the characters "
			"themselves",
			inside);
		return false;
	}
	*reference = (struct reference){
		g_strdup(inside), colon ? g_strdup(colon + 2) : NULL, (gsize)(end + 1 - text) - offset};
	return true;
}

static bool expand(struct vars *vars, const struct node *node, char **text, bool *quoted, struct diagnostics *errors);

/* The value of a variable of the definition. NULL when it is wrong: the diagnostic is at the variable. */
static const struct var *var_value(
	struct vars *vars, struct var *var, const struct node *user, unsigned column, struct diagnostics *errors)
{
	if (var->state == VAR_OPEN || vars->depth >= DEPTH_MAX) {
		diagnostics_add(errors, user->line, column,
			var->state == VAR_OPEN ? "this variable stands for itself; take it out of its own value"
					       : "variables refer to each other more than 32 deep here");
		return NULL;
	}
	if (var->state == VAR_NEW) {
		const char *before = diagnostics_enter(errors, var->node->file);
		var->state = VAR_OPEN;
		vars->depth++;
		var->state = expand(vars, var->node, &var->text, &var->quoted, errors) ? VAR_DONE : VAR_WRONG;
		vars->depth--;
		diagnostics_enter(errors, before);
	}
	return var->state == VAR_DONE ? var : NULL;
}

static bool unknown_variable(
	struct vars *vars, const struct node *node, unsigned column, const char *name, struct diagnostics *errors)
{
	g_ptr_array_add(vars->names, NULL);
	const char *meant = did_you_mean(name, (const char *const *)vars->names->pdata);
	g_ptr_array_set_size(vars->names, (gint)vars->names->len - 1);
	if (meant)
		diagnostics_add(
			errors, node->line, column, "unknown variable '${%s}'; did you mean '${%s}'?", name, meant);
	else
		diagnostics_add(errors, node->line, column,
			"there is no '${%s}', neither in vars: nor in the environment; add it to vars:, or give it a default: "
			"${%s:-...}",
			name, name);
	return false;
}

/* From the environment. Part of what the definition is from now on. */
static const char *from_environment(struct vars *vars, const char *name)
{
	const char *value = g_getenv(name);

	if (!value || !g_utf8_validate(value, -1, NULL))
		return NULL;
	g_checksum_update(vars->checksum, (const guchar *)name, (gssize)strlen(name) + 1);
	g_checksum_update(vars->checksum, (const guchar *)value, (gssize)strlen(value) + 1);
	return value;
}

static bool append_reference(struct vars *vars, const struct node *node, gsize offset,
	const struct reference *reference, GString *text, bool *quoted, struct diagnostics *errors)
{
	struct var *var = g_hash_table_lookup(vars->known, reference->name);
	unsigned column = node_text_column(node, offset);

	*quoted = false;
	if (var) {
		const struct var *value = var_value(vars, var, node, column, errors);
		if (value) {
			g_string_append(text, value->text);
			*quoted = value->quoted;
		}
		return value != NULL;
	}
	const char *value = from_environment(vars, reference->name);
	if (!value || (*value == '\0' && reference->fallback))
		value = reference->fallback;
	if (!value)
		return unknown_variable(vars, node, column, reference->name, errors);
	g_string_append(text, value);
	return true;
}

/* The node's text with its variables replaced. quoted: it is a text whatever it looks like. */
static bool expand(struct vars *vars, const struct node *node, char **text, bool *quoted, struct diagnostics *errors)
{
	const char *from = node->kind == NODE_SCALAR ? node->text : "", *at = from;
	g_autoptr(GString) to = g_string_new(NULL);
	bool ok = true;

	*quoted = node->kind == NODE_NULL || node->quoted;
	while (*at) {
		gsize offset = (gsize)(at - from);
		if (g_str_has_prefix(at, "$${")) {
			g_string_append(to, "${");
			at += 3;
			continue;
		}
		if (!g_str_has_prefix(at, "${")) {
			g_string_append_c(to, *at++);
			continue;
		}
		struct reference reference = {0};
		bool alone, of_text = false;
		if (!read_reference(node, from, offset, &reference, errors))
			return false;
		ok = append_reference(vars, node, offset, &reference, to, &of_text, errors) && ok;
		at += reference.length;
		alone = at == from + strlen(from) && offset == 0;
		if (alone)
			*quoted = of_text || to->len == 0;
		g_free(reference.name);
		g_free(reference.fallback);
		if (to->len > VALUE_BYTES_MAX) {
			diagnostics_add(errors, node->line, node->column,
				"with its variables this has more than %d bytes; make it shorter", VALUE_BYTES_MAX);
			return false;
		}
	}
	if (ok)
		*text = g_string_free(g_steal_pointer(&to), FALSE);
	return ok;
}

static void expand_scalar(struct vars *vars, struct node *node, struct diagnostics *errors)
{
	char *text;

	if (!strstr(node->text, "${") || !expand(vars, node, &text, &node->quoted, errors))
		return;
	g_free(node->text);
	node->text = text;
	node->text_column = 0; /* the file does not have it letter by letter any more */
}

void vars_expand(struct vars *vars, struct node *node, struct diagnostics *errors)
{
	if (node->kind == NODE_SCALAR)
		expand_scalar(vars, node, errors);
	for (guint i = 0; node->items && i < node->items->len; i++) {
		void *item = g_ptr_array_index(node->items, i);
		vars_expand(vars, node->kind == NODE_MAP ? ((struct node_entry *)item)->value : item, errors);
	}
}

void vars_check(struct vars *vars, struct diagnostics *errors)
{
	for (guint i = 0; i < vars->names->len; i++) {
		struct var *var = g_hash_table_lookup(vars->known, g_ptr_array_index(vars->names, i));
		var_value(vars, var, var->node, var->node->column, errors);
	}
}

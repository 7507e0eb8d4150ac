/* SPDX-License-Identifier: GPL-2.0-or-later
 * A step of a definition, checked against the table of operations: see check.h. */
#include "image/describe/check_step.h"

#include "image/check/check.h"

#include "image/describe/format_check.h"
#include "image/operations/operations.h"
#include "image/operations/vips_operation.h"
#include "image/read/allow.h"
#include "image/table/format_table.h"

const char *operation_near(const char *name)
{
	const struct operation *operation;
	g_autoptr(GPtrArray) names = g_ptr_array_new();

	for (guint i = 0; (operation = operation_at(i)); i++) {
		g_ptr_array_add(names, (gpointer)operation->name);
		for (guint a = 0; operation->aliases && operation->aliases[a]; a++)
			g_ptr_array_add(names, (gpointer)operation->aliases[a]);
	}
	g_ptr_array_add(names, NULL);
	return did_you_mean(name, (const char *const *)names->pdata);
}

static void unknown_operation(const char *name, unsigned line, unsigned column, struct diagnostics *errors)
{
	const char *near = operation_near(name);

	if (vips_operation_usable(name))
		diagnostics_add(errors, line, column,
			"unknown operation '%s'; libvips has one of that name: vips: {operation: %s}", name, name);
	else if (near)
		diagnostics_add(errors, line, column, "unknown operation '%s'; did you mean '%s'?", name, near);
	else
		diagnostics_add(errors, line, column, "unknown operation '%s'; `dropmill ops` lists them", name);
}

/* What stood behind the operation into params. */
static bool check_step_value(const struct operation *operation, unsigned line, unsigned column,
	const struct node *value, JsonObject *params, struct diagnostics *errors)
{
	const struct check_subject subject = {operation->name, "parameter"};
	bool ok = true;

	if (!value || value->kind == NODE_NULL) {
		/* nothing written: the defaults */
	} else if (value->kind == NODE_MAP) {
		ok = check_map(&subject, operation->params, value, NULL, params, errors);
	} else if (!operation->params->name) {
		diagnostics_add(
			errors, value->line, value->column, "%s has no parameters; write it alone", operation->name);
		return false;
	} else if (value->kind == NODE_LIST && operation->params->type != PARAM_NUMBERS &&
		   operation->params->type != PARAM_MATRIX && operation->params->type != PARAM_CHOICES) {
		diagnostics_add(errors, value->line, value->column, "%s takes a map such as {%s: ...}, not a list",
			operation->name, operation->params->name);
		return false;
	} else {
		ok = check_value(&subject, operation->params, value, params, errors);
	}
	for (const struct param *p = operation->params; ok && p->name; p++) {
		if (!p->required || json_object_has_member(params, p->name))
			continue;
		diagnostics_add(errors, line, column, "%s needs %s", operation->name, p->name);
		ok = false;
	}
	g_autoptr(GError) error = NULL;
	const struct args args = {operation->params, params};
	if (ok && operation->check && !operation->check(&args, &error)) {
		diagnostics_add(errors, line, column, "%s: %s", operation->name, error->message);
		ok = false;
	}
	return ok;
}

static struct step *check_step(
	const char *name, unsigned line, unsigned column, const struct node *value, struct diagnostics *errors)
{
	const struct operation *operation = operation_find(name);

	if (!operation) {
		unknown_operation(name, line, column, errors);
		return NULL;
	}
	if (operation->check_node) {
		JsonObject *checked = operation->check_node(line, column, value, errors);
		return checked ? step_new(operation->name, checked, line, column) : NULL;
	}
	g_autoptr(JsonObject) params = json_object_new();
	if (!check_step_value(operation, line, column, value, params, errors))
		return NULL;
	return step_new(operation->name, g_steal_pointer(&params), line, column);
}

static bool is_operation(const char *name)
{
	return operation_find(name) != NULL;
}

const struct step_rules image_step_rules = {
	.check_step = check_step,
	.is_operation = is_operation,
	.check_save = format_check_save,
	.can_load = allow_available,
};

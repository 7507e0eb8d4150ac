/* SPDX-License-Identifier: GPL-2.0-or-later
 * A parameter that is a list of words out of some: see check.h. */
#include "image/check/check_choices.h"

#include "image/check/check.h"

char *check_shown(const struct node *value)
{
	double number;

	if (!value || value->kind == NODE_NULL)
		return g_strdup("empty");
	if (value->kind != NODE_SCALAR)
		return g_strdup(value->kind == NODE_LIST ? "a list" : "a map");
	if (node_as_double(value, &number))
		return g_strdup(value->text);
	return g_strdup_printf("%s'%s'", value->quoted ? "the text " : "", value->text);
}

bool check_choices(const struct check_subject *subject, const struct param *param, const struct node *value,
	JsonObject *object, struct diagnostics *errors)
{
	g_autoptr(JsonArray) array = json_array_new();
	guint count = value->kind == NODE_LIST ? value->items->len : 1;
	bool ok = true;

	for (guint i = 0; i < count; i++) {
		const struct node *item = value->kind == NODE_LIST ? value->items->pdata[i] : value;
		const char *word = node_as_string(item);

		if (word && g_strv_contains(param->choices, word)) {
			json_array_add_string_element(array, word);
			continue;
		}
		g_autofree char *all = g_strjoinv(", ", (char **)param->choices);
		g_autofree char *shown = check_shown(item);
		const char *near = word ? did_you_mean(word, param->choices) : NULL;
		diagnostics_add(errors, item->line, item->column, "%s: %s takes a list of %s, not %s%s%s%s",
			subject->name, param->name, all, shown, near ? "; did you mean '" : "", near ? near : "",
			near ? "'?" : "");
		ok = false;
	}
	if (ok)
		json_object_set_array_member(object, param->name, g_steal_pointer(&array));
	return ok;
}

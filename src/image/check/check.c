/* SPDX-License-Identifier: GPL-2.0-or-later
 * What a definition says, checked against the tables: see check.h. */
#include "image/check/check.h"
#include "image/check/check_choices.h"

#include "image/table/colour.h"
#include "image/table/format_table.h"

char *check_range(double min, double max, const char *unit)
{
	const char *u = unit ? unit : "";

	return g_strdup_printf("%.15g to %.15g%s%s%s", min, max, *u ? " (" : "", u, *u ? ")" : "");
}

static void complain(const struct check_subject *subject, const struct param *param, const struct node *value,
	const char *expected, struct diagnostics *errors)
{
	bool lists = param->type == PARAM_NUMBERS || param->type == PARAM_MATRIX;
	g_autofree char *shown = lists && value->kind == NODE_LIST
					 ? g_strdup("this list")
					 : check_shown(value); /* a list, but not such a one */
	const char *text = node_as_string(value);
	const char *near = NULL;

	if (text && param->type == PARAM_CHOICE)
		near = did_you_mean(text, param->choices);
	else if (text && param->type == PARAM_COLOUR)
		near = did_you_mean(text, colour_names);
	diagnostics_add(errors, value->line, value->column, "%s: %s must be %s, not %s%s%s%s", subject->name,
		param->name, expected, shown, near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
}

static void complain_choice(const struct check_subject *subject, const struct param *param, const struct node *value,
	struct diagnostics *errors)
{
	g_autofree char *all = g_strjoinv(", ", (char **)param->choices);
	g_autofree char *expected = g_strconcat(param->choices[1] ? "one of " : "", all, NULL);

	complain(subject, param, value, expected, errors);
}

static bool check_number(const struct check_subject *subject, const struct param *param, const struct node *value,
	JsonObject *object, struct diagnostics *errors)
{
	g_autofree char *range = check_range(param->min, param->max, param->unit);
	gint64 whole = 0;
	double number = 0;
	bool is_number = node_as_double(value, &number);
	bool in_range = is_number && number >= param->min && number <= param->max;

	if (in_range && param->type == PARAM_DOUBLE) {
		json_object_set_double_member(object, param->name, number);
		return true;
	}
	if (in_range && node_as_int(value, &whole)) {
		json_object_set_int_member(object, param->name, whole);
		return true;
	}
	/* For a number out of bounds the message has the bounds; for anything else, also the expected kind. */
	const char *kind = is_number && !in_range ? "" : param->type == PARAM_INT ? "a whole number, " : "a number, ";
	g_autofree char *expected = g_strconcat(kind, range, NULL);
	complain(subject, param, value, expected, errors);
	return false;
}

/* The numbers of a list (or of one alone) as an array, owned; NULL when there is anything else. */
static JsonArray *numbers(const struct param *param, const struct node *value)
{
	g_autoptr(JsonArray) array = json_array_new();
	guint count = value->kind == NODE_LIST ? value->items->len : 1;

	for (guint i = 0; i < count; i++) {
		double number;
		if (!node_as_double(value->kind == NODE_LIST ? value->items->pdata[i] : value, &number) ||
			number < param->min || number > param->max)
			return NULL;
		json_array_add_double_element(array, number);
	}
	return g_steal_pointer(&array);
}

static bool count_fits(const struct param *param, guint count)
{
	return count >= MAX(param->count_min, 1) && (!param->count_max || count <= param->count_max);
}

/* "3 to 5 ", "4 ", "" */
static char *count_text(const struct param *param)
{
	if (param->count_min && param->count_min == param->count_max)
		return g_strdup_printf("%u ", param->count_min);
	if (param->count_max)
		return g_strdup_printf("%u to %u ", MAX(param->count_min, 1), param->count_max);
	return param->count_min > 1 ? g_strdup_printf("%u or more ", param->count_min) : g_strdup("");
}

static bool check_numbers(const struct check_subject *subject, const struct param *param, const struct node *value,
	JsonObject *object, struct diagnostics *errors)
{
	g_autoptr(JsonArray) array = numbers(param, value);

	if (array && count_fits(param, json_array_get_length(array))) {
		json_object_set_array_member(object, param->name, g_steal_pointer(&array));
		return true;
	}
	g_autofree char *expected = check_accepts(param);
	complain(subject, param, value, expected, errors);
	return false;
}

static bool check_matrix(const struct check_subject *subject, const struct param *param, const struct node *value,
	JsonObject *object, struct diagnostics *errors)
{
	g_autoptr(JsonArray) rows = json_array_new();
	bool ok = value->kind == NODE_LIST && count_fits(param, value->items->len);
	guint width = 0;

	for (guint i = 0; ok && i < value->items->len; i++) {
		const struct node *row = value->items->pdata[i];
		JsonArray *array = row->kind == NODE_LIST ? numbers(param, row) : NULL;
		ok = array && count_fits(param, json_array_get_length(array)) &&
		     (i == 0 || json_array_get_length(array) == width);
		if (array) {
			width = json_array_get_length(array);
			json_array_add_array_element(rows, array);
		}
		value = ok ? value : row;
	}
	if (ok) {
		json_object_set_array_member(object, param->name, g_steal_pointer(&rows));
		return true;
	}
	g_autofree char *expected = check_accepts(param);
	complain(subject, param, value, expected, errors);
	return false;
}

static bool check_asset(const struct check_subject *subject, const struct param *param, const struct node *value,
	JsonObject *object, struct diagnostics *errors)
{
	const char *text = node_as_string(value);
	g_autofree char *folder = g_path_get_dirname(diagnostics_file(errors));
	g_autofree char *absolute = g_canonicalize_filename(folder, NULL);
	g_autoptr(GError) error = NULL;

	if (!text) {
		complain(subject, param, value, "a file's name", errors);
		return false;
	}
	JsonObject *asset = asset_read(absolute, text, param->asset, &error);
	if (!asset) {
		diagnostics_add(
			errors, value->line, value->column, "%s: %s: %s", subject->name, param->name, error->message);
		return false;
	}
	json_object_set_object_member(object, param->name, asset);
	return true;
}

char *check_accepts(const struct param *param)
{
	g_autofree char *range = NULL, *count = NULL;

	switch (param->type) {
	case PARAM_INT:
	case PARAM_DOUBLE:
		return check_range(param->min, param->max, param->unit);
	case PARAM_CHOICE:
		return g_strjoinv(" | ", (char **)param->choices);
	case PARAM_CHOICES:
		count = g_strjoinv(", ", (char **)param->choices);
		return g_strdup_printf("a list of %s", count);
	case PARAM_BOOL:
		return g_strdup("true | false");
	case PARAM_NUMBERS:
		range = check_range(param->min, param->max, param->unit);
		count = count_text(param);
		return g_strdup_printf("a list of %snumbers, each %s", count, range);
	case PARAM_MATRIX:
		range = check_range(param->min, param->max, param->unit);
		count = count_text(param);
		return g_strdup_printf("a list of %srows of as many numbers each, %s", count, range);
	case PARAM_ASSET:
		return g_strdup(param->asset == ASSET_IMAGE     ? "file of an image"
				: param->asset == ASSET_PROFILE ? "file of an ICC profile"
								: "file of a font");
	case PARAM_COLOUR:
		return g_strdup("colour");
	default:
		return g_strdup("string");
	}
}

bool check_value(const struct check_subject *subject, const struct param *param, const struct node *value,
	JsonObject *object, struct diagnostics *errors)
{
	const char *text = node_as_string(value);
	double rgba[4];
	bool truth;

	switch (param->type) {
	case PARAM_INT:
	case PARAM_DOUBLE:
		return check_number(subject, param, value, object, errors);
	case PARAM_BOOL:
		if (node_as_bool(value, &truth)) {
			json_object_set_boolean_member(object, param->name, truth);
			return true;
		}
		complain(subject, param, value, "true or false", errors);
		return false;
	case PARAM_CHOICE:
		if (text && g_strv_contains(param->choices, text))
			break;
		complain_choice(subject, param, value, errors);
		return false;
	case PARAM_COLOUR:
		if (text && colour_parse(text, rgba))
			break;
		complain(subject, param, value, "a colour such as \"#ff8800\" or white", errors);
		return false;
	case PARAM_NUMBERS:
		return check_numbers(subject, param, value, object, errors);
	case PARAM_MATRIX:
		return check_matrix(subject, param, value, object, errors);
	case PARAM_ASSET:
		return check_asset(subject, param, value, object, errors);
	case PARAM_CHOICES:
		return check_choices(subject, param, value, object, errors);
	case PARAM_STRING:
		if (text)
			break;
		complain(subject, param, value, "a text", errors);
		return false;
	}
	json_object_set_string_member(object, param->name, text);
	return true;
}

const struct param *check_find(const struct param *params, const char *name)
{
	for (const struct param *p = params; p->name; p++)
		if (g_str_equal(p->name, name) || (p->aliases && g_strv_contains(p->aliases, name)))
			return p;
	return NULL;
}

/* "quality" is an option of outputs; people write it at a step, too. */
static bool belongs_to_outputs(const char *key)
{
	for (guint i = 0; i < format_count; i++)
		if (check_find(format_table[i].options, key))
			return true;
	return false;
}

void check_unknown(const struct check_subject *subject, const struct node_entry *entry, const char *const *known,
	const char *const *also, struct diagnostics *errors)
{
	const char *near = did_you_mean(entry->key, known);
	g_autoptr(GString) rest = g_string_new(NULL);

	if (!near && also)
		near = did_you_mean(entry->key, also);
	if (g_str_equal(subject->noun, "parameter") && belongs_to_outputs(entry->key)) {
		g_string_printf(rest, "; it is an option of outputs: outputs: [{name: ..., %s: ...}]", entry->key);
	} else if (near) {
		g_string_printf(rest, "; did you mean '%s'?", near);
	} else if (*known) {
		g_autofree char *list = g_strjoinv(", ", (char **)known);
		g_string_printf(rest, "; it has %s", list);
	} else {
		g_string_assign(rest, "; it has none");
	}
	diagnostics_add(errors, entry->line, entry->column, "%s has no %s '%s'%s", subject->name, subject->noun,
		entry->key, rest->str);
}

bool check_map(const struct check_subject *subject, const struct param *params, const struct node *map,
	const char *const *reserved, JsonObject *object, struct diagnostics *errors)
{
	g_autoptr(GPtrArray) known = g_ptr_array_new();
	bool ok = true;

	for (const struct param *p = params; p->name; p++)
		g_ptr_array_add(known, (gpointer)p->name);
	g_ptr_array_add(known, NULL);
	for (guint i = 0; i < map->items->len; i++) {
		const struct node_entry *entry = map->items->pdata[i];
		const struct param *param = check_find(params, entry->key);

		if (reserved && g_strv_contains(reserved, entry->key))
			continue;
		if (!param) {
			check_unknown(subject, entry, (const char *const *)known->pdata, reserved, errors);
			ok = false;
		} else if (json_object_has_member(object, param->name)) {
			diagnostics_add(errors, entry->line, entry->column, "%s: %s is given twice", subject->name,
				param->name);
			ok = false;
		} else if (!check_value(subject, param, entry->value, object, errors)) {
			ok = false;
		}
	}
	return ok;
}

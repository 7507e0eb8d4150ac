/* SPDX-License-Identifier: GPL-2.0-or-later
 * Parameters of a step with their defaults, as build functions read them: see params.h. */
#include "image/table/params.h"

#include "base/json.h"

static const struct param *param_find(const struct args *args, const char *name)
{
	const struct param *param = args->params;

	while (param->name && !g_str_equal(param->name, name))
		param++;
	g_assert(param->name); /* a build function asked for what its table does not have */
	return param;
}

int param_int(const struct args *args, const char *name)
{
	const struct param *param = param_find(args, name);
	gint64 fallback = param->fallback ? g_ascii_strtoll(param->fallback, NULL, 10) : 0;

	/* Parameters were checked with the definition, but they came over the bus. */
	return (int)CLAMP(json_int(args->given, name, fallback), G_MININT, G_MAXINT);
}

double param_double(const struct args *args, const char *name)
{
	const struct param *param = param_find(args, name);

	return json_double(args->given, name, param->fallback ? g_ascii_strtod(param->fallback, NULL) : 0);
}

bool param_bool(const struct args *args, const char *name)
{
	const struct param *param = param_find(args, name);

	return json_bool(args->given, name, param->fallback && g_str_equal(param->fallback, "true"));
}

const char *param_string(const struct args *args, const char *name)
{
	return json_string(args->given, name, param_find(args, name)->fallback);
}

bool param_given(const struct args *args, const char *name)
{
	return args->given && json_object_has_member(args->given, name);
}

static double number_at(JsonArray *array, guint index)
{
	JsonNode *node = json_array_get_element(array, index);
	GType type = JSON_NODE_HOLDS_VALUE(node) ? json_node_get_value_type(node) : G_TYPE_INVALID;

	return type == G_TYPE_DOUBLE || type == G_TYPE_INT64 ? json_node_get_double(node) : 0;
}

static double *numbers_of(JsonArray *array, guint *count)
{
	*count = json_array_get_length(array);
	double *numbers = g_new(double, *count + 1);
	for (guint i = 0; i < *count; i++)
		numbers[i] = number_at(array, i);
	return numbers;
}

double *param_numbers(const struct args *args, const char *name, guint *count)
{
	const struct param *param = param_find(args, name);
	JsonArray *array = json_array(args->given, name);

	*count = 0;
	if (array)
		return numbers_of(array, count);
	if (!param->fallback)
		return NULL;
	g_auto(GStrv) words = g_strsplit(param->fallback, ",", -1);
	double *numbers = g_new(double, g_strv_length(words) + 1);
	for (char **word = words; *word; word++)
		numbers[(*count)++] = g_ascii_strtod(*word, NULL);
	return numbers;
}

VipsImage *param_matrix(const struct args *args, const char *name)
{
	JsonArray *rows = json_array(args->given, param_find(args, name)->name);
	guint height = rows ? json_array_get_length(rows) : 0, width = 0;
	g_autoptr(GArray) all = g_array_new(FALSE, FALSE, sizeof(double));

	for (guint y = 0; y < height; y++) {
		JsonNode *node = json_array_get_element(rows, y);
		if (!JSON_NODE_HOLDS_ARRAY(node))
			return NULL;
		g_autofree double *row = numbers_of(json_node_get_array(node), &width);
		g_array_append_vals(all, row, width);
	}
	/* The rows were checked to be alike, but they came over the bus. */
	if (!width || all->len != width * height)
		return NULL;
	return vips_image_new_matrix_from_array((int)width, (int)height, (double *)(void *)all->data, (int)all->len);
}

JsonObject *param_asset(const struct args *args, const char *name)
{
	return json_object(args->given, param_find(args, name)->name);
}

/* SPDX-License-Identifier: GPL-2.0-or-later
 * Images beside the picture: see vips_image_value.h. */
#include "image/vips/vips_image_value.h"

#include "base/error.h"
#include "base/json.h"
#include "image/table/auto.h"

#define MATRIX_MAX 1024 /* rows, and numbers in one */

bool vips_image_value_is_one(GParamSpec *spec)
{
	return g_type_is_a(G_PARAM_SPEC_VALUE_TYPE(spec), VIPS_TYPE_IMAGE);
}

bool vips_image_value_is_list(GParamSpec *spec)
{
	return G_PARAM_SPEC_VALUE_TYPE(spec) == VIPS_TYPE_ARRAY_IMAGE;
}

/* The rows of a matrix, as the table's own parameters are checked. */
static bool check_matrix(const struct check_subject *subject, const char *argument, const struct node *rows,
	JsonObject *object, struct diagnostics *errors)
{
	const struct param matrix = {
		.name = "matrix", .type = PARAM_MATRIX, .min = -1e12, .max = 1e12, .count_max = MATRIX_MAX};
	g_autofree char *name = g_strdup_printf("%s: %s", subject->name, argument);
	const struct check_subject inner = {name, subject->noun};

	return check_value(&inner, &matrix, rows, object, errors);
}

static bool check_matrix_map(const struct check_subject *subject, const char *argument, const struct node *map,
	JsonObject *object, struct diagnostics *errors)
{
	static const struct param params[] = {
		{.name = "matrix", .type = PARAM_MATRIX, .min = -1e12, .max = 1e12, .count_max = MATRIX_MAX},
		{.name = "scale", .type = PARAM_DOUBLE, .min = -1e12, .max = 1e12},
		{.name = "offset", .type = PARAM_DOUBLE, .min = -1e12, .max = 1e12},
		{.name = NULL},
	};
	g_autofree char *name = g_strdup_printf("%s: %s", subject->name, argument);
	const struct check_subject inner = {name, "key"};

	if (!check_map(&inner, params, map, NULL, object, errors))
		return false;
	if (!json_object_has_member(object, "matrix")) {
		diagnostics_add(errors, map->line, map->column,
			"%s needs matrix, a list of rows such as [[1, 2, 1]], or write a file's name", name);
		return false;
	}
	if (json_double(object, "scale", 1) == 0) {
		diagnostics_add(errors, map->line, map->column,
			"%s: scale must not be 0: what the matrix gives is divided by it", name);
		return false;
	}
	return true;
}

static JsonNode *check_one(
	const struct check_subject *subject, const char *argument, const struct node *value, struct diagnostics *errors)
{
	const struct param file = {.name = argument, .type = PARAM_ASSET, .asset = ASSET_IMAGE};
	g_autoptr(JsonObject) object = json_object_new();
	bool ok;

	if (value->kind == NODE_LIST)
		ok = check_matrix(subject, argument, value, object, errors);
	else if (value->kind == NODE_MAP)
		ok = check_matrix_map(subject, argument, value, object, errors);
	else if ((ok = check_value(subject, &file, value, object, errors)))
		return json_node_copy(json_object_get_member(object, argument));
	return ok ? json_node_init_object(json_node_alloc(), object) : NULL;
}

JsonNode *vips_image_value_check(const struct check_subject *subject, const char *argument, bool list,
	const struct node *value, struct diagnostics *errors)
{
	g_autoptr(JsonArray) array = json_array_new();
	guint count = value->kind == NODE_LIST ? value->items->len : 1;
	bool ok = true;

	if (!list)
		return check_one(subject, argument, value, errors);
	for (guint i = 0; i < count; i++) {
		const struct node *item = value->kind == NODE_LIST ? value->items->pdata[i] : value;
		JsonNode *image = check_one(subject, argument, item, errors);
		if (image)
			json_array_add_element(array, image);
		ok = ok && image;
	}
	return ok ? json_node_init_array(json_node_alloc(), array) : NULL;
}

static VipsImage *matrix_of(JsonObject *object, GError **error)
{
	const struct args args = {PARAMS({.name = "matrix", .type = PARAM_MATRIX}), object};
	VipsImage *matrix = param_matrix(&args, "matrix");

	if (!matrix) {
		fail(error, ERROR_INPUT, "a matrix is rows of as many numbers each");
		return NULL;
	}
	vips_image_set_double(matrix, "scale", json_double(object, "scale", 1));
	vips_image_set_double(matrix, "offset", json_double(object, "offset", 0));
	return matrix;
}

static VipsImage *image_of(JsonNode *node, GError **error)
{
	JsonObject *object = JSON_NODE_HOLDS_OBJECT(node) ? json_node_get_object(node) : NULL;

	if (!object) {
		fail(error, ERROR_INPUT, "an image is a file's name or a matrix");
		return NULL;
	}
	return json_object_has_member(object, "matrix") ? matrix_of(object, error) : asset_image(object, error);
}

static bool set_list(VipsObject *object, GParamSpec *spec, VipsImage *first, JsonArray *nodes, GError **error)
{
	g_autoptr(GPtrArray) images = g_ptr_array_new_with_free_func(g_object_unref);
	VipsArrayImage *list;

	if (first)
		g_ptr_array_add(images, g_object_ref(first));
	for (guint i = 0; nodes && i < json_array_get_length(nodes); i++) {
		VipsImage *image = image_of(json_array_get_element(nodes, i), error);
		if (!image)
			return false;
		g_ptr_array_add(images, image);
	}
	list = vips_array_image_new((VipsImage **)images->pdata, (int)images->len);
	g_object_set(object, g_param_spec_get_name(spec), list, NULL);
	vips_area_unref(VIPS_AREA(list));
	return true;
}

bool vips_image_value_set(VipsObject *object, GParamSpec *spec, VipsImage *first, JsonNode *node, GError **error)
{
	const char *name = g_param_spec_get_name(spec);

	if (vips_image_value_is_list(spec)) {
		if (node && !JSON_NODE_HOLDS_ARRAY(node))
			return fail(error, ERROR_INPUT, "%s is not a list of images", name);
		return set_list(object, spec, first, node ? json_node_get_array(node) : NULL, error);
	}
	if (first) {
		g_object_set(object, name, first, NULL);
		return true;
	}
	g_autoptr(VipsImage) image = image_of(node, error);
	if (!image) {
		g_prefix_error(error, "%s: ", name);
		return false;
	}
	g_object_set(object, name, image, NULL);
	return true;
}

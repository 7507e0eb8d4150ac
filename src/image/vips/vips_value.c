/* SPDX-License-Identifier: GPL-2.0-or-later
 * Values between definitions, JSON and libvips: see vips_value.h. */
#include "image/vips/vips_value.h"

#include "base/error.h"
#include "image/check/check_choices.h"
#include "image/table/vips_error.h"
#include "image/vips/vips_image_value.h"

/* Bounds of a number; false for other types. */
static bool bounds(GParamSpec *spec, double *low, double *high)
{
	if (G_IS_PARAM_SPEC_INT(spec)) {
		*low = G_PARAM_SPEC_INT(spec)->minimum;
		*high = G_PARAM_SPEC_INT(spec)->maximum;
	} else if (G_IS_PARAM_SPEC_UINT64(spec)) {
		/* JSON has no more */
		*low = (double)G_PARAM_SPEC_UINT64(spec)->minimum;
		*high = (double)MIN(G_PARAM_SPEC_UINT64(spec)->maximum, (guint64)1 << 62);
	} else if (G_IS_PARAM_SPEC_DOUBLE(spec)) {
		*low = G_PARAM_SPEC_DOUBLE(spec)->minimum;
		*high = G_PARAM_SPEC_DOUBLE(spec)->maximum;
	} else {
		return false;
	}
	return true;
}

static void *add_nickname(GType type, void *data)
{
	if (!G_TYPE_IS_ABSTRACT(type)) {
		gpointer class = g_type_class_ref(type);
		g_ptr_array_add(data, (gpointer)VIPS_OBJECT_CLASS(class)->nickname);
		g_type_class_unref(class);
	}
	return NULL;
}

static GPtrArray *interpolators(void)
{
	GPtrArray *names = g_ptr_array_new();

	vips_type_map_all(VIPS_TYPE_INTERPOLATE, add_nickname, names);
	g_ptr_array_add(names, NULL);
	return names;
}

/* The words an argument may be, or NULL when it is not a choice. */
static GPtrArray *words(GParamSpec *spec)
{
	GType type = G_PARAM_SPEC_VALUE_TYPE(spec);

	return G_TYPE_IS_ENUM(type)            ? vips_signature_nicks(type)
	       : type == VIPS_TYPE_INTERPOLATE ? interpolators()
					       : NULL;
}

static JsonNode *check_array(const struct vips_argument *argument, const struct node *value)
{
	g_autoptr(JsonArray) array = json_array_new();
	bool whole_only = G_PARAM_SPEC_VALUE_TYPE(argument->spec) == VIPS_TYPE_ARRAY_INT;
	guint count = value->kind == NODE_LIST ? value->items->len : 1;

	for (guint i = 0; i < count; i++) {
		const struct node *item = value->kind == NODE_LIST ? value->items->pdata[i] : value;
		gint64 whole;
		double number;
		if (whole_only && node_as_int(item, &whole) && whole >= G_MININT && whole <= G_MAXINT)
			json_array_add_int_element(array, whole);
		else if (!whole_only && node_as_double(item, &number))
			json_array_add_double_element(array, number);
		else
			return NULL;
	}
	return count ? json_node_init_array(json_node_alloc(), array) : NULL;
}

/* The value when it fits, else NULL. */
static JsonNode *convert(const struct vips_argument *argument, const struct node *value)
{
	GType type = G_PARAM_SPEC_VALUE_TYPE(argument->spec);
	const char *text = node_as_string(value);
	double low, high, number;
	gint64 whole;
	bool truth;

	if (type == VIPS_TYPE_ARRAY_DOUBLE || type == VIPS_TYPE_ARRAY_INT)
		return check_array(argument, value);
	if (type == G_TYPE_BOOLEAN)
		return node_as_bool(value, &truth) ? json_node_init_boolean(json_node_alloc(), truth) : NULL;
	if (bounds(argument->spec, &low, &high)) {
		if (!node_as_double(value, &number) || number < low || number > high)
			return NULL;
		if (type == G_TYPE_DOUBLE)
			return json_node_init_double(json_node_alloc(), number);
		return node_as_int(value, &whole) ? json_node_init_int(json_node_alloc(), whole) : NULL;
	}
	if (!text)
		return NULL;
	g_autoptr(GPtrArray) choices = words(argument->spec);
	/* libvips writes b-w, sRGB users may write b_w: what is stored is libvips' own. */
	for (guint i = 0; choices && choices->pdata[i]; i++) {
		g_autofree char *other = g_strdelimit(g_strdup(choices->pdata[i]), "-", '_');
		if (g_str_equal(text, choices->pdata[i]) || g_str_equal(text, other))
			return json_node_init_string(json_node_alloc(), choices->pdata[i]);
	}
	return choices ? NULL : json_node_init_string(json_node_alloc(), text);
}

JsonNode *vips_value_check(const struct check_subject *subject, const struct vips_argument *argument,
	const struct node *value, struct diagnostics *errors)
{
	JsonNode *converted;

	if (vips_image_value_is_one(argument->spec) || vips_image_value_is_list(argument->spec))
		return vips_image_value_check(
			subject, argument->name, vips_image_value_is_list(argument->spec), value, errors);
	if ((converted = convert(argument, value)))
		return converted;
	double low, high, number;
	bool only_range = bounds(argument->spec, &low, &high) && node_as_double(value, &number) &&
			  (number < low || number > high);
	g_autofree char *expected = only_range ? check_range(low, high, NULL) : vips_value_expected(argument->spec);
	bool spoilt = value->kind == NODE_LIST && value->items->len && g_str_has_prefix(expected, "a list");
	g_autofree char *shown = spoilt ? g_strdup("one with other things in it") : check_shown(value);
	g_autoptr(GPtrArray) choices = words(argument->spec);
	const char *text = node_as_string(value);
	const char *near = choices && text ? did_you_mean(text, (const char *const *)choices->pdata) : NULL;
	diagnostics_add(errors, value->line, value->column, "%s: %s must be %s, not %s%s%s%s", subject->name,
		argument->name, expected, shown, near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
	return NULL;
}

char *vips_value_expected(GParamSpec *spec)
{
	GType type = G_PARAM_SPEC_VALUE_TYPE(spec);
	g_autoptr(GPtrArray) choices = words(spec);
	double low, high;

	if (bounds(spec, &low, &high)) {
		g_autofree char *range = check_range(low, high, NULL);
		return g_strconcat(type == G_TYPE_DOUBLE ? "a number, " : "a whole number, ", range, NULL);
	}
	if (choices) {
		g_autofree char *list = g_strjoinv(", ", (char **)choices->pdata);
		return g_strconcat("one of ", list, NULL);
	}
	if (vips_image_value_is_one(spec))
		return g_strdup("a file's name, or a matrix as a list of rows");
	if (vips_image_value_is_list(spec))
		return g_strdup("a list of files' names");
	return g_strdup(type == G_TYPE_BOOLEAN           ? "true or false"
			: type == VIPS_TYPE_ARRAY_DOUBLE ? "a list of numbers"
			: type == VIPS_TYPE_ARRAY_INT    ? "a list of whole numbers"
							 : "a text");
}

char *vips_value_default(GParamSpec *spec)
{
	if (G_IS_PARAM_SPEC_BOOLEAN(spec))
		return g_strdup(G_PARAM_SPEC_BOOLEAN(spec)->default_value ? "true" : "false");
	if (G_IS_PARAM_SPEC_INT(spec))
		return g_strdup_printf("%d", G_PARAM_SPEC_INT(spec)->default_value);
	if (G_IS_PARAM_SPEC_DOUBLE(spec))
		return g_strdup_printf("%.15g", G_PARAM_SPEC_DOUBLE(spec)->default_value);
	if (G_IS_PARAM_SPEC_ENUM(spec))
		return g_strdup(vips_enum_nick(spec->value_type, G_PARAM_SPEC_ENUM(spec)->default_value));
	return NULL;
}

/* An array of numbers as libvips' boxed one. */
static bool value_from_array(GValue *value, JsonArray *array, GError **error)
{
	guint count = json_array_get_length(array);
	g_autofree double *doubles = g_new(double, count + 1);
	g_autofree int *ints = g_new(int, count + 1);

	for (guint i = 0; i < count; i++) {
		JsonNode *element = json_array_get_element(array, i);
		GType type = JSON_NODE_HOLDS_VALUE(element) ? json_node_get_value_type(element) : G_TYPE_INVALID;
		if (type != G_TYPE_INT64 && type != G_TYPE_DOUBLE)
			return fail(error, ERROR_INPUT, "a list must hold numbers only");
		doubles[i] = json_node_get_double(element);
		ints[i] = (int)CLAMP(doubles[i], (double)G_MININT, (double)G_MAXINT);
	}
	if (G_VALUE_HOLDS(value, VIPS_TYPE_ARRAY_INT))
		vips_value_set_array_int(value, ints, (int)count);
	else
		vips_value_set_array_double(value, doubles, (int)count);
	return true;
}

static bool value_from_string(GValue *value, const char *text, GError **error)
{
	if (G_VALUE_HOLDS_ENUM(value)) {
		int number = vips_enum_from_nick("dropmill", G_VALUE_TYPE(value), text);
		if (number < 0)
			return vips_failed(error, NULL);
		g_value_set_enum(value, number);
	} else if (G_VALUE_HOLDS(value, VIPS_TYPE_INTERPOLATE)) {
		VipsInterpolate *interpolate = vips_interpolate_new(text);
		if (!interpolate)
			return vips_failed(error, NULL);
		g_value_take_object(value, interpolate);
	} else if (G_VALUE_HOLDS_STRING(value)) {
		g_value_set_string(value, text);
	} else {
		return fail(error, ERROR_INPUT, "'%s' is of the wrong type", text);
	}
	return true;
}

static bool value_from_number(GValue *value, GParamSpec *spec, JsonNode *node, GError **error)
{
	double low, high, number = json_node_get_double(node);

	if (!bounds(spec, &low, &high))
		return fail(error, ERROR_INPUT, "%s is of the wrong type", g_param_spec_get_name(spec));
	if (number < low || number > high)
		return fail(error, ERROR_INPUT, "%s is out of bounds", g_param_spec_get_name(spec));
	if (G_VALUE_HOLDS_DOUBLE(value))
		g_value_set_double(value, number);
	else if (G_VALUE_HOLDS_INT(value))
		g_value_set_int(value, (int)json_node_get_int(node));
	else
		g_value_set_uint64(value, (guint64)json_node_get_int(node));
	return true;
}

bool vips_value_set(VipsObject *object, const char *property, JsonNode *node, GError **error)
{
	GParamSpec *spec = g_object_class_find_property(G_OBJECT_GET_CLASS(object), property);
	GType from = JSON_NODE_HOLDS_VALUE(node) ? json_node_get_value_type(node) : G_TYPE_INVALID;
	bool is_number = from == G_TYPE_INT64 || from == G_TYPE_DOUBLE;
	g_auto(GValue) value = G_VALUE_INIT;
	g_autoptr(JsonArray) one = json_array_new();
	bool ok;

	if (!spec)
		return fail(error, ERROR_INPUT, "this libvips has no %s", property);
	if (vips_image_value_is_one(spec) || vips_image_value_is_list(spec))
		return vips_image_value_set(object, spec, NULL, node, error);
	g_value_init(&value, G_PARAM_SPEC_VALUE_TYPE(spec));
	bool is_array = G_VALUE_HOLDS(&value, VIPS_TYPE_ARRAY_DOUBLE) || G_VALUE_HOLDS(&value, VIPS_TYPE_ARRAY_INT);
	if (is_array && JSON_NODE_HOLDS_ARRAY(node)) {
		ok = value_from_array(&value, json_node_get_array(node), error);
	} else if (is_array && is_number) {
		json_array_add_element(one, json_node_copy(node));
		ok = value_from_array(&value, one, error);
	} else if (from == G_TYPE_STRING) {
		ok = value_from_string(&value, json_node_get_string(node), error);
	} else if (from == G_TYPE_BOOLEAN && G_VALUE_HOLDS_BOOLEAN(&value)) {
		g_value_set_boolean(&value, json_node_get_boolean(node));
		ok = true;
	} else if (is_number) {
		ok = value_from_number(&value, spec, node, error);
	} else {
		ok = fail(error, ERROR_INPUT, "%s is of the wrong type", property);
	}
	if (ok)
		g_object_set_property(G_OBJECT(object), property, &value);
	return ok;
}

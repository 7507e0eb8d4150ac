/* SPDX-License-Identifier: GPL-2.0-or-later
 * `dropmill ops`: the table of operations for people and programs. Operations of libvips that are not in the table are
 * described by libvips itself. */
#include "image/describe/describe.h"

#include <math.h>
#include <string.h>

#include "base/json.h"
#include "image/check/check.h"
#include "image/operations/operations.h"
#include "image/vips/vips_value.h"

static const char *type_name(enum param_type type)
{
	static const char *const names[] = {[PARAM_INT] = "integer",
		[PARAM_DOUBLE] = "number",
		[PARAM_BOOL] = "boolean",
		[PARAM_CHOICE] = "choice",
		[PARAM_STRING] = "string",
		[PARAM_COLOUR] = "colour",
		[PARAM_NUMBERS] = "numbers",
		[PARAM_MATRIX] = "matrix",
		[PARAM_ASSET] = "file",
		[PARAM_CHOICES] = "choices"};

	return names[type];
}

static void text_of_one(GString *text, const struct operation *o)
{
	g_autofree char *aliases = o->aliases ? g_strjoinv(", ", (char **)o->aliases) : NULL;

	g_string_append_printf(text, "%s%s%s%s\n    %s\n", o->name, aliases ? " (" : "", aliases ? aliases : "",
		aliases ? ")" : "", o->summary);
	for (const struct param *p = o->params; p->name; p++) {
		g_autofree char *range = check_accepts(p);
		g_string_append_printf(text, "    %-20s %s%s%s%s\n    %-20s %s\n", p->name, range,
			p->fallback ? ", default " : "", p->fallback ? p->fallback : "",
			p->required ? ", required" : "", "", p->help);
	}
}

static void text_of_all(GString *text)
{
	const struct operation *o;
	const char *group = "";

	for (guint i = 0; (o = operation_at(i)); i++) {
		if (!g_str_equal(o->group, group))
			g_string_append_printf(text, "%s%s\n", i ? "\n" : "", o->group);
		group = o->group;
		g_string_append_printf(text, "  %s", o->name);
		if (o->params->name)
			g_string_append_printf(text, "%*s", 13 - (int)strlen(o->name), "");
		for (const struct param *p = o->params; p->name; p++)
			g_string_append_printf(
				text, " %s%s%s", p->required ? "" : "[", p->name, p->required ? "" : "]");
		g_string_append_printf(text, "\n    %s\n", o->summary);
	}
	g_string_append(text, "\n`dropmill ops NAME` tells all of one, or of an operation of libvips.\n");
}

static void markdown_of_one(GString *text, const struct operation *o)
{
	g_autofree char *aliases = o->aliases ? g_strjoinv("`, `", (char **)o->aliases) : NULL;

	g_string_append_printf(text, "### %s\n\n%s\n", o->name, o->summary);
	if (aliases)
		g_string_append_printf(text, "\nAlso: `%s`.\n", aliases);
	if (o->params->name)
		g_string_append(text, "\n| Parameter | Value | Default | |\n| --- | --- | --- | --- |\n");
	for (const struct param *p = o->params; p->name; p++) {
		g_autofree char *range = check_accepts(p);
		g_auto(GStrv) cells = g_strsplit(range, "|", -1); /* a bar would begin the next cell */
		g_autofree char *escaped = g_strjoinv("\\|", cells);
		g_string_append_printf(text, "| `%s` | %s | %s | %s |\n", p->name, escaped,
			p->required   ? "required"
			: p->fallback ? p->fallback
				      : "",
			p->help);
	}
	g_string_append_c(text, '\n');
}

static JsonArray *json_names(const char *const *names)
{
	JsonArray *array = json_array_new();

	for (guint i = 0; names && names[i]; i++)
		json_array_add_string_element(array, names[i]);
	return array;
}

static JsonObject *json_of_param(const struct param *p)
{
	JsonObject *object = json_object_new();

	json_object_set_string_member(object, "name", p->name);
	json_object_set_array_member(object, "aliases", json_names(p->aliases));
	json_object_set_string_member(object, "type", type_name(p->type));
	if (p->type == PARAM_INT || p->type == PARAM_DOUBLE || p->type == PARAM_NUMBERS || p->type == PARAM_MATRIX) {
		json_object_set_string_member(object, "unit", p->unit ? p->unit : "");
		/* libvips has a few without bounds; JSON has no infinity. */
		if (isfinite(p->min))
			json_object_set_double_member(object, "min", p->min);
		if (isfinite(p->max))
			json_object_set_double_member(object, "max", p->max);
	}
	if (p->type == PARAM_NUMBERS || p->type == PARAM_MATRIX) {
		json_object_set_int_member(object, "count_min", p->count_min);
		json_object_set_int_member(object, "count_max", p->count_max);
	}
	if (p->type == PARAM_CHOICE || p->type == PARAM_CHOICES)
		json_object_set_array_member(object, "choices", json_names(p->choices));
	if (p->fallback)
		json_object_set_string_member(object, "default", p->fallback);
	else
		json_object_set_null_member(object, "default");
	json_object_set_boolean_member(object, "required", p->required);
	json_object_set_string_member(object, "help", p->help);
	return object;
}

static JsonObject *json_of_one(const struct operation *o)
{
	JsonObject *object = json_object_new();
	JsonArray *params = json_array_new();

	for (const struct param *p = o->params; p->name; p++)
		json_array_add_object_element(params, json_of_param(p));
	json_object_set_string_member(object, "name", o->name);
	json_object_set_array_member(object, "aliases", json_names(o->aliases));
	json_object_set_string_member(object, "group", o->group);
	json_object_set_string_member(object, "summary", o->summary);
	json_object_set_array_member(object, "parameters", params);
	return object;
}

static char *json_lines(JsonArray *array)
{
	g_autoptr(JsonNode) root = json_node_init_array(json_node_alloc(), array);
	g_autofree char *text = json_to_string(root, TRUE);

	return g_strconcat(text, "\n", NULL);
}

/* A libvips operation in the table's shape; strings that libvips does not hold go to pool. */
static struct param param_of_argument(const struct vips_argument *argument, GPtrArray *pool)
{
	GType type = G_PARAM_SPEC_VALUE_TYPE(argument->spec);
	struct param p = {.name = argument->name,
		.type = PARAM_STRING,
		.required = argument->required,
		.fallback = argument->required ? NULL : vips_value_default(argument->spec),
		.help = g_param_spec_get_blurb(argument->spec)};

	g_ptr_array_add(pool, (gpointer)p.fallback);
	if (type == G_TYPE_BOOLEAN) {
		p.type = PARAM_BOOL;
	} else if (G_TYPE_IS_ENUM(type)) {
		GPtrArray *nicks = vips_signature_nicks(type);
		p.type = PARAM_CHOICE;
		p.choices = (const char *const *)g_ptr_array_free(nicks, FALSE);
		g_ptr_array_add(pool, (gpointer)p.choices);
	} else if (G_IS_PARAM_SPEC_INT(argument->spec)) {
		p.type = PARAM_INT;
		p.min = G_PARAM_SPEC_INT(argument->spec)->minimum;
		p.max = G_PARAM_SPEC_INT(argument->spec)->maximum;
	} else if (G_IS_PARAM_SPEC_DOUBLE(argument->spec)) {
		p.type = PARAM_DOUBLE;
		p.min = G_PARAM_SPEC_DOUBLE(argument->spec)->minimum;
		p.max = G_PARAM_SPEC_DOUBLE(argument->spec)->maximum;
	} else {
		char *help = vips_value_expected(argument->spec);
		p.help = g_strdup_printf("%s; %s", p.help, help);
		g_free(help);
		g_ptr_array_add(pool, (gpointer)p.help);
	}
	return p;
}

static char *render(const struct operation *one, const char *form)
{
	g_autoptr(JsonArray) array = json_array_new();
	g_autoptr(GString) text = g_string_new(NULL);
	const struct operation *o;
	bool as_json = g_str_equal(form, "json"), as_markdown = g_str_equal(form, "markdown");

	if (!one && !as_json && !as_markdown)
		text_of_all(text);
	else
		for (guint i = 0; (o = one ? one : operation_at(i)); i++) {
			if (as_json)
				json_array_add_object_element(array, json_of_one(o));
			else if (as_markdown)
				markdown_of_one(text, o);
			else
				text_of_one(text, o);
			if (one)
				break;
		}
	return as_json ? json_lines(array) : g_string_free(g_steal_pointer(&text), FALSE);
}

char *operations_describe(const char *name, const char *form)
{
	const struct operation *operation = name ? operation_find(name) : NULL;

	if (!name || operation)
		return render(operation, form);
	auto_struct(vips_signature) signature = vips_signature_new(name);
	if (!signature || signature->refusal)
		return NULL;
	g_autoptr(GPtrArray) pool = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(GArray) params = g_array_new(TRUE, TRUE, sizeof(struct param));
	for (guint i = 0; i < signature->arguments->len; i++) {
		const struct vips_argument *argument = signature->arguments->pdata[i];
		if (argument->deprecated || !argument->settable ||
			(argument->image && !vips_signature_has_images(signature)))
			continue;
		struct param p = param_of_argument(argument, pool);
		g_array_append_val(params, p);
	}
	g_autofree char *summary =
		g_strdup_printf("libvips: %s. Written vips: {operation: %s, ...}.", signature->description, name);
	const struct operation described = {.name = name,
		.group = "vips",
		.summary = summary,
		.params = (const struct param *)(void *)params->data};
	return render(&described, form);
}

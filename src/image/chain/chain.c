/* SPDX-License-Identifier: GPL-2.0-or-later
 * From steps to a libvips graph: see chain.h. */
#include "image/chain/chain.h"

#include "base/error.h"
#include "base/json.h"
#include "definition/expression/expression.h"
#include "definition/expression/expression_parse.h"
#include "image/kernels/alpha.h"
#include "image/operations/operations.h"
#include "image/read/format.h"
#include "image/read/pages.h"
#include "image/read/unsupported.h"

static const struct build_context nothing = {0};

static struct picture_facts facts_of(VipsImage *image, const struct build_context *context)
{
	return (struct picture_facts){
		.width = image->Xsize,
		.height = image->Ysize,
		.bands = image->Bands,
		.depth = 8 * (double)vips_format_sizeof(image->BandFmt),
		.pages = (double)json_int(context->names, "pages", 1),
		.has_alpha = vips_image_hasalpha(image),
		.format = json_string(context->names, "format", NULL),
	};
}

bool chain_holds(
	const char *condition, VipsImage *image, const struct build_context *context, bool *holds, GError **error)
{
	gsize offset;
	auto_struct(expression) expression = expression_parse(condition, &offset, error);

	if (!expression) {
		g_prefix_error(error, "when: %s: ", condition);
		return false;
	}
	const struct picture_facts facts = facts_of(image, context ? context : &nothing);
	*holds = expression_holds(expression, &facts);
	return true;
}

/* A chain while it is built. */
struct build {
	const struct build_context *context;
	GHashTable *decided; /* id of a condition -> 1 or 2: a group's is judged once, by its first step's picture */
};

/* Do all conditions of a step hold? An inner one is not asked where an outer one does not. */
static bool step_holds(struct build *build, JsonObject *step, VipsImage *image, bool *holds, GError **error)
{
	JsonArray *when = json_array(step, "when");

	*holds = true;
	for (guint i = 0; *holds && when && i < json_array_get_length(when); i++) {
		JsonObject *condition = json_object_at(when, i);
		gpointer id = GINT_TO_POINTER((int)json_int(condition, "id", 0));
		gpointer known = g_hash_table_lookup(build->decided, id);
		if (!known && !chain_holds(json_string(condition, "if", ""), image, build->context, holds, error))
			return false;
		if (known)
			*holds = GPOINTER_TO_INT(known) == 2;
		else
			g_hash_table_insert(build->decided, id, GINT_TO_POINTER(*holds ? 2 : 1));
	}
	return true;
}

/* Who writes such a step says by it which numbers are black and white. */
static bool gives_meaning(const struct operation *operation)
{
	static const char *const names[] = {"cast", "vips", NULL};

	return g_strv_contains(names, operation->name);
}

/* One step on image, which it takes; NULL with an error. load: it opens the file itself. */
static VipsImage *build_step(
	struct build *build, guint number, JsonObject *step, VipsImage *image, bool load, GError **error)
{
	g_autoptr(VipsImage) in = image;
	const char *name = json_string(step, "op", "");
	const struct operation *operation = operation_find(name);
	struct args args = {.given = json_object(step, "params")};
	VipsImage *next = NULL;
	bool holds, built;

	if (!operation) {
		fail(error, ERROR_INPUT, "step %u: unknown operation '%s'", number, name);
		return NULL;
	}
	if (!step_holds(build, step, in, &holds, error)) {
		g_prefix_error(error, "step %u (%s): ", number, operation->name);
		return NULL;
	}
	if (!holds) {
		guint index = number - 1;
		if (build->context->left_out)
			g_array_append_val(build->context->left_out, index);
		return g_steal_pointer(&in);
	}
	args.params = operation->params;
	if (load)
		built = operation->load(build->context, &args, &next, error);
	else if (operation->build_with)
		built = operation->build_with(in, &args, build->context, &next, error);
	else
		built = alpha_build(operation, in, &args, &next, error);
	if (built && load)
		unsupported_carry(in, next);
	if (built && next != in && gives_meaning(operation))
		unsupported_unmark(next);
	if (built)
		return next; /* which keeps what it needs of in */
	g_prefix_error(error, "step %u (%s): ", number, operation->name);
	return NULL;
}

static bool build_all(JsonArray *steps, guint first, VipsImage *in, const struct build_context *context, bool load,
	VipsImage **out, GError **error)
{
	g_autoptr(GHashTable) decided = g_hash_table_new(NULL, NULL);
	struct build build = {context ? context : &nothing, decided};
	VipsImage *image = g_object_ref(in);
	guint count = steps ? json_array_get_length(steps) : 0;

	for (guint i = first; image && i < count; i++)
		image = build_step(&build, i + 1, json_object_at(steps, i), image, load && i == 0, error);
	*out = image;
	return image != NULL;
}

bool chain_build(JsonArray *steps, guint first, VipsImage *in, const struct build_context *context, VipsImage **out,
	GError **error)
{
	return build_all(steps, first, in, context, false, out, error);
}

GPtrArray *chain_build_pages(
	JsonArray *steps, const GPtrArray *pages, const struct build_context *context, GError **error)
{
	g_autoptr(GPtrArray) finished = g_ptr_array_new_with_free_func(g_object_unref);

	for (guint i = 0; i < pages->len; i++) {
		VipsImage *image = NULL;
		if (!chain_build(steps, 0, pages->pdata[i], context, &image, error)) {
			g_prefix_error(error, "page %u: ", i + 1);
			return NULL;
		}
		g_ptr_array_add(finished, image);
	}
	return g_steal_pointer(&finished);
}

bool chain_open(
	JsonArray *steps, VipsImage *source, const struct build_context *context, VipsImage **out, GError **error)
{
	return build_all(steps, 0, source, context, chain_flags(steps) & OPERATION_LOADS, out, error);
}

static bool has_pair(JsonArray *list, int output, int index)
{
	for (guint i = 0; i < json_array_get_length(list); i++) {
		JsonArray *pair = json_array_get_array_element(list, i);
		if (json_array_get_int_element(pair, 0) == output && json_array_get_int_element(pair, 1) == index)
			return true;
	}
	return false;
}

void chain_tell_left_out(GArray *left_out, guint times, guint common, int output, JsonArray *list)
{
	for (guint i = 0; i < left_out->len; i++) {
		guint index = g_array_index(left_out, guint, i), count = 0;
		for (guint k = 0; k < left_out->len; k++)
			count += g_array_index(left_out, guint, k) == index;
		int owner = index < common ? -1 : output, step = (int)(index < common ? index : index - common);
		if (count < times || has_pair(list, owner, step))
			continue;
		JsonArray *pair = json_array_new();
		json_array_add_int_element(pair, owner);
		json_array_add_int_element(pair, step);
		json_array_add_array_element(list, pair);
	}
	g_array_set_size(left_out, 0);
}

void chain_name_source(JsonObject *spec, VipsImage *source)
{
	JsonObject *names = json_object(spec, "names");

	if (!names) {
		names = json_object_new();
		json_object_set_object_member(spec, "names", names);
	}
	json_object_set_string_member(names, "format", format_of_image(source));
	json_object_set_int_member(names, "pages", pages_count(source));
}

bool chain_none_made(VipsImage *source, JsonObject *names, GError **error)
{
	return fail(error, ERROR_INPUT,
		"no output's condition (when:) holds for this picture (%s, %dx%d, %d bands), so it would have no output; "
		"add an output for it, or reject it",
		json_string(names, "format", "?"), source->Xsize, source->Ysize, source->Bands);
}

unsigned chain_flags(JsonArray *steps)
{
	guint count = steps ? json_array_get_length(steps) : 0;
	unsigned any = 0, all = OPERATION_SEQUENTIAL;

	for (guint i = 0; i < count; i++) {
		JsonObject *step = json_object_at(steps, i);
		unsigned flags = operation_flags(json_string(step, "op", ""), json_object(step, "params"));

		any |= flags & (OPERATION_ON_GRID | OPERATION_READS_METADATA | OPERATION_READS_PROFILE);
		if (i == 0)
			any |= flags & OPERATION_LOADS;
		all &= flags;
	}
	return any | all;
}

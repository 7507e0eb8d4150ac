/* SPDX-License-Identifier: GPL-2.0-or-later
 * From steps to a libvips graph: see chain.h. */
#include "image/chain.h"

#include "base/error.h"
#include "base/json.h"
#include "image/operations.h"

bool chain_build(JsonArray *steps, guint first, VipsImage *in, const struct build_context *context, VipsImage **out,
	GError **error)
{
	static const struct build_context nothing = {0};
	g_autoptr(VipsImage) image = g_object_ref(in);
	guint count = steps ? json_array_get_length(steps) : 0;

	for (guint i = first; i < count; i++) {
		JsonObject *step = json_object_at(steps, i);
		const char *name = json_string(step, "op", "");
		const struct operation *operation = operation_find(name);
		VipsImage *next = NULL;

		if (!operation)
			return fail(error, ERROR_INPUT, "step %u: unknown operation '%s'", i + 1, name);
		JsonObject *params = json_object(step, "params");
		bool built = operation->build_with
				     ? operation->build_with(image, params, context ? context : &nothing, &next, error)
				     : operation->build(image, params, &next, error);
		if (!built) {
			g_prefix_error(error, "step %u (%s): ", i + 1, operation->name);
			return false;
		}
		g_object_unref(image); /* the next image keeps what it needs of it */
		image = next;
	}
	*out = g_steal_pointer(&image);
	return true;
}

unsigned chain_flags(JsonArray *steps)
{
	guint count = steps ? json_array_get_length(steps) : 0;
	unsigned any = 0, all = OPERATION_SEQUENTIAL;

	for (guint i = 0; i < count; i++) {
		JsonObject *step = json_object_at(steps, i);
		unsigned flags = operation_flags(json_string(step, "op", ""), json_object(step, "params"));

		any |= flags & (OPERATION_ON_GRID | OPERATION_READS_METADATA);
		if (i == 0)
			any |= flags & OPERATION_LOADS;
		all &= flags;
	}
	return any | all;
}

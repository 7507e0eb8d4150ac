/* SPDX-License-Identifier: GPL-2.0-or-later
 * Look-ups in the table of operations: see operations.h. */
#include "image/operations/operations.h"

#include "image/operations/groups.h"

/* A line each, so that two who add one do not meet. */
static const struct operation *const groups[] = {
	geometry_operations,
	area_operations,
	layout_operations,
	warp_operations,
	size_operations,
	tone_operations,
	curve_operations,
	histogram_operations,
	colour_operations,
	white_balance_operations,
	colour_space_operations,
	filter_operations,
	rank_operations,
	morphology_operations,
	edge_operations,
	convolve_operations,
	noise_operations,
	compose_operations,
	text_operations,
	frame_operations,
	band_operations,
	metadata_operations,
	vips_operations,
	test_operations,
};

const struct operation *operation_at(guint index)
{
	for (guint g = 0; g < G_N_ELEMENTS(groups); g++)
		for (const struct operation *o = groups[g]; o->name; o++)
			if (index-- == 0)
				return o;
	return NULL;
}

const struct operation *operation_find(const char *name)
{
	const struct operation *operation;

	for (guint i = 0; (operation = operation_at(i)); i++)
		if (g_str_equal(operation->name, name) ||
			(operation->aliases && g_strv_contains(operation->aliases, name)))
			return operation;
	return NULL;
}

unsigned operation_flags(const char *name, JsonObject *params)
{
	const struct operation *operation = operation_find(name);

	/* Nothing is known of an unknown one, so nothing may be assumed: on the grid, and whole. */
	if (!operation)
		return OPERATION_ON_GRID | OPERATION_READS_METADATA;
	const struct args args = {operation->params, params};
	return operation->flags_of ? operation->flags_of(&args) : operation->flags;
}

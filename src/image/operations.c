/* SPDX-License-Identifier: GPL-2.0-or-later
 * Look-ups in the table of operations, parameters with their defaults, libvips' errors: see operations.h. */
#include "image/operations.h"

#include <errno.h>
#include <string.h>

#include "base/error.h"
#include "base/json.h"
#include "image/groups.h"

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
	return operation->flags_of ? operation->flags_of(params) : operation->flags;
}

/* libvips reports the system's trouble as text only. What is written goes to temp files of ours: that one cannot be made, because its folder
 * was removed or closed, is never the picture's fault. */
static enum error_kind kind_of_text(const char *text)
{
	static const char *const ours[] = {
		"out of memory", "unable to open for write", "for writing", "unable to create directory"};
	static const int passing[] = {ENOSPC, EDQUOT, EIO, EMFILE, ENFILE, ENOMEM, EROFS};

	for (guint i = 0; i < G_N_ELEMENTS(passing); i++)
		if (strstr(text, g_strerror(passing[i])))
			return ERROR_RETRY;
	for (guint i = 0; i < G_N_ELEMENTS(ours); i++)
		if (strstr(text, ours[i]))
			return ERROR_RETRY;
	return ERROR_INPUT;
}

/* Savers say that they failed behind whoever said why. */
static bool is_echo(const char *line)
{
	return strstr(line, "unable to write to target") != NULL;
}

bool vips_failed(GError **error, const char *prefix)
{
	g_autofree char *buffer = vips_error_buffer_copy(); /* and clears it */
	g_auto(GStrv) lines = g_strsplit(g_strstrip(buffer), "\n", -1);
	g_autoptr(GPtrArray) reasons = g_ptr_array_new();

	for (char **line = lines; *line; line++)
		/* The same complaint often comes from each layer that it passed. */
		if (**line && !(is_echo(*line) && reasons->len) &&
			!g_ptr_array_find_with_equal_func(reasons, *line, g_str_equal, NULL))
			g_ptr_array_add(reasons, *line);
	/* Its buffer is one for all threads: another that failed at the same moment has taken what was said, of this one, too. Whose fault it was
	 * is not known; it is never said to be the picture's. */
	if (!reasons->len)
		return fail(
			error, ERROR_SYSTEM, "%s%slibvips gave no reason", prefix ? prefix : "", prefix ? ": " : "");
	g_ptr_array_add(reasons, NULL);
	g_autofree char *text = g_strjoinv("; ", (char **)reasons->pdata);
	return fail(error, kind_of_text(text), "%s%s%s", prefix ? prefix : "", prefix ? ": " : "", text);
}

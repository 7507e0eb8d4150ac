/* SPDX-License-Identifier: GPL-2.0-or-later
 * What a template's ending says of the format: see template.h. */
#include <string.h>

#include "base/file_format.h"
#include "definition/template/template_ending.h"
#include "definition/template/template_piece.h"
#include "definition/yaml/diagnostics.h"

const char *template_ending_format(const char *ending)
{
	const struct file_format *format = file_format_by_ending(ending);

	return format && format->written ? format->name : NULL;
}

const char *template_ending_meant(const char *ending)
{
	g_autoptr(GPtrArray) names = g_ptr_array_new();

	for (const struct file_format *format = file_formats; format->name; format++)
		for (const char *const *known = format->endings; format->written && *known; known++)
			g_ptr_array_add(names, (gpointer)*known);
	g_ptr_array_add(names, NULL);
	return did_you_mean(ending, (const char *const *)names->pdata);
}

const char *template_format(const char *name, const char **unknown)
{
	const char *slash = strrchr(name, '/');
	const char *base = slash ? slash + 1 : name;
	const char *dot = NULL;

	*unknown = NULL;
	/* A dot only counts while nothing but literals follow it: "{stem}.x{pipeline}" ends in who knows what. */
	for (const char *at = base; *at;) {
		struct piece piece = template_piece_at(at);
		if (!piece.next)
			return NULL;
		if (piece.placeholder != PLACEHOLDER_NONE)
			dot = NULL;
		else if (piece.literal == '.' && at != base)
			dot = at;
		at = piece.next;
	}
	if (!dot || dot[1] == '\0')
		return NULL;
	const char *format = template_ending_format(dot + 1);
	if (!format)
		*unknown = dot + 1;
	return format;
}

bool template_ends_in_ext(const char *name)
{
	bool last = false;

	for (const char *at = name; *at;) {
		struct piece piece = template_piece_at(at);
		if (!piece.next)
			return false;
		last = piece.placeholder == PLACEHOLDER_EXT;
		at = piece.next;
	}
	return last;
}

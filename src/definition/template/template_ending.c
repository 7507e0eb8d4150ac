/* SPDX-License-Identifier: GPL-2.0-or-later
 * What a template's ending says of the format: see template.h. */
#include <string.h>

#include "definition/template/template.h"
#include "definition/template/template_piece.h"
#include "definition/yaml/diagnostics.h"

/* The endings that say a format which can be written. */
static const struct {
	const char *ending, *format;
} endings[] = {
	{"jpg", "jpeg"},
	{"jpeg", "jpeg"},
	{"jpe", "jpeg"},
	{"jfif", "jpeg"},
	{"png", "png"},
	{"webp", "webp"},
	{"tif", "tiff"},
	{"tiff", "tiff"},
	{"gif", "gif"},
	{"avif", "avif"},
	{"heic", "heif"},
	{"heif", "heif"},
	{"jp2", "jp2k"},
	{"j2k", "jp2k"},
	{"jxl", "jxl"},
	{"dzi", "dz"},
};

const char *template_ending_format(const char *ending)
{
	for (size_t i = 0; i < G_N_ELEMENTS(endings); i++)
		if (g_ascii_strcasecmp(endings[i].ending, ending) == 0)
			return endings[i].format;
	return NULL;
}

const char *template_ending_meant(const char *ending)
{
	const char *names[G_N_ELEMENTS(endings) + 1];

	for (size_t i = 0; i < G_N_ELEMENTS(endings); i++)
		names[i] = endings[i].ending;
	names[G_N_ELEMENTS(endings)] = NULL;
	return did_you_mean(ending, names);
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

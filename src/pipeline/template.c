/* SPDX-License-Identifier: GPL-2.0-or-later
 * Output names: see template.h. */
#include "pipeline/template.h"

#include <limits.h>
#include <string.h>

#include "base/error.h"
#include "base/files.h"
#include "pipeline/diagnostics.h"

enum placeholder { PLACEHOLDER_STEM, PLACEHOLDER_EXT, PLACEHOLDER_PIPELINE, PLACEHOLDER_NONE };

static const char *const placeholder_names[] = {"stem", "ext", "pipeline", NULL};

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

/* One piece of a template: a literal character or a placeholder. */
struct piece {
	enum placeholder placeholder; /* PLACEHOLDER_NONE: the literal */
	char literal;
	const char *next; /* what follows; NULL: nothing can, the template is wrong here */
};

static enum placeholder placeholder_find(const char *name, size_t length)
{
	enum placeholder found = 0;

	while (found < PLACEHOLDER_NONE &&
		!(strlen(placeholder_names[found]) == length && strncmp(placeholder_names[found], name, length) == 0))
		found++;
	return found;
}

/* The piece that starts at `at`, which is not the end. Braces that pair with nothing have no next. */
static struct piece piece_at(const char *at)
{
	struct piece piece = {.placeholder = PLACEHOLDER_NONE, .literal = *at};

	if (*at != '{' && *at != '}') {
		piece.next = at + 1;
	} else if (at[1] == *at) {
		piece.next = at + 2;
	} else if (*at == '{') {
		size_t length = strcspn(at + 1, "{}/");
		piece.placeholder = placeholder_find(at + 1, length);
		if (at[1 + length] == '}' && piece.placeholder != PLACEHOLDER_NONE)
			piece.next = at + 1 + length + 1;
	}
	return piece;
}

/* Why piece_at() found nothing there. Always false. */
static bool wrong_brace(const char *at, GError **error)
{
	size_t length = strcspn(at + 1, "{}/");

	if (*at == '}')
		return fail(error, ERROR_INPUT, "'}' closes nothing; write }} for a brace");
	if (at[1 + length] != '}')
		return fail(
			error, ERROR_INPUT, "'{' is not closed; write {stem}, {ext} or {pipeline}, or {{ for a brace");
	g_autofree char *word = g_strndup(at + 1, length);
	const char *meant = did_you_mean(word, placeholder_names);
	if (meant)
		return fail(error, ERROR_INPUT, "unknown placeholder '{%s}'; did you mean '{%s}'?", word, meant);
	return fail(error, ERROR_INPUT, "unknown placeholder '{%s}'; there are {stem}, {ext} and {pipeline}", word);
}

/* The folders and the name of a path that must stay below where it is put. */
static bool component_check(const char *start, size_t length, GError **error)
{
	if (length == 0)
		return fail(error, ERROR_INPUT,
			"a folder or file name is empty; write single slashes, and none at the end");
	if (length == 2 && strncmp(start, "..", 2) == 0)
		return fail(error, ERROR_INPUT, "'..' leads out of the output folder; name a folder below it");
	if (length == 1 && *start == '.')
		return fail(error, ERROR_INPUT, "'.' is no name; leave it out");
	return true;
}

static bool components_check(const char *name, gsize *offset_bytes, GError **error)
{
	const char *start = name;

	for (;;) {
		size_t length = strcspn(start, "/");
		*offset_bytes = (gsize)(start - name);
		if (!component_check(start, length, error))
			return false;
		if (start[length] == '\0')
			return true;
		start += length + 1;
	}
}

bool template_check(const char *name, gsize *offset_bytes, GError **error)
{
	*offset_bytes = 0;
	if (*name == '\0')
		return fail(error, ERROR_INPUT, "the name is empty; write for example \"{stem}.jpg\"");
	if (*name == '/')
		return fail(error, ERROR_INPUT, "the name is an absolute path; write it relative to the output folder");
	for (const char *at = name; *at;) {
		*offset_bytes = (gsize)(at - name);
		if (g_ascii_iscntrl(*at))
			return fail(error, ERROR_INPUT, "the name contains a control character; take it out");
		struct piece piece = piece_at(at);
		if (!piece.next)
			return wrong_brace(at, error);
		at = piece.next;
	}
	return components_check(name, offset_bytes, error);
}

/* Where the ending's dot stands in a file's own name, or its end: a dot in front makes a hidden file, and one
 * at the end separates nothing. */
static const char *ending_dot(const char *base)
{
	const char *dot = strrchr(base, '.');

	return dot && dot != base && dot[1] != '\0' ? dot : base + strlen(base);
}

/* No component may be longer than a file system takes, and none may climb: a source named ".." plus a
 * template of "{stem}" cannot come from a folder, but must not depend on that. */
static bool expansion_check(const char *path, GError **error)
{
	for (const char *start = path;; start++) {
		size_t length = strcspn(start, "/");
		g_autofree char *component = g_strndup(start, length);
		g_autofree char *shown = files_display(component);
		if (!component_check(start, length, error)) {
			g_prefix_error(error, "output name '%s': ", shown);
			return false;
		}
		if (length > NAME_MAX)
			return fail(error, ERROR_INPUT,
				"output name '%s' has %zu bytes, and a file name can have %d: shorten the source's name",
				shown, length, NAME_MAX);
		start += length;
		if (*start == '\0')
			return true;
	}
}

char *template_expand(
	const char *name, const char *relative, const char *pipeline, const char *format_ext, GError **error)
{
	const char *slash = strrchr(relative, '/');
	const char *base = slash ? slash + 1 : relative;
	const char *dot = ending_dot(base);
	const char *ext = *dot ? dot + 1 : (format_ext ? format_ext : "");
	g_autoptr(GString) path = g_string_new_len(relative, base - relative);

	for (const char *at = name; *at;) {
		struct piece piece = piece_at(at);
		if (!piece.next) {
			wrong_brace(at, error);
			return NULL;
		}
		switch (piece.placeholder) {
		case PLACEHOLDER_STEM:
			g_string_append_len(path, base, dot - base);
			break;
		case PLACEHOLDER_EXT:
			/* "{stem}.{ext}" of a source without ending is its stem, not "stem." */
			if (*ext == '\0' && at != name && at[-1] == '.')
				g_string_truncate(path, path->len - 1);
			g_string_append(path, ext);
			break;
		case PLACEHOLDER_PIPELINE:
			g_string_append(path, pipeline);
			break;
		case PLACEHOLDER_NONE:
			g_string_append_c(path, piece.literal);
			break;
		}
		at = piece.next;
	}
	if (!expansion_check(path->str, error))
		return NULL;
	return g_string_free(g_steal_pointer(&path), FALSE);
}

JsonObject *template_names(const char *relative, const char *pipeline, gint64 dropped_wall_us)
{
	JsonObject *names = json_object_new();
	g_autofree char *base = g_path_get_basename(relative);
	const char *dot = ending_dot(base);
	g_autofree char *stem = g_strndup(base, (gsize)(dot - base));
	g_autofree char *shown = files_display(stem);
	g_autofree char *ext = files_display(*dot ? dot + 1 : "");
	g_autoptr(GDateTime) dropped = g_date_time_new_from_unix_local(dropped_wall_us / G_USEC_PER_SEC);
	g_autofree char *date = dropped ? g_date_time_format(dropped, "%Y-%m-%d") : g_strdup("");

	json_object_set_string_member(names, "stem", shown);
	json_object_set_string_member(names, "ext", ext);
	json_object_set_string_member(names, "pipeline", pipeline);
	json_object_set_string_member(names, "date", date);
	return names;
}

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
		struct piece piece = piece_at(at);
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
		struct piece piece = piece_at(at);
		if (!piece.next)
			return false;
		last = piece.placeholder == PLACEHOLDER_EXT;
		at = piece.next;
	}
	return last;
}

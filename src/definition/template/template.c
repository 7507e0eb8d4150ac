/* SPDX-License-Identifier: GPL-2.0-or-later
 * Output names: see template.h. */
#include "definition/template/template.h"

#include <limits.h>
#include <string.h>

#include "base/display.h"
#include "base/error.h"
#include "definition/template/template_piece.h"

#define DATE_FORMAT "%Y-%m-%d"

/* The folders and the name of a path that must stay below where it is put. */
static bool component_check(const char *start, size_t length, GError **error)
{
	if (length == 0)
		return fail(error, ERROR_INPUT,
			"a folder or file name is empty; write single slashes, and none at the end");
	if (length == 2 && strncmp(start, "..", 2) == 0)
		return fail(error, ERROR_INPUT, "'..' leads out of the output folder; name a folder below it");
	if (length == 1 && *start == '.')
		return fail(error, ERROR_INPUT, "'.' is not a name; leave it out");
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
		struct piece piece = template_piece_at(at);
		if (!piece.next)
			return template_piece_wrong(at, error);
		at = piece.next;
	}
	return components_check(name, offset_bytes, error);
}

/* Position of the ending's dot in a file's own name, or the name's end: a dot in front makes a hidden file, and one at
 * the end separates nothing. */
static const char *ending_dot(const char *base)
{
	const char *dot = strrchr(base, '.');

	return dot && dot != base && dot[1] != '\0' ? dot : base + strlen(base);
}

/* No component may be longer than a file system allows, and none may be "..". A source named ".." cannot come from a
 * folder, but this must not depend on that. */
static bool expansion_check(const char *path, GError **error)
{
	for (const char *start = path;; start++) {
		size_t length = strcspn(start, "/");
		g_autofree char *component = g_strndup(start, length);
		g_autofree char *shown = display_name(component);
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

/* The time of the drop, as local time; format as strftime has it. Returns owned. */
static char *date_text(gint64 dropped_wall_us, const char *format)
{
	g_autoptr(GDateTime) dropped = g_date_time_new_from_unix_local(dropped_wall_us / G_USEC_PER_SEC);
	char *text = dropped ? g_date_time_format(dropped, format) : NULL;

	return text ? text : g_strdup("");
}

static void append_number(GString *path, gint64 number, const struct piece *piece)
{
	g_autofree char *digits = g_strndup(piece->argument ? piece->argument : "", piece->argument_bytes);

	g_string_append_printf(path, "%0*" G_GINT64_FORMAT, (int)g_ascii_strtoll(digits, NULL, 10), number);
}

/* The part of a source's path that placeholders name. */
struct source_name {
	const char *base, *dot, *ext;
};

static struct source_name source_name(const struct template_values *values)
{
	const char *slash = strrchr(values->relative, '/');
	const char *base = slash ? slash + 1 : values->relative;
	const char *dot = ending_dot(base);

	if (values->kept_ext)
		return (struct source_name){base, dot, values->kept_ext};
	return (struct source_name){base, dot, *dot ? dot + 1 : (values->format_ext ? values->format_ext : "")};
}

/* Appends what a placeholder stands for. False: that is not known yet. */
static bool append_value(GString *path, const struct piece *piece, const struct template_values *values)
{
	struct source_name name = source_name(values);

	switch (piece->placeholder) {
	case PLACEHOLDER_STEM:
		g_string_append_len(path, name.base, name.dot - name.base);
		return true;
	case PLACEHOLDER_EXT:
		g_string_append(path, name.ext);
		return true;
	case PLACEHOLDER_PIPELINE:
		g_string_append(path, values->pipeline);
		return true;
	case PLACEHOLDER_DATE: {
		g_autofree char *format =
			piece->argument ? g_strndup(piece->argument, piece->argument_bytes) : g_strdup(DATE_FORMAT);
		g_autofree char *date = date_text(values->dropped_wall_us, format);
		g_string_append(path, date);
		return true;
	}
	case PLACEHOLDER_WIDTH:
		append_number(path, values->width, piece);
		return values->width > 0;
	case PLACEHOLDER_HEIGHT:
		append_number(path, values->height, piece);
		return values->height > 0;
	case PLACEHOLDER_N:
		append_number(path, values->number, piece);
		return values->number > 0;
	case PLACEHOLDER_HASH:
		g_string_append(path, values->hash ? values->hash : "");
		return values->hash != NULL;
	case PLACEHOLDER_NONE:
		break;
	}
	g_string_append_c(path, piece->literal);
	return true;
}

char *template_expand(const char *name, const struct template_values *values, GError **error)
{
	struct source_name source = source_name(values);
	g_autoptr(GString) path = g_string_new_len(values->relative, source.base - values->relative);

	for (const char *at = name; *at;) {
		struct piece piece = template_piece_at(at);
		gsize length = path->len;
		if (!piece.next) {
			template_piece_wrong(at, error);
			return NULL;
		}
		/* "{stem}.{ext}" of a source without ending is its stem, not "stem." */
		if (piece.placeholder == PLACEHOLDER_EXT && *source.ext == '\0' && at != name && at[-1] == '.')
			g_string_truncate(path, path->len - 1);
		else if (!append_value(path, &piece, values)) {
			g_string_truncate(path, length);
			g_string_append_len(path, at, piece.next - at);
		}
		at = piece.next;
	}
	if (!expansion_check(path->str, error))
		return NULL;
	return g_string_free(g_steal_pointer(&path), FALSE);
}

unsigned template_uses(const char *name)
{
	static const unsigned uses[] = {
#define X(id, name, use, digits) use,
		PLACEHOLDERS(X)
#undef X
			0};
	unsigned all = 0;

	for (const char *at = name; *at;) {
		struct piece piece = template_piece_at(at);
		if (!piece.next)
			break;
		all |= uses[piece.placeholder];
		at = piece.next;
	}
	return all;
}

JsonObject *template_names(const char *relative, const char *pipeline, gint64 dropped_wall_us)
{
	JsonObject *names = json_object_new();
	g_autofree char *base = g_path_get_basename(relative);
	const char *dot = ending_dot(base);
	g_autofree char *stem = g_strndup(base, (gsize)(dot - base));
	g_autofree char *shown = display_name(stem);
	g_autofree char *ext = display_name(*dot ? dot + 1 : "");
	g_autofree char *date = date_text(dropped_wall_us, DATE_FORMAT);

	json_object_set_string_member(names, "stem", shown);
	json_object_set_string_member(names, "ext", ext);
	json_object_set_string_member(names, "pipeline", pipeline);
	json_object_set_string_member(names, "date", date);
	return names;
}

/* SPDX-License-Identifier: GPL-2.0-or-later
 * A template's pieces: see template_piece.h. */
#include "definition/template/template_piece.h"

#include <string.h>

#include "base/error.h"
#include "definition/yaml/diagnostics.h"

static const char *const names[] = {
#define X(id, name, use, digits) name,
	PLACEHOLDERS(X)
#undef X
		NULL};

static const bool takes_digits[] = {
#define X(id, name, use, digits) digits,
	PLACEHOLDERS(X)
#undef X
};

/* Conversions of strftime that give digits and letters, and nothing that a name should not have. */
#define DATE_CONVERSIONS "YymdHMSjGVuabAB"

static enum placeholder find(const char *name, gsize length)
{
	enum placeholder found = 0;

	while (found < PLACEHOLDER_NONE &&
		!(strlen(names[found]) == length && strncmp(names[found], name, length) == 0))
		found++;
	return found;
}

/* Folders are welcome in it ("%Y/%m"), as long as each has a name of its own. */
static const char *date_fault(const char *text)
{
	g_auto(GStrv) folders = g_strsplit(text, "/", -1);

	for (char **folder = folders; *folder; folder++)
		if (**folder == '\0' || strcmp(*folder, ".") == 0 || strcmp(*folder, "..") == 0)
			return "has a folder without a name; write for example {date:%Y/%m}";
	for (const char *c = text; *c; c++) {
		if (*c == '%' && (c[1] == '\0' || !strchr(DATE_CONVERSIONS, c[1])))
			return "has a '%' that stands for nothing; write %Y, %m, %d, %H, %M, %S, %j, %V, %u, %b or %a";
		c += *c == '%';
	}
	return strchr(text, '%') ? NULL : "has nothing of the date; write for example {date:%Y/%m}";
}

/* What is wrong with what stands behind the colon, or NULL. */
static const char *argument_fault(const struct piece *piece)
{
	g_autofree char *text = g_strndup(piece->argument, piece->argument_bytes);

	if (piece->placeholder == PLACEHOLDER_DATE)
		return date_fault(text);
	if (!takes_digits[piece->placeholder])
		return "takes nothing behind a colon; take it out";
	guint64 digits;
	return g_ascii_string_to_unsigned(text, 10, 1, 18, &digits, NULL)
		       ? NULL
		       : "takes a number of digits behind the colon, as in {n:04}";
}

/* "{name" or "{name:argument" at `at`: fills in the piece but for next. Returns where it ends, at the brace when all is well. */
static const char *scan(const char *at, struct piece *piece)
{
	gsize length = strcspn(at + 1, "{}/:");
	const char *end = at + 1 + length;

	piece->placeholder = find(at + 1, length);
	if (*end != ':')
		return end;
	piece->argument = end + 1;
	piece->argument_bytes = strcspn(piece->argument, "{}");
	return piece->argument + piece->argument_bytes;
}

struct piece template_piece_at(const char *at)
{
	struct piece piece = {.placeholder = PLACEHOLDER_NONE, .literal = *at};

	if (*at != '{' && *at != '}') {
		piece.next = at + 1;
	} else if (at[1] == *at) {
		piece.next = at + 2;
	} else if (*at == '{') {
		const char *end = scan(at, &piece);
		if (*end == '}' && piece.placeholder != PLACEHOLDER_NONE && !(piece.argument && argument_fault(&piece)))
			piece.next = end + 1;
	}
	return piece;
}

/* "{stem}, {ext} and {n}" */
static char *all_names(void)
{
	GString *list = g_string_new(NULL);

	for (int i = 0; names[i]; i++)
		g_string_append_printf(list, "%s{%s}", i == 0 ? "" : names[i + 1] ? ", " : " and ", names[i]);
	return g_string_free(list, FALSE);
}

bool template_piece_wrong(const char *at, GError **error)
{
	struct piece piece = {.placeholder = PLACEHOLDER_NONE};
	g_autofree char *list = all_names();

	if (*at == '}')
		return fail(error, ERROR_INPUT, "'}' closes nothing; write }} for a brace");
	if (*scan(at, &piece) != '}')
		return fail(error, ERROR_INPUT, "'{' is not closed; write one of %s, or {{ for a brace", list);
	g_autofree char *word = g_strndup(at + 1, strcspn(at + 1, "{}/:"));
	if (piece.placeholder != PLACEHOLDER_NONE)
		return fail(error, ERROR_INPUT, "the placeholder '{%s}' %s", word, argument_fault(&piece));
	const char *meant = did_you_mean(word, names);
	if (meant)
		return fail(error, ERROR_INPUT, "unknown placeholder '{%s}'; did you mean '{%s}'?", word, meant);
	return fail(error, ERROR_INPUT, "unknown placeholder '{%s}'; there are %s", word, list);
}

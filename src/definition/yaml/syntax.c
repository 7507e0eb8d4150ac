/* SPDX-License-Identifier: GPL-2.0-or-later
 * Advice for texts that are not YAML: see syntax.h. */
#include "definition/yaml/syntax.h"

#include <string.h>

/* Keys are the messages of libyaml 0.2; one that it words otherwise some day falls back to the general sentence. */
static const struct {
	const char *problem, *advice;
	bool at_start; /* the place to correct is where libyaml began, not where it gave up */
} table[] = {
	{"mapping values are not allowed in this context",
		"':' is not allowed here; indent the keys of one map alike, and put text with ': ' in it in quotes",
		false},
	{"could not find expected ':'", "a ':' is missing after the key on this line or on the one before", false},
	{"did not find expected key",
		"this does not fit the keys before it; indent it as they are, and look for a quote or bracket left open",
		false},
	{"did not find expected '-' indicator",
		"this does not fit the list before it; begin it with '- ', as deep as that", false},
	{"did not find expected ',' or ']'", "a ',' or the closing ']' of a list is missing before this", false},
	{"did not find expected ',' or '}'", "a ',' or the closing '}' of a map is missing before this", false},
	{"found unexpected end of stream", "this quote is never closed; add the closing one", true},
	{"block sequence entries are not allowed in this context",
		"'- ' is not allowed here; begin the item on a line of its own", false},
	{"did not find expected alphabetic or numeric character",
		"text that begins with '*' or '&' must be in quotes, as in \"*.jpg\"", true},
	{"found character that cannot start any token", "text that begins with '@', '`' or '%' must be in quotes",
		false},
	{"control characters are not allowed", "a control character is not allowed; take it out", false},
	{"invalid leading UTF-8 octet", "this is not UTF-8; save the file as UTF-8", false},
	{"invalid trailing UTF-8 octet", "this is not UTF-8; save the file as UTF-8", false},
	{"incomplete UTF-8 octet sequence", "this is not UTF-8; save the file as UTF-8", false},
	{"invalid length of a UTF-8 sequence", "this is not UTF-8; save the file as UTF-8", false},
	{"invalid Unicode character", "this is not UTF-8; save the file as UTF-8", false},
};

/* Tabs in front of a line are the most frequent slip, and libyaml's words for it depend on what follows them. */
static bool indented_by_tab(const char *text, gsize length, gsize line)
{
	const char *end = text + length;

	for (; line > 0; line--) {
		const char *newline = memchr(text, '\n', (gsize)(end - text));
		if (!newline)
			return false;
		text = newline + 1;
	}
	while (text < end && *text == ' ')
		text++;
	return text < end && *text == '\t';
}

char *syntax_message(
	const char *text, gsize length, gsize line, const char *context, const char *problem, bool *at_start)
{
	*at_start = false;
	if (indented_by_tab(text, length, line))
		return g_strdup("a tab cannot indent YAML; use spaces");
	for (size_t i = 0; i < G_N_ELEMENTS(table); i++) {
		if (g_strcmp0(table[i].problem, problem) == 0) {
			*at_start = table[i].at_start;
			return g_strdup(table[i].advice);
		}
	}
	return g_strdup_printf("not valid YAML: %s%s%s; check indentation, quotes and brackets around here",
		context ? context : "", context ? ", " : "", problem ? problem : "unknown error");
}

/* Bytes of the line break at the start of this text, 0 when there is none: those of YAML 1.1, which libyaml counts. */
static gsize line_break(const char *text, gsize length)
{
	static const char *const breaks[] = {"\r\n", "\n", "\r", "\xc2\x85", "\xe2\x80\xa8", "\xe2\x80\xa9"};

	for (size_t i = 0; i < G_N_ELEMENTS(breaks); i++) {
		size_t bytes = strlen(breaks[i]);
		if (bytes <= length && memcmp(text, breaks[i], bytes) == 0)
			return bytes;
	}
	return 0;
}

void syntax_place(const char *text, gsize offset_bytes, gsize *line, gsize *column)
{
	*line = *column = 0;
	for (gsize i = 0; i < offset_bytes;) {
		gsize bytes = line_break(text + i, offset_bytes - i);
		if (bytes > 0) {
			++*line;
			*column = 0;
			i += bytes;
			continue;
		}
		*column += (text[i++] & 0xc0) != 0x80; /* the first byte of a character */
	}
}

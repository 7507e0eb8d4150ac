/* SPDX-License-Identifier: GPL-2.0-or-later
 * A line and a caret: see excerpt.h. */
#include "pipeline/excerpt.h"

#include <glib.h>
#include <string.h>

/* Characters of a line that are shown, and how many of them stand before the place at least. */
#define WIDTH 100
#define BEFORE 40

char *excerpt(const char *text, unsigned line, unsigned column)
{
	for (unsigned i = 1; i < line; i++) {
		text += strcspn(text, "\r\n");
		if (*text == '\0')
			return g_strdup("");
		text += text[0] == '\r' && text[1] == '\n' ? 2 : 1;
	}
	g_autofree char *raw = g_strndup(text, strcspn(text, "\r\n"));
	g_autofree char *valid = g_utf8_make_valid(raw, -1);
	unsigned length = (unsigned)g_utf8_strlen(valid, -1);
	unsigned first = length > WIDTH && column > BEFORE ? column - BEFORE : 0;
	g_autoptr(GString) shown = g_string_new(NULL);
	g_autoptr(GString) caret = g_string_new(NULL);
	unsigned at = 0;

	for (const char *c = valid; *c && at < first + WIDTH; c = g_utf8_next_char(c), at++) {
		gunichar character = g_utf8_get_char(c);
		if (at < first)
			continue;
		g_string_append_unichar(shown, g_unichar_isprint(character) ? character : ' ');
		if (at + 1 < column)
			g_string_append(caret, g_unichar_iswide(character) ? "  " : " ");
	}
	g_autofree char *number = g_strdup_printf("%u", line);
	return g_strdup_printf("%6s | %s%s%s\n%6s | %s%s^\n", number, first ? "..." : "", shown->str,
		at < length ? "..." : "", "", first ? "   " : "", caret->str);
}

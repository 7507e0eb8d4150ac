/* SPDX-License-Identifier: GPL-2.0-or-later
 * A line and a caret: see excerpt.h. */
#include "definition/yaml/excerpt.h"

#include "definition/yaml/diagnostics.h"
#include "definition/yaml/include.h"

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

char *excerpts(const struct diagnostics *list, const char *severity)
{
	g_autoptr(GString) all = g_string_new(NULL);
	g_autofree char *text = NULL;
	gsize length;
	const char *path = NULL; /* whose text this is: entries come file by file */

	for (unsigned i = 0; i < diagnostics_count(list); i++) {
		const struct diagnostic *entry = diagnostics_get(list, i);
		if (g_strcmp0(path, entry->file) != 0) {
			path = entry->file;
			g_clear_pointer(&text, g_free);
			g_free(include_read(path, true, &text, &length)); /* no text, no excerpt */
		}
		g_autofree char *lines = text ? excerpt(text, entry->line, entry->column) : NULL;
		g_string_append_printf(all, "%s:%u:%u: %s%s\n%s", entry->file, entry->line, entry->column, severity,
			entry->message, lines ? lines : "");
	}
	return g_string_free(g_steal_pointer(&all), FALSE);
}

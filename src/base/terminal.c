/* SPDX-License-Identifier: GPL-2.0-or-later
 * What people read: see terminal.h. */
#include "base/terminal.h"
#include "base/display.h"

#include <stdbool.h>
#include <stdio.h>
#include <unistd.h>

/* ESC [K clears what stood behind; ESC [H goes to the first cell, ESC [J clears from there on. */
#define CLEAR_LINE "\033[K"
#define CLEAR_SCREEN "\033[H\033[J"

static char *shown_lines(const char *text, const char *between)
{
	g_auto(GStrv) lines = g_strsplit(text, "\n", -1);

	for (char **line = lines; *line; line++) {
		char *shown = display_name(*line);
		g_free(*line);
		*line = shown;
	}
	return g_strjoinv(between, lines);
}

char *terminal_harmless(const char *message)
{
	/* libvips ends what it says with a line's end. */
	return g_strchomp(shown_lines(message, "\n    "));
}

void terminal_print(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	g_autofree char *text = g_strdup_vprintf(format, arguments);
	va_end(arguments);
	g_autofree char *shown = shown_lines(text, "\n");
	fputs(shown, stdout);
}

void terminal_say(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	g_autofree char *text = g_strdup_vprintf(format, arguments);
	va_end(arguments);
	g_autofree char *shown = terminal_harmless(text);
	fprintf(stderr, "%s\n", shown);
}

void terminal_say_lines(const char *text)
{
	g_autofree char *shown = shown_lines(text, "\n");

	fputs(shown, stderr);
}

void terminal_path(const char *path)
{
	g_autofree char *shown = isatty(STDOUT_FILENO) ? display_name(path) : g_strdup(path);

	puts(shown);
}

void terminal_json(const char *text)
{
	g_autoptr(GString) escaped = g_string_new(NULL);

	for (const char *next = text; *next;) {
		gunichar character = g_utf8_get_char_validated(next, -1);
		bool invalid = character >= (gunichar)-2;
		gsize length = invalid ? 1 : (gsize)(g_utf8_next_char(next) - next);
		if (invalid)
			g_string_append_printf(escaped, "\\\\x%02x", (guchar)*next); /* read back: as display_name() */
		else if (character != '\n' && display_is_unsafe(character))
			g_string_append_printf(escaped, "\\u%04x", character);
		else
			g_string_append_len(escaped, next, (gssize)length);
		next += length;
	}
	puts(escaped->str);
}

void terminal_progress(const char *line)
{
	g_autofree char *shown = display_name(line);

	fprintf(stderr, "\r%s" CLEAR_LINE, shown);
	fflush(stderr);
}

void terminal_end_progress(void)
{
	fputc('\n', stderr);
}

void terminal_clear(void)
{
	fputs(CLEAR_SCREEN, stdout);
}

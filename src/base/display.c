/* SPDX-License-Identifier: GPL-2.0-or-later
 * Names as people may see them: see display.h. */
#include "base/display.h"

bool display_is_unsafe(gunichar character)
{
	return g_unichar_iscntrl(character) || character == 0x2028 || character == 0x2029 || character == 0x061c ||
	       (character >= 0x200e && character <= 0x200f) || (character >= 0x202a && character <= 0x202e) ||
	       (character >= 0x2066 && character <= 0x2069);
}

char *display_name(const char *name)
{
	GString *text = g_string_new(NULL);

	while (*name) {
		gunichar character = g_utf8_get_char_validated(name, -1);
		bool invalid = character == (gunichar)-1 || character == (gunichar)-2;
		int length = invalid ? 1 : (int)(g_utf8_next_char(name) - name);
		if (!invalid && !display_is_unsafe(character))
			g_string_append_len(text, name, length);
		else
			for (int i = 0; i < length; i++)
				g_string_append_printf(text, "\\x%02x", (guchar)name[i]);
		name += length;
	}
	return g_string_free(text, FALSE);
}

bool display_is_safe(const char *text)
{
	if (!g_utf8_validate(text, -1, NULL))
		return false;
	while (*text && !display_is_unsafe(g_utf8_get_char(text)))
		text = g_utf8_next_char(text);
	return !*text;
}

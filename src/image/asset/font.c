/* SPDX-License-Identifier: GPL-2.0-or-later
 * Fonts from bytes: see font.h. */
#include "image/asset/font.h"

#include <string.h>

#include "base/disk/io.h"
#include "base/error.h"

static GMutex lock;
static GHashTable *open_fonts; /* hex SHA-256 to path; the descriptors stay open: fontconfig reads them when it likes */

char *font_path(const char *sha256, GBytes *bytes, GError **error)
{
	gsize length;
	const guint8 *data = g_bytes_get_data(bytes, &length);

	g_mutex_lock(&lock);
	if (!open_fonts)
		open_fonts = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	char *path = g_strdup(g_hash_table_lookup(open_fonts, sha256));
	if (!path) {
		int fd = io_memory_file("dropmill-font", data, length);
		if (fd < 0) {
			fail_errno(error, "a font in memory");
		} else {
			path = g_strdup_printf("/proc/self/fd/%d", fd);
			g_hash_table_insert(open_fonts, g_strdup(sha256), g_strdup(path));
		}
	}
	g_mutex_unlock(&lock);
	return path;
}

/* Big-endian numbers of the file, 0 outside of it. */
static guint number(const guint8 *data, gsize length, gsize at, int bytes)
{
	guint value = 0;

	if (at > length || length - at < (gsize)bytes)
		return 0;
	for (int i = 0; i < bytes; i++)
		value = value << 8 | data[at + (gsize)i];
	return value;
}

/* Where the table begins; 0 when there is none. A collection's first font stands for it. */
static gsize find_table(const guint8 *data, gsize length, const char *tag)
{
	gsize start = length >= 16 && memcmp(data, "ttcf", 4) == 0 ? number(data, length, 12, 4) : 0;
	guint count = number(data, length, start + 4, 2);

	for (guint i = 0; i < count; i++) {
		gsize entry = start + 12 + 16 * (gsize)i;
		if (entry + 16 > length)
			return 0;
		if (memcmp(data + entry, tag, 4) == 0)
			return number(data, length, entry + 8, 4);
	}
	return 0;
}

/* A text of the name table in what Windows reads, or NULL. */
static char *name_text(const guint8 *data, gsize length, guint wanted)
{
	enum { WINDOWS = 3 };
	gsize names = find_table(data, length, "name");
	guint count = names ? number(data, length, names + 2, 2) : 0;
	gsize texts = names + number(data, length, names + 4, 2);

	for (guint i = 0; i < count; i++) {
		gsize record = names + 6 + 12 * (gsize)i, size = number(data, length, record + 8, 2);
		gsize at = texts + number(data, length, record + 10, 2);
		if (number(data, length, record, 2) != WINDOWS || number(data, length, record + 6, 2) != wanted ||
			at > length || length - at < size || size == 0)
			continue;
		char *text = g_convert((const char *)data + at, (gssize)size, "UTF-8", "UTF-16BE", NULL, NULL, NULL);
		/* Pango would read a comma as the start of another family. */
		if (text && !strchr(text, ','))
			return text;
		g_free(text);
	}
	return NULL;
}

char *font_name(GBytes *bytes)
{
	enum { FAMILY = 1, STYLE = 2 };
	/* Words that pango reads as a style; it reads any other as a part of the family. */
	static const char *const styles[] = {"Bold", "Italic", "Oblique", "Light", "Medium", "Condensed", NULL};
	gsize length;
	const guint8 *data = g_bytes_get_data(bytes, &length);
	g_autofree char *family = name_text(data, length, FAMILY);
	g_autofree char *style = name_text(data, length, STYLE);
	g_auto(GStrv) words = g_strsplit(style ? style : "", " ", -1);
	g_autoptr(GString) name = g_string_new(family);

	if (!family)
		return NULL;
	for (char **word = words; *word; word++)
		if (g_strv_contains(styles, *word))
			g_string_append_printf(name, " %s", *word);
	return g_string_free(g_steal_pointer(&name), FALSE);
}

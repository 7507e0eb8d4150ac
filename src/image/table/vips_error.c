/* SPDX-License-Identifier: GPL-2.0-or-later
 * What libvips said when it failed: see vips_error.h. */
#include "image/table/vips_error.h"

#include <errno.h>
#include <string.h>
#include <vips/vips.h>

#include "base/error.h"

/* libvips reports the system's trouble as text only. dropmill writes only its own temp files. If one cannot be made,
 * because its folder was removed or closed, this is never the picture's fault. */
static enum error_kind kind_of_text(const char *text)
{
	static const char *const ours[] = {
		"out of memory", "unable to open for write", "for writing", "unable to create directory"};
	static const int passing[] = {ENOSPC, EDQUOT, EIO, EMFILE, ENFILE, ENOMEM, EROFS};

	for (guint i = 0; i < G_N_ELEMENTS(passing); i++)
		if (strstr(text, g_strerror(passing[i])))
			return ERROR_RETRY;
	for (guint i = 0; i < G_N_ELEMENTS(ours); i++)
		if (strstr(text, ours[i]))
			return ERROR_RETRY;
	return ERROR_INPUT;
}

/* Savers say that they failed behind whoever said why. */
static bool is_echo(const char *line)
{
	return strstr(line, "unable to write to target") != NULL;
}

/* What a library meant. A read of libpng's fails without a word of the system's when the file has no more bytes. */
static char *meant(char *line)
{
	static char cut[] = "the PNG file is cut short (libpng read error)";

	return strstr(line, "libpng read error") ? cut : line;
}

bool vips_failed(GError **error, const char *prefix)
{
	g_autofree char *buffer = vips_error_buffer_copy(); /* and clears it */
	g_auto(GStrv) lines = g_strsplit(g_strstrip(buffer), "\n", -1);
	g_autoptr(GPtrArray) reasons = g_ptr_array_new();

	for (char **line = lines; *line; line++) {
		char *reason = meant(*line);
		/* The same complaint often comes from each layer that it passed. */
		if (*reason && !(is_echo(reason) && reasons->len) &&
			!g_ptr_array_find_with_equal_func(reasons, reason, g_str_equal, NULL))
			g_ptr_array_add(reasons, reason);
	}
	/* Its buffer is one for all threads: another that failed at the same moment has taken what was said, of this one, too. Whose fault it was
	 * is not known; it is never said to be the picture's. */
	if (!reasons->len)
		return fail(
			error, ERROR_SYSTEM, "%s%slibvips gave no reason", prefix ? prefix : "", prefix ? ": " : "");
	g_ptr_array_add(reasons, NULL);
	g_autofree char *text = g_strjoinv("; ", (char **)reasons->pdata);
	return fail(error, kind_of_text(text), "%s%s%s", prefix ? prefix : "", prefix ? ": " : "", text);
}

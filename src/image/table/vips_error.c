/* SPDX-License-Identifier: GPL-2.0-or-later
 * What libvips said when it failed: see vips_error.h. */
#include "image/table/vips_error.h"

#include <errno.h>
#include <string.h>
#include <vips/vips.h>

#include "base/error.h"
#include "image/table/warnings.h"

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

/* Behind these, or before, somebody says why. */
static bool is_echo(const char *line)
{
	static const char *const echoes[] = {
		"unable to write to target", "libpng read error", "libspng read error", ": bad seek to "};

	for (guint i = 0; i < G_N_ELEMENTS(echoes); i++)
		if (strstr(line, echoes[i]))
			return true;
	return false;
}

/* What libraries' words for a damaged file mean to people. The first row that fits counts. */
static const struct {
	const char *words, *meaning;
} meanings[] = {
	{"Premature end of input file", "the JPEG ends too early"},
	{"premature end of JPEG image", "the JPEG ends too early"},
	{"premature end of data segment", "the JPEG's data is damaged"},
	{"Corrupt JPEG data", "the JPEG's data is damaged"},
	{"VipsJpeg: Bogus", "the JPEG's data is damaged"},
	{"VipsJpeg: Invalid", "the JPEG's data is damaged"},
	{"Unsupported marker type", "the JPEG's data is damaged"},
	{"not enough data", "the PNG ends too early"},
	{"end of stream", "the PNG ends too early"},               /* libspng */
	{"pngload_source: invalid ", "the PNG's data is damaged"}, /* libspng */
	{"libpng read error", "the PNG's data is damaged"},
	{"libspng read error", "the PNG's data is damaged"},
	/* libpng goes on without a profile, and after too many pixels: those chunks are not here. */
	{"IHDR: CRC error", "the PNG's data is damaged"},
	{"Invalid IHDR data", "the PNG's data is damaged"},
	{"PLTE: CRC error", "the PNG's data is damaged"},
	{"IDAT: CRC error", "the PNG's data is damaged"},
	{"IDAT: invalid", "the PNG's data is damaged"},
	{"IDAT: incorrect", "the PNG's data is damaged"},
	{"bad adaptive filter value", "the PNG's data is damaged"},
	{"Unexpected end of GIF", "the GIF ends too early"},
	{"Invalid frame data", "the GIF's data is damaged"},
	{"webp: unable to parse image", "the WebP ends too early, or is damaged"},
	{"Unexpected end of file", "the HEIF or AVIF ends too early"},
	{"heif: Invalid input", "the HEIF or AVIF is damaged"},
	{"error JxlDecoderProcessInput", "the JPEG XL ends too early, or is damaged"},
	{"Tile part length size inconsistent", "the JPEG 2000 ends too early"},
	{"Failed to decode the codestream", "the JPEG 2000's data is damaged"},
	{"memory area too small", "the file ends too early"},
	{"Read error at ", "the TIFF ends too early"},
	{"tiff2vips: read error", "the TIFF's data is damaged"},
	{"not yet in table", "the TIFF's data is damaged"},
};

static const char *meaning_of(const char *text)
{
	for (guint i = 0; text && i < G_N_ELEMENTS(meanings); i++)
		if (strstr(text, meanings[i].words))
			return meanings[i].meaning;
	return NULL;
}

/* The same complaint often comes from each layer that it passed. */
static void add_once(GPtrArray *lines, char *line)
{
	if (*line && !g_ptr_array_find_with_equal_func(lines, line, g_str_equal, NULL))
		g_ptr_array_add(lines, line);
}

/* The reasons among these lines; only where there are none, those that could mean a damaged file: a warning, or else an echo. A saver that could
 * not write, and nobody knows why, is none. */
static GPtrArray *reasons_of(char **lines, char *warning)
{
	GPtrArray *reasons = g_ptr_array_new();

	for (char **line = lines; *line; line++)
		if (!is_echo(*line))
			add_once(reasons, *line);
	if (!reasons->len && meaning_of(warning))
		add_once(reasons, warning);
	for (char **line = lines; !reasons->len && *line; line++)
		if (meaning_of(*line))
			add_once(reasons, *line);
	return reasons;
}

bool vips_failed(GError **error, const char *prefix)
{
	g_autofree char *buffer = vips_error_buffer_copy(); /* and clears it */
	g_autofree char *warning = warnings_newest();
	g_auto(GStrv) lines = g_strsplit(g_strstrip(buffer), "\n", -1);
	g_autoptr(GPtrArray) reasons = reasons_of(lines, warning);
	const char *colon = prefix ? ": " : "";

	prefix = prefix ? prefix : "";
	/* Its buffer is one for all threads: another that failed at the same moment has taken what was said, of this one, too. Whose fault it was
	 * is not known; it is never said to be the picture's. */
	if (!reasons->len)
		return fail(error, ERROR_SYSTEM, "%s%slibvips gave no reason", prefix, colon);
	g_ptr_array_add(reasons, NULL);
	g_autofree char *text = g_strjoinv("; ", (char **)reasons->pdata);
	const char *meaning = meaning_of(text);
	return meaning ? fail(error, kind_of_text(text), "damaged image: %s (%s)", meaning, text)
		       : fail(error, kind_of_text(text), "%s%s%s", prefix, colon, text);
}

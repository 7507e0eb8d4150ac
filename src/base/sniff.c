/* SPDX-License-Identifier: GPL-2.0-or-later
 * What a file is by its first bytes: see sniff.h. */
#include "base/sniff.h"

#include <gio/gio.h>
#include <stdbool.h>
#include <string.h>

#include "base/file_format.h"

/* ISO base media: a box "ftyp" with one major and several compatible brands. A "mif1" file may still hold AV1. */
static const char *sniff_brands(const guint8 *head, size_t length)
{
	static const char *const heif[] = {
		"heic", "heix", "hevc", "hevx", "heim", "heis", "hevm", "hevs", "mif1", "msf1"};
	const char *found = NULL;

	if (length < 12 || memcmp(head + 4, "ftyp", 4) != 0)
		return NULL;
	size_t box = (size_t)head[0] << 24 | head[1] << 16 | head[2] << 8 | head[3];
	for (size_t at = 8; at + 4 <= MIN(box, length); at += at == 8 ? 8 : 4) { /* 12 is the minor version */
		if (memcmp(head + at, "avif", 4) == 0 || memcmp(head + at, "avis", 4) == 0)
			return "avif";
		for (size_t i = 0; i < G_N_ELEMENTS(heif); i++)
			if (memcmp(head + at, heif[i], 4) == 0)
				found = "heif";
	}
	return found;
}

/* Netpbm: P1 to P6, Pf and PF, then white space. */
static bool is_netpbm(const guint8 *head, size_t length)
{
	return length >= 3 && head[0] == 'P' && strchr("123456fF", head[1]) && head[1] && g_ascii_isspace(head[2]);
}

static bool is_svg(const char *head, size_t length);

/* The same, packed: SVGZ. */
static bool is_packed_svg(const guint8 *head, size_t length)
{
	char text[4 * SNIFF_BYTES];
	gsize read, written = 0;

	if (length < 3 || memcmp(head, "\x1f\x8b\x08", 3) != 0)
		return false;
	g_autoptr(GZlibDecompressor) unpack = g_zlib_decompressor_new(G_ZLIB_COMPRESSOR_FORMAT_GZIP);
	g_converter_convert(
		G_CONVERTER(unpack), head, length, text, sizeof text, G_CONVERTER_NO_FLAGS, &read, &written, NULL);
	return is_svg(text, written);
}

/* Text whose first tag, behind a byte order mark, declaration, comments and document type, is <svg. */
static bool is_svg(const char *head, size_t length)
{
	size_t at = length >= 3 && memcmp(head, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;

	while (at < length && g_ascii_isspace(head[at]))
		at++;
	if (at == length || head[at] != '<')
		return false;
	for (; at < length; at++) {
		if (head[at] == '\0')
			return false;
		if (head[at] != '<')
			continue;
		if (length - at >= 4 && memcmp(head + at, "<!--", 4) == 0) {
			const char *close = g_strstr_len(head + at, (gssize)(length - at), "-->");
			if (!close)
				return false;
			at = (size_t)(close - head) + 2;
		} else if (at + 1 < length && head[at + 1] != '?' && head[at + 1] != '!') {
			/* The name may carry a namespace prefix: <svg:svg. */
			return length - at > 4 && memcmp(head + at, "<svg", 4) == 0 && !g_ascii_isalnum(head[at + 4]);
		}
	}
	return false;
}

const char *sniff_format(const void *data, size_t length)
{
	const guint8 *head = data;

	for (const struct file_format *format = file_formats; format->name; format++)
		for (const struct signature *s = format->signatures;
			s < format->signatures + G_N_ELEMENTS(format->signatures) && s->bytes; s++)
			if (length >= s->length && memcmp(head, s->bytes, s->length) == 0)
				return format->name;
	if (length >= 12 && memcmp(head, "RIFF", 4) == 0 && memcmp(head + 8, "WEBP", 4) == 0)
		return "webp";
	if (is_netpbm(head, length))
		return "ppm";
	if (is_svg(data, length) || is_packed_svg(data, length))
		return "svg";
	return sniff_brands(head, length);
}

/* SPDX-License-Identifier: GPL-2.0-or-later
 * What a file is by its first bytes: see sniff.h. */
#include "base/sniff.h"

#include <gio/gio.h>
#include <stdbool.h>
#include <string.h>

struct signature {
	const char *format;
	size_t offset;
	size_t length;
	const char *bytes;
};

#define SIGNATURE(format, offset, bytes)                                                                               \
	{                                                                                                              \
		format, offset, sizeof(bytes) - 1, bytes                                                               \
	}
/* Longer ones before those that they contain. */
static const struct signature signatures[] = {
	SIGNATURE("jpeg", 0, "\xff\xd8\xff"),
	SIGNATURE("png", 0, "\x89PNG\r\n\x1a\n"),
	SIGNATURE("gif", 0, "GIF87a"),
	SIGNATURE("gif", 0, "GIF89a"),
	SIGNATURE("tiff", 0, "II*\0"),
	SIGNATURE("tiff", 0, "MM\0*"),
	SIGNATURE("tiff", 0, "II+\0"), /* BigTIFF */
	SIGNATURE("tiff", 0, "MM\0+"),
	SIGNATURE("jp2k", 0, "\0\0\0\x0cjP  \r\n\x87\n"),
	SIGNATURE("jp2k", 0, "\xff\x4f\xff\x51"), /* a bare codestream */
	SIGNATURE("jxl", 0, "\0\0\0\x0cJXL \r\n\x87\n"),
	SIGNATURE("jxl", 0, "\xff\x0a"),
	SIGNATURE("pdf", 0, "%PDF-"),
	SIGNATURE("bmp", 0, "BM"),
	SIGNATURE("fits", 0, "SIMPLE  ="),
	SIGNATURE("exr", 0, "\x76\x2f\x31\x01"),
	SIGNATURE("vips", 0, "\x08\xf2\xa6\xb6"),
	SIGNATURE("vips", 0, "\xb6\xa6\xf2\x08"),
	SIGNATURE("rad", 0, "#?RADIANCE"),
	SIGNATURE("rad", 0, "#?RGBE"),
	SIGNATURE("psd", 0, "8BPS"),
	SIGNATURE("ico", 0, "\0\0\1\0"),
};

static const struct {
	const char *format, *ending, *called;
} endings[] = {
	{"jpeg", "jpg", "a JPEG"},
	{"png", "png", "a PNG"},
	{"gif", "gif", "a GIF"},
	{"webp", "webp", "a WebP"},
	{"tiff", "tif", "a TIFF"},
	{"heif", "heic", "a HEIF"},
	{"avif", "avif", "an AVIF"},
	{"jp2k", "jp2", "a JPEG 2000"},
	{"jxl", "jxl", "a JPEG XL"},
	{"dz", "dzi", "a DeepZoom"},
	{"svg", "svg", "an SVG"},
	{"pdf", "pdf", "a PDF"},
	{"bmp", "bmp", "a BMP"},
	{"fits", "fits", "a FITS"},
	{"exr", "exr", "an OpenEXR"},
	{"vips", "v", "a libvips"},
	{"rad", "hdr", "a Radiance"},
	{"ppm", "ppm", "a PPM"},
	{"psd", "psd", "a Photoshop"},
	{"ico", "ico", "an ICO"},
};

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

	for (size_t i = 0; i < G_N_ELEMENTS(signatures); i++) {
		const struct signature *s = &signatures[i];
		if (length >= s->offset + s->length && memcmp(head + s->offset, s->bytes, s->length) == 0)
			return s->format;
	}
	if (length >= 12 && memcmp(head, "RIFF", 4) == 0 && memcmp(head + 8, "WEBP", 4) == 0)
		return "webp";
	if (is_netpbm(head, length))
		return "ppm";
	if (is_svg(data, length) || is_packed_svg(data, length))
		return "svg";
	return sniff_brands(head, length);
}

const char *sniff_ending(const char *format)
{
	for (size_t i = 0; format && i < G_N_ELEMENTS(endings); i++)
		if (strcmp(endings[i].format, format) == 0)
			return endings[i].ending;
	return NULL;
}

const char *sniff_called(const char *format)
{
	for (size_t i = 0; i < G_N_ELEMENTS(endings); i++)
		if (strcmp(endings[i].format, format) == 0)
			return endings[i].called;
	return format;
}

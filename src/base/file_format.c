/* SPDX-License-Identifier: GPL-2.0-or-later
 * The table of file formats: see file_format.h. Signatures: the formats' own specifications. What is untrusted is libvips' word:
 * VIPS_OPERATION_UNTRUSTED of each class. Not here are loaders that tell their files by the name alone (csv, raw), and ImageMagick, which reads
 * whatever it likes. */
#include "base/file_format.h"

#include <glib.h>
#include <string.h>

#define ENDINGS(...) ((const char *const[]){__VA_ARGS__, NULL})
/* clang-format off */
#define BYTES(bytes) {bytes, sizeof(bytes) - 1}
/* clang-format on */

const struct file_format file_formats[] = {
	{"jpeg", "a JPEG", ENDINGS("jpg", "jpeg", "jpe", "jfif"), "image/jpeg", "jpegload", .written = true,
		.signatures = {BYTES("\xff\xd8\xff")}},
	{"png", "a PNG", ENDINGS("png"), "image/png", "pngload", .written = true,
		.signatures = {BYTES("\x89PNG\r\n\x1a\n")}},
	{"webp", "a WebP", ENDINGS("webp"), "image/webp", "webpload", .written = true},
	{"tiff", "a TIFF", ENDINGS("tif", "tiff"), "image/tiff", "tiffload", .written = true,
		/* The last two are BigTIFF. */
		.signatures = {BYTES("II*\0"), BYTES("MM\0*"), BYTES("II+\0"), BYTES("MM\0+")}},
	{"gif", "a GIF", ENDINGS("gif"), "image/gif", "gifload", .written = true,
		.signatures = {BYTES("GIF87a"), BYTES("GIF89a")}},
	{"heif", "a HEIF", ENDINGS("heic", "heif"), "image/heic", "heifload", .written = true},
	{"avif", "an AVIF", ENDINGS("avif"), "image/avif", "heifload", .written = true},
	{"svg", "an SVG", ENDINGS("svg"), NULL, "svgload", .untrusted = "VipsForeignLoadSvg"},
	{"pdf", "a PDF", ENDINGS("pdf"), NULL, "pdfload", .untrusted = "VipsForeignLoadPdf",
		.signatures = {BYTES("%PDF-")}},
	/* The second of each is a bare codestream. */
	{"jp2k", "a JPEG 2000", ENDINGS("jp2", "j2k"), "image/jp2", "jp2kload", .untrusted = "VipsForeignLoadJp2k",
		.written = true, .signatures = {BYTES("\0\0\0\x0cjP  \r\n\x87\n"), BYTES("\xff\x4f\xff\x51")}},
	{"jxl", "a JPEG XL", ENDINGS("jxl"), "image/jxl", "jxlload", .untrusted = "VipsForeignLoadJxl", .written = true,
		.signatures = {BYTES("\0\0\0\x0cJXL \r\n\x87\n"), BYTES("\xff\x0a")}},
	{"fits", "a FITS", ENDINGS("fits"), NULL, "fitsload", .untrusted = "VipsForeignLoadFits", .from_file = true,
		.signatures = {BYTES("SIMPLE  =")}},
	{"exr", "an OpenEXR", ENDINGS("exr"), NULL, "openexrload", .untrusted = "VipsForeignLoadOpenexr",
		.from_file = true, .signatures = {BYTES("\x76\x2f\x31\x01")}},
	{"ppm", "a PPM", ENDINGS("ppm"), NULL, "ppmload", .untrusted = "VipsForeignLoadPpm"},
	{"rad", "a Radiance", ENDINGS("hdr"), NULL, "radload", .untrusted = "VipsForeignLoadRad",
		.signatures = {BYTES("#?RADIANCE"), BYTES("#?RGBE")}},
	{"vips", "a libvips", ENDINGS("v"), NULL, "vipsload", .untrusted = "VipsForeignLoadVips", .from_file = true,
		.signatures = {BYTES("\x08\xf2\xa6\xb6"), BYTES("\xb6\xa6\xf2\x08")}},
	/* Slides are TIFFs of their makers' own kind; the other kinds come in several files, which a drop is not. */
	{"openslide", "a slide scanner's TIFF", .loader = "openslideload", .untrusted = "VipsForeignLoadOpenslide",
		.content = "tiff", .from_file = true},
	{"dz", "a DeepZoom", ENDINGS("dzi"), .written = true},
	{"bmp", "a BMP", ENDINGS("bmp"), .signatures = {BYTES("BM")}},
	{"psd", "a Photoshop", ENDINGS("psd"), .signatures = {BYTES("8BPS")}},
	{"ico", "an ICO", ENDINGS("ico"), .signatures = {BYTES("\0\0\1\0")}},
	{.name = NULL},
};
G_STATIC_ASSERT(G_N_ELEMENTS(file_formats) <= FILE_FORMATS_MAX);

const struct file_format *file_format_find(const char *name)
{
	for (const struct file_format *format = file_formats; name && format->name; format++)
		if (strcmp(format->name, name) == 0)
			return format;
	return NULL;
}

const struct file_format *file_format_by_ending(const char *ending)
{
	for (const struct file_format *format = file_formats; format->name; format++)
		for (const char *const *known = format->endings; known && *known; known++)
			if (g_ascii_strcasecmp(*known, ending) == 0)
				return format;
	return NULL;
}

const struct file_format *file_format_by_loader(const char *nickname)
{
	for (const struct file_format *format = file_formats; nickname && format->name; format++) {
		size_t length = format->loader ? strlen(format->loader) : 0;
		if (length && strncmp(nickname, format->loader, length) == 0 &&
			(nickname[length] == '\0' || nickname[length] == '_'))
			return format;
	}
	return NULL;
}

bool file_format_is_kept(const char *name)
{
	const struct file_format *format = file_format_find(name);

	return format && format->loader && format->written;
}

const char *file_format_called(const char *name)
{
	const struct file_format *format = file_format_find(name);

	return format ? format->called : name;
}

const char *file_format_ending(const char *name)
{
	const struct file_format *format = file_format_find(name);

	return format && format->endings ? format->endings[0] : NULL;
}

static bool is_of(const struct file_format *format, enum file_formats_kind kind)
{
	switch (kind) {
	case FILE_FORMATS_READ:
		return format->loader && !format->content;
	case FILE_FORMATS_SAFE:
		return format->loader && !format->untrusted;
	case FILE_FORMATS_ALLOWABLE:
		return format->untrusted;
	default:
		return format->written;
	}
}

const char *const *file_format_names(enum file_formats_kind kind)
{
	static const char *names[FILE_FORMATS_KINDS][FILE_FORMATS_MAX];
	static gsize filled;

	if (g_once_init_enter(&filled)) {
		for (int k = 0; k < FILE_FORMATS_KINDS; k++) {
			const char **next = names[k];
			for (const struct file_format *format = file_formats; format->name; format++)
				if (is_of(format, (enum file_formats_kind)k))
					*next++ = format->name;
		}
		g_once_init_leave(&filled, 1);
	}
	return names[kind];
}

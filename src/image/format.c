/* SPDX-License-Identifier: GPL-2.0-or-later
 * Opening files and saving them: see format.h. The options of the savers are in format_save.c. */
#include "image/format.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "base/error.h"
#include "base/sniff.h"
#include "image/operations.h"

/* Loaders that are hardened for what strangers send, and the format that each stands for. */
static const struct loader {
	const char *nickname; /* without _source and _buffer */
	const char *format;
} loaders[] = {
	{"jpegload", "jpeg"},
	{"pngload", "png"},
	{"tiffload", "tiff"},
	{"webpload", "webp"},
	{"gifload", "gif"},
	{"heifload", "heif"},
};

bool image_init(const char *program, int concurrency, GError **error)
{
	if (VIPS_INIT(program))
		return vips_failed(error, "libvips does not start");
	/* Long-lived processes see each operation once: a cache would only hold memory and files. */
	vips_cache_set_max(0);
	vips_block_untrusted_set(TRUE);
	/* Blocked with its loader, but what it reads is our own pixels. */
	vips_operation_block_set("VipsForeignSaveJxl", FALSE);
	if (concurrency > 0)
		vips_concurrency_set(concurrency);
	return true;
}

GThread *image_thread_new(const char *name, GThreadFunc run, gpointer data)
{
	return vips_g_thread_new(name, run, data);
}

static const struct loader *find_loader(const char *nickname)
{
	for (guint i = 0; nickname && i < G_N_ELEMENTS(loaders); i++) {
		gsize length = strlen(loaders[i].nickname);
		if (strncmp(nickname, loaders[i].nickname, length) == 0 &&
			(nickname[length] == '\0' || nickname[length] == '_'))
			return &loaders[i];
	}
	return NULL;
}

const char *format_of_loader(const char *loader)
{
	const struct loader *found = find_loader(loader);

	return found ? found->format : "png";
}

const char *format_of_image(VipsImage *image)
{
	const char *loader = NULL, *compression = NULL;

	if (!vips_image_get_typeof(image, VIPS_META_LOADER) || vips_image_get_string(image, VIPS_META_LOADER, &loader))
		return "png";
	if (vips_image_get_typeof(image, "heif-compression") &&
		!vips_image_get_string(image, "heif-compression", &compression) && g_str_equal(compression, "av1"))
		return "avif";
	return format_of_loader(loader);
}

static bool fail_not_an_image(const guint8 *head, gsize length, GError **error)
{
	const char *format = sniff_format(head, length);
	g_autoptr(GString) start = g_string_new(NULL);

	for (guint i = 0; format && i < G_N_ELEMENTS(loaders); i++)
		/* A TIFF, for one, may have its directory at the end, where it is lost first. */
		if (g_str_equal(format, loaders[i].format) || g_str_equal(format, "avif"))
			return fail(error, ERROR_INPUT, "damaged %s file: its header cannot be read (is it truncated?)",
				format);
	if (format)
		return fail(error, ERROR_INPUT,
			"a %s file, which dropmill does not read (it reads jpeg, png, tiff, webp, gif, heif and avif)",
			format);
	for (gsize i = 0; i < MIN(length, 16); i++)
		if (g_ascii_isprint(head[i]) && head[i] != '"')
			g_string_append_c(start, (char)head[i]);
		else
			g_string_append_printf(start, "\\x%02x", head[i]);
	return fail(error, ERROR_INPUT, "not an image that dropmill reads (the file starts with \"%s\")", start->str);
}

/* A source without its checks. */
static VipsSource *open_source(const char *path, GBytes *bytes, GError **error)
{
	struct stat status;
	VipsSource *source;

	if (bytes) {
		gsize length;
		const void *data = g_bytes_get_data(bytes, &length);
		if (length == 0) {
			fail(error, ERROR_INPUT, "empty file (0 bytes)");
			return NULL;
		}
		source = vips_source_new_from_memory(data, length);
		/* libvips borrows the memory for as long as the source lives. */
		if (source)
			g_object_set_data_full(
				G_OBJECT(source), "dropmill-bytes", g_bytes_ref(bytes), (GDestroyNotify)g_bytes_unref);
	} else {
		if (stat(path, &status)) {
			fail_errno(error, "cannot open it");
			return NULL;
		}
		if (!S_ISREG(status.st_mode) || status.st_size == 0) {
			fail(error, ERROR_INPUT,
				S_ISREG(status.st_mode) ? "empty file (0 bytes)" : "not a regular file");
			return NULL;
		}
		/* A source takes the name as it is; libvips' file functions would read options from a trailing [...]. */
		source = vips_source_new_from_file(path);
	}
	if (!source)
		vips_failed(error, "cannot open it");
	return source;
}

VipsSource *format_source(const char *path, GBytes *bytes, GError **error)
{
	/* What decoders of earlier files mumbled without failing is not about this one. */
	vips_error_clear();
	g_autoptr(VipsSource) source = open_source(path, bytes, error);
	if (!source)
		return NULL;
	const char *class_name = vips_foreign_find_load_source(source);
	const char *nickname = class_name ? vips_nickname_find(g_type_from_name(class_name)) : NULL;
	if (find_loader(nickname))
		return g_steal_pointer(&source);
	vips_error_clear();
	unsigned char *head = NULL;
	gint64 length = vips_source_sniff_at_most(source, &head, SNIFF_BYTES);
	if (length < 0)
		vips_failed(error, "cannot read it");
	else
		fail_not_an_image(head, (gsize)length, error);
	return NULL;
}

static bool within_limits(VipsImage *image, const struct image_limits *limits, GError **error)
{
	double megapixels = (double)image->Xsize * image->Ysize / 1e6;
	int frames = vips_image_get_n_pages(image);

	if (!limits)
		return true;
	if (limits->megapixels > 0 && megapixels > limits->megapixels)
		return fail(error, ERROR_INPUT,
			"%d x %d pixels are %.4g megapixels, above the limit of %.15g "
			"(limits: megapixels)",
			image->Xsize, image->Ysize, megapixels, limits->megapixels);
	if (limits->frames > 0 && frames > 0 && (unsigned)frames > limits->frames)
		return fail(error, ERROR_INPUT, "%d frames or pages, above the limit of %u (limits: frames)", frames,
			limits->frames);
	return true;
}

bool format_open(const char *path, GBytes *bytes, bool sequential, const struct image_limits *limits, VipsImage **out,
	GError **error)
{
	g_autoptr(VipsSource) source = format_source(path, bytes, error);

	if (!source)
		return false;
	g_autoptr(VipsImage) image = vips_image_new_from_source(source, "", "access",
		sequential ? VIPS_ACCESS_SEQUENTIAL : VIPS_ACCESS_RANDOM, "fail_on", VIPS_FAIL_ON_TRUNCATED, NULL);
	if (!image)
		return vips_failed(error, "damaged image");
	if (!within_limits(image, limits, error))
		return false;
	*out = g_steal_pointer(&image);
	return true;
}

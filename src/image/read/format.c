/* SPDX-License-Identifier: GPL-2.0-or-later
 * Opening files and saving them: see format.h. The options of the savers are in format_save.c. */
#include "image/read/format.h"
#include "base/disk/io.h"
#include "image/table/format_table.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file_format.h"
#include "base/sniff.h"
#include "image/operations/operations.h"
#include "image/quirks/quirks.h"
#include "image/quirks/thread_errors.h"
#include "image/quirks/tiff_errors.h"
#include "image/read/allow.h"
#include "image/read/correction.h"
#include "image/read/pages.h"
#include "image/read/unsupported.h"
#include "image/table/format_table.h"
#include "image/table/vips_error.h"
#include "image/table/warnings.h"

#define CORRECTION "dropmill-correction" /* of a source: struct correction */

/* Its base class has those for files, memory and targets. */
static void open_saver(const char *nickname)
{
	GType type = vips_type_find("VipsOperation", nickname);

	if (type)
		vips_operation_block_set(g_type_name(g_type_parent(type)), FALSE);
}

bool image_init(const char *program, int concurrency, GError **error)
{
	thread_errors_see();
	tiff_errors_see();
	if (VIPS_INIT(program))
		return vips_failed(error, "libvips does not start");
	/* Long-lived processes see each operation once: a cache would only hold memory and files. */
	vips_cache_set_max(0);
	warnings_listen();
	vips_block_untrusted_set(TRUE);
	/* Some are untrusted as their loaders are, but what they read is our own pixels. */
	for (guint i = 0; i < format_count; i++)
		open_saver(format_table[i].saver);
	if (concurrency > 0)
		vips_concurrency_set(concurrency);
	return true;
}

GThread *image_thread_new(const char *name, GThreadFunc run, gpointer data)
{
	return vips_g_thread_new(name, run, data);
}

const char *format_of_loader(const char *loader)
{
	const struct file_format *format = file_format_by_loader(loader);

	return !format ? "png" : format->content ? format->content : format->name;
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

const char *format_kept(VipsImage *image)
{
	const char *format = format_of_image(image);

	return file_format_is_kept(format) ? format : "png";
}

bool format_needs_leave(VipsImage *image)
{
	const char *loader = NULL;

	if (!vips_image_get_typeof(image, VIPS_META_LOADER) || vips_image_get_string(image, VIPS_META_LOADER, &loader))
		return false;
	const struct file_format *format = file_format_by_loader(loader);
	return format && format->untrusted;
}

static bool fail_damaged(const char *format, GError **error)
{
	return fail(error, ERROR_INPUT, "damaged %s file: its header cannot be read (is it truncated?)", format);
}

#define SHOWN(AT) (g_ascii_isprint(head[AT]) ? head[AT] : '?')

static bool fail_not_an_image(const guint8 *head, gsize length, GError **error)
{
	const char *format = sniff_format(head, length);
	g_autoptr(GString) start = g_string_new(NULL);

	/* libvips knows these by their brands alone, which are here. */
	if (g_strcmp0(format, "heif") == 0 || g_strcmp0(format, "avif") == 0)
		return fail(error, ERROR_INPUT,
			"unsupported: %s file of the brand \"%c%c%c%c\", which the libvips and libheif at hand cannot read; convert it to PNG "
			"first",
			file_format_called(format), SHOWN(8), SHOWN(9), SHOWN(10), SHOWN(11));
	/* A TIFF, for one, may have its directory at the end, where it is lost first. */
	if (format && (g_strv_contains(file_format_names(FILE_FORMATS_SAFE), format) || allow_is_open(format)))
		return fail_damaged(format, error);
	if (format && allow_knows(format) && !allow_available(format))
		return fail(error, ERROR_INPUT,
			"unsupported: %s file, which the libvips at hand cannot read; convert it to PNG first",
			file_format_called(format));
	if (format && allow_knows(format))
		return fail(error, ERROR_INPUT,
			"%s file, which its pipeline does not allow; to read such files, whose library is not made for "
			"strangers' pictures, add allow: [%s] to the definition",
			file_format_called(format), format);
	if (format) {
		g_autofree char *read = g_strjoinv(", ", (char **)file_format_names(FILE_FORMATS_SAFE));
		return fail(error, ERROR_INPUT,
			"unsupported: %s file, which dropmill does not read (it reads %s); convert it to PNG first",
			file_format_called(format), read);
	}
	for (gsize i = 0; i < MIN(length, 16); i++)
		if (g_ascii_isprint(head[i]) && head[i] != '"')
			g_string_append_c(start, (char)head[i]);
		else
			g_string_append_printf(start, "\\x%02x", head[i]);
	return fail(error, ERROR_INPUT, "not an image that dropmill reads (the file starts with \"%s\")", start->str);
}

static void close_file(gpointer descriptor)
{
	close(GPOINTER_TO_INT(descriptor) - 1);
}

/* Bytes as a file without a name, for libraries that read nothing else. It is opened by a name that holds while its source lives. */
static VipsSource *file_of(const guint8 *data, gsize length, GError **error)
{
	int descriptor = io_memory_file("dropmill-original", data, length);
	g_autofree char *path = g_strdup_printf("/proc/self/fd/%d", descriptor);
	VipsSource *source = descriptor >= 0 ? vips_source_new_from_file(path) : NULL;

	if (source) {
		g_object_set_data_full(G_OBJECT(source), "dropmill-file", GINT_TO_POINTER(descriptor + 1), close_file);
		return source;
	}
	fail_errno(error, "no room for it in memory");
	if (descriptor >= 0)
		close(descriptor);
	return NULL;
}

static VipsSource *source_of_bytes(GBytes *bytes, GError **error)
{
	gsize length;
	const void *data = g_bytes_get_data(bytes, &length);

	if (length == 0) {
		fail(error, ERROR_INPUT, "empty file (0 bytes)");
		return NULL;
	}
	if (allow_wants_file(sniff_format(data, MIN(length, SNIFF_BYTES))))
		return file_of(data, length, error);
	VipsSource *source = vips_source_new_from_memory(data, length);
	/* libvips borrows the memory for as long as the source lives. */
	if (source)
		g_object_set_data_full(
			G_OBJECT(source), "dropmill-bytes", g_bytes_ref(bytes), (GDestroyNotify)g_bytes_unref);
	else
		vips_failed(error, "cannot open it");
	return source;
}

static VipsSource *source_of_file(const char *path, GError **error)
{
	struct stat status;

	if (stat(path, &status)) {
		fail_errno(error, "cannot open it");
		return NULL;
	}
	if (!S_ISREG(status.st_mode) || status.st_size == 0) {
		fail(error, ERROR_INPUT, S_ISREG(status.st_mode) ? "empty file (0 bytes)" : "not a regular file");
		return NULL;
	}
	/* A source takes the name as it is; libvips' file functions would read options from a trailing [...]. And a drawing that comes
	 * through a source has no folder that it could name other files of. */
	VipsSource *source = vips_source_new_from_file(path);
	if (!source)
		vips_failed(error, "cannot open it");
	return source;
}

/* The format by its first bytes, or NULL. */
static const char *sniffed(VipsSource *source)
{
	unsigned char *head = NULL;
	gint64 length = vips_source_sniff_at_most(source, &head, SNIFF_BYTES);

	return length > 0 ? sniff_format(head, (gsize)length) : NULL;
}

/* libvips does not find it. */
static bool loads_by_name(VipsSource *source)
{
	return quirk(QUIRK_EXR_BY_NAME) && allow_is_open("exr") && g_strcmp0(sniffed(source), "exr") == 0;
}

/* The nickname of the loader that libvips has for it, or NULL. */
static const char *loader_of(VipsSource *source)
{
	const char *class_name = vips_foreign_find_load_source(source);

	return class_name ? vips_nickname_find(g_type_from_name(class_name)) : NULL;
}

/* Has it a loader that may read it? */
static bool has_loader(VipsSource *source, const char *nickname)
{
	const struct file_format *format = file_format_by_loader(nickname);

	/* The first bytes of a file decide its format, for the master too. A loader that would accept more does not
	 * change that. */
	return (format &&
		       (!format->untrusted || (allow_is_open(format->name) &&
						      g_strcmp0(sniffed(source), format_of_loader(nickname)) == 0))) ||
	       loads_by_name(source);
}

static const struct correction *correction_of(VipsSource *source)
{
	return g_object_get_data(G_OBJECT(source), CORRECTION);
}

bool format_must_load(VipsSource *source)
{
	return loads_by_name(source) || correction_of(source);
}

/* Takes source. The one to read instead, whose correction is known. NULL: error. */
static VipsSource *corrected(VipsSource *source, const char *nickname, const char *path, GBytes *bytes, GError **error)
{
	g_autoptr(VipsSource) first = source;
	struct correction *correction;

	if (!pages_supported(path, bytes, sniffed(source), 0, error) ||
		!correction_find(path, bytes, nickname, &correction, error))
		return NULL;
	if (!correction)
		return g_steal_pointer(&first);
	VipsSource *right = correction_source(correction);
	if (!right)
		right = g_steal_pointer(&first);
	g_object_set_data_full(G_OBJECT(right), CORRECTION, correction, (GDestroyNotify)correction_free);
	return right;
}

VipsSource *format_source(const char *path, GBytes *bytes, GError **error)
{
	/* What decoders of earlier files mumbled without failing is not about this one. */
	vips_error_clear();
	warnings_forget_newest();
	g_autoptr(VipsSource) source = bytes ? source_of_bytes(bytes, error) : source_of_file(path, error);
	if (!source)
		return NULL;
	const char *nickname = loader_of(source);
	if (has_loader(source, nickname))
		return corrected(g_steal_pointer(&source), nickname, path, bytes, error);
	vips_error_clear();
	unsigned char *head = NULL;
	gint64 length = vips_source_sniff_at_most(source, &head, SNIFF_BYTES);
	if (length < 0)
		vips_failed(error, "cannot read it");
	else if (!pages_fail_sequence(path, bytes, error) && pages_supported(path, bytes, sniffed(source), 0, error))
		fail_not_an_image(head, (gsize)length, error);
	return NULL;
}

VipsFailOn format_fail_on(VipsSource *source)
{
	return tiff_errors_fail_on(loader_of(source));
}

VipsImage *format_load(VipsSource *source, const char *options, VipsAccess access)
{
	VipsImage *image = NULL;

	if (!loads_by_name(source)) {
		const char *page = strstr(options, "page=");
		image = vips_image_new_from_source(
			source, options, "access", access, "fail_on", format_fail_on(source), NULL);
		return image && correction_of(source) ? correction_apply(correction_of(source), image,
								page ? (guint)atoi(page + strlen("page=")) : 0, access)
						      : image;
	}
	if (vips_openexrload(vips_connection_filename(VIPS_CONNECTION(source)), &image, "access", access, "fail_on",
		    VIPS_FAIL_ON_TRUNCATED, NULL))
		return NULL;
	/* The file must be there until the pixels are. */
	g_object_set_data_full(G_OBJECT(image), "dropmill-source", g_object_ref(source), g_object_unref);
	return image;
}

static bool within_limits(VipsImage *image, const struct image_limits *limits, GError **error)
{
	double megapixels = (double)image->Xsize * image->Ysize / 1e6;

	if (image->Xsize > SIDE_MOST_PX || image->Ysize > SIDE_MOST_PX)
		return fail(error, ERROR_INPUT, "unsupported: %d x %d pixels; a side can have %d at most", image->Xsize,
			image->Ysize, SIDE_MOST_PX);
	if (limits && limits->megapixels > 0 && megapixels > limits->megapixels)
		return fail_limit(error,
			"%d x %d pixels are %.4g megapixels, above the limit of %.15g "
			"(limits: megapixels)",
			image->Xsize, image->Ysize, megapixels, limits->megapixels);
	return true;
}

bool format_open(const char *path, GBytes *bytes, bool sequential, const struct image_limits *limits, VipsImage **out,
	GError **error)
{
	g_autoptr(VipsSource) source = format_source(path, bytes, error);

	if (!source)
		return false;
	g_autoptr(VipsImage) image = format_load(source, "", sequential ? VIPS_ACCESS_SEQUENTIAL : VIPS_ACCESS_RANDOM);
	if (!image)
		return !pages_fail_sequence(path, bytes, error) && unsupported_failed(source, error);
	if (!within_limits(image, limits, error))
		return false;
	pages_settle(image, path, bytes);
	unsupported_mark(image);
	*out = g_steal_pointer(&image);
	return true;
}

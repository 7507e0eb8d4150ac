/* SPDX-License-Identifier: GPL-2.0-or-later
 * Saving a picture in a format: see format_save.h. */
#include "image/write/format_save.h"
#include "definition/pipeline.h"

#include <fcntl.h>
#include <unistd.h>

#include "base/disk/beneath.h"
#include "base/disk/files.h"
#include "base/disk/folder.h"
#include "base/error.h"
#include "base/json.h"
#include "image/encode/format_prepare.h"
#include "image/encode/format_saver.h"
#include "image/encode/pyramid.h"
#include "image/encode/thumbnail.h"
#include "image/encode/tiff_exif_file.h"
#include "image/table/vips_error.h"
#include "image/write/parallel/parallel_png.h"
#include "image/write/parallel/strips.h"

/* By the descriptor of the folder that was made: where it lies others may write, and put another in its place. */
static bool fill_folder(
	VipsImage *image, const struct format *format, const char *path, JsonObject *save, GError **error)
{
	int folder = beneath_open(path, O_PATH | O_DIRECTORY, 0);
	g_autofree char *alias = beneath_alias(folder);
	GError *cause = NULL;

	if (folder < 0)
		return beneath_fail(error, path, NULL, "%s", path);
	bool done = format_run_saver(image, format, alias, NULL, save, &cause);
	close(folder);
	beneath_unalias(cause, alias, path);
	if (cause)
		g_propagate_error(error, cause);
	return done;
}

/* A folder that could not be made for the last rows' tiles is not reported, either, but libvips has a message for
 * it. */
static bool save_folder(
	VipsImage *image, const struct format *format, const char *path, JsonObject *save, GError **error)
{
	bool silent = *vips_error_buffer() == '\0';

	return pyramid_make_folder(path, error) && fill_folder(image, format, path, save, error) &&
	       (!silent || *vips_error_buffer() == '\0' || vips_failed(error, format->name)) &&
	       pyramid_settle(path, save, error);
}

/* The folder as bytes for folder_unpack(): for workers elsewhere. */
static bool save_packed(VipsImage *image, const struct format *format, JsonObject *save, GBytes **out, GError **error)
{
	g_autofree char *scratch = g_dir_make_tmp("dropmill-pyramid-XXXXXX", NULL);
	g_autoptr(VipsImage) ready = NULL;

	if (!scratch)
		return fail_errno(error, "cannot make a folder below %s", g_get_tmp_dir());
	bool ok =
		format_prepare(image, format, save, &ready, error) && save_folder(ready, format, scratch, save, error);
	if (ok)
		ok = (*out = folder_pack(scratch, error)) != NULL;
	files_remove_tree(scratch);
	return ok;
}

JsonObject *format_save_options(const char *name, JsonObject *wanted)
{
	const struct format *format = format_find(name);
	const char *title = json_string(wanted, "title", NULL);
	JsonObject *save = json_object(wanted, "save");
	JsonObject *all = save ? params_copy(save) : json_object_new();

	if (format && format->folder && title && !json_object_has_member(all, "title"))
		json_object_set_string_member(all, "title", title);
	return all;
}

/* By libvips' saver; TIFF's writes no EXIF, and JPEG's leaves room for the thumbnail. */
static bool save_by_saver(VipsImage *image, const struct format *format, const char *path, GBytes **bytes,
	JsonObject *save, GError **error)
{
	if (!format_run_saver(image, format, path, bytes, save, error))
		return false;
	if (!g_str_equal(format->name, "tiff"))
		return thumbnail_fill(image, path, bytes ? *bytes : NULL, error);
	return path ? tiff_exif_add_file(image, path, error) : tiff_exif_add_bytes(image, bytes, error);
}

/* To path, or to memory (*bytes). */
static bool save_file(VipsImage *image, const struct format *format, const char *path, GBytes **bytes, JsonObject *save,
	GError **error)
{
	struct parallel_save_file file;
	GError *cause = NULL;
	bool suits = true;

	if (!g_str_equal(format->name, "png") || !parallel_save_png_suits(image, save))
		return save_by_saver(image, format, path, bytes, save, error);
	if (!parallel_save_open(&file, path, error))
		return false;
	parallel_save_png_save(image, format, save, &file, &suits, &cause);
	if (bytes && suits && !cause)
		*bytes = g_byte_array_free_to_bytes(g_steal_pointer(&file.memory));
	parallel_save_close(&file, &cause);
	if (cause)
		return g_propagate_error(error, cause), false;
	return suits || save_by_saver(image, format, path, bytes, save, error);
}

/* Below a root: into a new file, by its descriptor, so that no link that somebody put there is written through. */
static bool save_new(VipsImage *image, const struct format *format, const char *path, JsonObject *save, GError **error)
{
	GError *cause = NULL;

	if (!beneath_known(path))
		return save_file(image, format, path, NULL, save, error);
	int file = files_create(path);
	if (file < 0)
		return beneath_fail(error, path, NULL, "%s", path);
	g_autofree char *alias = beneath_alias(file);
	bool done = save_file(image, format, alias, NULL, save, &cause);
	close(file);
	beneath_unalias(cause, alias, path);
	if (cause)
		g_propagate_error(error, cause);
	return done;
}

bool format_save(VipsImage *image, const char *path, const char *name, JsonObject *save, GError **error)
{
	const struct format *format = format_find(name);
	g_autoptr(VipsImage) ready = NULL;

	if (!format_fits(image, name, save, error) || !format_prepare(image, format, save, &ready, error))
		return false;
	if (!format->folder || pyramid_is_file(save))
		return save_new(ready, format, path, save, error);
	return save_folder(ready, format, path, save, error) && folder_sync(path, error);
}

bool format_save_memory(VipsImage *image, const char *name, JsonObject *save, GBytes **out, GError **error)
{
	const struct format *format = format_find(name);
	g_autoptr(VipsImage) ready = NULL;

	if (!format_fits(image, name, save, error))
		return false;
	if (format->folder && !pyramid_is_file(save))
		return save_packed(image, format, save, out, error);
	return format_prepare(image, format, save, &ready, error) && save_file(ready, format, NULL, out, save, error);
}

/* SPDX-License-Identifier: GPL-2.0-or-later
 * Running libvips' savers: see format_saver.h. The options are in format_table.c. */
#include "image/encode/format_saver.h"

#include <stdlib.h>

#include "base/error.h"
#include "base/json.h"
#include "image/encode/pyramid.h"
#include "image/encode/write_errors.h"
#include "image/read/page_frames.h"
#include "image/table/vips_error.h"
#include "image/vips/vips_value.h"

bool format_fits(VipsImage *image, const char *name, JsonObject *save, GError **error)
{
	const struct format *format = format_find(name);
	int count = page_frames_count(image), width = image->Xsize, height = image->Ysize / count;
	int bits = atoi(json_string(save, "bitdepth", "0"));

	if (!format)
		return fail(error, ERROR_INPUT, "unknown format '%s'", name);
	if (format->longest_px && MAX(width, height) > format->longest_px)
		return fail(error, ERROR_INPUT,
			"%d x %d pixels are too many for %s, which takes %d each way; add a resize, or write %s", width,
			height, name, format->longest_px, format->roomy_peer);
	if (format->most_px && (gint64)width * height > format->most_px)
		return fail(error, ERROR_INPUT,
			"%d x %d pixels are too many for %s, which takes %.4g megapixels a frame; add a resize, or "
			"write %s",
			width, height, name, (double)format->most_px / 1e6, format->roomy_peer);
	/* libvips would only warn, and write 8 bits. */
	if (g_str_equal(name, "tiff") && bits && bits < 8 && image->Bands != 1)
		return fail(error, ERROR_INPUT,
			"tiff with bitdepth %d holds grey pictures without alpha, and this one has %d bands; add a "
			"grayscale and a flatten or remove_alpha step, or take bitdepth out",
			bits, image->Bands);
	return true;
}

/* TIFF's offsets end at 4 GB; compressed sizes are not known before, so what would not fit raw gets the room. */
#define CLASSIC_TIFF_BYTES 3.9e9

static bool set_choice(VipsOperation *operation, const char *property, const char *text, GError **error)
{
	if (g_str_equal(text, "4:2:0") || g_str_equal(text, "4:4:4"))
		text = g_str_equal(text, "4:2:0") ? "on" : "off";
	return vips_object_set_argument_from_string(VIPS_OBJECT(operation), property, text) == 0 ||
	       vips_failed(error, NULL);
}

/* The picture was made so already, and TIFF's saver would warn. */
static bool as_prepared(const struct format *format, const struct param *option, const char *text)
{
	return g_str_equal(format->name, "tiff") && g_str_equal(option->name, "bitdepth") && g_strcmp0(text, "8") == 0;
}

/* format_prepare() stripped the picture already, and the saver would also leave out the thumbnail. */
static bool strips_thumbnail(const struct param *option, JsonObject *save)
{
	return g_str_equal(option->name, "strip") && json_string(save, "thumbnail", NULL);
}

static bool set_options(VipsOperation *operation, const struct format *format, JsonObject *save, GError **error)
{
	for (const struct param *p = format->options; p->name; p++) {
		JsonNode *value = save ? json_object_get_member(save, p->name) : NULL;
		const char *property = p->property ? p->property : p->name;
		const char *text = json_string(save, p->name, NULL);

		if (!value || g_str_equal(property, OWN_OPTION) || as_prepared(format, p, text) ||
			strips_thumbnail(p, save))
			continue;
		bool set = p->type == PARAM_CHOICE && text
				   ? set_choice(operation, property, text, error)
				   : vips_value_set(VIPS_OBJECT(operation), property, value, error);
		if (!set) {
			g_prefix_error(error, "%s: %s: ", format->name, p->name);
			return false;
		}
	}
	return true;
}

static bool is_pyramid(JsonObject *save)
{
	return json_bool(save, "pyramid", false) || json_bool(save, "subifd", false);
}

/* Where what was not written is better not what libvips takes. */
static void set_defaults(VipsOperation *operation, const struct format *format, VipsImage *image, JsonObject *save)
{
	double bytes = (double)VIPS_IMAGE_SIZEOF_PEL(image) * image->Xsize * image->Ysize;

	if (format->compression)
		vips_object_set_argument_from_string(VIPS_OBJECT(operation), "compression", format->compression);
	/* Lossless with halved colour would not be. */
	if (format->compression && json_bool(save, "lossless", false) && !json_string(save, "subsampling", NULL))
		vips_object_set_argument_from_string(VIPS_OBJECT(operation), "subsample_mode", "off");
	/* libvips' own default has changed. */
	if (g_str_equal(json_string(save, "compression", ""), "zstd"))
		g_object_set(operation, "level", 10, NULL);
	if (g_str_equal(format->name, "tiff") && bytes * (is_pyramid(save) ? 4.0 / 3 : 1) > CLASSIC_TIFF_BYTES)
		g_object_set(operation, "bigtiff", TRUE, NULL);
	/* Frames that come in go out. Without the option see QUIRK_GIF_OF_EQUAL_FRAMES. */
	if (g_object_class_find_property(G_OBJECT_GET_CLASS(operation), "keep_duplicate_frames"))
		g_object_set(operation, "keep_duplicate_frames", TRUE, NULL);
}

/* The saver with all its options; path and target NULL: to memory. */
static VipsOperation *prepare_saver(VipsImage *image, const struct format *format, const char *path, VipsTarget *target,
	JsonObject *save, GError **error)
{
	g_autofree char *nickname = g_strconcat(format->saver, path ? "" : target ? "_target" : "_buffer", NULL);
	g_autoptr(VipsOperation) operation = vips_operation_new(nickname);

	if (!operation) {
		vips_failed(error, format->name);
		return NULL;
	}
	g_object_set(operation, "in", image, NULL);
	if (path)
		g_object_set(operation, "filename", path, NULL);
	if (target)
		g_object_set(operation, "target", target, NULL);
	set_defaults(operation, format, image, save);
	if (!set_options(operation, format, save, error) ||
		(format->folder && !pyramid_options(operation, path, save, error)))
		return NULL;
	return g_steal_pointer(&operation);
}

bool format_run_saver(VipsImage *image, const struct format *format, const char *path, GBytes **bytes, JsonObject *save,
	GError **error)
{
	g_autoptr(VipsOperation) operation = prepare_saver(image, format, path, NULL, save, error);

	if (!operation)
		return false;
	bool layers = g_str_equal(format->name, "tiff") && is_pyramid(save);
	struct write_errors writes = write_errors_begin(image, !layers ? LAYERS_NONE
							       : path  ? LAYERS_IN_FILES
								       : LAYERS_IN_MEMORY);
	bool ok = vips_cache_operation_buildp(&operation) == 0 || vips_failed(error, NULL);
	ok = write_errors_end(&writes, ok, path, error);
	if (ok && bytes) {
		VipsBlob *blob = NULL;
		gsize length;
		g_object_get(operation, "buffer", &blob, NULL);
		const void *data = vips_blob_get(blob, &length);
		*bytes = g_bytes_new_with_free_func(data, length, (GDestroyNotify)vips_area_unref, VIPS_AREA(blob));
	}
	vips_object_unref_outputs(VIPS_OBJECT(operation));
	return ok;
}

bool format_run_saver_to(
	VipsImage *image, const struct format *format, VipsTarget *target, JsonObject *save, GError **error)
{
	g_autoptr(VipsOperation) operation = prepare_saver(image, format, NULL, target, save, error);

	if (!operation)
		return false;
	bool ok = vips_cache_operation_buildp(&operation) == 0 || vips_failed(error, NULL);
	vips_object_unref_outputs(VIPS_OBJECT(operation));
	return ok;
}

/* SPDX-License-Identifier: GPL-2.0-or-later
 * Save options of a definition, checked against the table of formats: see format_check.h. */
#include "image/describe/format_check.h"

#include <string.h>

#include "base/error.h"
#include "base/json.h"
#include "image/check/check.h"
#include "image/table/auto.h"
#include "image/table/format_table.h"
#include "image/write/format_save.h"

/* libheif has its codecs as parts that may be missing, and only an attempt tells. */
static bool try_saver(const struct format *format)
{
	g_autoptr(VipsImage) black = NULL;
	g_autoptr(GBytes) bytes = NULL;

	if (vips_black(&black, 64, 64, "bands", 3, NULL)) {
		vips_error_clear();
		return false;
	}
	return format_save_memory(black, format->name, NULL, &bytes, NULL);
}

bool format_available(const char *name)
{
	static int known[32]; /* 0: not asked yet, 1: yes, -1: no */
	const struct format *format = format_find(name);

	if (!format)
		return false;
	g_assert(format_count <= G_N_ELEMENTS(known));
	int *answer = &known[format - format_table];
	if (*answer == 0)
		*answer =
			vips_type_find("VipsForeignSave", format->saver) && (!format->compression || try_saver(format))
				? 1
				: -1;
	return *answer == 1;
}

/* Options of some formats, in an output whose format is not known: their keys go to reported. False when there is one. */
static bool needs_no_format(
	const struct node *output, const char *const *reserved, GPtrArray *reported, struct diagnostics *errors)
{
	for (guint i = 0; i < output->items->len; i++) {
		const struct node_entry *entry = output->items->pdata[i];
		bool known = false;

		if (g_strv_contains(reserved, entry->key) || check_find(format_kept_options, entry->key))
			continue;
		for (guint f = 0; f < format_count; f++)
			known = known || check_find(format_table[f].options, entry->key);
		if (!known)
			continue;
		diagnostics_add(errors, entry->line, entry->column,
			"%s depends on the format, and this output keeps the source's own; add a format, such as "
			"format: jpeg",
			entry->key);
		g_ptr_array_add(reported, entry->key);
	}
	return reported->len == 0;
}

/* A fault at an option, or at the output where it is not written. Always false. */
static bool refuse(const struct node *output, const char *key, struct diagnostics *errors, const char *message)
{
	const struct node *place = node_get(output, key);

	if (!place)
		place = output;
	diagnostics_add(errors, place->line, place->column, "%s", message);
	return false;
}

static bool check_tiff(JsonObject *save, const struct node *output, struct diagnostics *errors)
{
	const char *compression = json_string(save, "compression", "none");
	const char *bitdepth = json_string(save, "bitdepth", "");
	bool tiled = json_bool(save, "tiled", false) || json_bool(save, "pyramid", false) ||
		     json_bool(save, "subifd", false);

	if (json_int(save, "tile_width", 16) % 16 != 0)
		return refuse(output, "tile_width", errors, "tiff: tile_width must be a multiple of 16");
	/* Without tiles it is the height of a strip, which may be any. */
	if (tiled && json_int(save, "tile_height", 16) % 16 != 0)
		return refuse(output, "tile_height", errors, "tiff: tile_height must be a multiple of 16");
	if (strcmp(compression, "ccittfax4") == 0 && strcmp(bitdepth, "1") != 0)
		return refuse(
			output, "compression", errors, "tiff: ccittfax4 packs black and white only; add bitdepth: 1");
	if (*bitdepth && strcmp(bitdepth, "8") != 0 &&
		(strcmp(compression, "jpeg") == 0 || strcmp(compression, "webp") == 0))
		return refuse(output, "bitdepth", errors,
			"tiff: jpeg and webp pack 8 bits; take bitdepth out, or choose compression: deflate");
	return true;
}

static bool check_png(JsonObject *save, const struct node *output, struct diagnostics *errors)
{
	static const char *const of_palette[] = {"quality", "dither", "effort"};
	const char *bitdepth = json_string(save, "bitdepth", "8");
	bool palette = json_bool(save, "palette", false);

	if (strcmp(bitdepth, "16") == 0 && palette)
		return refuse(output, "bitdepth", errors, "png: a palette has at most 8 bits; take one of them out");
	for (guint i = 0; i < G_N_ELEMENTS(of_palette); i++)
		if (json_object_has_member(save, of_palette[i]) && !palette && strcmp(bitdepth, "8") == 0)
			return refuse(output, of_palette[i], errors,
				"png is lossless: quality, dither and effort are those of a palette; add palette: "
				"true, or set compression");
	return true;
}

static bool is_zip(const char *name)
{
	g_autofree char *lower = g_ascii_strdown(name, -1);

	return g_str_has_suffix(lower, ".zip") || g_str_has_suffix(lower, ".szi");
}

/* The name says whether it is a folder or a file, so that nobody opens the wrong thing. */
static bool check_dz(JsonObject *save, const struct node *output, struct diagnostics *errors)
{
	const struct node *named = node_get(output, "name");
	const char *name = named ? node_as_string(named) : NULL;
	const char *container = json_string(save, "container", NULL);
	const char *layout = json_string(save, "layout", "dz");
	gint64 tile = json_int(save, "tile_size", 254), overlap = json_int(save, "overlap", 0);
	const char *title = json_string(save, "title", "x");

	if (name && is_zip(name) && g_strcmp0(container, "fs") == 0)
		return refuse(output, "container", errors, "dz: the name ends as a zip does; take container: fs out");
	if (name && is_zip(name))
		json_object_set_string_member(save, "container", "zip");
	else if (g_strcmp0(container, "zip") == 0)
		return refuse(output, "container", errors,
			"dz: a zip needs a name that ends so, such as name: \"{stem}.zip\"");
	if (strcmp(layout, "dz") != 0 && overlap >= tile)
		return refuse(output, "overlap", errors, "dz: overlap must be smaller than tile_size");
	if (!*title || strpbrk(title, "/[]") || *title == '.')
		return refuse(output, "title", errors,
			"dz: title becomes a file's name; write one without / [ ] and "
			"without a dot in front");
	return true;
}

static bool check_together(
	const struct format *format, JsonObject *save, const struct node *output, struct diagnostics *errors)
{
	if (json_bool(save, "strip", false) && json_array(save, "keep"))
		return refuse(output, "keep", errors,
			"strip leaves out all metadata, and keep names what stays; take one of them out");
	if (!format)
		return true;
	if (strcmp(format->name, "tiff") == 0)
		return check_tiff(save, output, errors);
	if (strcmp(format->name, "png") == 0)
		return check_png(save, output, errors);
	if (strcmp(format->name, "dz") == 0)
		return check_dz(save, output, errors);
	if (strcmp(format->name, "jxl") == 0 && json_object_has_member(save, "distance") &&
		json_object_has_member(save, "quality"))
		return refuse(output, "distance", errors, "jxl: quality and distance say the same; take one out");
	return true;
}

JsonObject *format_check_save(
	const char *format, const struct node *output, const char *const *reserved, struct diagnostics *errors)
{
	static const char *const none[] = {NULL};
	const struct format *found = format ? format_find(format) : NULL;
	g_autoptr(JsonObject) save = json_object_new();
	g_autoptr(GPtrArray) passed_over = g_ptr_array_new();
	const struct check_subject subject = {format ? format : "an output", "option"};
	const struct node *place = output->kind == NODE_MAP ? node_get(output, "format") : NULL;
	bool ok = true;

	if (!place)
		place = output;
	if (format && !format_available(format)) {
		diagnostics_add(errors, place->line, place->column,
			found ? "the libvips installed here cannot write %s; choose another format, or install a libvips "
				"that can"
			      : "unknown format '%s'",
			format);
		return NULL;
	}
	if (output->kind != NODE_MAP)
		return g_steal_pointer(&save);
	if (!reserved)
		reserved = none;
	if (!found)
		ok = needs_no_format(output, reserved, passed_over, errors);
	for (guint i = 0; reserved[i]; i++)
		g_ptr_array_add(passed_over, (gpointer)reserved[i]);
	g_ptr_array_add(passed_over, NULL);
	ok = check_map(&subject, found ? found->options : format_kept_options, output,
		     (const char *const *)passed_over->pdata, save, errors) &&
	     ok && check_together(found, save, output, errors);
	return ok ? g_steal_pointer(&save) : NULL;
}

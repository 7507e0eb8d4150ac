/* SPDX-License-Identifier: GPL-2.0-or-later
 * Savers and their options: see format.h. */
#include <string.h>

#include "base/error.h"
#include "base/json.h"
#include "image/check.h"
#include "image/format.h"
#include "image/vips_value.h"

const char *const format_names[] = {"jpeg", "png", "webp", "tiff", "avif", "heif", "gif", "jp2k", "jxl", NULL};

#define OPTION_NUMBER(NAME, PROPERTY, LOW, HIGH, FALLBACK, HELP)                                                       \
	{                                                                                                              \
		.name = NAME, .type = PARAM_INT, .min = LOW, .max = HIGH, .fallback = FALLBACK, .property = PROPERTY,  \
		.help = HELP                                                                                           \
	}
#define OPTION_SWITCH(NAME, PROPERTY, HELP)                                                                            \
	{                                                                                                              \
		.name = NAME, .type = PARAM_BOOL, .fallback = "false", .property = PROPERTY, .help = HELP              \
	}
#define OPTION_CHOICE(NAME, PROPERTY, FALLBACK, HELP, ...)                                                             \
	{                                                                                                              \
		.name = NAME, .type = PARAM_CHOICE, .fallback = FALLBACK, .choices = NAMES(__VA_ARGS__),               \
		.property = PROPERTY, .help = HELP                                                                     \
	}
#define STRIP OPTION_SWITCH("strip", NULL, "leave out all metadata: EXIF, ICC profile, XMP")
#define QUALITY(LOW, FALLBACK) OPTION_NUMBER("quality", "Q", LOW, 100, FALLBACK, "higher is better and larger")
#define LOSSLESS OPTION_SWITCH("lossless", NULL, "keep every pixel")
#define SUBSAMPLING(FALLBACK)                                                                                          \
	OPTION_CHOICE("subsampling", "subsample_mode", FALLBACK, "halve the colour's resolution", "auto", "on", "off", \
		"4:2:0", "4:4:4")

static const struct format {
	const char *name;
	const char *saver;       /* libvips' nickname, for files */
	const char *compression; /* libvips' heifsave makes two formats */
	const struct param *options;
} formats[] = {
	{.name = "jpeg",
		.saver = "jpegsave",
		.options = PARAMS(QUALITY(1, "75"), OPTION_SWITCH("progressive", "interlace", "load in passes"),
			SUBSAMPLING("auto"),
			{.name = "optimise",
				.type = PARAM_BOOL,
				.fallback = "false",
				.aliases = NAMES("optimize"),
				.property = "optimize_coding",
				.help = "smaller by better Huffman tables"},
			STRIP)},
	{.name = "png",
		.saver = "pngsave",
		.options = PARAMS(OPTION_NUMBER("compression", NULL, 0, 9, "6", "effort of deflate"),
			OPTION_SWITCH("palette", NULL, "at most 256 colours; loses some"),
			{.name = "interlace",
				.type = PARAM_BOOL,
				.fallback = "false",
				.aliases = NAMES("progressive"),
				.help = "load in passes"},
			STRIP)},
	{.name = "webp",
		.saver = "webpsave",
		.options = PARAMS(QUALITY(0, "75"), LOSSLESS,
			OPTION_NUMBER("effort", NULL, 0, 6, "4", "time spent to save bytes"),
			OPTION_NUMBER("alpha_quality", "alpha_q", 0, 100, "100", "of the alpha band"),
			OPTION_SWITCH("near_lossless", NULL, "prepare pixels so that lossless packs better"), STRIP)},
	{.name = "tiff",
		.saver = "tiffsave",
		.options = PARAMS(OPTION_CHOICE("compression", NULL, "none", "how pixels are packed", "none", "deflate",
					  "lzw", "packbits", "zstd", "jpeg", "webp"),
			QUALITY(1, "75"),
			OPTION_CHOICE("predictor", NULL, "horizontal", "for deflate, lzw and zstd", "none",
				"horizontal", "float"),
			OPTION_SWITCH("tiled", "tile", "in tiles instead of strips"),
			OPTION_SWITCH("pyramid", NULL, "with smaller copies for viewers"),
			OPTION_SWITCH("bigtiff", NULL, "may grow beyond 4 GB"), STRIP)},
	{.name = "avif",
		.saver = "heifsave",
		.compression = "av1",
		.options = PARAMS(QUALITY(1, "50"), LOSSLESS,
			OPTION_NUMBER("effort", NULL, 0, 9, "4", "time spent to save bytes"), SUBSAMPLING("auto"),
			STRIP)},
	{.name = "heif",
		.saver = "heifsave",
		.compression = "hevc",
		.options = PARAMS(QUALITY(1, "50"), LOSSLESS,
			OPTION_NUMBER("effort", NULL, 0, 9, "4", "time spent to save bytes"), SUBSAMPLING("auto"),
			STRIP)},
	{.name = "gif",
		.saver = "gifsave",
		.options = PARAMS(OPTION_NUMBER("effort", NULL, 1, 10, "7", "time spent on the palette"),
			OPTION_NUMBER("bitdepth", NULL, 1, 8, "8", "bits a pixel"),
			{.name = "dither",
				.type = PARAM_DOUBLE,
				.min = 0,
				.max = 1,
				.fallback = "1",
				.help = "how much the palette's steps are hidden"},
			STRIP)},
	{.name = "jp2k", .saver = "jp2ksave", .options = PARAMS(QUALITY(1, "48"), LOSSLESS, SUBSAMPLING("off"), STRIP)},
	{.name = "jxl",
		.saver = "jxlsave",
		.options = PARAMS(QUALITY(0, "75"), LOSSLESS,
			OPTION_NUMBER("effort", NULL, 3, 9, "7", "time spent to save bytes"), STRIP)},
};

/* Of an output that keeps the source's format: what every format knows. */
static const struct param common_options[] = {STRIP, {.name = NULL}};

static const struct format *find(const char *name)
{
	for (guint i = 0; i < G_N_ELEMENTS(formats); i++)
		if (g_str_equal(formats[i].name, name))
			return &formats[i];
	return NULL;
}

static bool set_options(VipsOperation *operation, const struct format *format, JsonObject *save, GError **error)
{
	for (const struct param *p = format->options; p->name; p++) {
		JsonNode *value = save ? json_object_get_member(save, p->name) : NULL;
		const char *text = json_string(save, p->name, "");
		g_autoptr(JsonNode) translated = NULL;

		if (!value)
			continue;
		if (g_str_equal(text, "4:2:0") || g_str_equal(text, "4:4:4"))
			value = translated =
				json_node_init_string(json_node_alloc(), g_str_equal(text, "4:2:0") ? "on" : "off");
		if (!vips_value_set(VIPS_OBJECT(operation), p->property ? p->property : p->name, value, error)) {
			g_prefix_error(error, "%s: %s: ", format->name, p->name);
			return false;
		}
	}
	return true;
}

/* Runs the saver; path or bytes says where to. */
static bool run_saver(VipsImage *image, const struct format *format, const char *path, GBytes **bytes, JsonObject *save,
	GError **error)
{
	g_autofree char *nickname = g_strconcat(format->saver, path ? "" : "_buffer", NULL);
	g_autoptr(VipsOperation) operation = vips_operation_new(nickname);

	if (!operation)
		return vips_failed(error, format->name);
	g_object_set(operation, "in", image, NULL);
	if (path)
		g_object_set(operation, "filename", path, NULL);
	if (format->compression)
		vips_object_set_argument_from_string(VIPS_OBJECT(operation), "compression", format->compression);
	if (!set_options(operation, format, save, error))
		return false;
	if (vips_cache_operation_buildp(&operation)) {
		vips_object_unref_outputs(VIPS_OBJECT(operation));
		return vips_failed(error, NULL);
	}
	if (bytes) {
		VipsBlob *blob = NULL;
		gsize length;
		g_object_get(operation, "buffer", &blob, NULL);
		const void *data = vips_blob_get(blob, &length);
		*bytes = g_bytes_new_with_free_func(data, length, (GDestroyNotify)vips_area_unref, VIPS_AREA(blob));
	}
	vips_object_unref_outputs(VIPS_OBJECT(operation));
	return true;
}

bool format_save(VipsImage *image, const char *path, const char *format, JsonObject *save, GError **error)
{
	const struct format *found = find(format);

	if (!found)
		return fail(error, ERROR_INPUT, "unknown format '%s'", format);
	return run_saver(image, found, path, NULL, save, error);
}

bool format_save_memory(VipsImage *image, const char *format, JsonObject *save, GBytes **out, GError **error)
{
	const struct format *found = find(format);

	if (!found)
		return fail(error, ERROR_INPUT, "unknown format '%s'", format);
	return run_saver(image, found, NULL, out, save, error);
}

/* libheif has its codecs as parts that may be missing, and only an attempt tells. */
static bool try_saver(const struct format *format)
{
	g_autoptr(VipsImage) black = NULL;
	g_autoptr(GBytes) bytes = NULL;

	if (vips_black(&black, 64, 64, "bands", 3, NULL)) {
		vips_error_clear();
		return false;
	}
	return run_saver(black, format, NULL, &bytes, NULL, NULL);
}

static bool is_available(const struct format *format)
{
	static int known[G_N_ELEMENTS(formats)]; /* 0: not asked yet, 1: yes, -1: no */
	int *answer = &known[format - formats];

	if (*answer == 0)
		*answer =
			vips_type_find("VipsForeignSave", format->saver) && (!format->compression || try_saver(format))
				? 1
				: -1;
	return *answer == 1;
}

/* Options of some formats that were written where none is known; the keys go to told. False when there is one. */
static bool needs_no_format(
	const struct node *output, const char *const *reserved, GPtrArray *told, struct diagnostics *errors)
{
	for (guint i = 0; i < output->items->len; i++) {
		const struct node_entry *entry = output->items->pdata[i];
		bool known = false;

		if (g_strv_contains(reserved, entry->key) || check_find(common_options, entry->key))
			continue;
		for (guint f = 0; f < G_N_ELEMENTS(formats); f++)
			known = known || check_find(formats[f].options, entry->key);
		if (!known)
			continue;
		diagnostics_add(errors, entry->line, entry->column,
			"%s depends on the format, and this output keeps the source's own; add a format, such as "
			"format: jpeg",
			entry->key);
		g_ptr_array_add(told, entry->key);
	}
	return told->len == 0;
}

JsonObject *format_check_save(
	const char *format, const struct node *output, const char *const *reserved, struct diagnostics *errors)
{
	static const char *const none[] = {NULL};
	const struct format *found = format ? find(format) : NULL;
	g_autoptr(JsonObject) save = json_object_new();
	g_autoptr(GPtrArray) passed_over = g_ptr_array_new();
	const struct check_subject subject = {format ? format : "an output", "option"};
	const struct node *place = output->kind == NODE_MAP ? node_get(output, "format") : NULL;
	bool ok = true;

	if (!place)
		place = output;
	if (format && (!found || !is_available(found))) {
		diagnostics_add(errors, place->line, place->column,
			found ? "this libvips cannot write %s" : "unknown format '%s'", format);
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
	ok = check_map(&subject, found ? found->options : common_options, output,
		     (const char *const *)passed_over->pdata, save, errors) &&
	     ok;
	return ok ? g_steal_pointer(&save) : NULL;
}

/* SPDX-License-Identifier: GPL-2.0-or-later
 * Text on the picture: libvips' text, which is pango, laid over like a watermark. */
#include <string.h>

#include "base/error.h"
#include "base/json.h"
#include "image/asset/font.h"
#include "image/kernels/blend.h"
#include "image/kernels/overlay.h"
#include "image/operations/groups.h"
#include "image/table/colour.h"
#include "image/table/vips_error.h"

/* Letters at 72 dpi are as many pixels as points. */
#define DPI 72

static const char *const placeholders[] = {"stem", "ext", "pipeline", "date", "width", "height", NULL};

/* Appends what {word} stands for; false when it is none. names NULL: only whether it is one. */
static bool append_placeholder(GString *out, const char *word, const struct build_context *context, const VipsImage *in)
{
	if (!g_strv_contains(placeholders, word))
		return false;
	if (!in)
		return true;
	if (g_str_equal(word, "width") || g_str_equal(word, "height"))
		g_string_append_printf(out, "%d", word[0] == 'w' ? in->Xsize : in->Ysize);
	else
		g_string_append(out, json_string(context->names, word, ""));
	return true;
}

/* The text with its placeholders filled in; "{{" and "}}" are braces. NULL with what is wrong. in NULL: checked only. */
static char *expand(const char *text, const struct build_context *context, const VipsImage *in, GError **error)
{
	g_autoptr(GString) out = g_string_new(NULL);

	for (const char *c = text; *c; c++) {
		if ((*c == '{' || *c == '}') && c[1] == *c) {
			g_string_append_c(out, *c++);
			continue;
		}
		const char *end = *c == '{' ? strchr(c, '}') : NULL;
		if (*c == '}' || (*c == '{' && !end)) {
			fail(error, ERROR_INPUT, "text has a '%c' alone; a brace itself is written twice", *c);
			return NULL;
		}
		if (!end) {
			g_string_append_c(out, *c);
			continue;
		}
		g_autofree char *word = g_strndup(c + 1, (gsize)(end - c - 1));
		if (!append_placeholder(out, word, context, in)) {
			const char *near = did_you_mean(word, placeholders);
			fail(error, ERROR_INPUT, "text: unknown placeholder {%s}%s%s%s", word,
				near ? "; did you mean {"
				     : "; there are {stem}, {ext}, {pipeline}, {date}, {width} and {height}",
				near ? near : "", near ? "}?" : "");
			return NULL;
		}
		c = end;
	}
	return g_string_free(g_steal_pointer(&out), FALSE);
}

static bool check_text(const struct args *args, GError **error)
{
	bool at = param_given(args, "left") || param_given(args, "top");
	g_autofree char *text = expand(param_string(args, "text"), NULL, NULL, error);

	if (!text)
		return false;
	if (at && param_given(args, "gravity"))
		return fail(error, ERROR_INPUT, "left and top do not go with gravity; choose one");
	if (param_given(args, "size") && param_given(args, "scale"))
		return fail(error, ERROR_INPUT, "size does not go with scale; choose one");
	return true;
}

/* "DejaVu Sans Bold 32": pango's description with the size that was asked for. */
static bool describe_font(const struct args *args, const VipsImage *in, char **font, char **file, GError **error)
{
	JsonObject *asset = param_asset(args, "fontfile");
	g_autofree char *family = g_strdup(param_string(args, "font"));
	double size = param_given(args, "scale") ? in->Ysize * param_double(args, "scale") : param_double(args, "size");

	if (asset) {
		g_autoptr(GBytes) bytes = asset_bytes(asset, error);
		if (!bytes)
			return false;
		*file = font_path(json_string(asset, "sha256", ""), bytes, error);
		if (!*file)
			return false;
		if (!param_given(args, "font")) {
			g_free(family);
			family = font_name(bytes);
		}
	}
	char number[G_ASCII_DTOSTR_BUF_SIZE];
	*font = g_strdup_printf(
		"%s %s", family ? family : "sans", g_ascii_formatd(number, sizeof number, "%.6g", VIPS_MAX(size, 1)));
	return true;
}

/* The letters as one band of 8 bits. *out stays NULL when there are none to be seen. */
static bool draw(const struct args *args, const struct build_context *context, const VipsImage *in, VipsImage **out,
	GError **error)
{
	static const char *const alignments[] = {"left", "centre", "center", "right"};
	static const VipsAlign values[] = {VIPS_ALIGN_LOW, VIPS_ALIGN_CENTRE, VIPS_ALIGN_CENTRE, VIPS_ALIGN_HIGH};
	g_autofree char *text = expand(param_string(args, "text"), context, in, error);
	g_autofree char *font = NULL, *file = NULL;
	g_autoptr(VipsImage) letters = NULL;
	VipsAlign align = VIPS_ALIGN_LOW;
	int width = param_int(args, "width");

	if (!text || !describe_font(args, in, &font, &file, error))
		return false;
	g_autofree char *valid = g_utf8_make_valid(text, -1);
	if (*g_strstrip(valid) == '\0')
		return true;
	g_autofree char *markup = g_markup_escape_text(valid, -1);
	for (guint i = 0; i < G_N_ELEMENTS(alignments); i++)
		if (g_str_equal(alignments[i], param_string(args, "align")))
			align = values[i];
	int status = file ? vips_text(&letters, markup, "font", font, "fontfile", file, "width", width, "align", align,
				    "dpi", DPI, NULL)
			  : vips_text(&letters, markup, "font", font, "width", width, "align", align, "dpi", DPI, NULL);
	if (status)
		return vips_failed(error, NULL);
	*out = overlay_to_memory(letters, VIPS_INTERPRETATION_B_W, error);
	return *out != NULL;
}

/* A colour all over width x height, in the picture's kind, with alpha of this much (0 to 1). */
static VipsImage *fill(
	VipsImage *in, const struct kind *kind, const char *colour, int width, int height, GError **error)
{
	g_autoptr(VipsImage) black = NULL, painted = NULL, cast = NULL;
	VipsImage *out = NULL;
	g_autoptr(VipsImage) colours = NULL;
	double rgba[4] = {0, 0, 0, 255}, levels[5];
	int count;

	if (vips_extract_band(in, &colours, 0, "n", kind->colours, NULL)) {
		vips_failed(error, NULL);
		return NULL;
	}
	VipsArrayDouble *bands = colour_in_bands(colour, colours, error);
	if (!bands || !colour_parse(colour, rgba))
		return NULL;
	const double *given = vips_array_double_get(bands, &count);
	for (int i = 0; i < kind->colours; i++)
		levels[i] = given[count == 1 ? 0 : i];
	levels[kind->colours] = rgba[3] * kind->most / 255;
	vips_area_unref(VIPS_AREA(bands));
	double zeros[5] = {0};
	if (vips_black(&black, width, height, "bands", kind->colours + 1, NULL) ||
		vips_linear(black, &painted, zeros, levels, kind->colours + 1, NULL) ||
		vips_cast(painted, &cast, in->BandFmt, NULL) ||
		vips_copy(cast, &out, "interpretation", vips_image_guess_interpretation(in), NULL))
		vips_failed(error, NULL);
	return out;
}

/* The letters in their colour; with a background, on a box of it that is padding larger on every side. */
static VipsImage *paint(
	const struct args *args, VipsImage *in, const struct kind *kind, VipsImage *letters, GError **error)
{
	g_autoptr(VipsImage) plain =
		fill(in, kind, param_string(args, "colour"), letters->Xsize, letters->Ysize, error);
	g_autoptr(VipsImage) coloured = NULL, box = NULL, both = NULL;
	const char *background = param_string(args, "background");
	int padding = param_int(args, "padding");

	if (!plain || !overlay_cut(plain, letters, &coloured, error))
		return NULL;
	VipsInterpretation type = plain->Type;
	if (!background)
		return overlay_to_memory(coloured, type, error);
	box = fill(in, kind, background, letters->Xsize + 2 * padding, letters->Ysize + 2 * padding, error);
	if (!box || !overlay_blend(box, coloured, padding, padding, 1, "over", &both, error))
		return NULL;
	return overlay_to_memory(both, type, error);
}

static bool build_text(
	VipsImage *in, const struct args *args, const struct build_context *context, VipsImage **out, GError **error)
{
	g_autoptr(VipsImage) letters = NULL, painted = NULL;
	struct kind kind;
	int left, top;

	if (!kind_of(in, &kind, error) || !draw(args, context, in, &letters, error))
		return false;
	if (!letters)
		return vips_copy(in, out, NULL) == 0 || vips_failed(error, NULL);
	painted = paint(args, in, &kind, letters, error);
	if (!painted)
		return false;
	gravity_place(param_string(args, "gravity"), in->Xsize, in->Ysize, painted->Xsize, painted->Ysize,
		param_int(args, "margin"), &left, &top);
	if (param_given(args, "left") || param_given(args, "top")) {
		left = param_int(args, "left");
		top = param_int(args, "top");
	}
	return overlay_blend(in, painted, left, top, param_double(args, "opacity"), "over", out, error);
}

#define OFFSET(NAME, ALIAS)                                                                                            \
	INT_PARAM(NAME, "px", -10000000, 10000000, "0", "of its corner, instead of gravity; it may reach outside",     \
		.aliases = NAMES(ALIAS))

const struct operation text_operations[] = {
	{
		.name = "text",
		.aliases = NAMES("annotate", "caption", "label"),
		.group = "composition",
		.summary =
			"Writes on the picture: libvips' text, which is pango; the letters are those of the machine that works, "
			"unless a fontfile is given.",
		.params = PARAMS(
			STRING_PARAM("text", NULL,
				"with {stem}, {ext}, {pipeline} and {date} of the source, {width} and {height} of the "
				"picture here; a brace itself is written twice",
				.required = true),
			STRING_PARAM("font", "sans",
				"family and style, such as DejaVu Sans Bold; with a fontfile: that one's by default"),
			{.name = "fontfile",
				.type = PARAM_ASSET,
				.asset = ASSET_FONT,
				.aliases = NAMES("font_file"),
				.help = "a TrueType or OpenType font, relative to the definition"},
			DOUBLE_PARAM("size", "px", 1, 10000, "32", "of the font",
				.aliases = NAMES("pointsize", "font_size")),
			DOUBLE_PARAM("scale", "", 0.001, 1, NULL,
				"the font's size as a part of the picture's height, instead of size"),
			COLOUR_PARAM("colour", "white", "of the letters", .aliases = NAMES("color", "fill")),
			CHOICE_PARAM("gravity", gravity_names, "south", "where it goes, margin away from the edges",
				.aliases = NAMES("position")),
			OFFSET("left", "x"), OFFSET("top", "y"),
			INT_PARAM("margin", "px", 0, 100000, "16", "distance from the edges"),
			DOUBLE_PARAM("opacity", "", 0, 1, "1", "0 is invisible, 1 as it is"),
			INT_PARAM("width", "px", 0, 100000, "0",
				"lines are broken at this width; 0: only where the text breaks them",
				.aliases = NAMES("wrap")),
			CHOICE_PARAM("align", NAMES("left", "centre", "center", "right"), "left",
				"of the lines to each other"),
			COLOUR_PARAM("background", NULL, "of a box behind it; default: none",
				.aliases = NAMES("bg", "undercolor")),
			INT_PARAM("padding", "px", 0, 10000, "8", "of that box round the letters")),
		.flags = OPERATION_SEQUENTIAL,
		.check = check_text,
		.build_with = build_text,
	},
	{.name = NULL},
};

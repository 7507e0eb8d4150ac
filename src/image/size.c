/* SPDX-License-Identifier: GPL-2.0-or-later
 * Other sizes: resize, which says exactly what to do, and thumbnail, which takes libvips' short cuts. */
#include "base/error.h"
#include "image/colour.h"
#include "image/format.h"
#include "image/groups.h"

/* Both kinds of fit need a box; with one side given there is nothing to cover or to fill. */
static bool check_box(JsonObject *params, const char *fit, GError **error)
{
	bool needs_both = g_str_equal(fit, "cover") || g_str_equal(fit, "contain") || g_str_equal(fit, "fill");

	if (needs_both && (!param_given(params, "width") || !param_given(params, "height")))
		return fail(error, ERROR_INPUT, "fit: %s needs both width and height", fit);
	return true;
}

static bool check_resize(JsonObject *params, GError **error)
{
	const char *fit = param_string(operation_find("resize"), params, "fit");
	bool sides = param_given(params, "width") || param_given(params, "height");

	if (!sides && !param_given(params, "scale"))
		return fail(error, ERROR_INPUT, "needs width, height or scale");
	if (sides && param_given(params, "scale"))
		return fail(error, ERROR_INPUT, "scale does not go with width or height; choose one");
	if (param_given(params, "scale") && param_given(params, "fit"))
		return fail(error, ERROR_INPUT, "fit goes with width and height, not with scale");
	if (param_given(params, "background") && !g_str_equal(fit, "contain"))
		return fail(error, ERROR_INPUT, "background is used with fit: contain only");
	return check_box(params, fit, error);
}

/* Takes in; cuts a centred box of at most width x height out of it. */
static bool crop_centre(VipsImage *in, int width, int height, VipsImage **out, GError **error)
{
	g_autoptr(VipsImage) wide = in;
	int w = MIN(width, in->Xsize), h = MIN(height, in->Ysize);

	return vips_extract_area(wide, out, (in->Xsize - w) / 2, (in->Ysize - h) / 2, w, h, NULL) == 0 ||
	       vips_failed(error, NULL);
}

/* Takes in; lays it in the middle of width x height of the colour. */
static bool pad_centre(VipsImage *in, int width, int height, const char *colour, VipsImage **out, GError **error)
{
	g_autoptr(VipsImage) small = in;
	VipsArrayDouble *background = colour_in_bands(colour, small, error);

	if (!background)
		return false;
	bool ok = vips_embed(small, out, (width - in->Xsize) / 2, (height - in->Ysize) / 2, width, height, "extend",
			  VIPS_EXTEND_BACKGROUND, "background", background, NULL) == 0;
	vips_area_unref(VIPS_AREA(background));
	return ok || vips_failed(error, NULL);
}

static bool build_resize(VipsImage *in, JsonObject *params, VipsImage **out, GError **error)
{
	const struct operation *self = operation_find("resize");
	const char *fit = param_string(self, params, "fit");
	int width = param_int(self, params, "width"), height = param_int(self, params, "height");
	double x = (double)width / in->Xsize, y = (double)height / in->Ysize;
	VipsImage *sized = NULL;

	if (param_given(params, "scale"))
		x = y = param_double(self, params, "scale");
	else if (!width || !height)
		x = y = MAX(x, y); /* the one that was given */
	else if (g_str_equal(fit, "cover") || g_str_equal(fit, "outside"))
		x = y = MAX(x, y);
	else if (!g_str_equal(fit, "fill"))
		x = y = MIN(x, y);
	if (param_bool(self, params, "without_enlargement")) {
		x = MIN(x, 1);
		y = MIN(y, 1);
	}
	int kernel = vips_enum_from_nick("resize", VIPS_TYPE_KERNEL, param_string(self, params, "kernel"));
	if (kernel < 0 || vips_resize(in, &sized, x, "vscale", y, "kernel", kernel, NULL))
		return vips_failed(error, NULL);
	if (g_str_equal(fit, "cover"))
		return crop_centre(sized, width, height, out, error);
	if (g_str_equal(fit, "contain"))
		return pad_centre(sized, width, height, param_string(self, params, "background"), out, error);
	*out = sized;
	return true;
}

static bool check_thumbnail(JsonObject *params, GError **error)
{
	const struct operation *self = operation_find("thumbnail");
	const char *fit = param_string(self, params, "fit");

	if (!param_given(params, "width") && !param_given(params, "height"))
		return fail(error, ERROR_INPUT, "needs width or height");
	if (g_str_equal(fit, "fill") && param_bool(self, params, "without_enlargement"))
		return fail(error, ERROR_INPUT, "without_enlargement does not go with fit: fill; resize has both");
	return check_box(params, fit, error);
}

/* What vips_thumbnail and its sisters take. */
struct thumbnail {
	int width, height;
	VipsSize size;
	VipsInteresting crop;
	bool no_rotate;
};

static struct thumbnail thumbnail_of(JsonObject *params)
{
	const struct operation *self = operation_find("thumbnail");
	const char *fit = param_string(self, params, "fit");
	struct thumbnail t = {.no_rotate = param_bool(self, params, "no_rotate")};

	/* A side that was not given sets no bound; libvips would take a square. */
	t.width = param_given(params, "width") ? param_int(self, params, "width") : VIPS_MAX_COORD;
	t.height = param_given(params, "height") ? param_int(self, params, "height") : VIPS_MAX_COORD;
	t.size = g_str_equal(fit, "fill")                          ? VIPS_SIZE_FORCE
		 : param_bool(self, params, "without_enlargement") ? VIPS_SIZE_DOWN
								   : VIPS_SIZE_BOTH;
	t.crop = g_str_equal(fit, "cover") ? VIPS_INTERESTING_CENTRE : VIPS_INTERESTING_NONE;
	return t;
}

static bool build_thumbnail(VipsImage *in, JsonObject *params, VipsImage **out, GError **error)
{
	struct thumbnail t = thumbnail_of(params);

	return vips_thumbnail_image(in, out, t.width, "height", t.height, "size", t.size, "crop", t.crop, "no_rotate",
		       t.no_rotate, NULL) == 0 ||
	       vips_failed(error, NULL);
}

static bool load_thumbnail(const struct build_context *context, JsonObject *params, VipsImage **out, GError **error)
{
	struct thumbnail t = thumbnail_of(params);
	g_autoptr(VipsSource) source = format_source(context->source_path, context->source_bytes, error);

	if (!source)
		return false;
	/* Not fail_on: libvips 8.14 passes that on for file names only. */
	return vips_thumbnail_source(source, out, t.width, "height", t.height, "size", t.size, "crop", t.crop,
		       "no_rotate", t.no_rotate, "option_string", "[fail_on=truncated]", NULL) == 0 ||
	       vips_failed(error, NULL);
}

#define SIDE(NAME, ALIAS)                                                                                              \
	{                                                                                                              \
		.name = NAME, .type = PARAM_INT, .unit = "px", .min = 1, .max = 1000000, .aliases = NAMES(ALIAS),      \
		.help = "of the box; the other side follows from the proportions when it is left out"                  \
	}
#define WITHOUT_ENLARGEMENT                                                                                            \
	{                                                                                                              \
		.name = "without_enlargement", .type = PARAM_BOOL, .fallback = "false",                                \
		.aliases = NAMES("no_enlargement", "shrink_only"), .help = "leave a picture alone that is smaller"     \
	}

const struct operation size_operations[] = {
	{
		.name = "resize",
		.aliases = NAMES("scale"),
		.group = "geometry",
		.summary =
			"To another size: libvips' resize, then a centred crop or border where fit asks for one; alpha "
			"is resampled like any band, not premultiplied.",
		.params = PARAMS(SIDE("width", "w"), SIDE("height", "h"),
			{.name = "scale",
				.type = PARAM_DOUBLE,
				.unit = "",
				.min = 0.0001,
				.max = 1000,
				.help = "a factor, instead of width and height"},
			{.name = "fit",
				.type = PARAM_CHOICE,
				.fallback = "inside",
				.choices = NAMES("inside", "cover", "contain", "fill", "outside"),
				.help = "inside and outside keep the proportions within or around the box; cover crops to the "
					"box; contain fills up with background; fill ignores the proportions"},
			{.name = "kernel",
				.type = PARAM_CHOICE,
				.fallback = "lanczos3",
				.choices = NAMES("nearest", "linear", "cubic", "mitchell", "lanczos2", "lanczos3"),
				.help = "how pixels are weighed"},
			WITHOUT_ENLARGEMENT,
			{.name = "background",
				.type = PARAM_COLOUR,
				.aliases = NAMES("bg"),
				.help = "of fit: contain; default: zero in every band, so black, or transparent where there is alpha"}),
		.flags = OPERATION_ON_GRID,
		.check = check_resize,
		.build = build_resize,
	},
	{
		.name = "thumbnail",
		.aliases = NAMES("thumb"),
		.group = "geometry",
		.summary = "A small picture fast: libvips' thumbnail, with shrink-on-load where it is the first step "
			   "(thumbnail_image later on); 8 bits, sRGB or grey, alpha premultiplied, upright.",
		.params = PARAMS(SIDE("width", "w"), SIDE("height", "h"),
			{.name = "fit",
				.type = PARAM_CHOICE,
				.fallback = "inside",
				.choices = NAMES("inside", "cover", "fill"),
				.help = "inside keeps the proportions within the box; cover crops the middle to the box; fill "
					"ignores the proportions"},
			WITHOUT_ENLARGEMENT,
			{.name = "no_rotate",
				.type = PARAM_BOOL,
				.fallback = "false",
				.help = "ignore the orientation tag"}),
		.flags = OPERATION_ON_GRID | OPERATION_LOADS,
		.check = check_thumbnail,
		.build = build_thumbnail,
		.load = load_thumbnail,
	},
	{.name = NULL},
};

/* SPDX-License-Identifier: GPL-2.0-or-later
 * Other sizes: resize, which says exactly what to do, and thumbnail, which takes libvips' short cuts. */
#include "base/error.h"
#include "image/kernels/extent.h"
#include "image/operations/groups.h"
#include "image/read/format.h"
#include "image/read/levels.h"
#include "image/table/vips_error.h"

/* Both kinds of fit need a box; with one side given there is nothing to cover or to fill. */
static bool check_box(const struct args *args, const char *fit, GError **error)
{
	bool needs_both = g_str_equal(fit, "cover") || g_str_equal(fit, "contain") || g_str_equal(fit, "fill");

	if (needs_both && (!param_given(args, "width") || !param_given(args, "height")))
		return fail(error, ERROR_INPUT, "fit: %s needs both width and height", fit);
	return true;
}

/* Words of gravity, and what smartcrop looks for. */
static const char *const crop_gravity[] = {"centre", "center", "north", "northeast", "east", "southeast", "south",
	"southwest", "west", "northwest", "top", "top-right", "right", "bottom-right", "bottom", "bottom-left", "left",
	"top-left", "attention", "entropy", NULL};

static bool covers(const struct args *args)
{
	return g_str_equal(param_string(args, "fit"), "cover");
}

static unsigned with_looks(const struct args *args, unsigned flags)
{
	bool looks = covers(args) && extent_looks(param_string(args, "gravity"));

	return looks ? flags | OPERATION_READS_METADATA : flags;
}

static unsigned resize_flags(const struct args *args)
{
	return with_looks(args, OPERATION_ON_GRID);
}

static bool check_gravity(const struct args *args, GError **error)
{
	const char *fit = param_string(args, "fit"), *gravity = param_string(args, "gravity");

	if (!param_given(args, "gravity") || g_str_equal(fit, "cover"))
		return true;
	if (!g_str_equal(fit, "contain"))
		return fail(error, ERROR_INPUT, "gravity is used with fit: cover and fit: contain only");
	return !extent_looks(gravity) || fail(error, ERROR_INPUT, "gravity: %s goes with fit: cover", gravity);
}

/* Takes in; cuts the box out of it, or lays it in the box, as fit says. */
static bool into_box(VipsImage *in, const struct args *args, VipsImage **out, GError **error)
{
	g_autoptr(VipsImage) sized = in;
	const char *gravity = param_string(args, "gravity");
	int width = param_int(args, "width"), height = param_int(args, "height");

	if (covers(args))
		return extent_looks(gravity) ? extent_smart(sized, gravity, width, height, out, error)
					     : extent_cut(sized, gravity, width, height, out, error);
	if (g_str_equal(param_string(args, "fit"), "contain"))
		return extent_fill(sized, gravity, width, height, param_string(args, "background"), out, error);
	*out = g_steal_pointer(&sized);
	return true;
}

static bool check_resize(const struct args *args, GError **error)
{
	const char *fit = param_string(args, "fit");
	bool sides = param_given(args, "width") || param_given(args, "height");

	if (!sides && !param_given(args, "scale"))
		return fail(error, ERROR_INPUT, "needs width, height or scale");
	if (sides && param_given(args, "scale"))
		return fail(error, ERROR_INPUT, "scale does not go with width or height; choose one");
	if (param_given(args, "scale") && param_given(args, "fit"))
		return fail(error, ERROR_INPUT, "fit goes with width and height, not with scale");
	if (param_given(args, "background") && !g_str_equal(fit, "contain"))
		return fail(error, ERROR_INPUT, "background is used with fit: contain only");
	return check_box(args, fit, error) && check_gravity(args, error);
}

static void resize_factors(VipsImage *in, const struct args *args, double *x, double *y)
{
	const char *fit = param_string(args, "fit");
	int width = param_int(args, "width"), height = param_int(args, "height");

	*x = (double)width / in->Xsize;
	*y = (double)height / in->Ysize;
	if (param_given(args, "scale"))
		*x = *y = param_double(args, "scale");
	else if (!width || !height)
		*x = *y = MAX(*x, *y); /* the one that was given */
	else if (g_str_equal(fit, "cover") || g_str_equal(fit, "outside"))
		*x = *y = MAX(*x, *y);
	else if (!g_str_equal(fit, "fill"))
		*x = *y = MIN(*x, *y);
	if (param_bool(args, "without_enlargement")) {
		*x = MIN(*x, 1);
		*y = MIN(*y, 1);
	}
}

/* A picture that keeps its size keeps its pixels, and nearest takes them as they are. */
static bool resize_mixes(VipsImage *in, const struct args *args)
{
	double x, y;

	resize_factors(in, args, &x, &y);
	return (x != 1 || y != 1) && !g_str_equal(param_string(args, "kernel"), "nearest");
}

static bool build_resize(VipsImage *in, const struct args *args, VipsImage **out, GError **error)
{
	const char *nick = param_string(args, "kernel");
	int kernel = vips_enum_from_nick("resize", VIPS_TYPE_KERNEL, nick);
	double x, y;

	resize_factors(in, args, &x, &y);
	if (kernel < 0 || vips_resize(in, out, x, "vscale", y, "kernel", kernel, NULL))
		return vips_failed(error, NULL);
	return true;
}

static bool finish_resize(VipsImage *in, const struct args *args, VipsImage **out, GError **error)
{
	return into_box(g_object_ref(in), args, out, error);
}

static bool check_thumbnail(const struct args *args, GError **error)
{
	const char *fit = param_string(args, "fit");

	if (!param_given(args, "width") && !param_given(args, "height"))
		return fail(error, ERROR_INPUT, "needs width or height");
	if (g_str_equal(fit, "fill") && param_bool(args, "without_enlargement"))
		return fail(error, ERROR_INPUT, "without_enlargement does not go with fit: fill; resize has both");
	if (param_given(args, "background") && !g_str_equal(fit, "contain"))
		return fail(error, ERROR_INPUT, "background is used with fit: contain only");
	return check_box(args, fit, error) && check_gravity(args, error);
}

/* What vips_thumbnail and its sisters take. */
struct thumbnail {
	int width, height;
	VipsSize size;
	VipsInteresting crop;
	bool no_rotate;
};

static struct thumbnail thumbnail_of(const struct args *args)
{
	const char *fit = param_string(args, "fit");
	const char *gravity = param_string(args, "gravity");
	bool cover = covers(args), centre = g_str_equal(gravity, "centre") || g_str_equal(gravity, "center");
	bool boxed = param_given(args, "width") && param_given(args, "height");
	bool libvips_crops = centre || extent_looks(gravity);
	struct thumbnail t = {.no_rotate = param_bool(args, "no_rotate"), .crop = VIPS_INTERESTING_NONE};

	/* A side that was not given sets no bound; libvips would take a square. */
	t.width = param_given(args, "width") ? param_int(args, "width") : VIPS_MAX_COORD;
	t.height = param_given(args, "height") ? param_int(args, "height") : VIPS_MAX_COORD;
	t.size = g_str_equal(fit, "fill")                  ? VIPS_SIZE_FORCE
		 : param_bool(args, "without_enlargement") ? VIPS_SIZE_DOWN
							   : VIPS_SIZE_BOTH;
	/* "All" is libvips' way to reach the box with the smaller side, and to cut nothing. */
	if ((g_str_equal(fit, "outside") && boxed) || (cover && !libvips_crops))
		t.crop = VIPS_INTERESTING_ALL;
	else if (cover)
		t.crop = vips_enum_from_nick("thumbnail", VIPS_TYPE_INTERESTING, centre ? "centre" : gravity);
	return t;
}

/* Takes in; what libvips' thumbnail has not done of what fit says. */
static bool finish_thumbnail(
	VipsImage *in, const struct thumbnail *t, const struct args *args, VipsImage **out, GError **error)
{
	if (!covers(args) || t->crop == VIPS_INTERESTING_ALL)
		return into_box(in, args, out, error);
	*out = in;
	return true;
}

static bool build_thumbnail(VipsImage *in, const struct args *args, VipsImage **out, GError **error)
{
	struct thumbnail t = thumbnail_of(args);
	VipsImage *small = NULL;

	if (vips_thumbnail_image(in, &small, t.width, "height", t.height, "size", t.size, "crop", t.crop, "no_rotate",
		    t.no_rotate, NULL))
		return vips_failed(error, NULL);
	return finish_thumbnail(small, &t, args, out, error);
}

static bool load_thumbnail(
	const struct build_context *context, const struct args *args, VipsImage **out, GError **error)
{
	struct thumbnail t = thumbnail_of(args);
	const struct level_box box = {
		t.width, t.height, t.crop != VIPS_INTERESTING_NONE, t.size == VIPS_SIZE_FORCE, t.no_rotate};
	g_autoptr(VipsSource) source = format_source(context->source_path, context->source_bytes, error);
	g_autoptr(VipsImage) level = NULL;
	VipsImage *small = NULL;

	if (!source || !levels_open(source, context->source_path, context->source_bytes, &box, &level, error))
		return false;
	if (level)
		return build_thumbnail(level, args, out, error);
	if (format_must_load(source)) {
		g_autoptr(VipsImage) image = format_load(source, "", VIPS_ACCESS_RANDOM);
		return image ? build_thumbnail(image, args, out, error) : vips_failed(error, NULL);
	}
	/* Not as a parameter: see QUIRK_THUMBNAIL_FAIL_ON. */
	g_autofree char *options =
		g_strdup_printf("[fail_on=%s]", vips_enum_nick(VIPS_TYPE_FAIL_ON, format_fail_on(source)));
	if (vips_thumbnail_source(source, &small, t.width, "height", t.height, "size", t.size, "crop", t.crop,
		    "no_rotate", t.no_rotate, "option_string", options, NULL))
		return vips_failed(error, NULL);
	return finish_thumbnail(small, &t, args, out, error);
}

#define SIDE(NAME, ALIAS)                                                                                              \
	INT_PARAM(NAME, "px", 1, 1000000, NULL,                                                                        \
		"of the box; the other side follows from the proportions when it is left out",                         \
		.aliases = NAMES(ALIAS))
#define WITHOUT_ENLARGEMENT                                                                                            \
	BOOL_PARAM("without_enlargement", "false", "leave a picture alone that is smaller",                            \
		.aliases = NAMES("no_enlargement", "shrink_only"))

#define GRAVITY                                                                                                        \
	CHOICE_PARAM("gravity", crop_gravity, "centre",                                                                \
		"what fit: cover keeps and where fit: contain goes; attention and entropy choose what is "             \
		"worth seeing, as smart_crop does, and look at the whole picture",                                     \
		.aliases = NAMES("position", "crop"))
#define BACKGROUND                                                                                                     \
	COLOUR_PARAM("background", NULL,                                                                               \
		"of fit: contain; default: zero in every band, so black, or transparent where there is alpha",         \
		.aliases = NAMES("bg", "colour", "color"))

static unsigned thumbnail_flags(const struct args *args)
{
	return with_looks(args, OPERATION_ON_GRID | OPERATION_LOADS);
}

const struct operation size_operations[] = {
	{
		.name = "resize",
		.aliases = NAMES("scale"),
		.group = "geometry",
		.summary = "To another size: libvips' resize, then a crop or border where fit asks for one.",
		.params = PARAMS(SIDE("width", "w"), SIDE("height", "h"),
			DOUBLE_PARAM("scale", "", 0.0001, 1000, NULL, "a factor, instead of width and height"),
			CHOICE_PARAM("fit", NAMES("inside", "cover", "contain", "fill", "outside"), "inside",
				"inside and outside keep the proportions within or around the box; cover crops to the "
				"box; contain fills up with background; fill ignores the proportions"),
			CHOICE_PARAM("kernel", NAMES("nearest", "linear", "cubic", "mitchell", "lanczos2", "lanczos3"),
				"lanczos3", "how pixels are weighed"),
			WITHOUT_ENLARGEMENT, GRAVITY, BACKGROUND, PREMULTIPLY),
		.flags_of = resize_flags,
		.check = check_resize,
		.build = build_resize,
		.mixes = resize_mixes,
		.finish = finish_resize,
	},
	{
		.name = "thumbnail",
		.aliases = NAMES("thumb"),
		.group = "geometry",
		.summary = "A small picture fast: libvips' thumbnail, with shrink-on-load where it is the first step "
			   "(thumbnail_image later on); 8 bits, sRGB or grey, alpha premultiplied, upright.",
		.params = PARAMS(SIDE("width", "w"), SIDE("height", "h"),
			CHOICE_PARAM("fit", NAMES("inside", "cover", "contain", "fill", "outside"), "inside",
				"inside and outside keep the proportions within or around the box; cover crops to the "
				"box; contain fills up with background; fill ignores the proportions"),
			GRAVITY, BACKGROUND, WITHOUT_ENLARGEMENT,
			BOOL_PARAM("no_rotate", "false", "ignore the orientation tag")),
		.flags_of = thumbnail_flags,
		.check = check_thumbnail,
		.build = build_thumbnail,
		.load = load_thumbnail,
	},
	{.name = NULL},
};

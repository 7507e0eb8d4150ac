/* SPDX-License-Identifier: GPL-2.0-or-later
 * Geometry that cuts away and adds round about: crop, smart_crop, trim, pad. No pixel is resampled. */
#include "base/error.h"
#include "image/kernels/extent.h"
#include "image/kernels/gravity.h"
#include "image/operations/groups.h"
#include "image/table/colour.h"
#include "image/table/vips_error.h"

static bool check_crop(const struct args *args, GError **error)
{
	bool corner = param_given(args, "left") || param_given(args, "top");

	return !corner || !param_given(args, "gravity") ||
	       fail(error, ERROR_INPUT, "left and top do not go with gravity; choose one");
}

static bool build_crop(VipsImage *in, const struct args *args, VipsImage **out, GError **error)
{
	int left = param_int(args, "left"), top = param_int(args, "top");
	int width = param_int(args, "width"), height = param_int(args, "height");

	if (param_given(args, "gravity"))
		return extent_cut(in, param_string(args, "gravity"), width, height, out, error);
	if ((gint64)left + width > in->Xsize || (gint64)top + height > in->Ysize)
		return fail(error, ERROR_INPUT, "%d x %d at %d, %d reaches outside the picture, which is %d x %d here",
			width, height, left, top, in->Xsize, in->Ysize);
	return vips_extract_area(in, out, left, top, width, height, NULL) == 0 || vips_failed(error, NULL);
}

static unsigned smart_crop_flags(const struct args *args)
{
	return extent_looks(param_string(args, "strategy")) ? OPERATION_READS_METADATA : OPERATION_SEQUENTIAL;
}

static bool build_smart_crop(VipsImage *in, const struct args *args, VipsImage **out, GError **error)
{
	return extent_smart(
		in, param_string(args, "strategy"), param_int(args, "width"), param_int(args, "height"), out, error);
}

/* What find_trim compares with: the colours without alpha, and whether it is the alpha that tells what is background. */
struct ground {
	double levels[5];
	int count;
	bool by_alpha;
};

/* The colour that was asked for, else that of the top left pixel. */
static bool ground_of(VipsImage *in, const char *colour, struct ground *ground, GError **error)
{
	bool alpha = vips_image_hasalpha(in);
	g_autofree double *corner = NULL;
	VipsArrayDouble *array = NULL;
	const double *levels;
	int count;

	if (colour) {
		if (!(array = colour_in_bands(colour, in, error)))
			return false;
		levels = vips_array_double_get(array, &count);
	} else {
		if (vips_getpoint(in, &corner, &count, 0, 0, NULL))
			return vips_failed(error, NULL);
		levels = corner;
	}
	ground->by_alpha = alpha && levels[count - 1] == 0;
	ground->count = MIN(count - (alpha ? 1 : 0), (int)G_N_ELEMENTS(ground->levels));
	for (int i = 0; i < ground->count; i++)
		ground->levels[i] = levels[i];
	if (array)
		vips_area_unref(VIPS_AREA(array));
	return true;
}

static bool build_trim(VipsImage *in, const struct args *args, VipsImage **out, GError **error)
{
	double threshold = param_double(args, "threshold") * (in->BandFmt == VIPS_FORMAT_USHORT ? 257 : 1);
	struct ground ground = {.count = 1};
	g_autoptr(VipsImage) searched = NULL;
	int left, top, width, height;

	if (!ground_of(in, param_string(args, "background"), &ground, error))
		return false;
	if (ground.by_alpha) {
		ground = (struct ground){.count = 1};
		if (vips_extract_band(in, &searched, in->Bands - 1, NULL))
			return vips_failed(error, NULL);
	} else {
		searched = g_object_ref(in);
	}
	VipsArrayDouble *background = vips_array_double_new(ground.levels, ground.count);
	bool found = vips_find_trim(searched, &left, &top, &width, &height, "threshold", threshold, "background",
			     background, NULL) == 0;
	vips_area_unref(VIPS_AREA(background));
	if (!found)
		return vips_failed(error, NULL);
	if (!width || !height) /* nothing but background */
		return vips_copy(in, out, NULL) == 0 || vips_failed(error, NULL);
	return vips_extract_area(in, out, left, top, width, height, NULL) == 0 || vips_failed(error, NULL);
}

static const char *const sides[] = {"top", "right", "bottom", "left"};

static bool check_pad(const struct args *args, GError **error)
{
	bool box = param_given(args, "width") || param_given(args, "height"), edges = param_given(args, "all");

	for (guint i = 0; i < G_N_ELEMENTS(sides); i++)
		edges = edges || param_given(args, sides[i]);
	if (!box && !edges)
		return fail(error, ERROR_INPUT, "needs all, top, right, bottom or left, or width or height");
	if (box && edges)
		return fail(error, ERROR_INPUT,
			"width and height are of the whole, all, top, right, bottom and left are added; choose one");
	if (!box && param_given(args, "gravity"))
		return fail(error, ERROR_INPUT, "gravity goes with width and height");
	if (param_given(args, "background") && !g_str_equal(param_string(args, "mode"), "background"))
		return fail(error, ERROR_INPUT, "background goes with mode: background only");
	return true;
}

static bool build_pad(VipsImage *in, const struct args *args, VipsImage **out, GError **error)
{
	int all = param_int(args, "all"), added[4], left, top;
	gint64 width, height;

	for (guint i = 0; i < 4; i++)
		added[i] = param_given(args, sides[i]) ? param_int(args, sides[i]) : all;
	if (param_given(args, "width") || param_given(args, "height")) {
		width = MAX(param_int(args, "width"), in->Xsize);
		height = MAX(param_int(args, "height"), in->Ysize);
		gravity_place(
			param_string(args, "gravity"), (int)width, (int)height, in->Xsize, in->Ysize, 0, &left, &top);
	} else {
		top = added[0];
		left = added[3];
		width = (gint64)in->Xsize + added[1] + added[3];
		height = (gint64)in->Ysize + added[0] + added[2];
	}
	if (!extent_possible(width, height, error))
		return false;
	VipsArrayDouble *background = colour_in_bands(param_string(args, "background"), in, error);
	int mode = vips_enum_from_nick("pad", VIPS_TYPE_EXTEND, param_string(args, "mode"));
	if (!background)
		return false;
	bool ok = mode >= 0 && vips_embed(in, out, left, top, (int)width, (int)height, "extend", mode, "background",
				       background, NULL) == 0;
	vips_area_unref(VIPS_AREA(background));
	return ok || vips_failed(error, NULL);
}

#define EDGE(NAME, ALIAS) INT_PARAM(NAME, "px", 0, 10000000, "0", "where the area begins", .aliases = NAMES(ALIAS))
#define SIDE(NAME, ALIAS, REQUIRED, HELP)                                                                              \
	INT_PARAM(NAME, "px", 1, 10000000, NULL, HELP, .required = REQUIRED, .aliases = NAMES(ALIAS))
#define ADDED(NAME, HELP) INT_PARAM(NAME, "px", 0, 10000000, NULL, HELP)

const struct operation area_operations[] = {
	{
		.name = "crop",
		.aliases = NAMES("extract", "extract_area"),
		.group = "geometry",
		.summary = "Cuts out an area, by its corner or by gravity: libvips' extract_area.",
		.params = PARAMS(EDGE("left", "x"), EDGE("top", "y"),
			SIDE("width", "w", true,
				"of the area; by left and top it must lie inside the picture, by gravity a smaller "
				"picture keeps its own"),
			SIDE("height", "h", true, "of the area; the same"),
			CHOICE_PARAM("gravity", gravity_names, NULL,
				"the edge or corner that the area is drawn to, instead of left and top",
				.aliases = NAMES("position"))),
		.flags = OPERATION_SEQUENTIAL,
		.check = check_crop,
		.build = build_crop,
	},
	{
		.name = "smart_crop",
		.aliases = NAMES("smartcrop"),
		.group = "geometry",
		.summary = "Cuts out the area that is worth seeing: libvips' smartcrop; attention and entropy look at "
			   "the whole picture.",
		.params = PARAMS(SIDE("width", "w", true, "of the area; a smaller picture keeps its own"),
			SIDE("height", "h", true, "of the area; the same"),
			CHOICE_PARAM("strategy", NAMES("attention", "entropy", "centre", "low", "high"), "attention",
				"attention: edges, skin and saturated colours; entropy: the most detail; low: the top "
				"left; high: the bottom right",
				.aliases = NAMES("interesting", "gravity", "crop"))),
		.flags_of = smart_crop_flags,
		.build = build_smart_crop,
	},
	{
		.name = "trim",
		.aliases = NAMES("find_trim", "autocrop", "auto_crop"),
		.group = "geometry",
		.summary = "Cuts away what is background at the edges: libvips' find_trim; looks at the whole picture, "
			   "and leaves one alone that is all background.",
		.params = PARAMS(
			DOUBLE_PARAM("threshold", "levels", 0, 255, "10",
				"how far from the background still is background, as levels of 8 bits at any depth",
				.aliases = NAMES("tolerance", "fuzz")),
			COLOUR_PARAM("background", NULL,
				"default: that of the top left pixel; if that is transparent, only alpha counts",
				.aliases = NAMES("bg", "colour", "color"))),
		.flags = OPERATION_READS_METADATA,
		.build = build_trim,
	},
	{
		.name = "pad",
		.aliases = NAMES("extend", "embed", "expand"),
		.group = "geometry",
		.summary = "Adds round the picture: so much at each side, or up to a width and height; libvips' embed.",
		.params = PARAMS(ADDED("all", "added at every side"), ADDED("top", "added; default: all"),
			ADDED("right", "added; default: all"), ADDED("bottom", "added; default: all"),
			ADDED("left", "added; default: all"),
			SIDE("width", "w", false, "of the whole; a wider picture keeps its own"),
			SIDE("height", "h", false, "of the whole; a higher picture keeps its own"),
			CHOICE_PARAM("gravity", gravity_names, "centre", "where in width and height the picture goes",
				.aliases = NAMES("position")),
			CHOICE_PARAM("mode", NAMES("background", "copy", "repeat", "mirror"), "background",
				"what is added: the colour, the outermost pixels, the picture again, or mirrored",
				.aliases = NAMES("extend_with")),
			COLOUR_PARAM("background", NULL,
				"default: zero in every band, so black, or transparent where there is alpha",
				.aliases = NAMES("bg", "colour", "color"))),
		.check = check_pad,
		.build = build_pad,
	},
	{.name = NULL},
};

/* SPDX-License-Identifier: GPL-2.0-or-later
 * A picture from a file laid over the picture: watermark, composite; mask. The blending is in blend.c, the files are read in overlay.c. */
#include <math.h>

#include "base/error.h"
#include "image/kernels/blend.h"
#include "image/kernels/overlay.h"
#include "image/operations/groups.h"
#include "image/table/vips_error.h"

static bool check_place(const struct args *args, GError **error)
{
	bool at = param_given(args, "left") || param_given(args, "top");

	if (at && param_given(args, "gravity"))
		return fail(error, ERROR_INPUT, "left and top do not go with gravity; choose one");
	if (at && param_int(args, "margin") != 0)
		return fail(error, ERROR_INPUT, "margin goes with gravity, not with left and top");
	return true;
}

static bool check_watermark(const struct args *args, GError **error)
{
	bool repeat = param_bool(args, "repeat");

	if (repeat && (param_given(args, "left") || param_given(args, "top") || param_given(args, "gravity")))
		return fail(error, ERROR_INPUT,
			"repeat fills the picture from its top left; gravity, left and top do not go with it");
	return check_place(args, error);
}

static bool check_composite(const struct args *args, GError **error)
{
	return check_place(args, error);
}

static void place(const struct args *args, VipsImage *in, VipsImage *overlay, int *left, int *top)
{
	if (param_given(args, "left") || param_given(args, "top")) {
		*left = param_int(args, "left");
		*top = param_int(args, "top");
		return;
	}
	gravity_place(param_string(args, "gravity"), in->Xsize, in->Ysize, overlay->Xsize, overlay->Ysize,
		param_int(args, "margin"), left, top);
}

/* overlay again and again, gap pixels apart, over a picture of in's size. Takes overlay. */
static bool repeat_over(VipsImage *overlay, VipsImage *in, int gap, VipsImage **out, GError **error)
{
	g_autoptr(VipsImage) one = overlay;
	g_autoptr(VipsImage) cell = NULL, many = NULL;
	int width = one->Xsize + gap, height = one->Ysize + gap;
	int across = (in->Xsize + width - 1) / width, down = (in->Ysize + height - 1) / height;

	return (vips_embed(one, &cell, 0, 0, width, height, NULL) == 0 &&
		       vips_replicate(cell, &many, across, down, NULL) == 0 &&
		       vips_extract_area(many, out, 0, 0, in->Xsize, in->Ysize, NULL) == 0) ||
	       vips_failed(error, NULL);
}

static bool build_watermark(VipsImage *in, const struct args *args, VipsImage **out, GError **error)
{
	JsonObject *asset = param_asset(args, "image");
	g_autoptr(VipsImage) overlay = NULL;
	struct kind kind;
	int width, height, left = 0, top = 0;

	if (!kind_of(in, &kind, error) || !overlay_size(asset, &width, &height, error))
		return false;
	if (param_given(args, "scale")) {
		double wide = VIPS_CLIP(1, rint(in->Xsize * param_double(args, "scale")), 1e7);
		height = (int)VIPS_CLIP(1, rint(wide * height / width), 1e7);
		width = (int)wide;
	}
	if (!overlay_open(asset, &kind, width, height, &overlay, error))
		return false;
	if (param_bool(args, "repeat")) {
		VipsImage *many = NULL;
		if (!repeat_over(g_steal_pointer(&overlay), in, param_int(args, "margin"), &many, error))
			return false;
		overlay = many;
	} else {
		place(args, in, overlay, &left, &top);
	}
	return overlay_blend(
		in, overlay, left, top, param_double(args, "opacity"), param_string(args, "blend"), out, error);
}

static bool build_composite(VipsImage *in, const struct args *args, VipsImage **out, GError **error)
{
	g_autoptr(VipsImage) overlay = NULL;
	struct kind kind;
	int left, top;

	if (!kind_of(in, &kind, error) || !overlay_open(param_asset(args, "image"), &kind, 0, 0, &overlay, error))
		return false;
	place(args, in, overlay, &left, &top);
	return overlay_blend(
		in, overlay, left, top, param_double(args, "opacity"), param_string(args, "blend"), out, error);
}

static bool build_mask(VipsImage *in, const struct args *args, VipsImage **out, GError **error)
{
	JsonObject *asset = param_asset(args, "image");
	g_autoptr(VipsImage) mask = NULL, turned = NULL;
	int width, height;

	if (!overlay_size(asset, &width, &height, error))
		return false;
	if (!param_bool(args, "resize") && (width != in->Xsize || height != in->Ysize))
		return fail(error, ERROR_INPUT,
			"the mask is %d x %d and the picture %d x %d here; let it be resized (resize: true), or give one of that size",
			width, height, in->Xsize, in->Ysize);
	if (!overlay_open_mask(asset, in->Xsize, in->Ysize, &mask, error))
		return false;
	if (!param_bool(args, "invert"))
		return overlay_cut(in, mask, out, error);
	return vips_invert(mask, &turned, NULL) == 0 ? overlay_cut(in, turned, out, error) : vips_failed(error, NULL);
}

#define GRAVITY(FALLBACK)                                                                                              \
	CHOICE_PARAM("gravity", gravity_names, FALLBACK, "where it goes, margin away from the edges",                  \
		.aliases = NAMES("position"))
#define OFFSET(NAME, ALIAS)                                                                                            \
	INT_PARAM(NAME, "px", -10000000, 10000000, "0", "of its corner, instead of gravity; it may reach outside",     \
		.aliases = NAMES(ALIAS))
#define MARGIN(HELP) INT_PARAM("margin", "px", 0, 100000, "0", HELP)
#define OPACITY DOUBLE_PARAM("opacity", "", 0, 1, "1", "0 is invisible, 1 as it is", .aliases = NAMES("alpha"))
/* clang-format off */
#define IMAGE(HELP)                                                                                                    \
	{.name = "image",                                                                                              \
		.type = PARAM_ASSET,                                                                                   \
		.asset = ASSET_IMAGE,                                                                                  \
		.required = true,                                                                                      \
		.aliases = NAMES("file", "input", "path"),                                                             \
		.help = HELP}
/* clang-format on */

const struct operation compose_operations[] = {
	{
		.name = "watermark",
		.group = "composition",
		.summary =
			"Lays a picture from a file over the picture, once or repeated; bands, depth and colour space stay "
			"as they are, and what is opaque stays opaque.",
		.params = PARAMS(IMAGE("the watermark, relative to the definition"), GRAVITY("southeast"),
			OFFSET("left", "x"), OFFSET("top", "y"),
			BOOL_PARAM("repeat", "false", "all over the picture, margin apart",
				.aliases = NAMES("tile", "tiled", "repeated")),
			OPACITY,
			DOUBLE_PARAM("scale", "", 0.001, 10, NULL,
				"its width as a part of the picture's: 0.2 is a fifth; default: its own size"),
			MARGIN("distance from the edges; with repeat: between two"),
			CHOICE_PARAM("blend", blend_opaque_names, "over",
				"libvips' blend modes that leave an opaque picture opaque",
				.aliases = NAMES("mode", "blend_mode"))),
		.flags = OPERATION_SEQUENTIAL,
		.check = check_watermark,
		.build = build_watermark,
	},
	{
		.name = "composite",
		.aliases = NAMES("overlay", "layer"),
		.group = "composition",
		.summary =
			"Blends a picture from a file in: libvips' composite, rounded, in the picture's own depth and colours.",
		.params = PARAMS(IMAGE("the picture to lay over, relative to the definition"),
			CHOICE_PARAM("blend", blend_names, "over",
				"libvips' blend modes; clear, source, in, out, dest-in, dest-out, dest-atop and xor "
				"give an opaque picture an alpha band",
				.aliases = NAMES("mode", "blend_mode")),
			GRAVITY("centre"), OFFSET("left", "x"), OFFSET("top", "y"), MARGIN("distance from the edges"),
			OPACITY),
		.flags = OPERATION_SEQUENTIAL,
		.check = check_composite,
		.build = build_composite,
	},
	{
		.name = "mask",
		.aliases = NAMES("alpha_mask"),
		.group = "composition",
		.summary =
			"Takes the transparency from a file: where its picture is white the picture shows, where it is black or "
			"transparent it does not; alpha that is there already is multiplied.",
		.params = PARAMS(IMAGE("the mask, relative to the definition"),
			BOOL_PARAM("resize", "true",
				"to the picture's size, whatever its proportions; false: another size is an error"),
			BOOL_PARAM("invert", "false", "black shows, white does not")),
		.flags = OPERATION_SEQUENTIAL,
		.build = build_mask,
	},
	{.name = NULL},
};

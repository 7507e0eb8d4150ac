/* SPDX-License-Identifier: GPL-2.0-or-later
 * Boxes cut out of pictures and pictures laid into boxes: see extent.h. */
#include "image/kernels/extent.h"

#include "base/error.h"
#include "image/kernels/gravity.h"
#include "image/quirks/quirks.h"
#include "image/table/colour.h"
#include "image/table/vips_error.h"

bool extent_possible(gint64 width, gint64 height, GError **error)
{
	if (width <= SIDE_MOST_PX && height <= SIDE_MOST_PX)
		return true;
	return fail(error, ERROR_INPUT,
		"the picture would have %" G_GINT64_FORMAT " x %" G_GINT64_FORMAT " pixels; a side can have %d at most",
		width, height, SIDE_MOST_PX);
}

bool extent_cut(VipsImage *in, const char *gravity, int width, int height, VipsImage **out, GError **error)
{
	int w = MIN(width, in->Xsize), h = MIN(height, in->Ysize), left, top;

	gravity_place(gravity, in->Xsize, in->Ysize, w, h, 0, &left, &top);
	return vips_extract_area(in, out, left, top, w, h, NULL) == 0 || vips_failed(error, NULL);
}

bool extent_fill(
	VipsImage *in, const char *gravity, int width, int height, const char *colour, VipsImage **out, GError **error)
{
	int w = MAX(width, in->Xsize), h = MAX(height, in->Ysize), left, top;
	VipsArrayDouble *background = colour_in_bands(colour, in, error);

	if (!background)
		return false;
	gravity_place(gravity, w, h, in->Xsize, in->Ysize, 0, &left, &top);
	bool ok = vips_embed(in, out, left, top, w, h, "extend", VIPS_EXTEND_BACKGROUND, "background", background,
			  NULL) == 0;
	vips_area_unref(VIPS_AREA(background));
	return ok || vips_failed(error, NULL);
}

bool extent_smart(VipsImage *in, const char *strategy, int width, int height, VipsImage **out, GError **error)
{
	int interesting = vips_enum_from_nick("smart_crop", VIPS_TYPE_INTERESTING, strategy);

	if (interesting < 0 || vips_smartcrop(in, out, MIN(width, in->Xsize), MIN(height, in->Ysize), "interesting",
				       interesting, NULL))
		return vips_failed(error, NULL);
	return true;
}

bool extent_looks(const char *strategy)
{
	return g_str_equal(strategy, "attention") || g_str_equal(strategy, "entropy");
}

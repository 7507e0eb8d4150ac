/* SPDX-License-Identifier: GPL-2.0-or-later
 * A second picture laid over the first: see overlay.h. */
#include "image/kernels/blend.h"

#include <math.h>

#include "base/error.h"
#include "image/kernels/position_images.h"
#include "image/table/auto.h"
#include "image/table/vips_error.h"

const char *const blend_opaque_names[] = {"over", "atop", "dest", "dest-over", "add", "saturate", "multiply", "screen",
	"overlay", "darken", "lighten", "colour-dodge", "colour-burn", "hard-light", "soft-light", "difference",
	"exclusion", NULL};

const char *const blend_names[] = {"over", "atop", "dest", "dest-over", "add", "saturate", "multiply", "screen",
	"overlay", "darken", "lighten", "colour-dodge", "colour-burn", "hard-light", "soft-light", "difference",
	"exclusion", "clear", "source", "in", "out", "dest-in", "dest-out", "dest-atop", "xor", NULL};

/* Modes by which nothing laid over a place changes it: libvips calls the others not skippable. */
static const char *const everywhere[] = {"clear", "source", "in", "out", "dest-in", "dest-atop", NULL};

bool kind_of(VipsImage *image, struct kind *kind, GError **error)
{
	bool plain = image->Coding == VIPS_CODING_NONE &&
		     (image->BandFmt == VIPS_FORMAT_UCHAR || image->BandFmt == VIPS_FORMAT_USHORT);

	kind->colours = 0;
	switch (vips_image_guess_interpretation(image)) {
	case VIPS_INTERPRETATION_B_W:
	case VIPS_INTERPRETATION_GREY16:
		kind->colours = 1;
		break;
	case VIPS_INTERPRETATION_sRGB:
	case VIPS_INTERPRETATION_RGB:
	case VIPS_INTERPRETATION_RGB16:
		kind->colours = 3;
		break;
	case VIPS_INTERPRETATION_CMYK:
		kind->colours = 4;
		break;
	default:
		break;
	}
	if (!plain || !kind->colours || image->Bands < kind->colours || image->Bands > kind->colours + 1)
		return fail(error, ERROR_INPUT,
			"needs a grey, RGB or CMYK picture of 8 or 16 bits; this one has %d bands of %s in %s",
			image->Bands, vips_enum_nick(VIPS_TYPE_BAND_FORMAT, image->BandFmt),
			vips_enum_nick(VIPS_TYPE_INTERPRETATION, image->Type));
	kind->alpha = image->Bands > kind->colours;
	kind->deep = image->BandFmt == VIPS_FORMAT_USHORT;
	kind->most = kind->deep ? 65535 : 255;
	return true;
}

/* Every band but the last by a and b, the last by alpha_a. Takes in. */
static VipsImage *scale_bands(VipsImage *in, double a, double b, double alpha_a)
{
	g_autoptr(VipsImage) from = in;
	double as[5], bs[5];
	VipsImage *out = NULL;

	for (int i = 0; i < from->Bands; i++) {
		as[i] = i < from->Bands - 1 ? a : alpha_a;
		bs[i] = i < from->Bands - 1 ? b : 0;
	}
	return vips_linear(from, &out, as, bs, from->Bands, NULL) ? NULL : out;
}

/* As floats with alpha, ready for vips_composite(): the brightest possible value says which space they are in. Ink is
 * turned into light, so that multiply darkens whatever the picture is kept in. */
static VipsImage *to_light(VipsImage *in, const struct kind *kind, double opacity)
{
	g_autoptr(VipsImage) full = NULL, real = NULL;
	VipsImage *out = NULL;
	VipsInterpretation type = kind->colours == 1
					  ? (kind->deep ? VIPS_INTERPRETATION_GREY16 : VIPS_INTERPRETATION_B_W)
					  : (kind->deep ? VIPS_INTERPRETATION_RGB16 : VIPS_INTERPRETATION_sRGB);

	if (in->Bands > kind->colours)
		full = g_object_ref(in);
	else if (vips_bandjoin_const1(in, &full, kind->most, NULL))
		return NULL;
	if (vips_cast(full, &real, VIPS_FORMAT_FLOAT, NULL) || vips_copy(real, &out, "interpretation", type, NULL))
		return NULL;
	if (kind->colours == 4)
		out = scale_bands(out, -1, kind->most, 1);
	return out && opacity != 1 ? scale_bands(out, 1, 0, opacity) : out;
}

/* Back to the picture's own kind, rounded: what nothing was laid over is what it was. */
static VipsImage *from_light(VipsImage *light /* takes */, VipsImage *like, const struct kind *kind, bool alpha)
{
	g_autoptr(VipsImage) ink = kind->colours == 4 ? scale_bands(light, -1, kind->most, 1) : light;
	g_autoptr(VipsImage) bands = NULL, whole = NULL, integer = NULL;
	VipsImage *out = NULL;

	if (!ink || vips_extract_band(ink, &bands, 0, "n", kind->colours + (alpha ? 1 : 0), NULL) ||
		vips_round(bands, &whole, VIPS_OPERATION_ROUND_RINT, NULL) ||
		vips_cast(whole, &integer, like->BandFmt, NULL) ||
		vips_copy(integer, &out, "interpretation", like->Type, NULL))
		return NULL;
	return out;
}

/* The part of base and of overlay that meet at hit (in the base's pixels), blended. */
static VipsImage *blend_part(VipsImage *base, VipsImage *overlay, const VipsRect *hit, int left, int top,
	const struct kind *kind, double opacity, const char *mode, bool alpha)
{
	g_autoptr(VipsImage) below = NULL, above = NULL, below_light = NULL, above_light = NULL;
	VipsImage *light = NULL;
	int blend = vips_enum_from_nick("composite", VIPS_TYPE_BLEND_MODE, mode);

	if (blend < 0 || vips_extract_area(base, &below, hit->left, hit->top, hit->width, hit->height, NULL) ||
		vips_extract_area(overlay, &above, hit->left - left, hit->top - top, hit->width, hit->height, NULL) ||
		!(below_light = to_light(below, kind, 1)) || !(above_light = to_light(above, kind, opacity)) ||
		vips_composite2(below_light, above_light, &light, blend, "compositing_space", below_light->Type, NULL))
		return NULL;
	return from_light(light, base, kind, alpha);
}

/* overlay on a transparent picture of the base's size. */
static VipsImage *spread(VipsImage *overlay, VipsImage *base, int left, int top)
{
	VipsImage *out = NULL;

	return vips_embed(overlay, &out, left, top, base->Xsize, base->Ysize, NULL) ? NULL : out;
}

bool overlay_blend(VipsImage *in, VipsImage *overlay, int left, int top, double opacity, const char *mode,
	VipsImage **out, GError **error)
{
	struct kind kind;
	g_autoptr(VipsImage) base = g_object_ref(in);
	g_autoptr(VipsImage) above = g_object_ref(overlay);

	if (!kind_of(in, &kind, error))
		return false;
	bool alpha = kind.alpha || !g_strv_contains(blend_opaque_names, mode);
	if (alpha && !kind.alpha) {
		VipsImage *with = NULL;
		if (vips_bandjoin_const1(in, &with, kind.most, NULL))
			return vips_failed(error, NULL);
		g_object_unref(base);
		base = with;
	}
	if (g_strv_contains(everywhere, mode)) {
		VipsImage *wide = spread(overlay, base, left, top);
		if (!wide)
			return vips_failed(error, NULL);
		g_object_unref(above);
		above = wide;
		left = top = 0;
	}
	VipsRect picture = {0, 0, base->Xsize, base->Ysize}, hit = {left, top, above->Xsize, above->Ysize};
	vips_rect_intersectrect(&hit, &picture, &hit);
	if (vips_rect_isempty(&hit))
		return vips_copy(base, out, NULL) == 0 || vips_failed(error, NULL);
	g_autoptr(VipsImage) part = blend_part(base, above, &hit, left, top, &kind, opacity, mode, alpha);
	return part ? position_images_patch(base, part, hit.left, hit.top, out, error) : vips_failed(error, NULL);
}

bool overlay_cut(VipsImage *in, VipsImage *mask, VipsImage **out, GError **error)
{
	struct kind kind;
	g_autoptr(VipsImage) colours = NULL, old = NULL, product = NULL, scaled = NULL, whole = NULL, alpha = NULL;

	if (!kind_of(in, &kind, error))
		return false;
	/* Without alpha, the mask is the alpha: it only needs the depth. */
	int status = vips_extract_band(in, &colours, 0, "n", kind.colours, NULL);
	if (kind.alpha)
		status = status || vips_extract_band(in, &old, kind.colours, NULL) ||
			 vips_multiply(old, mask, &product, NULL) || vips_linear1(product, &scaled, 1 / 255.0, 0, NULL);
	else
		status = status || vips_linear1(mask, &scaled, kind.most / 255, 0, NULL);
	status = status || vips_round(scaled, &whole, VIPS_OPERATION_ROUND_RINT, NULL) ||
		 vips_cast(whole, &alpha, in->BandFmt, NULL) || vips_bandjoin2(colours, alpha, out, NULL);
	return status == 0 || vips_failed(error, NULL);
}

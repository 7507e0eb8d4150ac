/* SPDX-License-Identifier: GPL-2.0-or-later
 * Colours weighed by alpha: see alpha.h. */
#include "image/kernels/alpha.h"

#include "image/operations/operations.h"
#include "image/table/auto.h"
#include "image/table/vips_error.h"

#define MARK "dropmill-premultiplied"

bool alpha_is_premultiplied(VipsImage *image)
{
	return vips_image_hasalpha(image) && vips_image_get_typeof(image, MARK);
}

void alpha_note(const char *nickname, VipsImage *image)
{
	if (g_str_equal(nickname, "premultiply"))
		vips_image_set_int(image, MARK, 1);
	else if (g_str_equal(nickname, "unpremultiply"))
		vips_image_remove(image, MARK);
}

/* Packed pixels have none. If the bands have no meaning, the last is not alpha. */
static bool has_alpha(VipsImage *image)
{
	return vips_image_hasalpha(image) && image->Coding == VIPS_CODING_NONE &&
	       image->Type != VIPS_INTERPRETATION_MULTIBAND;
}

/* Which alpha is opaque; 0: as libvips has it. libvips asks the colour space, which a step may have left as it was at another depth. */
static double opaque(VipsBandFormat format)
{
	return format == VIPS_FORMAT_UCHAR ? 255 : format == VIPS_FORMAT_USHORT ? 65535 : 0;
}

static bool weighed(
	const struct operation *operation, VipsImage *in, const struct args *args, VipsImage **out, GError **error)
{
	double most = opaque(in->BandFmt);
	g_autoptr(VipsImage) colours = NULL, mixed = NULL, plain = NULL;

	if (most ? vips_premultiply(in, &colours, "max_alpha", most, NULL) : vips_premultiply(in, &colours, NULL))
		return vips_failed(error, NULL);
	alpha_note("premultiply", colours);
	if (!operation->build(colours, args, &mixed, error))
		return false;
	if ((most ? vips_unpremultiply(mixed, &plain, "max_alpha", most, NULL)
		  : vips_unpremultiply(mixed, &plain, NULL)) ||
		vips_cast(plain, out, in->BandFmt, NULL))
		return vips_failed(error, NULL);
	alpha_note("unpremultiply", *out);
	return true;
}

static bool mix(
	const struct operation *operation, VipsImage *in, const struct args *args, VipsImage **out, GError **error)
{
	if (operation->mixes && has_alpha(in) && !alpha_is_premultiplied(in) && param_bool(args, "premultiply") &&
		operation->mixes(in, args))
		return weighed(operation, in, args, out, error);
	return operation->build(in, args, out, error);
}

bool alpha_build(
	const struct operation *operation, VipsImage *in, const struct args *args, VipsImage **out, GError **error)
{
	g_autoptr(VipsImage) mixed = NULL;

	if (!operation->finish)
		return mix(operation, in, args, out, error);
	return mix(operation, in, args, &mixed, error) && operation->finish(mixed, args, out, error);
}

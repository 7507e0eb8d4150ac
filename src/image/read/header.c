/* SPDX-License-Identifier: GPL-2.0-or-later
 * A header by itself: see header.h. */
#include "image/read/header.h"

#include <string.h>

#include "image/table/auto.h"

static void copy_field(VipsImage *like, VipsImage *image, const char *name)
{
	GValue value = G_VALUE_INIT;

	if (vips_image_get(image, name, &value) == 0) {
		vips_image_set(like, name, &value);
		g_value_unset(&value);
	}
}

/* Setting EXIF also sets all its fields: fields that a step has removed or changed since, and the resolution. So it
 * comes first. */
static void copy_metadata(VipsImage *like, VipsImage *image)
{
	g_auto(GStrv) built_in = vips_image_get_fields(like);
	g_auto(GStrv) fields = vips_image_get_fields(image);

	if (vips_image_get_typeof(image, VIPS_META_EXIF_NAME))
		copy_field(like, image, VIPS_META_EXIF_NAME);
	g_auto(GStrv) set = vips_image_get_fields(like);
	for (char **name = set; *name; name++)
		if (!g_strv_contains((const char *const *)fields, *name))
			vips_image_remove(like, *name);
	for (char **name = fields; *name; name++)
		if (!g_strv_contains((const char *const *)built_in, *name) && strcmp(*name, VIPS_META_EXIF_NAME) != 0)
			copy_field(like, image, *name);
}

VipsImage *header_like(VipsImage *image)
{
	VipsImage *like = vips_image_new();

	copy_metadata(like, image);
	vips_image_init_fields(like, image->Xsize, image->Ysize, image->Bands, image->BandFmt, image->Coding,
		image->Type, image->Xres, image->Yres);
	like->Xoffset = image->Xoffset;
	like->Yoffset = image->Yoffset;
	if (vips_image_pipelinev(like, VIPS_DEMAND_STYLE_THINSTRIP, NULL) == 0)
		return like;
	g_object_unref(like);
	return NULL;
}

static int black(VipsRegion *out, void *sequence, void *a, void *b, gboolean *stop)
{
	(void)sequence;
	(void)a;
	(void)b;
	(void)stop;
	vips_region_black(out);
	return 0;
}

VipsImage *header_black(VipsImage *image, int width, int height)
{
	g_autoptr(VipsImage) like = header_like(image);

	if (!like)
		return NULL;
	like->Xsize = width;
	like->Ysize = height;
	return vips_image_generate(like, NULL, black, NULL, NULL, NULL) ? NULL : g_steal_pointer(&like);
}

void header_set_exif(VipsImage *image, const void *block, gsize length)
{
	g_autoptr(VipsImage) before = vips_image_new();
	g_auto(GStrv) fields = vips_image_get_fields(image);
	double x = image->Xres, y = image->Yres;

	copy_metadata(before, image);
	vips_image_set_blob_copy(image, VIPS_META_EXIF_NAME, block, length);
	g_auto(GStrv) set = vips_image_get_fields(image);
	for (char **name = set; *name; name++)
		if (!g_strv_contains((const char *const *)fields, *name))
			vips_image_remove(image, *name);
	for (char **name = fields; *name; name++)
		if (g_str_has_prefix(*name, "exif-ifd") || g_str_equal(*name, VIPS_META_ORIENTATION) ||
			g_str_equal(*name, VIPS_META_RESOLUTION_UNIT))
			copy_field(image, before, *name);
	image->Xres = x;
	image->Yres = y;
}

bool header_has_levels(const VipsImage *image)
{
	switch (image->Type) {
	case VIPS_INTERPRETATION_B_W:
	case VIPS_INTERPRETATION_GREY16:
	case VIPS_INTERPRETATION_sRGB:
	case VIPS_INTERPRETATION_RGB:
	case VIPS_INTERPRETATION_RGB16:
	case VIPS_INTERPRETATION_MULTIBAND:
		return true;
	default:
		return false;
	}
}

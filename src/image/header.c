/* SPDX-License-Identifier: GPL-2.0-or-later
 * A header by itself: see header.h. */
#include "image/header.h"

static void *copy_field(VipsImage *from, const char *name, GValue *value, void *to)
{
	(void)from;
	vips_image_set(to, name, value);
	return NULL;
}

VipsImage *header_like(VipsImage *image)
{
	VipsImage *like = vips_image_new();

	vips_image_init_fields(like, image->Xsize, image->Ysize, image->Bands, image->BandFmt, image->Coding, image->Type,
		image->Xres, image->Yres);
	like->Xoffset = image->Xoffset;
	like->Yoffset = image->Yoffset;
	vips_image_map(image, copy_field, like);
	if (vips_image_pipelinev(like, VIPS_DEMAND_STYLE_THINSTRIP, NULL) == 0)
		return like;
	g_object_unref(like);
	return NULL;
}

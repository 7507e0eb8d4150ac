/* SPDX-License-Identifier: GPL-2.0-or-later
 * Pixels of PNG files for libvips: see png_load.h. */
#include "image/fast/png_load.h"

#include <vips/vips.h>

#include "image/fast/png_data.h"

/* Its pixels lie in memory all at once, also where they are read from top to bottom. */
#define MOST_BYTES (64 << 20)

/* What stood in the class. */
static int (*libvips_load)(VipsForeignLoad *load);

static void free_pixels(VipsImage *image, gpointer pixels)
{
	(void)image;
	g_free(pixels);
}

/* What the loader has of the file, or NULL. It does not go away before the loader does. */
static const guint8 *file_of(VipsForeignLoad *load, gsize *length)
{
	g_autoptr(GObject) source = NULL;

	g_object_get(load, "source", &source, NULL);
	const guint8 *file = source ? vips_source_map(VIPS_SOURCE(source), length) : NULL;
	if (!file)
		vips_error_clear();
	return file;
}

/* The picture, or NULL. */
static VipsImage *read_pixels(VipsForeignLoad *load)
{
	VipsImage *like = load->out;
	const struct png_shape shape = {like->Xsize, like->Ysize, like->Bands};
	gsize bytes = VIPS_IMAGE_SIZEOF_IMAGE(like), length = 0;

	if (like->BandFmt != VIPS_FORMAT_UCHAR || bytes > MOST_BYTES)
		return NULL;
	const guint8 *file = file_of(load, &length);
	guint8 *pixels = file ? png_data_read(file, length, &shape) : NULL;
	if (!pixels)
		return NULL;
	VipsImage *image =
		vips_image_new_from_memory(pixels, bytes, shape.width, shape.height, shape.bands, like->BandFmt);
	if (image)
		g_signal_connect(image, "close", G_CALLBACK(free_pixels), pixels);
	else
		g_free(pixels);
	return image;
}

/* What libvips takes over from the picture that was loaded: these fields, and no metadata but what that has, which is none. */
static void copy_fields(VipsImage *image, const VipsImage *like)
{
	image->Type = like->Type;
	image->Xres = like->Xres;
	image->Yres = like->Yres;
	image->Xoffset = like->Xoffset;
	image->Yoffset = like->Yoffset;
	image->dhint = like->dhint;
}

static int load_png(VipsForeignLoad *load)
{
	VipsImage *image = read_pixels(load);

	if (!image)
		return libvips_load(load);
	copy_fields(image, load->out);
	image->progress_signal = load->real->progress_signal;
	g_object_unref(load->real);
	load->real = image;
	return 0;
}

void png_load_install(void)
{
	GType type = vips_type_find("VipsForeignLoad", "pngload_source");

	if (!type || libvips_load)
		return;
	VipsForeignLoadClass *class = g_type_class_ref(type); /* for good */
	libvips_load = class->load;
	class->load = load_png;
}

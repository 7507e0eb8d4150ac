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

/* The whole file, by reading: where it is mapped, and another program makes it shorter or its disk fails, the process ends by SIGBUS. NULL:
 * it is too long, or cannot be read; the source is where it was. */
static guint8 *read_file(VipsSource *source, gsize *length)
{
	gint64 bytes = vips_source_length(source), place = vips_source_seek(source, 0, SEEK_CUR);
	guint8 *file = bytes > 0 && bytes <= MOST_BYTES && place >= 0 && vips_source_seek(source, 0, SEEK_SET) == 0
			       ? g_try_malloc((gsize)bytes)
			       : NULL;

	for (*length = 0; file && *length < (gsize)bytes;) {
		gint64 got = vips_source_read(source, file + *length, (gsize)bytes - *length);
		if (got <= 0)
			g_clear_pointer(&file, g_free);
		else
			*length += (gsize)got;
	}
	if (place >= 0)
		vips_source_seek(source, place, SEEK_SET);
	if (!file)
		vips_error_clear();
	return file;
}

/* What the loader has of the file, or NULL. *own: to be freed; NULL: it is the source's own. */
static const guint8 *file_of(VipsForeignLoad *load, gsize *length, guint8 **own)
{
	g_autoptr(GObject) object = NULL;

	g_object_get(load, "source", &object, NULL);
	VipsSource *source = object ? VIPS_SOURCE(object) : NULL;
	*own = NULL;
	if (source && source->blob)
		return vips_source_map(source, length);
	*own = source ? read_file(source, length) : NULL;
	return *own;
}

/* The picture, or NULL. */
static VipsImage *read_pixels(VipsForeignLoad *load)
{
	VipsImage *like = load->out;
	const struct png_shape shape = {like->Xsize, like->Ysize, like->Bands};
	gsize bytes = VIPS_IMAGE_SIZEOF_IMAGE(like), length = 0;

	if (like->BandFmt != VIPS_FORMAT_UCHAR || bytes > MOST_BYTES)
		return NULL;
	g_autofree guint8 *own = NULL;
	const guint8 *file = file_of(load, &length, &own);
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

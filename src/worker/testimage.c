/* SPDX-License-Identifier: GPL-2.0-or-later
 * The hash of a test image: see testimage.h. */
#include "worker/testimage.h"

#include "image/table/auto.h"
#include "image/table/vips_error.h"

#define SIDE 96

/* A picture with slopes, edges and fine detail, from integer arithmetic only. */
static void paint(guint8 *pixels)
{
	guint32 state = 1;

	for (int y = 0; y < SIDE; y++)
		for (int x = 0; x < SIDE; x++)
			for (int band = 0; band < 3; band++) {
				state = state * 1664525u + 1013904223u;
				int value = x * 2 + y * band + (state >> 27) + (x / 12 + y / 12) % 2 * 40;
				pixels[(y * SIDE + x) * 3 + band] = (guint8)MIN(value, 255);
			}
}

bool testimage_hash(char **hash, GError **error)
{
	g_autofree guint8 *pixels = g_malloc(SIDE * SIDE * 3);
	g_autoptr(VipsImage) source = NULL, blurred = NULL, sharpened = NULL, resized = NULL;
	g_autoptr(VipsImage) converted = NULL; /* by lcms, whose versions differ, too */
	gsize size;

	paint(pixels);
	source = vips_image_new_from_memory(pixels, SIDE * SIDE * 3, SIDE, SIDE, 3, VIPS_FORMAT_UCHAR);
	source->Type = VIPS_INTERPRETATION_sRGB;
	if (vips_gaussblur(source, &blurred, 3.0, NULL) != 0 || vips_sharpen(blurred, &sharpened, NULL) != 0 ||
		vips_resize(sharpened, &resized, 0.63, NULL) != 0 ||
		vips_icc_transform(resized, &converted, "p3", "input_profile", "srgb", NULL) != 0)
		return vips_failed(error, "test image");
	g_autofree void *bytes = vips_image_write_to_memory(converted, &size);
	if (!bytes)
		return vips_failed(error, "test image");
	*hash = g_compute_checksum_for_data(G_CHECKSUM_SHA256, bytes, size);
	return true;
}

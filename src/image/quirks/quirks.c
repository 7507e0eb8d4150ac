/* SPDX-License-Identifier: GPL-2.0-or-later
 * Versions of libvips: see quirks.h. */
#include "image/quirks/quirks.h"

#include <vips/vips.h>

/* Each asks libvips; false when it could not be asked. */

static bool alpha_of_scrgb(bool *found)
{
	VipsImage *black = NULL, *grey = NULL, *out = NULL;
	double *values = NULL;
	int count;
	bool asked = vips_black(&black, 1, 1, NULL) == 0 && vips_bandjoin_const1(black, &grey, 255, NULL) == 0 &&
		     vips_colourspace(grey, &out, VIPS_INTERPRETATION_scRGB, "source_space", VIPS_INTERPRETATION_B_W,
			     NULL) == 0 &&
		     vips_getpoint(out, &values, &count, 0, 0, NULL) == 0;

	*found = asked && values[count - 1] == 1;
	g_free(values);
	g_clear_object(&black);
	g_clear_object(&grey);
	g_clear_object(&out);
	return asked;
}

static bool sobel_of_8_bits(bool *found)
{
	VipsImage *in = NULL, *out = NULL, *black = NULL;
	bool asked = vips_black(&black, 4, 4, NULL) == 0 && vips_cast_ushort(black, &in, NULL) == 0 &&
		     vips_sobel(in, &out, NULL) == 0;

	*found = asked && out->BandFmt == VIPS_FORMAT_UCHAR;
	g_clear_object(&black);
	g_clear_object(&in);
	g_clear_object(&out);
	return asked;
}

static bool sharpen_to_10(bool *found)
{
	GObjectClass *class = g_type_class_ref(vips_type_find("VipsOperation", "sharpen"));
	GParamSpec *sigma = g_object_class_find_property(class, "sigma");

	*found = G_IS_PARAM_SPEC_DOUBLE(sigma) && G_PARAM_SPEC_DOUBLE(sigma)->maximum <= 10;
	g_type_class_unref(class);
	return true;
}

/* Two frames of one pixel; cgif, which gifsave uses, decides. */
static bool gif_of_equal_frames(bool *found)
{
	VipsImage *black = NULL, *two = NULL, *back = NULL;
	void *data = NULL;
	size_t length;
	int pages = 0;
	bool asked = vips_black(&black, 1, 2, NULL) == 0 && vips_copy(black, &two, NULL) == 0;

	if (asked)
		vips_image_set_int(two, VIPS_META_PAGE_HEIGHT, 1);
	asked = asked && vips_gifsave_buffer(two, &data, &length, NULL) == 0 &&
		(back = vips_image_new_from_buffer(data, length, "", NULL)) != NULL;
	if (asked)
		pages = vips_image_get_n_pages(back);
	*found = pages == 1;
	g_clear_object(&back);
	g_free(data);
	g_clear_object(&two);
	g_clear_object(&black);
	return asked;
}

static const struct quirk_row rows[QUIRKS] = {
	[QUIRK_ALPHA_OF_SCRGB] = {"alpha-of-scrgb", "alpha beside scRGB is 0 to 1, and 0 to 255 before",
		"conversions scale alpha to that range", 81500, 0, alpha_of_scrgb},
	[QUIRK_SOBEL_OF_8_BITS] = {"sobel-of-8-bits", "sobel makes 8 bits of 16",
		"edges computes other depths than 8 bits by itself", 81500, 0, sobel_of_8_bits},
	[QUIRK_SHARPEN_TO_10] = {"sharpen-to-10", "sharpen takes a sigma up to 10, and uses its default for more",
		"check refuses a larger sigma", 81500, 0, sharpen_to_10},
	[QUIRK_FLAT_ZIP] = {"flat-zip", "the zip of a Deep Zoom pyramid has no folder around its files",
		"the folder is part of their name", 81500, 0, NULL},
	[QUIRK_HEIF_OF_MULTIBAND] = {"heif-of-multiband", "heifsave refuses pictures without a colour space",
		"they are tagged as grey or sRGB before", 81601, 0, NULL},
	[QUIRK_TIFF_JPEG_EDGES] = {"tiff-jpeg-edges",
		"JPEG tiles in TIFF that reach beyond the picture are filled with whatever lay in memory",
		"nothing: the last pixels of a row may differ by little from one run to the next", 81500, 0, NULL},
	[QUIRK_JXL_OF_OTHER_SPACES] = {"jxl-of-other-spaces",
		"jxlsave writes Lab, XYZ and CMYK as if they were sRGB, or fails", "they are converted to sRGB before",
		81500, 0, NULL},
	[QUIRK_GIF_OF_EQUAL_FRAMES] = {"gif-of-equal-frames",
		"gifsave joins equal frames that follow one another; the joined one is shown as long as they were",
		"from libvips 8.17 on an option keeps them; before, nothing", 81600, 0, gif_of_equal_frames},
};

/* Where libvips cannot be asked just now, as with too little memory, its version tells: a wrong answer would stay. */
static bool find_out(const struct quirk_row *row)
{
	int version = 10000 * vips_version(0) + 100 * vips_version(1) + vips_version(2);
	bool found;

	if (row->found && row->found(&found))
		return found;
	if (row->found)
		vips_error_clear();
	return version >= row->since && (!row->until || version < row->until);
}

bool quirk(enum quirk which)
{
	static gint known[QUIRKS]; /* 0: not asked yet, 1: yes, -1: no */
	int answer = g_atomic_int_get(&known[which]);

	if (!answer) {
		answer = find_out(&rows[which]) ? 1 : -1;
		g_atomic_int_set(&known[which], answer);
	}
	return answer == 1;
}

const struct quirk_row *quirk_row(enum quirk which)
{
	return &rows[which];
}

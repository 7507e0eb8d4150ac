/* SPDX-License-Identifier: GPL-2.0-or-later
 * libvips is asked: see probes.h. */
#include "image/quirks/probes.h"

#include <vips/vips.h>

bool probe_alpha_of_scrgb(bool *found)
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

bool probe_sobel_of_8_bits(bool *found)
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

/* The parameter of an operation. *class to be unreferenced; NULL: there is none. */
static GParamSpec *parameter(const char *operation, const char *name, GTypeClass **class)
{
	GType type = vips_type_find("VipsOperation", operation);

	*class = type ? g_type_class_ref(type) : NULL;
	return *class ? g_object_class_find_property(G_OBJECT_CLASS(*class), name) : NULL;
}

bool probe_sharpen_to_10(bool *found)
{
	GTypeClass *class;
	GParamSpec *sigma = parameter("sharpen", "sigma", &class);

	*found = G_IS_PARAM_SPEC_DOUBLE(sigma) && G_PARAM_SPEC_DOUBLE(sigma)->maximum <= 10;
	g_clear_pointer(&class, g_type_class_unref);
	return sigma != NULL;
}

bool probe_zstd_level(bool *found)
{
	GTypeClass *class;
	GParamSpec *level = parameter("tiffsave", "level", &class);

	*found = G_IS_PARAM_SPEC_INT(level) && G_PARAM_SPEC_INT(level)->default_value != 10;
	g_clear_pointer(&class, g_type_class_unref);
	return level != NULL;
}

/* Pure blue is brighter with a share of 0.1 than with one of 0.0722. */
bool probe_grey_by_709(bool *found)
{
	int blue;

	*found = vips_col_scRGB2BW_8(0, 0, 1, &blue, NULL) == 0 && blue < 84;
	return true;
}

/* Each window of 5 x 5 has the levels 0 to 24, each once. Those that slide on from the first are wrong. */
bool probe_rank_of_8_bits(bool *found)
{
	guint8 levels[5 * 9];
	VipsImage *small = NULL, *out = NULL;
	size_t size;

	for (int y = 0; y < 5; y++)
		for (int x = 0; x < 9; x++)
			levels[y * 9 + x] = (guint8)(5 * y + x % 5);
	small = vips_image_new_from_memory(levels, sizeof levels, 9, 5, 1, VIPS_FORMAT_UCHAR);
	bool asked = small != NULL && vips_rank(small, &out, 5, 5, 10, NULL) == 0;
	guint8 *ranked = asked ? vips_image_write_to_memory(out, &size) : NULL;
	*found = false;
	for (int x = 2; ranked && x < 7; x++)
		*found |= ranked[2 * 9 + x] != 10;
	asked = ranked != NULL;
	g_free(ranked);
	g_clear_object(&out);
	g_clear_object(&small);
	return asked;
}

bool probe_exr_by_name(bool *found)
{
	*found = vips_type_find("VipsOperation", "openexrload") &&
		 !vips_type_find("VipsOperation", "openexrload_source");
	return vips_type_find("VipsOperation", "openexrload") != 0;
}

/* As a disk that is full for a moment. */
struct writes {
	int count, refused; /* so far, and which one */
};

static gint64 refuse_one(VipsTargetCustom *target, const void *data, gint64 length, gpointer user)
{
	struct writes *writes = user;

	(void)target;
	(void)data;
	return writes->count++ == writes->refused ? -1 : length;
}

static bool saves(VipsImage *picture, struct writes *writes)
{
	VipsTargetCustom *target = vips_target_custom_new();

	g_signal_connect(target, "write", G_CALLBACK(refuse_one), writes);
	bool saved = vips_ppmsave_target(picture, VIPS_TARGET(target), NULL) == 0;
	g_object_unref(target);
	vips_error_clear();
	return saved;
}

/* The picture has several blocks, which have two buffers in turn. */
bool probe_last_block_unseen(bool *found)
{
	VipsImage *picture = NULL;
	struct writes all = {0, -1};
	bool asked = vips_black(&picture, 100, 3000, NULL) == 0 && saves(picture, &all) && all.count > 0;

	*found = false;
	for (int i = 0; asked && i < all.count && !*found; i++) {
		struct writes writes = {0, i};
		*found = saves(picture, &writes);
	}
	g_clear_object(&picture);
	return asked;
}

bool probe_side_of_100_million(bool *found)
{
	GTypeClass *class;
	GParamSpec *width = parameter("black", "width", &class);

	*found = G_IS_PARAM_SPEC_INT(width) && G_PARAM_SPEC_INT(width)->maximum > 10000000;
	g_clear_pointer(&class, g_type_class_unref);
	return width != NULL;
}

/* Two frames of one pixel; cgif, which gifsave uses, decides. */
bool probe_equal_frames_joined(bool *found)
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

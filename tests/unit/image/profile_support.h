/* SPDX-License-Identifier: GPL-2.0-or-later
 * ICC profiles made in code (version 2, a matrix or one curve): what cameras and scanners embed. */
#pragma once

#include "support.h"

#include <math.h>

/* gamma 0: the curve of sRGB. */
struct made_profile {
	bool grey;
	double gamma;
	double red[3], green[3], blue[3]; /* in D50 */
};

static const struct made_profile adobe_rgb = {
	false, 2.19921875, {0.60974, 0.31111, 0.01947}, {0.20528, 0.62567, 0.06087}, {0.14919, 0.06322, 0.74457}};
static const struct made_profile other_srgb = {
	false, 0, {0.43607, 0.22249, 0.01392}, {0.38515, 0.71687, 0.09708}, {0.14307, 0.06061, 0.71410}};
static const struct made_profile grey_gamma = {.grey = true, .gamma = 1.8};
static const struct made_profile grey_srgb = {.grey = true, .gamma = 0};

static inline void put32(GByteArray *all, double value)
{
	uint32_t number = GUINT32_TO_BE((uint32_t)value);

	g_byte_array_append(all, (const uint8_t *)&number, 4);
}

static inline void put_xyz(GByteArray *all, const double xyz[3])
{
	g_byte_array_append(all, (const uint8_t *)"XYZ \0\0\0\0", 8);
	for (int i = 0; i < 3; i++)
		put32(all, rint(xyz[i] * 65536));
}

static inline void put_curve(GByteArray *all, double gamma)
{
	enum { POINTS = 1024 };

	g_byte_array_append(all, (const uint8_t *)"curv\0\0\0\0", 8);
	put32(all, gamma > 0 ? 1 : POINTS);
	for (int i = 0; i < (gamma > 0 ? 1 : POINTS); i++) {
		double x = (double)i / (POINTS - 1), y = x <= 0.04045 ? x / 12.92 : pow((x + 0.055) / 1.055, 2.4);
		uint16_t number = GUINT16_TO_BE((uint16_t)rint(gamma > 0 ? gamma * 256 : y * 65535));
		g_byte_array_append(all, (const uint8_t *)&number, 2);
	}
	while (all->len % 4)
		g_byte_array_append(all, (const uint8_t *)"", 1);
}

/* Owned. */
static inline GByteArray *make_profile(const struct made_profile *made)
{
	static const char *const rgb[] = {"wtpt", "rXYZ", "gXYZ", "bXYZ", "rTRC", "gTRC", "bTRC"};
	static const char *const grey[] = {"wtpt", "kTRC"};
	static const double white[3] = {0.9642, 1, 0.8249};
	const double *const colours[] = {white, made->red, made->green, made->blue};
	const char *const *names = made->grey ? grey : rgb;
	guint count = made->grey ? G_N_ELEMENTS(grey) : G_N_ELEMENTS(rgb);
	GByteArray *all = g_byte_array_new();

	g_byte_array_set_size(all, 128 + 4 + 12 * count);
	memset(all->data, 0, all->len);
	memcpy(all->data + 8, "\x02\x10\0\0mntr", 8);
	memcpy(all->data + 16, made->grey ? "GRAYXYZ " : "RGB XYZ ", 8);
	memcpy(all->data + 36, "acsp", 4);
	memcpy(all->data + 68, "\0\0\xf6\xd6\0\1\0\0\0\0\xd3\x2d", 12);
	all->data[131] = (uint8_t)count;
	for (guint i = 0; i < count; i++) {
		uint32_t place[2] = {GUINT32_TO_BE(all->len), 0};
		guint start = all->len;
		if (strstr(names[i], "TRC"))
			put_curve(all, made->gamma);
		else
			put_xyz(all, colours[i]);
		place[1] = GUINT32_TO_BE(all->len - start);
		memcpy(all->data + 132 + 12 * i, names[i], 4);
		memcpy(all->data + 136 + 12 * i, place, 8);
	}
	uint32_t size = GUINT32_TO_BE(all->len);
	memcpy(all->data, &size, 4);
	return all;
}

/* Takes the picture. The result has a header of its own. */
static inline VipsImage *embed(VipsImage *in, const void *data, gsize length)
{
	VipsImage *out = NULL;

	assert_int_equal(vips_copy(in, &out, NULL), 0);
	vips_image_set_blob_copy(out, VIPS_META_ICC_NAME, data, length);
	g_object_unref(in);
	return out;
}

static inline VipsImage *embed_made(VipsImage *in, const struct made_profile *made)
{
	g_autoptr(GByteArray) bytes = make_profile(made);

	return embed(in, bytes->data, bytes->len);
}

/* One that libvips has: srgb, p3, cmyk. */
static inline VipsImage *embed_built_in(VipsImage *in, const char *name)
{
	VipsBlob *blob = NULL;
	gsize length;

	assert_int_equal(vips_profile_load(name, &blob, NULL), 0);
	const void *data = vips_blob_get(blob, &length);
	VipsImage *out = embed(in, data, length);
	vips_area_unref(VIPS_AREA(blob));
	return out;
}

static inline bool has_profile(VipsImage *image)
{
	return vips_image_get_typeof(image, VIPS_META_ICC_NAME) != 0;
}

/* Takes the picture. */
static inline VipsImage *without_profile(VipsImage *in)
{
	VipsImage *out = NULL;

	assert_int_equal(vips_copy(in, &out, NULL), 0);
	vips_image_remove(out, VIPS_META_ICC_NAME);
	g_object_unref(in);
	return out;
}

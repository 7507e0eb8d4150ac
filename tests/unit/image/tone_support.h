/* SPDX-License-Identifier: GPL-2.0-or-later
 * What the tests of tones and colours share: every kind of picture, steps as short text, tiles against the whole. */
#pragma once

#include "support.h"

#include "image/chain/tilesource.h"
#include "image/write/format_save.h"

enum { WIDTH = 97, HEIGHT = 61 };

static const struct kind {
	int bands, depth;
} kinds[] = {{1, 8}, {2, 8}, {3, 8}, {4, 8}, {1, 16}, {2, 16}, {3, 16}, {4, 16}};

static inline VipsImage *of_kind(size_t kind)
{
	return picture(WIDTH, HEIGHT, kinds[kind].bands, kinds[kind].depth);
}

/* {'op': 'x'} with single quotes, or several with commas between; error may be NULL. */
static inline VipsImage *try_steps(const char *steps, VipsImage *in, GError **error)
{
	g_autofree char *list = g_strdup_printf("[%s]", steps);
	g_autofree char *json = g_strdelimit(g_strdup(list), "'", '"');
	g_autoptr(JsonArray) array = chain(json);
	VipsImage *out = NULL;

	return chain_build(array, 0, in, NULL, &out, error) ? out : NULL;
}

static inline VipsImage *with_steps(const char *steps, VipsImage *in)
{
	g_autoptr(GError) error = NULL;
	VipsImage *out = try_steps(steps, in, &error);

	if (!out)
		fail_msg("%s: %s", steps, error->message);
	return out;
}

static inline unsigned flags_of(const char *steps)
{
	g_autofree char *list = g_strdup_printf("[%s]", steps);
	g_autofree char *json = g_strdelimit(g_strdup(list), "'", '"');
	g_autoptr(JsonArray) array = chain(json);

	return chain_flags(array);
}

/* Pixels as doubles, band after band; owned. */
static inline double *values_of(VipsImage *image)
{
	VipsImage *wide = NULL;
	gsize length;

	assert_int_equal(vips_cast(image, &wide, VIPS_FORMAT_DOUBLE, NULL), 0);
	double *values = vips_image_write_to_memory(wide, &length);
	assert_non_null(values);
	g_object_unref(wide);
	return values;
}

/* A picture of one colour; rgba 0 to 255; 8 or 16 bits. */
static inline VipsImage *flat(int bands, int depth, const double *levels)
{
	double scaled[4];
	VipsImage *black = NULL, *filled = NULL, *out = NULL;

	for (int i = 0; i < bands; i++)
		scaled[i] = levels[i] * (depth == 16 ? 257 : 1);
	assert_int_equal(vips_black(&black, 8, 8, "bands", bands, NULL), 0);
	double ones[4] = {1, 1, 1, 1};
	assert_int_equal(vips_linear(black, &filled, ones, scaled, bands, NULL), 0);
	assert_int_equal(vips_cast(filled, &out, depth == 16 ? VIPS_FORMAT_USHORT : VIPS_FORMAT_UCHAR, NULL), 0);
	out->Type = bands < 3 ? (depth == 16 ? VIPS_INTERPRETATION_GREY16 : VIPS_INTERPRETATION_B_W)
			      : (depth == 16 ? VIPS_INTERPRETATION_RGB16 : VIPS_INTERPRETATION_sRGB);
	g_object_unref(black);
	g_object_unref(filled);
	return out;
}

/* The picture in tiles of an odd shape, from the bottom right, each from a virtual image that has the tile's pixels and those
 * that the planner would find, equals the whole. */
static inline void assert_tiles_equal_whole(const char *steps, size_t kind)
{
	enum { TILE_WIDTH = 37, TILE_HEIGHT = 23 };
	g_autoptr(VipsImage) a = of_kind(kind);
	g_autoptr(VipsImage) b = of_kind(kind);
	g_autoptr(VipsImage) tiled = with_steps(steps, a);
	g_autoptr(VipsImage) whole = with_steps(steps, b);
	g_autoptr(VipsRegion) region = vips_region_new(tiled);
	gsize length, pixel = VIPS_IMAGE_SIZEOF_PEL(whole), line = VIPS_IMAGE_SIZEOF_LINE(whole);
	g_autofree uint8_t *wanted = vips_image_write_to_memory(whole, &length);

	assert_int_equal(flags_of(steps) & (OPERATION_ON_GRID | OPERATION_READS_METADATA), 0);
	for (int y = (HEIGHT - 1) / TILE_HEIGHT * TILE_HEIGHT; y >= 0; y -= TILE_HEIGHT)
		for (int x = (WIDTH - 1) / TILE_WIDTH * TILE_WIDTH; x >= 0; x -= TILE_WIDTH) {
			VipsRect tile = {x, y, MIN(TILE_WIDTH, WIDTH - x), MIN(TILE_HEIGHT, HEIGHT - y)};
			assert_int_equal(vips_region_prepare(region, &tile), 0);
			for (int row = y; row < y + tile.height; row++)
				if (memcmp(wanted + (gsize)row * line + (gsize)x * pixel,
					    VIPS_REGION_ADDR(region, x, row), (gsize)tile.width * pixel) != 0)
					fail_msg("%s differs in tiles (%d bands of %d bits)", steps, kinds[kind].bands,
						kinds[kind].depth);
		}
}

/* The same from a file that is read once, top to bottom, as from one that is read anywhere. */
static inline void assert_reads_once(const char *steps, size_t kind)
{
	g_autoptr(VipsImage) image = of_kind(kind);
	g_autoptr(GBytes) file = NULL;
	g_autoptr(VipsImage) once = NULL, any = NULL;

	assert_int_equal(flags_of(steps), OPERATION_SEQUENTIAL);
	assert_true(format_save_memory(image, "png", NULL, &file, NULL));
	assert_true(format_open("a.png", file, true, NULL, &once, NULL));
	assert_true(format_open("a.png", file, false, NULL, &any, NULL));
	g_autoptr(VipsImage) got = with_steps(steps, once);
	g_autoptr(VipsImage) wanted = with_steps(steps, any);
	assert_same_picture(got, wanted);
}

/* Does it look at pixels while it is built? Such a chain is run whole by the planner. */
static inline bool is_global(const char *steps, size_t kind)
{
	g_autoptr(VipsImage) image = of_kind(kind);
	struct tilesource *recorder = tilesource_new_like(image, NULL);
	VipsRect box;

	assert_non_null(recorder);
	tilesource_record(recorder);
	g_autoptr(VipsImage) out = with_steps(steps, tilesource_image(recorder));
	bool asked = tilesource_recorded(recorder, &box);
	g_clear_object(&out);
	tilesource_free(recorder);
	return asked;
}

/* Size, depth, bands and colour space are those that came in, and so is every band behind the colours. */
static inline void assert_kept(const char *steps, size_t kind)
{
	g_autoptr(VipsImage) in = of_kind(kind);
	g_autoptr(VipsImage) out = with_steps(steps, in);

	if (out->Bands != in->Bands || out->BandFmt != in->BandFmt || out->Type != in->Type ||
		out->Xsize != in->Xsize || out->Ysize != in->Ysize)
		fail_msg("%s: %d bands of %s, %s", steps, out->Bands,
			vips_enum_nick(VIPS_TYPE_BAND_FORMAT, out->BandFmt),
			vips_enum_nick(VIPS_TYPE_INTERPRETATION, out->Type));
	if (in->Bands % 2)
		return;
	g_autofree double *before = values_of(in);
	g_autofree double *after = values_of(out);
	for (int i = in->Bands - 1; i < WIDTH * HEIGHT * in->Bands; i += in->Bands)
		if (before[i] != after[i])
			fail_msg("%s changes alpha: %g to %g", steps, before[i], after[i]);
}

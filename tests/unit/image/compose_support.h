/* SPDX-License-Identifier: GPL-2.0-or-later
 * What the tests of composition share: a folder with assets, steps that name them, pictures of every kind, cutting into tiles. */
#pragma once

#include "image/write/format_save.h"
#include "support.h"

enum { WIDTH = 157, HEIGHT = 101 };

static const struct kind_of_picture {
	int bands, depth;
	bool cmyk;
} kinds[] = {{1, 8, false}, {2, 8, false}, {3, 8, false}, {4, 8, false}, {1, 16, false}, {2, 16, false}, {3, 16, false},
	{4, 16, false}, {4, 8, true}, {5, 8, true}};

static char *assets; /* the folder */

/* A picture of one of the kinds; the last of 2, 4 or (CMYK) 5 bands is alpha. */
static inline VipsImage *picture_of(const struct kind_of_picture *kind)
{
	VipsImage *image = picture(WIDTH, HEIGHT, kind->bands, kind->depth);

	if (kind->cmyk)
		image->Type = VIPS_INTERPRETATION_CMYK;
	return image;
}

static inline bool has_alpha(const struct kind_of_picture *kind)
{
	return kind->cmyk ? kind->bands == 5 : kind->bands % 2 == 0;
}

/* Writes the image into the folder of assets. Takes image. */
static inline void add_asset(const char *name, VipsImage *image)
{
	g_autofree char *path = g_build_filename(assets, name, NULL);

	assert_true(format_save(image, path, "png", NULL, NULL));
	g_object_unref(image);
}

/* A rectangle of one colour. */
static inline VipsImage *patch_of(int width, int height, int bands, const double *levels)
{
	g_autoptr(VipsImage) black = NULL, real = NULL, cast = NULL;
	VipsImage *out = NULL;
	double zeros[5] = {0};

	assert_int_equal(vips_black(&black, width, height, "bands", bands, NULL), 0);
	assert_int_equal(vips_linear(black, &real, zeros, levels, bands, NULL), 0);
	assert_int_equal(vips_cast(real, &cast, VIPS_FORMAT_UCHAR, NULL), 0);
	assert_int_equal(vips_copy(cast, &out, "interpretation",
				 bands < 3 ? VIPS_INTERPRETATION_B_W : VIPS_INTERPRETATION_sRGB, NULL),
		0);
	return out;
}

/* The chain of one step: params as JSON with ' for ", and "@NAME" for the asset of that name. */
static inline JsonArray *step_of(const char *operation, const char *params)
{
	g_autofree char *quoted = g_strdelimit(g_strdup(params), "'", '"');
	g_autofree char *text = g_strdup_printf("[{\"op\":\"%s\",\"params\":{%s}}]", operation, quoted);
	JsonArray *steps = chain(text);
	JsonObject *object = json_object_get_object_member(json_array_get_object_element(steps, 0), "params");
	g_autoptr(GList) members = json_object_get_members(object);

	for (GList *m = members; m; m = m->next) {
		JsonNode *node = json_object_get_member(object, m->data);
		const char *value = JSON_NODE_HOLDS_VALUE(node) ? json_node_get_string(node) : NULL;
		if (!value || value[0] != '@')
			continue;
		g_autoptr(GError) error = NULL;
		JsonObject *asset = asset_read(
			assets, value + 1, g_str_has_suffix(value, "ttf") ? ASSET_FONT : ASSET_IMAGE, &error);
		if (!asset)
			fail_msg("%s", error->message);
		json_object_set_object_member(object, m->data, asset);
	}
	return steps;
}

/* The names that a job would bring. */
static inline VipsImage *built(VipsImage *in, const char *operation, const char *params)
{
	g_autoptr(JsonArray) steps = step_of(operation, params);
	g_autoptr(JsonObject) names = json_object_new();
	g_autoptr(GError) error = NULL;
	VipsImage *out = NULL;

	json_object_set_string_member(names, "stem", "IMG_1");
	json_object_set_string_member(names, "date", "2026-11-23");
	const struct build_context context = {.names = names};
	if (!chain_build(steps, 0, in, &context, &out, &error))
		fail_msg("%s {%s}: %s", operation, params, error->message);
	return out;
}

/* The whole picture is computed the first time. */
static inline double *pixel_at(VipsImage *image, int x, int y)
{
	double *levels = g_new(double, (gsize)image->Bands);

	assert_int_equal(vips_image_wio_input(image), 0);
	const VipsPel *pixel = VIPS_IMAGE_ADDR(image, x, y);
	for (int band = 0; band < image->Bands; band++)
		levels[band] = image->BandFmt == VIPS_FORMAT_USHORT ? ((const uint16_t *)(const void *)pixel)[band]
								    : pixel[band];
	return levels;
}

static inline void assert_pixel(VipsImage *image, int x, int y, const double *expected)
{
	g_autofree double *got = pixel_at(image, x, y);

	for (int band = 0; band < image->Bands; band++)
		if (got[band] != expected[band])
			fail_msg("band %d at %d, %d is %g, not %g", band, x, y, got[band], expected[band]);
}

/* Tile by tile, from the bottom right: a shape and an order that no sink has. Returns owned pixels. */
static inline uint8_t *in_tiles(VipsImage *image, int tile_width, int tile_height)
{
	gsize pixel = VIPS_IMAGE_SIZEOF_PEL(image), line = VIPS_IMAGE_SIZEOF_LINE(image);
	uint8_t *pixels = g_malloc0(line * (gsize)image->Ysize);
	g_autoptr(VipsRegion) region = vips_region_new(image);

	for (int y = (image->Ysize - 1) / tile_height * tile_height; y >= 0; y -= tile_height)
		for (int x = (image->Xsize - 1) / tile_width * tile_width; x >= 0; x -= tile_width) {
			VipsRect tile = {x, y, MIN(tile_width, image->Xsize - x), MIN(tile_height, image->Ysize - y)};
			assert_int_equal(vips_region_prepare(region, &tile), 0);
			for (int row = y; row < y + tile.height; row++)
				memcpy(pixels + (gsize)row * line + (gsize)x * pixel, VIPS_REGION_ADDR(region, x, row),
					(gsize)tile.width * pixel);
		}
	return pixels;
}

static inline void assert_tiles_equal_whole(const char *operation, const char *params)
{
	for (size_t i = 0; i < G_N_ELEMENTS(kinds); i++) {
		g_autoptr(VipsImage) a = picture_of(&kinds[i]);
		g_autoptr(VipsImage) b = picture_of(&kinds[i]);
		g_autoptr(VipsImage) cut = built(a, operation, params);
		g_autoptr(VipsImage) whole = built(b, operation, params);
		gsize length;
		g_autofree uint8_t *got = in_tiles(cut, 37, 29);
		g_autofree uint8_t *wanted = vips_image_write_to_memory(whole, &length);
		assert_int_equal(length, VIPS_IMAGE_SIZEOF_IMAGE(cut));
		if (memcmp(got, wanted, length) != 0)
			fail_msg("%s {%s} differs in tiles (%d bands of %d bits)", operation, params, kinds[i].bands,
				kinds[i].depth);
	}
}

static inline void assert_refused(const char *operation, const char *params, const char *message)
{
	g_autoptr(JsonArray) steps = step_of(operation, params);
	const struct operation *self = operation_find(operation);
	const struct args args = {
		self->params, json_object_get_object_member(json_array_get_object_element(steps, 0), "params")};
	g_autoptr(GError) error = NULL;

	assert_false(self->check(&args, &error));
	if (!strstr(error->message, message))
		fail_msg("%s {%s}: %s", operation, params, error->message);
}

static inline int start_assets(void **state)
{
	if (start_vips(state) != 0)
		return -1;
	assets = scratch_folder();
	add_asset("mark.png", picture(40, 30, 4, 8));
	add_asset("mark16.png", picture(40, 30, 4, 16));
	add_asset("grey.png", picture(23, 57, 1, 8));
	add_asset("white.png", patch_of(20, 10, 3, (const double[]){255, 255, 255}));
	add_asset("half.png", patch_of(20, 10, 4, (const double[]){200, 100, 50, 128}));
	return 0;
}

static inline int remove_assets(void **state)
{
	remove_scratch(assets);
	g_free(assets);
	return 0;
}

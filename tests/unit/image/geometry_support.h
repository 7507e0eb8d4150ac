/* SPDX-License-Identifier: GPL-2.0-or-later
 * What the tests of geometry, bands and metadata share: kinds of pictures with CMYK among them, output pixels told by the
 * source pixel that they come from, and tiles as the planner and a worker make them. */
#pragma once

#include "support.h"

#include "image/chain/tile_dependencies.h"
#include "image/chain/tilesource.h"
#include "image/describe/check_step.h"
#include "image/write/format_save.h"

struct shape {
	int bands, depth;
	bool cmyk;
};

static const struct shape shapes[] = {{1, 8, false}, {2, 8, false}, {3, 8, false}, {4, 8, false}, {4, 8, true},
	{1, 16, false}, {3, 16, false}, {4, 16, false}};

static inline VipsImage *of_shape(const struct shape *shape, int width, int height)
{
	VipsImage *image = picture(width, height, shape->bands, shape->depth);

	if (shape->cmyk)
		image->Type = VIPS_INTERPRETATION_CMYK;
	return image;
}

/* {'op': 'x'}, or several with commas between, as the array that tasks carry. */
static inline JsonArray *steps_of(const char *steps)
{
	g_autofree char *list = g_strdup_printf("[%s]", steps);
	g_autofree char *json = g_strdelimit(g_strdup(list), "'", '"');

	return chain(json);
}

static inline VipsImage *try_steps(const char *steps, VipsImage *in, GError **error)
{
	g_autoptr(JsonArray) array = steps_of(steps);
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
	g_autoptr(JsonArray) array = steps_of(steps);

	return chain_flags(array);
}

static inline void assert_refused(const char *steps, VipsImage *in, const char *message)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(VipsImage) out = try_steps(steps, in, &error);

	assert_null(out);
	assert_string_equal(error->message, message);
	assert_string_equal(vips_error_buffer(), "");
}

/* What a definition with this step is told; "" when it is right. */
static inline void assert_told(const char *step, const char *expected)
{
	g_autofree char *yaml = g_strdup_printf("steps:\n  - %s\n", step);
	auto_struct(diagnostics) errors = diagnostics_new("p.yaml");
	auto_struct(pipeline) read = definition_parse("p.yaml", yaml, strlen(yaml), &image_step_rules, errors);
	g_autofree char *text = diagnostics_text(errors);
	const char *message = strstr(text, *expected ? expected : "p.yaml");

	if (*expected ? !message : read == NULL)
		fail_msg("%s: told %s", step, *text ? text : "nothing");
}

/* Each tile from a virtual image as a worker makes it, with no more pixels than the planner would send; every byte is that of
 * libvips on the whole picture. Returns how many tiles had pixels missing, which a mill would run whole. */
static inline int tiles_missing(const char *steps, const struct shape *shape, int width, int height, int edge)
{
	g_autoptr(VipsImage) source = of_shape(shape, width, height);
	g_autoptr(VipsImage) other = of_shape(shape, width, height);
	g_autoptr(VipsImage) whole = with_steps(steps, other);
	struct tilesource *recorder = tilesource_new_like(source, NULL);
	g_autoptr(JsonObject) header = tilesource_describe(source);
	struct tilesource *virtual = tilesource_new(header, NULL);
	gsize length, line = VIPS_IMAGE_SIZEOF_LINE(whole), pixel = VIPS_IMAGE_SIZEOF_PEL(whole);
	g_autofree uint8_t *wanted = vips_image_write_to_memory(whole, &length);
	g_autofree uint8_t *pixels = vips_image_write_to_memory(source, &length);
	struct grid grid;
	VipsRect box;
	int missing = 0;

	tilesource_record(recorder);
	VipsImage *recorded = with_steps(steps, tilesource_image(recorder));
	if (tilesource_recorded(recorder, &box))
		fail_msg("%s looks at pixels while it is built", steps);
	VipsImage *tiled = with_steps(steps, tilesource_image(virtual));
	VipsRegion *region = NULL;
	assert_int_equal(tiled->Xsize, whole->Xsize);
	assert_int_equal(tiled->Ysize, whole->Ysize);
	grid_make(&grid, tiled, edge, flags_of(steps) & OPERATION_ON_GRID, 0, 0);
	auto_struct(tile_dependencies) needs = tile_dependencies_new(recorder, recorded, &grid, NULL);
	for (int i = grid_tiles(&grid) - 1; i >= 0; i--) {
		VipsRect tile = grid_tile(&grid, i);
		struct backing backing = {.rows = pixels, .stride = VIPS_IMAGE_SIZEOF_LINE(source)};
		assert_true(tile_dependencies_find(needs, i, &backing.have));
		tilesource_set(virtual, &backing);
		region = vips_region_new(tiled);
		bool missed = false;
		for (int y = tile.top; y < VIPS_RECT_BOTTOM(&tile) && !missed; y += grid.piece_height)
			for (int x = tile.left; x < VIPS_RECT_RIGHT(&tile) && !missed; x += grid.piece_width) {
				VipsRect piece = {x, y, grid.piece_width, grid.piece_height};
				vips_rect_intersectrect(&piece, &tile, &piece);
				missed = vips_region_prepare(region, &piece) != 0;
				for (int row = y; row < VIPS_RECT_BOTTOM(&piece) && !missed; row++)
					if (memcmp(wanted + (gsize)row * line + (gsize)x * pixel,
						    VIPS_REGION_ADDR(region, x, row), (gsize)piece.width * pixel) != 0)
						fail_msg("%s differs in tiles (%d bands of %d bits, row %d)", steps,
							shape->bands, shape->depth, row);
			}
		if (missed) {
			assert_true(tilesource_missed(virtual));
			vips_error_clear();
			missing++;
		}
		g_object_unref(region);
	}
	g_object_unref(recorded);
	g_object_unref(tiled);
	tilesource_free(recorder);
	tilesource_free(virtual);
	return missing;
}

static inline void assert_tiles(const char *steps, const struct shape *shape)
{
	bool on_grid = flags_of(steps) & OPERATION_ON_GRID;

	assert_false(flags_of(steps) & OPERATION_READS_METADATA);
	/* The grid's tiles are 128 pixels and more. */
	if (tiles_missing(steps, shape, on_grid ? 301 : 97, on_grid ? 259 : 61, on_grid ? 128 : 29))
		fail_msg("%s: pixels are missing in tiles", steps);
}

/* From a source that can be read once, as a SEQUENTIAL flag promises. */
static inline void assert_reads_once(const char *steps)
{
	g_autoptr(VipsImage) image = picture(97, 61, 4, 8);
	g_autoptr(GBytes) file = NULL;
	g_autoptr(VipsImage) once = NULL, any = NULL;

	assert_true(flags_of(steps) & OPERATION_SEQUENTIAL);
	assert_true(format_save_memory(image, "png", NULL, &file, NULL));
	assert_true(format_open("a.png", file, true, NULL, &once, NULL));
	assert_true(format_open("a.png", file, false, NULL, &any, NULL));
	g_autoptr(VipsImage) a = with_steps(steps, once);
	g_autoptr(VipsImage) b = with_steps(steps, any);
	assert_same_picture(a, b);
}

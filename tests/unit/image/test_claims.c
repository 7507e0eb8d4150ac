/* SPDX-License-Identifier: GPL-2.0-or-later
 * What flags claim, held against libvips: an operation that is not ON_GRID gives the same pixels in tiles of any shape, and
 * a SEQUENTIAL one gives them from a source that is read once. For the table and for all of libvips. */
#include "support.h"

#include "image/vips/vips_signature.h"
#include "image/write/format_save.h"

enum { WIDTH = 211, HEIGHT = 163, TILE_WIDTH = 37, TILE_HEIGHT = 29 };

static const char *const own_steps[] = {
	"{\"op\":\"grayscale\"}",
	"{\"op\":\"blur\",\"params\":{\"sigma\":3}}",
	"{\"op\":\"blur\",\"params\":{\"sigma\":14,\"min_amplitude\":0.05}}",
	"{\"op\":\"sharpen\",\"params\":{\"sigma\":2}}",
	"{\"op\":\"invert\",\"params\":{\"alpha\":false}}",
	"{\"op\":\"flip\"}",
	"{\"op\":\"flop\"}",
	"{\"op\":\"auto_orient\"}",
	"{\"op\":\"rotate\",\"params\":{\"angle\":90}}",
	"{\"op\":\"rotate\",\"params\":{\"angle\":180}}",
	"{\"op\":\"crop\",\"params\":{\"left\":20,\"top\":30,\"width\":150,\"height\":120}}",
	"{\"op\":\"vips\",\"params\":{\"operation\":\"rank\",\"width\":3,\"height\":3,\"index\":4}}",
	"{\"op\":\"vips\",\"params\":{\"operation\":\"hist_local\",\"width\":31,\"height\":25,\"max_slope\":3}}",
	"{\"op\":\"vips\",\"params\":{\"operation\":\"embed\",\"x\":9,\"y\":5,\"width\":240,\"height\":200,\"extend\":\"mirror\"}}",
	"{\"op\":\"vips\",\"params\":{\"operation\":\"zoom\",\"xfac\":3,\"yfac\":2}}",
	"{\"op\":\"vips\",\"params\":{\"operation\":\"subsample\",\"xfac\":3,\"yfac\":2}}",
	"{\"op\":\"vips\",\"params\":{\"operation\":\"replicate\",\"across\":2,\"down\":3}}",
	"{\"op\":\"vips\",\"params\":{\"operation\":\"colourspace\",\"space\":\"lab\"}}",
	"{\"op\":\"vips\",\"params\":{\"operation\":\"gaussblur\",\"sigma\":3,\"precision\":\"float\"}}",
	"{\"op\":\"vips\",\"params\":{\"operation\":\"math\",\"math\":\"exp10\"}}",
	"{\"op\":\"vips\",\"params\":{\"operation\":\"linear\",\"a\":[1.1],\"b\":[7]}}",
};

/* Those above, and every operation of libvips that needs no parameters. Returns owned strings. */
static GPtrArray *all_steps(void)
{
	GPtrArray *steps = g_ptr_array_new_with_free_func(g_free);

	for (size_t i = 0; i < G_N_ELEMENTS(own_steps); i++)
		g_ptr_array_add(steps, g_strdup(own_steps[i]));
	for (const char *const *name = vips_signature_usable(); *name; name++)
		g_ptr_array_add(steps, g_strdup_printf("{\"op\":\"vips\",\"params\":{\"operation\":\"%s\"}}", *name));
	return steps;
}

/* Tile by tile, from the bottom right: a shape and an order that no sink has. Returns owned pixels. */
static uint8_t *in_tiles(VipsImage *image)
{
	gsize pixel = VIPS_IMAGE_SIZEOF_PEL(image), line = VIPS_IMAGE_SIZEOF_LINE(image);
	uint8_t *pixels = g_malloc0(line * (gsize)image->Ysize);
	g_autoptr(VipsRegion) region = vips_region_new(image);

	for (int y = (image->Ysize - 1) / TILE_HEIGHT * TILE_HEIGHT; y >= 0; y -= TILE_HEIGHT)
		for (int x = (image->Xsize - 1) / TILE_WIDTH * TILE_WIDTH; x >= 0; x -= TILE_WIDTH) {
			VipsRect tile = {x, y, MIN(TILE_WIDTH, image->Xsize - x), MIN(TILE_HEIGHT, image->Ysize - y)};
			assert_int_equal(vips_region_prepare(region, &tile), 0);
			for (int row = y; row < y + tile.height; row++)
				memcpy(pixels + (gsize)row * line + (gsize)x * pixel, VIPS_REGION_ADDR(region, x, row),
					(gsize)tile.width * pixel);
		}
	return pixels;
}

/* NULL when the operation does not take such a picture. */
static VipsImage *built(const char *step, VipsImage *in)
{
	g_autofree char *text = g_strdup_printf("[%s]", step);
	g_autoptr(JsonArray) steps = chain(text);
	g_autoptr(GError) error = NULL;
	VipsImage *out = NULL;

	return chain_build(steps, 0, in, NULL, &out, &error) ? out : NULL;
}

static unsigned flags_of(const char *step)
{
	g_autofree char *text = g_strdup_printf("[%s]", step);
	g_autoptr(JsonArray) steps = chain(text);

	return chain_flags(steps);
}

static void test_what_is_not_on_the_grid_tiles_exactly(void **state)
{
	static const struct {
		int bands, depth;
	} kinds[] = {{3, 8}, {4, 16}};
	g_autoptr(GPtrArray) steps = all_steps();
	guint compared = 0;

	for (guint i = 0; i < steps->len * G_N_ELEMENTS(kinds); i++) {
		const char *step = steps->pdata[i / G_N_ELEMENTS(kinds)];
		int bands = kinds[i % G_N_ELEMENTS(kinds)].bands, depth = kinds[i % G_N_ELEMENTS(kinds)].depth;
		if (flags_of(step) & (OPERATION_ON_GRID | OPERATION_READS_METADATA))
			continue;
		g_autoptr(VipsImage) a = picture(WIDTH, HEIGHT, bands, depth);
		g_autoptr(VipsImage) b = picture(WIDTH, HEIGHT, bands, depth);
		g_autoptr(VipsImage) tiled = built(step, a);
		g_autoptr(VipsImage) whole = built(step, b);
		if (!tiled)
			continue;
		gsize length;
		g_autofree uint8_t *got = in_tiles(tiled);
		g_autofree uint8_t *wanted = vips_image_write_to_memory(whole, &length);
		assert_int_equal(length, VIPS_IMAGE_SIZEOF_IMAGE(tiled));
		if (memcmp(got, wanted, length) != 0)
			fail_msg("%s differs in tiles (%d bands of %d bits)", step, bands, depth);
		compared++;
	}
	assert_true(compared > 60);
}

/* The other way round: what is on the grid is so for a reason. This pair of widths shows it, many do not. */
static void test_resize_needs_the_grid(void **state)
{
	static const char step[] = "{\"op\":\"resize\",\"params\":{\"width\":576}}";
	g_autoptr(VipsImage) a = picture(627, 401, 1, 8);
	g_autoptr(VipsImage) b = picture(627, 401, 1, 8);
	g_autoptr(VipsImage) tiled = built(step, a);
	g_autoptr(VipsImage) whole = built(step, b);
	gsize length;
	g_autofree uint8_t *got = in_tiles(tiled);
	g_autofree uint8_t *wanted = vips_image_write_to_memory(whole, &length);

	assert_int_equal(flags_of(step), OPERATION_ON_GRID);
	assert_memory_not_equal(got, wanted, length);
}

static void test_what_is_sequential_reads_once(void **state)
{
	g_autoptr(GPtrArray) steps = all_steps();
	g_autoptr(VipsImage) image = picture(WIDTH, HEIGHT, 3, 8);
	g_autoptr(GBytes) file = NULL;
	guint compared = 0;

	assert_true(format_save_memory(image, "png", NULL, &file, NULL));
	for (guint i = 0; i < steps->len; i++) {
		const char *step = steps->pdata[i];
		if (!(flags_of(step) & OPERATION_SEQUENTIAL))
			continue;
		g_autoptr(VipsImage) once = NULL, any = NULL;
		assert_true(format_open("a.png", file, true, NULL, &once, NULL));
		assert_true(format_open("a.png", file, false, NULL, &any, NULL));
		g_autoptr(VipsImage) a = built(step, once);
		g_autoptr(VipsImage) b = built(step, any);
		if (!b)
			continue;
		if (!a)
			fail_msg("%s does not take a sequential source", step);
		assert_same_picture(a, b);
		compared++;
	}
	assert_true(compared > 25);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_is_not_on_the_grid_tiles_exactly),
		cmocka_unit_test(test_resize_needs_the_grid),
		cmocka_unit_test(test_what_is_sequential_reads_once),
	};

	return cmocka_run_group_tests(tests, start_vips, NULL);
}

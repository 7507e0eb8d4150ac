/* SPDX-License-Identifier: GPL-2.0-or-later
 * Geometry that moves pixels: where each output pixel comes from, for every kind of picture, whole and in tiles. */
#include "geometry_support.h"

#include <math.h>

enum { WIDTH = 97, HEIGHT = 61 };

/* The source pixel of output pixel (x, y); false: background. */
typedef bool (*origin)(int *x, int *y);

static bool transpose(int *x, int *y)
{
	int from = *x;

	*x = *y;
	*y = from;
	return true;
}

static bool transverse(int *x, int *y)
{
	int from = *x;

	*x = WIDTH - 1 - *y;
	*y = HEIGHT - 1 - from;
	return true;
}

static bool centre_crop(int *x, int *y)
{
	*x += 18; /* (97 - 60) / 2 */
	*y += 10; /* (61 - 40) / 2 */
	return true;
}

static bool south_east_crop(int *x, int *y)
{
	*x += 37;
	*y += 21;
	return true;
}

static bool high_crop(int *x, int *y)
{
	*x += WIDTH - 20;
	return *y < HEIGHT;
}

static bool inside(int x, int y)
{
	return x >= 0 && x < WIDTH && y >= 0 && y < HEIGHT;
}

static bool pad_all(int *x, int *y)
{
	*x -= 7;
	*y -= 7;
	return inside(*x, *y);
}

static bool pad_edges(int *x, int *y)
{
	*x -= 4;
	*y -= 3;
	return inside(*x, *y);
}

static bool pad_box(int *x, int *y)
{
	*x -= 120 - WIDTH;
	*y -= (90 - HEIGHT) / 2;
	return inside(*x, *y);
}

static bool pad_copy(int *x, int *y)
{
	*x = CLAMP(*x - 7, 0, WIDTH - 1);
	*y = CLAMP(*y - 7, 0, HEIGHT - 1);
	return true;
}

static bool pad_repeat(int *x, int *y)
{
	*x = (*x - 7 + 2 * WIDTH) % WIDTH;
	*y = (*y - 7 + 2 * HEIGHT) % HEIGHT;
	return true;
}

static int mirrored(int at, int size)
{
	at = (at + 2 * size) % (2 * size);
	return at < size ? at : 2 * size - 1 - at;
}

static bool pad_mirror(int *x, int *y)
{
	*x = mirrored(*x - 7, WIDTH);
	*y = mirrored(*y - 7, HEIGHT);
	return true;
}

static bool tile(int *x, int *y)
{
	*x %= WIDTH;
	*y %= HEIGHT;
	return true;
}

static bool wrap_half(int *x, int *y)
{
	*x = (*x - WIDTH / 2 + WIDTH) % WIDTH;
	*y = (*y - HEIGHT / 2 + HEIGHT) % HEIGHT;
	return true;
}

static bool wrap_some(int *x, int *y)
{
	*x = (*x - 5 + WIDTH) % WIDTH;
	*y = (*y + 3) % HEIGHT;
	return true;
}

static bool zoom(int *x, int *y)
{
	*x /= 3;
	*y /= 2;
	return true;
}

static bool subsample(int *x, int *y)
{
	*x *= 4;
	*y *= 4;
	return true;
}

static bool same(int *x, int *y)
{
	return inside(*x, *y);
}

static const struct {
	const char *steps;
	origin from;
	int width, height;
} moves[] = {
	{"{'op':'transpose'}", transpose, HEIGHT, WIDTH},
	{"{'op':'transverse'}", transverse, HEIGHT, WIDTH},
	{"{'op':'crop','params':{'gravity':'centre','width':60,'height':40}}", centre_crop, 60, 40},
	{"{'op':'crop','params':{'gravity':'southeast','width':60,'height':40}}", south_east_crop, 60, 40},
	{"{'op':'crop','params':{'gravity':'bottom-right','width':60,'height':40}}", south_east_crop, 60, 40},
	{"{'op':'crop','params':{'gravity':'right','width':20,'height':900}}", high_crop, 20, HEIGHT},
	{"{'op':'smart_crop','params':{'width':60,'height':40,'strategy':'centre'}}", centre_crop, 60, 40},
	{"{'op':'smart_crop','params':{'width':20,'height':900,'strategy':'high'}}", high_crop, 20, HEIGHT},
	{"{'op':'pad','params':{'all':7}}", pad_all, WIDTH + 14, HEIGHT + 14},
	{"{'op':'pad','params':{'all':3,'left':4,'right':0}}", pad_edges, WIDTH + 4, HEIGHT + 6},
	{"{'op':'pad','params':{'width':120,'height':90,'gravity':'east'}}", pad_box, 120, 90},
	{"{'op':'pad','params':{'width':12,'height':9}}", same, WIDTH, HEIGHT},
	{"{'op':'pad','params':{'all':7,'mode':'copy'}}", pad_copy, WIDTH + 14, HEIGHT + 14},
	{"{'op':'pad','params':{'all':7,'mode':'repeat'}}", pad_repeat, WIDTH + 14, HEIGHT + 14},
	{"{'op':'pad','params':{'all':7,'mode':'mirror'}}", pad_mirror, WIDTH + 14, HEIGHT + 14},
	{"{'op':'tile','params':{'across':3,'down':2}}", tile, 3 * WIDTH, 2 * HEIGHT},
	{"{'op':'wrap'}", wrap_half, WIDTH, HEIGHT},
	{"{'op':'wrap','params':{'x':5,'y':-3}}", wrap_some, WIDTH, HEIGHT},
	{"{'op':'zoom','params':{'factor':2,'x':3}}", zoom, 3 * WIDTH, 2 * HEIGHT},
	{"{'op':'subsample','params':{'factor':4}}", subsample, WIDTH / 4, HEIGHT / 4},
	{"{'op':'subsample','params':{'factor':1000}}", same, 1, 1},
};

static void assert_moved(const char *steps, origin from, int width, int height, const struct shape *shape)
{
	g_autoptr(VipsImage) in = of_shape(shape, WIDTH, HEIGHT);
	g_autoptr(VipsImage) out = with_steps(steps, in);
	gsize length, pixel = VIPS_IMAGE_SIZEOF_PEL(in);
	g_autofree uint8_t *before = vips_image_write_to_memory(in, &length);
	g_autofree uint8_t *after = vips_image_write_to_memory(out, &length);
	g_autofree uint8_t *nothing = g_malloc0(pixel);

	assert_int_equal(out->Xsize, width);
	assert_int_equal(out->Ysize, height);
	assert_int_equal(out->Bands, in->Bands);
	assert_int_equal(out->BandFmt, in->BandFmt);
	assert_int_equal(out->Type, in->Type);
	for (int i = 0; i < width * height; i++) {
		int x = i % width, y = i / width;
		const uint8_t *wanted = from(&x, &y) ? before + (gsize)(y * WIDTH + x) * pixel : nothing;
		if (memcmp(after + (gsize)i * pixel, wanted, pixel) != 0)
			fail_msg("%s: pixel %d, %d (%d bands of %d bits)", steps, i % width, i / width, shape->bands,
				shape->depth);
	}
}

static void test_every_pixel_comes_from_where_it_should(void **state)
{
	for (size_t i = 0; i < G_N_ELEMENTS(moves); i++)
		for (size_t s = 0; s < G_N_ELEMENTS(shapes); s++)
			assert_moved(moves[i].steps, moves[i].from, moves[i].width, moves[i].height, &shapes[s]);
}

static void test_moves_tile(void **state)
{
	static const struct shape some[] = {{3, 8, false}, {4, 16, false}};

	for (size_t i = 0; i < G_N_ELEMENTS(moves); i++)
		for (size_t s = 0; s < G_N_ELEMENTS(some); s++)
			assert_tiles(moves[i].steps, &some[s]);
}

static void test_what_reads_once(void **state)
{
	assert_reads_once("{'op':'crop','params':{'gravity':'centre','width':60,'height':40}}");
	assert_reads_once("{'op':'smart_crop','params':{'width':60,'height':40,'strategy':'low'}}");
	assert_reads_once("{'op':'zoom','params':{'factor':3}}");
	assert_int_equal(flags_of("{'op':'wrap'}"), 0);
	assert_int_equal(flags_of("{'op':'pad','params':{'all':3,'mode':'repeat'}}"), 0);
}

static double alpha_at(const double *pixel, int bands, bool alpha, double most)
{
	return alpha ? pixel[bands - 1] / most : 1;
}

/* The mean of a block in every band, colours weighed by alpha; at the cut edge the last column and row count again. */
static double mean_of_block(const double *values, const struct shape *shape, int x, int y, int band, int size)
{
	bool alpha = !shape->cmyk && shape->bands % 2 == 0;
	double most = shape->depth == 16 ? 65535 : 255, sum = 0, weight = 0;

	for (int dy = 0; dy < size; dy++)
		for (int dx = 0; dx < size; dx++) {
			int at = MIN(y / size * size + dy, HEIGHT - 1) * WIDTH + MIN(x / size * size + dx, WIDTH - 1);
			const double *pixel = values + at * shape->bands;
			double share = band == shape->bands - 1 ? 1 : alpha_at(pixel, shape->bands, alpha, most);
			sum += pixel[band] * share;
			weight += share;
		}
	return weight > 0 ? sum / weight : 0;
}

static double *doubles(VipsImage *image)
{
	g_autoptr(VipsImage) wide = NULL;
	gsize length;

	assert_int_equal(vips_cast(image, &wide, VIPS_FORMAT_DOUBLE, NULL), 0);
	return vips_image_write_to_memory(wide, &length);
}

static void test_pixelate_is_the_mean_of_blocks(void **state)
{
	static const char steps[] = "{'op':'pixelate','params':{'size':8}}";

	for (size_t s = 0; s < G_N_ELEMENTS(shapes); s++) {
		g_autoptr(VipsImage) in = of_shape(&shapes[s], WIDTH, HEIGHT);
		g_autoptr(VipsImage) out = with_steps(steps, in);
		g_autofree double *before = doubles(in);
		g_autofree double *after = doubles(out);
		int bands = shapes[s].bands;
		assert_int_equal(out->Xsize, WIDTH);
		assert_int_equal(out->Ysize, HEIGHT);
		assert_int_equal(out->BandFmt, in->BandFmt);
		assert_int_equal(out->Type, in->Type);
		for (int i = 0; i < WIDTH * HEIGHT * bands; i++) {
			int x = i / bands % WIDTH, y = i / bands / WIDTH;
			double wanted = mean_of_block(before, &shapes[s], x, y, i % bands, 8);
			if (fabs(after[i] - wanted) > 0.5001)
				fail_msg("pixelate: %g instead of %g at %d, %d", after[i], wanted, x, y);
		}
		assert_tiles(steps, &shapes[s]);
	}
	assert_tiles("{'op':'pixelate','params':{'size':100}}", &shapes[2]);
	assert_tiles("{'op':'pixelate','params':{'size':1}}", &shapes[2]);
}

static void test_errors(void **state)
{
	g_autoptr(VipsImage) in = picture(40, 30, 3, 8);

	assert_refused("{'op':'crop','params':{'left':1,'top':2,'width':40,'height':3}}", in,
		"step 1 (crop): 40 x 3 at 1, 2 reaches outside the picture, which is 40 x 30 here");
	assert_refused("{'op':'tile','params':{'across':100000,'down':100000}},{'op':'tile','params':{'across':3000}}",
		in,
		"step 2 (tile): the picture would have 12000000000 x 6000000 pixels; a side can have 10000000 at most");
	assert_refused("{'op':'pad','params':{'left':10000000}}", in,
		"step 1 (pad): the picture would have 10000040 x 30 pixels; a side can have 10000000 at most");
	assert_told("crop: {width: 3, height: 3, left: 1, gravity: north}",
		"crop: left and top do not go with gravity; choose one");
	assert_told("pad", "pad: needs all, top, right, bottom or left, or width or height");
	assert_told("pad: {all: 3, width: 30}",
		"pad: width and height are of the whole, all, top, right, bottom and left are added; choose one");
	assert_told("pad: {all: 3, gravity: north}", "pad: gravity goes with width and height");
	assert_told("pad: {all: 3, mode: copy, background: red}", "pad: background goes with mode: background only");
	assert_told("pad: 20", "");
	assert_told("extend: {top: 20, bottom: 10, bg: '#ff0000'}", "");
	assert_told("embed: {width: 800, height: 600, position: top-left}", "");
	assert_told("crop: {width: 3, height: 3, gravity: centre}", "");
	assert_told("replicate: {across: 2, down: 2}", "");
	assert_told("zoom: 3", "");
	assert_told("pixelate: 12", "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_pixel_comes_from_where_it_should),
		cmocka_unit_test(test_moves_tile),
		cmocka_unit_test(test_what_reads_once),
		cmocka_unit_test(test_pixelate_is_the_mean_of_blocks),
		cmocka_unit_test(test_errors),
	};

	return cmocka_run_group_tests(tests, start_vips, NULL);
}

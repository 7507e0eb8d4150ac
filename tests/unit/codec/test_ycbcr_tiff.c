/* SPDX-License-Identifier: GPL-2.0-or-later
 * YCbCr in TIFF, which libvips shows as if it were RGB: every layout and every way of opening gives the colours that TIFF 6.0's formula gives. */
#include "../image/support.h"

#include <math.h>
#include <tiffio.h>

#include "codec/plan.h"
#include "image/read/page_frames.h"
#include "image/read/tiff_pieces.h"

struct layout {
	const char *name;
	int width, height, across, down; /* pixels; pixels that share a Cb and a Cr */
	int tile_width, rows;            /* tile_width 0: strips of `rows` */
	guint16 compression, orientation;
	const char *mode; /* of TIFFOpen() */
	bool narrow;      /* black and white of 16 to 235, and other coefficients */
};

static const struct layout layouts[] = {
	{"whole", 61, 45, 1, 1, 0, 45, COMPRESSION_NONE, 1, "w", false},
	{"narrow range, big-endian", 61, 45, 1, 1, 0, 7, COMPRESSION_LZW, 1, "wb", true},
	{"2x2, strips, turned", 61, 45, 2, 2, 0, 8, COMPRESSION_LZW, 6, "wl", false},
	{"2x1, one strip", 64, 200, 2, 1, 0, 200, COMPRESSION_ADOBE_DEFLATE, 3, "w", false},
	{"4x2, BigTIFF", 61, 150, 4, 2, 0, 2, COMPRESSION_NONE, 1, "w8", true},
	{"1x1, tiles", 100, 70, 1, 1, 32, 16, COMPRESSION_NONE, 1, "w", false},
	{"2x2, tiles", 100, 170, 2, 2, 32, 48, COMPRESSION_ADOBE_DEFLATE, 8, "wb", true},
};

static guint8 sample(int x, int y, int which)
{
	return (guint8)(which == 0   ? 20 + (3 * x + 2 * y) % 220
			: which == 1 ? 40 + (5 * x + y) % 180
				     : 30 + (x + 7 * y) % 200);
}

/* Units of a piece: across * down luminances, one Cb, one Cr (TIFF 6.0, section 21, "Data organization"). */
static gsize pack(const struct layout *l, int left, int top, int width, int rows, guint8 *to)
{
	guint8 *at = to;

	for (int y = top; y < top + rows; y += l->down)
		for (int x = left; x < left + width; x += l->across) {
			for (int i = 0; i < l->across * l->down; i++)
				*at++ = sample(
					MIN(x + i % l->across, l->width - 1), MIN(y + i / l->across, l->height - 1), 0);
			*at++ = sample(x, y, 1);
			*at++ = sample(x, y, 2);
		}
	return (gsize)(at - to);
}

static void write_page(TIFF *file, const struct layout *l)
{
	guint8 data[200 * 200 * 3];
	float coefficients[] = {0.2126f, 0.7152f, 0.0722f}, range[] = {16, 235, 128, 240, 128, 240};

	TIFFSetField(file, TIFFTAG_IMAGEWIDTH, l->width);
	TIFFSetField(file, TIFFTAG_IMAGELENGTH, l->height);
	TIFFSetField(file, TIFFTAG_SAMPLESPERPIXEL, 3);
	TIFFSetField(file, TIFFTAG_BITSPERSAMPLE, 8);
	TIFFSetField(file, TIFFTAG_PHOTOMETRIC, PHOTOMETRIC_YCBCR);
	TIFFSetField(file, TIFFTAG_PLANARCONFIG, PLANARCONFIG_CONTIG);
	TIFFSetField(file, TIFFTAG_COMPRESSION, l->compression);
	TIFFSetField(file, TIFFTAG_YCBCRSUBSAMPLING, l->across, l->down);
	TIFFSetField(file, TIFFTAG_ORIENTATION, l->orientation);
	TIFFSetField(file, TIFFTAG_XRESOLUTION, 300.0);
	TIFFSetField(file, TIFFTAG_YRESOLUTION, 300.0);
	TIFFSetField(file, TIFFTAG_RESOLUTIONUNIT, RESUNIT_INCH);
	TIFFSetField(file, TIFFTAG_IMAGEDESCRIPTION, "described");
	if (l->narrow) {
		TIFFSetField(file, TIFFTAG_YCBCRCOEFFICIENTS, coefficients);
		TIFFSetField(file, TIFFTAG_REFERENCEBLACKWHITE, range);
	}
	if (l->tile_width) {
		TIFFSetField(file, TIFFTAG_TILEWIDTH, l->tile_width);
		TIFFSetField(file, TIFFTAG_TILELENGTH, l->rows);
	} else {
		TIFFSetField(file, TIFFTAG_ROWSPERSTRIP, l->rows);
	}
	guint32 piece = 0;
	for (int top = 0; top < l->height; top += l->rows)
		for (int left = 0; left < l->width; left += l->tile_width ? l->tile_width : l->width) {
			gsize length = l->tile_width ? pack(l, left, top, l->tile_width, l->rows, data)
						     : pack(l, 0, top, l->width, MIN(l->rows, l->height - top), data);
			if ((l->tile_width ? TIFFWriteEncodedTile : TIFFWriteEncodedStrip)(
				    file, piece++, data, (tmsize_t)length) < 0)
				fail_msg("%s: piece %u", l->name, piece);
		}
	assert_true(TIFFWriteDirectory(file));
}

static char *write_file(const char *folder, const struct layout *one, const struct layout *two)
{
	char *path = g_build_filename(folder, "a.tif", NULL);
	TIFF *file = TIFFOpen(path, one->mode);

	assert_non_null(file);
	write_page(file, one);
	if (two)
		write_page(file, two);
	TIFFClose(file);
	return path;
}

/* The formula of TIFF 6.0, section 21. */
static VipsImage *right(const struct layout *l)
{
	double red = l->narrow ? 0.2126 : 0.299, green = l->narrow ? 0.7152 : 0.587, blue = 1 - red - green;
	VipsImage *image = vips_image_new_from_memory_copy((guint8[200 * 200 * 3]){0},
		(gsize)l->width * (gsize)l->height * 3, l->width, l->height, 3, VIPS_FORMAT_UCHAR);

	image->Type = VIPS_INTERPRETATION_sRGB;
	for (int y = 0; y < l->height; y++)
		for (int x = 0; x < l->width; x++) {
			int u = x - x % l->across, v = y - y % l->down;
			double lum = sample(x, y, 0), cb = sample(u, v, 1) - 128, cr = sample(u, v, 2) - 128;
			if (l->narrow)
				lum = (lum - 16) * 255 / 219, cb = cb * 127 / 112, cr = cr * 127 / 112;
			double r = lum + cr * (2 - 2 * red), b = lum + cb * (2 - 2 * blue);
			double rgb[] = {r, (lum - blue * b - red * r) / green, b};
			for (int band = 0; band < 3; band++)
				VIPS_IMAGE_ADDR(image, x, y)[band] = (guint8)CLAMP(lrint(rgb[band]), 0, 255);
		}
	return image;
}

/* libtiff computes in whole numbers; those of a narrow range are rounded before and after. */
static void assert_near(VipsImage *got, VipsImage *wanted, const struct layout *l)
{
	g_autoptr(VipsImage) apart = NULL, away = NULL;
	double most = 0;

	assert_int_equal(got->Xsize, wanted->Xsize);
	assert_int_equal(got->Ysize, wanted->Ysize);
	assert_int_equal(got->Bands, 3);
	assert_int_equal(got->Type, VIPS_INTERPRETATION_sRGB);
	if (vips_subtract(got, wanted, &apart, NULL) || vips_abs(apart, &away, NULL) || vips_max(away, &most, NULL))
		fail_msg("%s: %s", l->name, vips_error_buffer());
	if (most > (l->narrow ? 3 : 1))
		fail_msg("%s: %g levels apart", l->name, most);
}

static void colours_of_each_layout(void **state)
{
	g_autofree char *folder = scratch_folder();

	for (guint i = 0; i < G_N_ELEMENTS(layouts); i++) {
		const struct layout *l = &layouts[i];
		g_autofree char *path = write_file(folder, l, NULL);
		g_autoptr(GError) error = NULL;
		g_autofree char *data = NULL;
		gsize length;
		assert_true(g_file_get_contents(path, &data, &length, NULL));
		g_autoptr(GBytes) bytes = g_bytes_new(data, length);
		g_autoptr(VipsImage) wanted = right(l);
		for (int way = 0; way < 4; way++) {
			g_autoptr(VipsImage) image = NULL;
			if (!format_open(path, way & 2 ? bytes : NULL, way & 1, NULL, &image, &error))
				fail_msg("%s: %s", l->name, error->message);
			assert_near(image, wanted, l);
			assert_int_equal(vips_image_get_orientation(image), l->orientation);
			assert_true(fabs(image->Xres - 300 / 25.4) < 1e-3);
			assert_string_equal(format_of_image(image), "tiff");
			assert_true(vips_image_get_typeof(image, VIPS_META_IMAGEDESCRIPTION));
		}
		assert_memory_equal(data, g_bytes_get_data(bytes, NULL), length);
		remove(path);
	}
	remove_scratch(folder);
}

static void thumbnails(void **state)
{
	g_autofree char *folder = scratch_folder();
	g_autoptr(JsonArray) steps = chain("[{\"op\":\"thumbnail\",\"params\":{\"width\":30,\"height\":30}}]");

	for (guint i = 0; i < G_N_ELEMENTS(layouts); i++) {
		g_autofree char *path = write_file(folder, &layouts[i], NULL);
		const struct build_context context = {.source_path = path};
		g_autoptr(VipsImage) source = NULL, small = NULL, wanted = NULL;
		g_autoptr(VipsImage) full = right(&layouts[i]);
		g_autoptr(GError) error = NULL;
		vips_image_set_int(full, VIPS_META_ORIENTATION, layouts[i].orientation);
		assert_true(format_open(path, NULL, true, NULL, &source, NULL));
		if (!chain_open(steps, source, &context, &small, &error))
			fail_msg("%s: %s", layouts[i].name, error->message);
		assert_int_equal(vips_thumbnail_image(full, &wanted, 30, "height", 30, NULL), 0);
		assert_near(small, wanted, &layouts[i]);
		remove(path);
	}
	remove_scratch(folder);
}

static void pages(void **state)
{
	static const struct layout one = {"first page", 61, 45, 1, 1, 0, 45, COMPRESSION_NONE, 1, "w", false};
	g_autofree char *folder = scratch_folder();
	g_autofree char *path = write_file(folder, &one, &layouts[2]);
	g_autoptr(GError) error = NULL;
	auto_struct(page_frames) frames = page_frames_open(path, NULL, NULL, &error);

	if (!frames)
		fail_msg("%s", error->message);
	assert_int_equal(frames->images->len, 2);
	for (guint i = 0; i < 2; i++) {
		const struct layout *l = i ? &layouts[2] : &one;
		g_autoptr(VipsImage) wanted = right(l);
		assert_near(frames->images->pdata[i], wanted, l);
	}
	remove_scratch(folder);
}

/* The tiled lane's plan and decoder. */
static void in_tiles(void **state)
{
	g_autofree char *folder = scratch_folder();

	for (guint i = 0; i < G_N_ELEMENTS(layouts); i++) {
		g_autofree char *path = write_file(folder, &layouts[i], NULL);
		g_autoptr(JsonObject) request = json_object_new();
		g_autoptr(GError) error = NULL;
		JsonArray *outputs = json_array_new();
		g_autoptr(VipsImage) wanted = right(&layouts[i]);
		json_object_set_string_member(request, "path", path);
		json_object_set_int_member(request, "tile", 32);
		json_object_set_boolean_member(request, "tile_fixed", TRUE);
		json_object_set_array_member(request, "steps", chain("[]"));
		json_array_add_object_element(outputs, json_object_new());
		json_object_set_array_member(request, "outputs", outputs);
		auto_struct(plan) plan = plan_make(request, &error);
		if (!plan)
			fail_msg("%s: %s", layouts[i].name, error->message);
		assert_null(plan->whole);
		assert_near(plan->source, wanted, &layouts[i]);
		assert_null(tiff_pieces_open(path, plan->source, 2, 512));
		remove(path);
	}
	remove_scratch(folder);
}

/* Wherever it is damaged: an error, or other pixels, and no crash. */
static void a_damaged_file(void **state)
{
	g_autofree char *folder = scratch_folder();
	g_autofree char *path = write_file(folder, &layouts[2], NULL), *data = NULL;
	gsize length;
	int failed = 0;

	assert_true(g_file_get_contents(path, &data, &length, NULL));
	for (gsize i = 8; i < length; i += 97) {
		g_autofree char *broken = g_memdup2(data, length);
		memset(broken + i, 0xff, MIN(40, length - i));
		g_autoptr(GBytes) bytes = g_bytes_new(broken, length);
		g_autoptr(VipsImage) image = NULL, memory = NULL;
		failed += !format_open(NULL, bytes, i & 1, NULL, &image, NULL) ||
			  !(memory = vips_image_copy_memory(image));
	}
	assert_true(failed > 10);
	remove_scratch(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(colours_of_each_layout),
		cmocka_unit_test(thumbnails),
		cmocka_unit_test(pages),
		cmocka_unit_test(in_tiles),
		cmocka_unit_test(a_damaged_file),
	};

	return cmocka_run_group_tests(tests, start_vips, NULL);
}

/* SPDX-License-Identifier: GPL-2.0-or-later
 * Packed TIFF read piece by piece on several cores: the pixels that libvips' loader gives, or left to it. */
#include <malloc.h>
#include <tiffio.h>
#include <zlib.h>

#include "support.h"

#include "base/disk/files.h"
#include "image/read/tiff_pieces.h"

static VipsImage *opened(const char *path)
{
	const struct image_limits none = {0};
	g_autoptr(GError) error = NULL;
	VipsImage *image = NULL;

	if (!format_open(path, NULL, false, &none, &image, &error))
		fail_msg("%s", error->message);
	return image;
}

/* A picture saved with libvips' own words for options, "compression=lzw,tile". */
static char *saved(const char *folder, VipsImage *image, const char *options)
{
	char *path = g_build_filename(folder, "p.tif", NULL);
	g_autofree char *with = g_strdup_printf("%s[%s]", path, options);

	if (vips_image_write_to_file(image, with, NULL))
		fail_msg("%s: %s", with, vips_error_buffer());
	return path;
}

/* Reads all, band by band, through a ring of so many rows. */
static bool read_all(struct tiff_pieces *pieces, VipsImage *image, int ring_rows, guint8 *out, GError **error)
{
	gsize line = VIPS_IMAGE_SIZEOF_LINE(image), stride = line + 13;
	g_autofree guint8 *ring = g_malloc0(stride * (gsize)ring_rows);

	for (int top = 0; top < image->Ysize; top += tiff_pieces_rows(pieces)) {
		int count = MIN(tiff_pieces_rows(pieces), image->Ysize - top);
		if (!tiff_pieces_read(pieces, top, count, ring, stride, ring_rows, error))
			return false;
		for (int y = top; y < top + count; y++)
			memcpy(out + line * (gsize)y, ring + stride * (gsize)(y % ring_rows), line);
	}
	return true;
}

static void check(int width, int height, int bands, int depth, const char *options, int threads, int most_rows)
{
	g_autofree char *folder = scratch_folder();
	g_autoptr(VipsImage) image = picture(width, height, bands, depth);
	g_autofree char *path = saved(folder, image, options);
	g_autoptr(VipsImage) file = opened(path);
	g_autoptr(GError) error = NULL;
	size_t length;
	g_autofree guint8 *expected = vips_image_write_to_memory(file, &length);
	g_autofree guint8 *found = g_malloc0(length);
	auto_struct(tiff_pieces) pieces = tiff_pieces_open(path, file, threads, most_rows);

	if (!pieces)
		fail_msg("%d x %d x %d x %d bits, %s: left to libvips", width, height, bands, depth, options);
	assert_true(tiff_pieces_rows(pieces) <= most_rows);
	if (!read_all(pieces, file, most_rows + 5, found, &error))
		fail_msg("%s: %s", options, error->message);
	assert_memory_equal(found, expected, length);
	files_remove_tree(folder);
}

static void test_pixels_are_those_of_the_loader(void **state)
{
	static const char *const options[] = {"compression=deflate,tile,tile-width=64,tile-height=64",
		"compression=lzw,tile,tile-width=128,tile-height=32,predictor=horizontal",
		"compression=zstd,tile,tile-width=16,tile-height=16", "compression=packbits,tile-height=7",
		"compression=lzw,tile-height=16,predictor=none", "compression=deflate,bigtiff,tile-height=40"};
	static const int sizes[][2] = {{300, 200}, {64, 128}, {65, 129}, {33, 500}};

	for (guint o = 0; o < G_N_ELEMENTS(options); o++)
		for (guint s = 0; s < G_N_ELEMENTS(sizes); s++)
			for (int bands = 1; bands <= 4; bands++)
				for (int depth = 8; depth <= 16; depth += 8)
					check(sizes[s][0], sizes[s][1], bands, depth, options[o], 2 + (int)s,
						128 + 20 * (int)s);
}

static bool suits(VipsImage *image, const char *options, int threads, int most_rows)
{
	g_autofree char *folder = scratch_folder();
	g_autofree char *path = saved(folder, image, options);
	g_autoptr(VipsImage) file = opened(path);
	auto_struct(tiff_pieces) pieces = tiff_pieces_open(path, file, threads, most_rows);

	files_remove_tree(folder);
	return pieces != NULL;
}

static void test_what_else_a_loader_does_is_left_to_it(void **state)
{
	static const char *const others[] = {"compression=none,tile", "compression=jpeg,tile",
		"compression=deflate,tile-height=400", "compression=deflate,tile,miniswhite",
		"compression=lzw,bitdepth=1,predictor=none", "compression=lzw,bitdepth=4,predictor=none"};
	static const char tiles[] = "compression=deflate,tile,tile-width=64,tile-height=64";
	g_autoptr(VipsImage) grey = picture(300, 300, 1, 8);
	g_autoptr(VipsImage) alpha = picture(300, 300, 4, 8);
	g_autoptr(VipsImage) real = NULL;
	g_autofree char *premultiplied = g_strconcat(tiles, ",premultiply", NULL);

	assert_true(suits(grey, tiles, 2, 300));
	for (guint i = 0; i < G_N_ELEMENTS(others); i++)
		if (suits(grey, others[i], 2, 300))
			fail_msg("%s is not left to libvips", others[i]);
	assert_true(suits(alpha, tiles, 2, 300));
	assert_false(suits(alpha, premultiplied, 2, 300));
	assert_int_equal(vips_cast_float(grey, &real, NULL), 0);
	assert_false(suits(real, tiles, 2, 300));
	/* One core; no room for a row of tiles; not a TIFF at all. */
	assert_false(suits(grey, tiles, 1, 300));
	assert_false(suits(grey, tiles, 2, 63));
	assert_null(tiff_pieces_open("/dev/null", grey, 2, 300));
}

static void test_a_damaged_piece_is_an_error(void **state)
{
	static const char *const options[] = {
		"compression=deflate,tile,tile-width=64,tile-height=64", "compression=deflate,tile-height=20"};
	for (guint o = 0; o < G_N_ELEMENTS(options); o++) {
		g_autofree char *folder = scratch_folder();
		g_autoptr(VipsImage) image = NULL;
		/* Smooth: of what does not shrink, deflate keeps bytes as they are, and no damage shows. */
		assert_int_equal(vips_grey(&image, 300, 300, "uchar", TRUE, NULL), 0);
		g_autofree char *path = saved(folder, image, options[o]);
		g_autofree char *bytes = NULL;
		g_autoptr(GError) error = NULL;
		gsize length;

		assert_true(g_file_get_contents(path, &bytes, &length, NULL));
		memset(bytes + length / 3, 0xff, 200);
		assert_true(g_file_set_contents(path, bytes, (gssize)length, NULL));
		g_autoptr(VipsImage) file = opened(path);
		g_autofree guint8 *found = g_malloc0(VIPS_IMAGE_SIZEOF_IMAGE(file));
		auto_struct(tiff_pieces) pieces = tiff_pieces_open(path, file, 3, 128);
		assert_non_null(pieces);
		assert_false(read_all(pieces, file, 200, found, &error));
		assert_true(g_error_matches(error, DROPMILL_ERROR, ERROR_INPUT));
		/* Where no row is wanted any more, damage is seen, too. */
		g_clear_error(&error);
		bool well = true;
		for (int top = 0; well && top < 300; top += tiff_pieces_rows(pieces))
			well = tiff_pieces_read(
				pieces, top, MIN(tiff_pieces_rows(pieces), 300 - top), NULL, 0, 1, &error);
		assert_false(well);
		files_remove_tree(folder);
	}
}

static void hush(const char *domain, GLogLevelFlags level, const char *text, gpointer unused)
{
	(void)domain;
	(void)level;
	(void)text;
	(void)unused;
}

/* All pixels as the pieces give them, while malloc() hands out memory that is filled with this byte. NULL: refused; *left: left to
 * libvips. */
static guint8 *read_filled(const char *path, VipsImage *file, int filler, bool *left)
{
	gsize length = VIPS_IMAGE_SIZEOF_IMAGE(file);
	g_autofree guint8 *found = g_malloc0(length);

	mallopt(M_PERTURB, filler);
	auto_struct(tiff_pieces) pieces = tiff_pieces_open(path, file, 2, 64);
	bool well = pieces && read_all(pieces, file, 64, found, NULL);
	mallopt(M_PERTURB, 0);
	*left = !pieces;
	return well ? g_steal_pointer(&found) : NULL;
}

/* The picture in this file. True: it was compared. */
static bool compare_damaged(const char *path, const char *what)
{
	const struct image_limits limits = {.megapixels = 1};
	g_autoptr(VipsImage) file = NULL;
	bool left = false;
	size_t length;

	if (!format_open(path, NULL, false, &limits, &file, NULL))
		return false;
	g_autofree guint8 *one = read_filled(path, file, 0xa5, &left);
	if (left)
		return false;
	g_autofree guint8 *other = read_filled(path, file, 0x5a, &left);
	g_autofree guint8 *expected = vips_image_write_to_memory(file, &length);
	if (!one != !expected || !other != !expected)
		fail_msg("%s: libvips %s it", what, expected ? "reads" : "refuses");
	if (expected && (memcmp(one, expected, length) != 0 || memcmp(other, expected, length) != 0))
		fail_msg("%s: not what libvips shows", what);
	return expected != NULL;
}

static void test_damaged_files_show_what_libvips_shows(void **state)
{
	static const char *const options[] = {
		"compression=deflate,tile,tile-width=16,tile-height=16,predictor=horizontal",
		"compression=lzw,tile,tile-width=32,tile-height=16", "compression=zstd,tile-height=4",
		"compression=packbits,tile-height=4", "compression=lzw,tile-height=5,predictor=horizontal"};
	GRand *dice = g_rand_new_with_seed(20261128);
	int compared = 0;

	GLogFunc before = g_log_set_default_handler(hush, NULL);
	for (guint o = 0; o < G_N_ELEMENTS(options); o++) {
		g_autofree char *folder = scratch_folder();
		g_autoptr(VipsImage) image = picture(90, 44, o % 2 ? 3 : 1, 8);
		g_autofree char *path = saved(folder, image, options[o]);
		g_autofree char *bytes = NULL;
		gsize length;
		assert_true(g_file_get_contents(path, &bytes, &length, NULL));
		for (int round = 0; round < 250; round++) {
			g_autofree char *damaged = g_memdup2(bytes, length);
			g_autofree char *what = g_strdup_printf("%s, round %d", options[o], round);
			/* The directory lies at the end; its numbers matter most. */
			for (int i = g_rand_int_range(dice, 1, 5); i > 0; i--) {
				int from = g_rand_boolean(dice) ? 0 : (int)length - MIN((int)length, 400);
				damaged[g_rand_int_range(dice, from, (int)length)] = (char)g_rand_int(dice);
			}
			assert_true(g_file_set_contents(path, damaged, (gssize)length, NULL));
			compared += compare_damaged(path, what);
			vips_error_clear();
		}
		files_remove_tree(folder);
	}
	g_log_set_default_handler(before, NULL);
	g_rand_free(dice);
	print_message("%d damaged files were compared\n", compared);
	assert_true(compared > 200);
}

/* A file whose pieces hold twice as many rows as their size says, in stored blocks: libdeflate then writes nothing, and libtiff is content. */
static char *overfull(const char *folder, bool tiled)
{
	enum { WIDTH = 64, ROWS = 16, PIECES = 6 };
	char *path = g_build_filename(folder, "over.tif", NULL);
	guint8 raw[WIDTH * ROWS * 2], packed[sizeof(raw) + 100];
	TIFF *file = TIFFOpen(path, "w");

	TIFFSetField(file, TIFFTAG_IMAGEWIDTH, WIDTH);
	TIFFSetField(file, TIFFTAG_IMAGELENGTH, ROWS * PIECES);
	TIFFSetField(file, TIFFTAG_BITSPERSAMPLE, 8);
	TIFFSetField(file, TIFFTAG_SAMPLESPERPIXEL, 1);
	TIFFSetField(file, TIFFTAG_PHOTOMETRIC, PHOTOMETRIC_MINISBLACK);
	TIFFSetField(file, TIFFTAG_PLANARCONFIG, PLANARCONFIG_CONTIG);
	TIFFSetField(file, TIFFTAG_COMPRESSION, COMPRESSION_ADOBE_DEFLATE);
	TIFFSetField(file, tiled ? TIFFTAG_TILEWIDTH : TIFFTAG_ROWSPERSTRIP, tiled ? WIDTH : ROWS);
	if (tiled)
		TIFFSetField(file, TIFFTAG_TILELENGTH, ROWS);
	memset(raw, 200, sizeof(raw));
	for (uint32_t i = 0; i < PIECES; i++) {
		uLongf length = sizeof(packed);
		compress2(packed, &length, raw, sizeof(raw), 0);
		(tiled ? TIFFWriteRawTile : TIFFWriteRawStrip)(file, i, packed, (tmsize_t)length);
	}
	TIFFClose(file);
	return path;
}

static void test_a_piece_that_libtiff_does_not_fill_is_black(void **state)
{
	for (int tiled = 0; tiled < 2; tiled++) {
		g_autofree char *folder = scratch_folder();
		g_autofree char *path = overfull(folder, tiled);
		assert_true(compare_damaged(path, tiled ? "tiles" : "strips"));
		files_remove_tree(folder);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pixels_are_those_of_the_loader),
		cmocka_unit_test(test_what_else_a_loader_does_is_left_to_it),
		cmocka_unit_test(test_a_damaged_piece_is_an_error),
		cmocka_unit_test(test_a_piece_that_libtiff_does_not_fill_is_black),
		cmocka_unit_test(test_damaged_files_show_what_libvips_shows),
	};

	return cmocka_run_group_tests(tests, start_vips, NULL);
}

/* SPDX-License-Identifier: GPL-2.0-or-later
 * EXIF in TIFF: what the camera said is there for libtiff to read, whatever the TIFF's kind, and all else is as it was. */
#include "support.h"

#include <math.h>
#include <tiffio.h>

#include "base/json.h"
#include "image/encode/format_saver.h"
#include "image/write/format_save.h"
#include "image/write/tiff_join.h"

#define THUMBNAIL "a secret face"

/* A photograph as it is opened: big_endian in the order of Motorola. */
static VipsImage *photograph(int width, int height, int bands, int depth)
{
	static const struct {
		const char *name, *value;
	} said[] = {
		{"exif-ifd0-Make", "Acme (Acme, ASCII, 5 components, 5 bytes)"},
		{"exif-ifd0-Model", "Box 3000 (Box 3000, ASCII, 9 components, 9 bytes)"},
		{"exif-ifd0-DateTime", "2026:11:23 10:11:12 (2026:11:23 10:11:12, ASCII, 20 components, 20 bytes)"},
		{"exif-ifd2-DateTimeOriginal",
			"2026:11:22 09:08:07 (2026:11:22 09:08:07, ASCII, 20 components, 20 bytes)"},
		{"exif-ifd2-ISOSpeedRatings", "400 (400, Short, 1 components, 2 bytes)"},
		{"exif-ifd2-FNumber", "28/10 (f/2.8, Rational, 1 components, 8 bytes)"},
		{"exif-ifd2-PixelXDimension", "9999 (9999, Long, 1 components, 4 bytes)"},
		{"exif-ifd3-GPSLatitudeRef", "N (N, ASCII, 2 components, 2 bytes)"},
		{"exif-ifd3-GPSLatitude", "52/1 30/1 1234/100 (52, 30, 12.34, Rational, 3 components, 24 bytes)"},
	};
	g_autoptr(VipsImage) plain = picture(64, 48, 3, 8);
	g_autoptr(VipsImage) loaded = NULL;
	VipsImage *image = picture(width, height, bands, depth);
	void *bytes;
	size_t length;
	const void *block;

	for (size_t i = 0; i < G_N_ELEMENTS(said); i++)
		vips_image_set_string(plain, said[i].name, said[i].value);
	vips_image_set_blob_copy(plain, "jpeg-thumbnail-data", THUMBNAIL, sizeof(THUMBNAIL));
	assert_int_equal(vips_jpegsave_buffer(plain, &bytes, &length, NULL), 0);
	g_autoptr(GBytes) file = g_bytes_new_take(bytes, length);
	assert_true(format_open(NULL, file, false, NULL, &loaded, NULL));
	assert_int_equal(vips_image_get_blob(loaded, VIPS_META_EXIF_NAME, &block, &length), 0);
	vips_image_set_blob_copy(image, VIPS_META_EXIF_NAME, block, length);
	vips_image_remove(image, VIPS_META_ORIENTATION);
	return image;
}

static void assert_text(TIFF *file, guint32 tag, const char *wanted)
{
	char *text = NULL;

	if (!TIFFGetField(file, tag, &text) || !g_str_equal(text, wanted))
		fail_msg("tag %u: %s instead of %s", tag, text ? text : "nothing", wanted);
}

/* libtiff reads all that was said, of this page. */
static void assert_told(const char *path, int page, int width)
{
	TIFF *file = TIFFOpen(path, "r");
	guint64 at = 0;
	guint16 count = 0;
	guint32 across = 0;
	void *values = NULL;
	float number = 0;
	double *degrees = NULL;

	assert_non_null(file);
	assert_true(TIFFSetDirectory(file, (tdir_t)page));
	assert_text(file, TIFFTAG_MAKE, "Acme");
	assert_text(file, TIFFTAG_MODEL, "Box 3000");
	assert_text(file, TIFFTAG_DATETIME, "2026:11:23 10:11:12");
	assert_true(TIFFGetField(file, TIFFTAG_EXIFIFD, &at));
	assert_true(TIFFReadEXIFDirectory(file, at));
	assert_text(file, EXIFTAG_DATETIMEORIGINAL, "2026:11:22 09:08:07");
	assert_true(TIFFGetField(file, EXIFTAG_ISOSPEEDRATINGS, &count, &values));
	assert_int_equal(count, 1);
	assert_int_equal(*(guint16 *)values, 400);
	assert_true(TIFFGetField(file, EXIFTAG_FNUMBER, &number));
	assert_true(fabs(number - 2.8) < 1e-6);
	assert_true(TIFFGetField(file, EXIFTAG_PIXELXDIMENSION, &across));
	assert_int_equal(across, width);
	assert_false(TIFFGetField(file, EXIFTAG_MAKERNOTE, &across, &values));
	assert_true(TIFFSetDirectory(file, (tdir_t)page));
	assert_true(TIFFGetField(file, TIFFTAG_GPSIFD, &at));
	assert_true(TIFFReadGPSDirectory(file, at));
	assert_text(file, GPSTAG_LATITUDEREF, "N");
	assert_true(TIFFGetField(file, GPSTAG_LATITUDE, &degrees));
	assert_true(degrees[0] == 52 && degrees[1] == 30 && fabs(degrees[2] - 12.34) < 1e-9);
	TIFFClose(file);
}

static int directories(const char *path)
{
	TIFF *file = TIFFOpen(path, "r");
	int count = (int)TIFFNumberOfDirectories(file);

	TIFFClose(file);
	return count;
}

static JsonObject *options(const char *json)
{
	g_autofree char *text = g_strdelimit(g_strdup(json), "'", '"');
	g_autoptr(JsonNode) node = json_from_string(text, NULL);

	assert_non_null(node);
	return json_object_ref(json_node_get_object(node));
}

/* Pixels, pages and metadata as libvips' saver alone writes them, and as many directories. */
static void assert_as_without(const char *path, VipsImage *image, JsonObject *save)
{
	const struct format *tiff = format_find("tiff");
	g_autofree char *bare = g_strconcat(path, ".bare", NULL);
	g_autoptr(VipsImage) a = NULL, b = NULL;

	assert_true(format_run_saver(image, tiff, bare, NULL, save, NULL));
	assert_true(format_open(path, NULL, false, NULL, &a, NULL));
	assert_true(format_open(bare, NULL, false, NULL, &b, NULL));
	assert_same_picture(a, b);
	assert_int_equal(vips_image_get_n_pages(a), vips_image_get_n_pages(b));
	assert_int_equal(vips_image_get_orientation(a), vips_image_get_orientation(b));
	assert_int_equal(directories(path), directories(bare));
	assert_int_equal(remove(bare), 0);
}

static void assert_saved(const char *folder, VipsImage *image, const char *json)
{
	g_autofree char *path = g_build_filename(folder, "a.tif", NULL);
	g_autoptr(JsonObject) save = options(json);
	g_autoptr(GBytes) memory = NULL;
	g_autoptr(GError) error = NULL;
	g_autofree char *contents = NULL;
	gsize length;

	if (!format_save(image, path, "tiff", save, &error))
		fail_msg("%s: %s", json, error->message);
	assert_told(path, 0, image->Xsize);
	assert_as_without(path, image, save);
	assert_true(format_save_memory(image, "tiff", save, &memory, NULL));
	assert_true(g_file_get_contents(path, &contents, &length, NULL));
	assert_int_equal(length, g_bytes_get_size(memory));
	assert_memory_equal(contents, g_bytes_get_data(memory, NULL), length);
	assert_null(memmem(contents, length, THUMBNAIL, sizeof(THUMBNAIL) - 1));
	assert_int_equal(remove(path), 0);
}

static void test_every_kind_of_tiff_tells(void **state)
{
	static const char *const kinds[] = {"{}", "{'compression': 'deflate', 'predictor': 'horizontal'}",
		"{'compression': 'jpeg'}", "{'compression': 'deflate', 'tiled': true, 'pyramid': true}",
		"{'subifd': true, 'tiled': true, 'pyramid': true}", "{'bigtiff': true}",
		"{'bigtiff': true, 'compression': 'lzw', 'tiled': true, 'pyramid': true}", "{'keep': ['exif']}"};
	g_autofree char *folder = scratch_folder();
	for (size_t i = 0; i < G_N_ELEMENTS(kinds); i++) {
		/* An odd number of bytes, too. */
		for (int width = 301; width < 303; width++) {
			g_autoptr(VipsImage) image = photograph(width, 203, 3, 8);
			assert_saved(folder, image, kinds[i]);
		}
	}
	g_autoptr(VipsImage) deep = photograph(99, 77, 4, 16);
	assert_saved(folder, deep, "{'compression': 'deflate'}");
	g_autoptr(VipsImage) turned = photograph(99, 77, 1, 8);
	vips_image_set_int(turned, VIPS_META_ORIENTATION, 6);
	assert_saved(folder, turned, "{}");
	/* Pages of one size: the first tells. */
	g_autoptr(VipsImage) pages = photograph(99, 80, 3, 8);
	vips_image_set_int(pages, VIPS_META_PAGE_HEIGHT, 40);
	assert_saved(folder, pages, "{}");
	remove_scratch(folder);
}

static void test_pages_of_different_sizes(void **state)
{
	g_autofree char *folder = scratch_folder();
	g_autofree char *path = g_build_filename(folder, "a.tif", NULL);
	g_autoptr(GPtrArray) pages = g_ptr_array_new_with_free_func(g_object_unref);
	g_ptr_array_add(pages, photograph(120, 90, 3, 8));
	g_ptr_array_add(pages, photograph(91, 133, 1, 8));
	assert_true(tiff_join_save(pages, path, NULL, NULL, NULL));
	assert_int_equal(directories(path), 2);
	assert_told(path, 0, 120);
	assert_told(path, 1, 91);
	remove_scratch(folder);
}

static void test_what_is_stripped_is_not_told(void **state)
{
	static const char *const kinds[] = {"{'strip': true}", "{'keep': ['icc']}"};
	g_autofree char *folder = scratch_folder();
	g_autofree char *path = g_build_filename(folder, "a.tif", NULL);
	char *text;
	guint64 at;
	for (size_t i = 0; i <= G_N_ELEMENTS(kinds); i++) {
		g_autoptr(VipsImage) image = photograph(99, 77, 3, 8);
		g_autoptr(JsonObject) save = options(i < G_N_ELEMENTS(kinds) ? kinds[i] : "{}");
		/* A step took this one away. */
		vips_image_remove(image, "exif-ifd0-Make");
		assert_true(format_save(image, path, "tiff", save, NULL));
		TIFF *file = TIFFOpen(path, "r");
		assert_false(TIFFGetField(file, TIFFTAG_MAKE, &text));
		assert_int_equal(TIFFGetField(file, TIFFTAG_EXIFIFD, &at), i == G_N_ELEMENTS(kinds));
		assert_int_equal(TIFFGetField(file, TIFFTAG_GPSIFD, &at), i == G_N_ELEMENTS(kinds));
		TIFFClose(file);
	}
	remove_scratch(folder);
}

/* EXIF comes from strangers: whatever its bytes say, a TIFF comes out that can be read. */
static void test_broken_exif_breaks_nothing(void **state)
{
	g_autofree char *folder = scratch_folder();
	g_autofree char *path = g_build_filename(folder, "a.tif", NULL);
	g_autoptr(VipsImage) image = photograph(40, 30, 3, 8);
	g_autoptr(GRand) dice = g_rand_new_with_seed(7);
	const void *block;
	size_t length;
	assert_int_equal(vips_image_get_blob(image, VIPS_META_EXIF_NAME, &block, &length), 0);
	g_autofree guint8 *sound = g_memdup2(block, length);
	for (int i = 0; i < 300; i++) {
		g_autofree guint8 *broken = g_memdup2(sound, length);
		g_autoptr(VipsImage) read = NULL;
		g_autoptr(VipsImage) damaged = picture(40, 30, 3, 8);
		g_autoptr(VipsImage) plain = picture(40, 30, 3, 8);
		for (int k = 0; k < 1 + i % 5; k++)
			broken[g_rand_int_range(dice, 6, (gint)length)] = (guint8)g_rand_int_range(dice, 0, 256);
		vips_image_set_blob_copy(damaged, VIPS_META_EXIF_NAME, broken,
			i % 3 ? length : (size_t)g_rand_int_range(dice, 0, (gint)length));
		vips_image_remove(damaged, VIPS_META_ORIENTATION);
		g_autoptr(GError) error = NULL;
		if (!format_save(damaged, path, "tiff", NULL, &error))
			fail_msg("block %d: %s", i, error->message);
		assert_true(format_open(path, NULL, false, NULL, &read, NULL));
		assert_same_picture(read, plain);
	}
	remove_scratch(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_kind_of_tiff_tells),
		cmocka_unit_test(test_pages_of_different_sizes),
		cmocka_unit_test(test_what_is_stripped_is_not_told),
		cmocka_unit_test(test_broken_exif_breaks_nothing),
	};

	return cmocka_run_group_tests(tests, start_vips, NULL);
}

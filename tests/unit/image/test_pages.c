/* SPDX-License-Identifier: GPL-2.0-or-later
 * Which pages are pictures of their own, and pages of different sizes and colours in one TIFF. */
#include <tiffio.h>

#include "support.h"

#include "base/disk/files.h"
#include "base/json.h"
#include "image/file/page_scan.h"
#include "image/read/page_frames.h"
#include "image/read/pages.h"
#include "image/write/format_save.h"
#include "image/write/tiff_join.h"

#define MOST 4
#define OLDER (-FILETYPE_REDUCEDIMAGE - 1)

struct directory {
	int width, height;
	int kind; /* NewSubfileType; -1: not told, OLDER: the older tag says that it is a smaller copy */
};

static GBytes *bytes_of(const char *path)
{
	char *data;
	gsize length;

	assert_true(g_file_get_contents(path, &data, &length, NULL));
	return g_bytes_new_take(data, length);
}

static void write_directory(TIFF *file, const struct directory *wanted, int level)
{
	g_autofree guint8 *row = g_malloc((gsize)wanted->width);

	memset(row, level, (gsize)wanted->width);
	TIFFSetField(file, TIFFTAG_IMAGEWIDTH, wanted->width);
	TIFFSetField(file, TIFFTAG_IMAGELENGTH, wanted->height);
	TIFFSetField(file, TIFFTAG_BITSPERSAMPLE, 8);
	TIFFSetField(file, TIFFTAG_SAMPLESPERPIXEL, 1);
	TIFFSetField(file, TIFFTAG_PHOTOMETRIC, PHOTOMETRIC_MINISBLACK);
	TIFFSetField(file, TIFFTAG_PLANARCONFIG, PLANARCONFIG_CONTIG);
	if (wanted->kind != -1)
		TIFFSetField(file, TIFFTAG_SUBFILETYPE, wanted->kind == OLDER ? FILETYPE_REDUCEDIMAGE : wanted->kind);
	for (int y = 0; y < wanted->height; y++)
		assert_int_equal(TIFFWriteScanline(file, row, (uint32_t)y, 0), 1);
	assert_int_equal(TIFFWriteDirectory(file), 1);
}

/* libtiff does not write the older tag: the newer one is made into it. Bytes as libtiff writes them here, classic or BigTIFF. */
static void make_older(guint8 *data, gsize length, bool wide)
{
	static const guint8 newer[] = {254, 0, 4, 0, 1, 0, 0, 0};

	for (gsize at = 0; at + 20 < length; at++)
		if (memcmp(data + at, newer, sizeof(newer)) == 0) {
			data[at] = 255;
			data[at + 2] = 3;
			data[at + (wide ? 12 : 8)] = OFILETYPE_REDUCEDIMAGE;
		}
}

static GBytes *tiff_of(const struct directory *wanted, const char *mode)
{
	g_autofree char *folder = scratch_folder();
	g_autofree char *path = g_build_filename(folder, "p.tif", NULL);
	TIFF *file = TIFFOpen(path, mode);

	for (int i = 0; i < MOST && wanted[i].width; i++)
		write_directory(file, &wanted[i], 50 * (i + 1));
	TIFFClose(file);
	GBytes *bytes = bytes_of(path);
	if (wanted[1].kind == OLDER)
		make_older((guint8 *)g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes), strchr(mode, '8'));
	files_remove_tree(folder);
	return bytes;
}

static const struct {
	const char *what;
	struct directory directories[MOST];
	int pages[MOST + 1]; /* their numbers; -1 ends them */
} rules[] = {
	{"one picture", {{40, 30, -1}}, {0, -1}},
	{"two pages, the second half as large", {{40, 30, -1}, {20, 15, -1}}, {0, 1, -1}},
	{"a pyramid of three that nothing tells", {{40, 30, -1}, {20, 15, -1}, {10, 7, -1}}, {0, -1}},
	{"three pages that halve and say that they are pages", {{40, 30, 2}, {20, 15, 2}, {10, 7, 2}}, {0, 1, 2, -1}},
	{"three that do not all halve", {{40, 30, -1}, {20, 15, -1}, {20, 15, -1}}, {0, 1, 2, -1}},
	{"a picture and a small one of it", {{40, 30, 0}, {20, 15, 1}}, {0, -1}},
	{"the same in the older tag", {{40, 30, -1}, {20, 15, OLDER}}, {0, -1}},
	{"two pages, each with a small one", {{40, 30, 2}, {9, 7, 1}, {30, 40, 2}, {7, 9, 1}}, {0, 2, -1}},
	{"the first is what is shown", {{20, 15, 1}, {40, 30, 0}}, {0, 1, -1}},
};

static void test_pages_of_a_tiff(void **state)
{
	for (guint i = 0; i < 2 * G_N_ELEMENTS(rules); i++) {
		const int *wanted = rules[i / 2].pages;
		g_autoptr(GBytes) bytes = tiff_of(rules[i / 2].directories, (const char *[]){"wb", "wl8"}[i % 2]);
		g_autoptr(VipsImage) opened = NULL;
		auto_struct(page_frames) frames = page_frames_open("x", bytes, NULL, NULL);
		guint count = 0;
		assert_true(format_open("x", bytes, false, NULL, &opened, NULL));
		assert_non_null(frames);
		for (; wanted[count] >= 0; count++) {
			const struct directory *page = &rules[i / 2].directories[wanted[count]];
			if (count >= frames->images->len)
				fail_msg("%s: %u pages", rules[i / 2].what, count);
			assert_int_equal(((VipsImage *)frames->images->pdata[count])->Xsize, page->width);
			assert_int_equal(((VipsImage *)frames->images->pdata[count])->Ysize, page->height);
		}
		/* What is told of the opened file agrees. */
		if (frames->images->len != count || (guint)vips_image_get_n_pages(opened) != count)
			fail_msg("%s: %u and %d pages", rules[i / 2].what, frames->images->len,
				vips_image_get_n_pages(opened));
		assert_int_equal(page_frames_wanted(opened, "tiff", NULL), count > 1);
	}
}

/* A box of this kind around what these bytes are. */
static GByteArray *boxed(const char *kind, GByteArray *inside /* takes */)
{
	GByteArray *out = g_byte_array_new();
	guint32 size = GUINT32_TO_BE(inside->len + 8);

	g_byte_array_append(out, (const guint8 *)&size, 4);
	g_byte_array_append(out, (const guint8 *)kind, 4);
	g_byte_array_append(out, inside->data, inside->len);
	g_byte_array_unref(inside);
	return out;
}

static void test_frames_of_a_sequence(void **state)
{
	static const guint8 sizes[] = {0, 0, 0, 0, 0, 0, 0, 9, 0, 0, 0, 7};
	GByteArray *inside = g_byte_array_new();

	g_byte_array_append(inside, sizes, sizeof(sizes));
	g_autoptr(GByteArray) file = boxed("ftyp", g_byte_array_append(g_byte_array_new(), (const guint8 *)"avis", 4));
	g_autoptr(GByteArray) movie =
		boxed("moov", boxed("trak", boxed("mdia", boxed("minf", boxed("stbl", boxed("stsz", inside))))));
	assert_int_equal(heif_frames(file->data, file->len), 0);
	g_byte_array_append(file, movie->data, movie->len);
	assert_int_equal(heif_frames(file->data, file->len), 7);
	/* Cut anywhere, and with any byte changed: some answer, and no byte behind the end is read. */
	for (guint i = 0; i < file->len; i++) {
		g_autofree guint8 *cut = g_memdup2(file->data, i ? i : 1);
		heif_frames(cut, i);
		g_autofree guint8 *changed = g_memdup2(file->data, file->len);
		changed[i] ^= 0xff;
		heif_frames(changed, file->len);
	}
}

/* A page's picture, with a description, a density and a profile of its own. */
static VipsImage *page_picture(int number)
{
	static const struct {
		int width, height, bands, depth;
	} kinds[] = {{300, 200, 3, 8}, {299, 203, 3, 8}, {150, 100, 1, 8}, {33, 400, 3, 8}};
	g_autofree char *text = g_strdup_printf("page number %d", number);
	VipsImage *image = picture(kinds[number].width, kinds[number].height, kinds[number].bands, kinds[number].depth);

	image->Xres = image->Yres = 4 + number;
	vips_image_set_string(image, VIPS_META_IMAGEDESCRIPTION, text);
	vips_image_set_blob_copy(image, VIPS_META_XMP_NAME, text, strlen(text));
	return image;
}

static void assert_same_text(VipsImage *one, VipsImage *other, const char *name)
{
	char *a, *b;

	assert_int_equal(vips_image_get_as_string(one, name, &a), 0);
	assert_int_equal(vips_image_get_as_string(other, name, &b), 0);
	assert_string_equal(a, b);
	g_free(a);
	g_free(b);
}

/* Page i of the joined file is what the file of that page alone is. */
static void check_page(GBytes *joined, GBytes *alone, const char *options)
{
	g_autoptr(VipsImage) one =
		vips_image_new_from_buffer(g_bytes_get_data(joined, NULL), g_bytes_get_size(joined), options, NULL);
	g_autoptr(VipsImage) other = vips_image_new_from_buffer(g_bytes_get_data(alone, NULL), g_bytes_get_size(alone),
		strstr(options, "subifd") ? "[subifd=0]" : "", NULL);

	if (!one || !other)
		fail_msg("%s: %s", options, vips_error_buffer());
	assert_same_picture(one, other);
	assert_true(one->Xres == other->Xres);
	assert_same_text(one, other, VIPS_META_XMP_NAME);
	assert_same_text(one, other, VIPS_META_IMAGEDESCRIPTION);
}

static void check_mixed(const char *text)
{
	g_autoptr(JsonObject) save = json_parse_object(text, -1, NULL);
	g_autoptr(GPtrArray) pages = g_ptr_array_new_with_free_func(g_object_unref);
	g_autofree char *folder = scratch_folder();
	g_autofree char *path = g_build_filename(folder, "m.tif", NULL);
	g_autoptr(GBytes) memory = NULL;
	g_autoptr(GError) error = NULL;
	bool grey = strstr(text, "bitdepth") != NULL, layers = strstr(text, "pyramid") != NULL;
	VipsInterpretation one = grey ? VIPS_INTERPRETATION_B_W : VIPS_INTERPRETATION_sRGB;

	for (int i = 0; i < MOST; i++) {
		g_autoptr(VipsImage) page = page_picture(i);
		VipsImage *own = NULL;
		/* WebP in TIFF has no grey. */
		assert_int_equal(grey || strstr(text, "webp") ? vips_colourspace(page, &own, one, NULL)
							      : vips_copy(page, &own, NULL),
			0);
		g_ptr_array_add(pages, own);
	}
	assert_true(page_frames_mixed(pages));
	if (!tiff_join_save(pages, path, NULL, save, &error) || !tiff_join_save(pages, NULL, &memory, save, &error))
		fail_msg("%s: %s", text, error->message);
	g_autoptr(GBytes) file = bytes_of(path);
	assert_true(g_bytes_equal(file, memory));
	auto_struct(page_frames) frames = page_frames_open(path, NULL, NULL, &error);
	assert_null(error);
	assert_int_equal(frames->images->len, MOST);
	for (int i = 0; i < MOST; i++) {
		g_autoptr(GBytes) alone = NULL;
		if (layers)
			json_object_set_boolean_member(save, "subifd", TRUE);
		assert_true(format_save_memory(pages->pdata[i], "tiff", save, &alone, &error));
		g_autofree char *options = g_strdup_printf("[page=%d]", i);
		g_autofree char *layer = g_strdup_printf("[page=%d,subifd=0]", i);
		check_page(file, alone, options);
		if (layers)
			check_page(file, alone, layer);
	}
	files_remove_tree(folder);
}

static void test_mixed_pages_in_one_tiff(void **state)
{
	static const char *const saves[] = {"{}", "{\"compression\":\"deflate\",\"predictor\":\"horizontal\"}",
		"{\"compression\":\"lzw\",\"tiled\":true}", "{\"compression\":\"packbits\",\"bigtiff\":true}",
		"{\"compression\":\"zstd\",\"tiled\":true,\"bigtiff\":true}",
		"{\"compression\":\"jpeg\",\"quality\":80}", "{\"compression\":\"jpeg\",\"tiled\":true}",
		"{\"compression\":\"webp\",\"tiled\":true}", "{\"compression\":\"ccittfax4\",\"bitdepth\":\"1\"}",
		"{\"bitdepth\":\"4\",\"miniswhite\":true}",
		"{\"compression\":\"deflate\",\"tiled\":true,\"pyramid\":true}",
		"{\"compression\":\"jpeg\",\"pyramid\":true,\"bigtiff\":true}"};

	for (guint i = 0; i < G_N_ELEMENTS(saves); i++)
		check_mixed(saves[i]);
}

/* libvips' own reader, and libtiff, walk it without a complaint. */
static void test_joined_pages_say_what_they_are(void **state)
{
	g_autoptr(GPtrArray) pages = g_ptr_array_new_with_free_func(g_object_unref);
	g_autofree char *folder = scratch_folder();
	g_autofree char *path = g_build_filename(folder, "m.tif", NULL);
	uint32_t kind;
	uint16_t number, count;

	for (int i = 0; i < MOST; i++)
		g_ptr_array_add(pages, page_picture(i));
	assert_true(tiff_join_save(pages, path, NULL, NULL, NULL));
	TIFF *file = TIFFOpen(path, "r");
	assert_non_null(file);
	for (int i = 0; i < MOST; i++) {
		assert_int_equal(TIFFSetDirectory(file, (tdir_t)i), 1);
		assert_int_equal(TIFFGetField(file, TIFFTAG_SUBFILETYPE, &kind), 1);
		assert_int_equal(kind, FILETYPE_PAGE);
		assert_int_equal(TIFFGetField(file, TIFFTAG_PAGENUMBER, &number, &count), 1);
		assert_int_equal(number, i);
		assert_int_equal(count, MOST);
	}
	assert_int_equal(TIFFLastDirectory(file), 1);
	TIFFClose(file);
	files_remove_tree(folder);
}

static void test_a_page_that_cannot_be_saved_is_named(void **state)
{
	g_autoptr(GPtrArray) pages = g_ptr_array_new_with_free_func(g_object_unref);
	g_autoptr(JsonObject) save = json_parse_object("{\"bitdepth\":\"1\"}", -1, NULL);
	g_autoptr(GError) error = NULL;
	g_autoptr(GBytes) bytes = NULL;

	g_ptr_array_add(pages, page_picture(2));
	g_ptr_array_add(pages, page_picture(0));
	assert_false(tiff_join_save(pages, NULL, &bytes, save, &error));
	assert_true(g_str_has_prefix(error->message, "page 2: tiff with bitdepth 1"));
	g_clear_error(&error);
	assert_false(tiff_join_save(pages, "/nonexistent/m.tif", NULL, NULL, &error));
	assert_non_null(strstr(error->message, "/nonexistent/m.tif"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pages_of_a_tiff),
		cmocka_unit_test(test_frames_of_a_sequence),
		cmocka_unit_test(test_mixed_pages_in_one_tiff),
		cmocka_unit_test(test_joined_pages_say_what_they_are),
		cmocka_unit_test(test_a_page_that_cannot_be_saved_is_named),
	};

	return cmocka_run_group_tests(tests, start_vips, NULL);
}

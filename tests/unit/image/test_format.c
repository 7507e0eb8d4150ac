/* SPDX-License-Identifier: GPL-2.0-or-later
 * Files: what opens, what is refused and with which words, what is saved. */
#include "support.h"

#include <glib/gstdio.h>
#include <unistd.h>

#include "base/file_format.h"
#include "base/json.h"
#include "image/table/format_table.h"
#include "image/table/vips_error.h"
#include "image/write/format_save.h"

/* x265 forgets a kilobyte of its own when it encodes. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
	return "leak:libx265\n";
}

static char *folder;

static int make_folder(void **state)
{
	folder = scratch_folder();
	return start_vips(state);
}

static int drop_folder(void **state)
{
	remove_scratch(folder);
	g_free(folder);
	return 0;
}

static char *path_of(const char *name)
{
	return g_build_filename(folder, name, NULL);
}

/* A file of the picture; returns its owned path. */
static char *saved(const char *name, const char *format, VipsImage *image)
{
	char *path = path_of(name);

	assert_true(format_save(image, path, format, NULL, NULL));
	return path;
}

static char *written(const char *name, const void *data, gsize length)
{
	char *path = path_of(name);

	assert_true(g_file_set_contents(path, data, (gssize)length, NULL));
	return path;
}

/* Opens, from the file and from its bytes: both must fail with this message. */
static void assert_refused(const char *path, const struct image_limits *limits, const char *message)
{
	for (int from_bytes = 0; from_bytes < 2; from_bytes++) {
		g_autofree char *data = NULL;
		gsize length = 0;
		assert_true(g_file_get_contents(path, &data, &length, NULL));
		g_autoptr(GBytes) bytes = from_bytes ? g_bytes_new(data, length) : NULL;
		g_autoptr(VipsImage) image = NULL;
		g_autoptr(GError) error = NULL;
		assert_false(format_open(path, bytes, false, limits, &image, &error));
		assert_null(image);
		assert_string_equal(error->message, message);
		assert_int_equal(error->code, ERROR_INPUT);
		assert_string_equal(vips_error_buffer(), "");
	}
}

static void test_what_is_no_image(void **state)
{
	g_autofree char *empty = written("empty.jpg", "", 0);
	g_autofree char *text = written("text.jpg", "Dear \"sir\",\nno picture.", 23);
	g_autofree char *matrix = written("matrix.jpg", "2 2\n1 2\n3 4\n", 12);
	g_autofree char *svg = written("drawing.png", "<svg xmlns='http://www.w3.org/2000/svg'/>", 41);
	g_autofree char *ppm = written("old.jpg", "P6 2 2 255\n123456789012", 23);
	g_autofree char *pdf = written("paper.jpg", "%PDF-1.4\n", 9);
	g_autofree char *bmp = written("old.png", "BM6\0\x0c\0\0\0", 8);

	assert_refused(empty, NULL, "empty file (0 bytes)");
	assert_refused(
		text, NULL, "not an image that dropmill reads (the file starts with \"Dear \\x22sir\\x22,\\x0ano p\")");
	assert_refused(
		matrix, NULL, "not an image that dropmill reads (the file starts with \"2 2\\x0a1 2\\x0a3 4\\x0a\")");
	assert_refused(bmp, NULL,
		"unsupported: a BMP file, which dropmill does not read (it reads jpeg, png, webp, tiff, gif, "
		"heif, avif); convert it to PNG first");
	assert_refused(svg, NULL,
		"an SVG file, which its pipeline does not allow; to read such files, whose library is not made for "
		"strangers' pictures, add allow: [svg] to the definition");
	assert_refused(pdf, NULL,
		"a PDF file, which its pipeline does not allow; to read such files, whose library is not made for "
		"strangers' pictures, add allow: [pdf] to the definition");
	g_autoptr(GError) error = NULL;
	g_autoptr(VipsImage) image = NULL;
	assert_false(format_open(ppm, NULL, false, NULL, &image, &error));
	assert_false(format_open("/nonexistent/a.jpg", NULL, false, NULL, &image, NULL));
	assert_false(format_open(folder, NULL, false, NULL, &image, NULL));
}

/* Decodes all pixels; NULL when that works, else the owned message. */
static char *decoding_error(const char *path, bool sequential)
{
	g_autoptr(VipsImage) image = NULL;
	g_autoptr(GError) error = NULL;
	gsize length;

	if (!format_open(path, NULL, sequential, NULL, &image, &error))
		return g_strdup(error->message);
	g_autofree void *pixels = vips_image_write_to_memory(image, &length);
	if (pixels)
		return NULL;
	vips_failed(&error, NULL);
	return g_strdup(error->message);
}

static void test_truncated_files_are_errors(void **state)
{
	static const char *const formats[] = {"jpeg", "png", "webp", "tiff", "gif", "avif"};
	static const char *const reasons[] = {"damaged image: the JPEG ends too early (",
		"damaged image: the PNG ends too early (", "damaged image: the WebP ends too early, or is damaged (",
		"damaged tiff file: its header cannot be read", "damaged image: the GIF ends too early (",
		"damaged image: the HEIF or AVIF ends too early ("};
	static const double parts[] = {0.9, 0.5, 0.05};

	for (size_t f = 0; f < G_N_ELEMENTS(formats); f++) {
		g_autoptr(VipsImage) image = picture(320, 240, 3, 8);
		g_autofree char *whole = saved("whole", formats[f], image);
		g_autofree char *data = NULL;
		gsize length;
		assert_null(decoding_error(whole, false));
		assert_null(decoding_error(whole, true));
		assert_true(g_file_get_contents(whole, &data, &length, NULL));
		for (size_t i = 0; i < G_N_ELEMENTS(parts); i++)
			for (int sequential = 0; sequential < 2; sequential++) {
				g_autofree char *cut = written("cut", data, (gsize)((double)length * parts[i]));
				g_autofree char *reason = decoding_error(cut, sequential);
				if (!reason)
					fail_msg("%s cut to %g was read", formats[f], parts[i]);
				if (!g_str_has_prefix(reason, reasons[f]))
					fail_msg("%s cut to %g: %s", formats[f], parts[i], reason);
			}
	}
}

static void test_limits(void **state)
{
	g_autoptr(VipsImage) image = picture(200, 100, 3, 8);
	g_autofree char *path = saved("limits.png", "png", image);
	g_autoptr(VipsImage) opened = NULL;

	assert_refused(path, &(struct image_limits){.megapixels = 0.0199},
		"200 x 100 pixels are 0.02 megapixels, above the limit of 0.0199 (limits: megapixels)");
	assert_true(
		format_open(path, NULL, false, &(struct image_limits){.megapixels = 0.02, .frames = 1}, &opened, NULL));
}

/* A name is a name: libvips' own file functions would take [..] for options. */
static void test_any_file_name(void **state)
{
	static const char *const names[] = {"a[b].png", "a[strip=1].png", "ü\n\".png", "-n", "a:b.png", "\xff.png"};

	for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
		g_autoptr(VipsImage) image = picture(30, 20, 3, 8);
		g_autoptr(VipsImage) again = NULL;
		g_autoptr(GError) error = NULL;
		g_autofree char *path = saved(names[i], "png", image);
		if (!format_open(path, NULL, false, NULL, &again, &error))
			fail_msg("%s: %s", names[i], error->message);
		assert_same_picture(again, image);
	}
}

/* An opened image outlives the caller's reference to its bytes. */
static void test_bytes_live_as_long_as_the_image(void **state)
{
	g_autoptr(VipsImage) image = picture(30, 20, 3, 8);
	g_autoptr(VipsImage) again = NULL;
	GBytes *bytes = NULL;

	assert_true(format_save_memory(image, "png", NULL, &bytes, NULL));
	assert_true(format_open("here.png", bytes, false, NULL, &again, NULL));
	g_bytes_unref(bytes);
	assert_same_picture(again, image);
}

static JsonObject *options(const char *text)
{
	JsonObject *object = json_parse_object(text, -1, NULL);

	assert_non_null(object);
	return object;
}

static gsize size_of(const char *format, const char *save)
{
	g_autoptr(VipsImage) image = picture(200, 150, 3, 8);
	g_autoptr(JsonObject) object = options(save);
	g_autoptr(GBytes) bytes = NULL;
	g_autoptr(GError) error = NULL;

	if (!format_save_memory(image, format, object, &bytes, &error))
		fail_msg("%s %s: %s", format, save, error->message);
	return g_bytes_get_size(bytes);
}

static void test_save_options_reach_libvips(void **state)
{
	assert_true(size_of("jpeg", "{\"quality\":20}") < size_of("jpeg", "{\"quality\":90}"));
	assert_true(size_of("jpeg", "{\"subsampling\":\"4:4:4\"}") > size_of("jpeg", "{\"subsampling\":\"4:2:0\"}"));
	assert_true(size_of("jpeg", "{\"optimise\":true}") < size_of("jpeg", "{}"));
	assert_true(size_of("jpeg", "{\"progressive\":true}") != size_of("jpeg", "{}"));
	assert_true(size_of("png", "{\"compression\":9}") < size_of("png", "{\"compression\":0}"));
	assert_true(size_of("png", "{\"palette\":true}") < size_of("png", "{}"));
	assert_true(size_of("png", "{\"interlace\":true}") != size_of("png", "{}"));
	assert_true(size_of("webp", "{\"lossless\":true}") > size_of("webp", "{\"quality\":10}"));
	assert_true(size_of("tiff", "{\"compression\":\"deflate\"}") < size_of("tiff", "{}"));
	assert_true(size_of("tiff", "{\"pyramid\":true,\"tiled\":true}") > size_of("tiff", "{\"tiled\":true}"));
	assert_true(
		size_of("avif", "{\"quality\":10,\"effort\":0}") < size_of("avif", "{\"quality\":90,\"effort\":0}"));
}

static void test_every_format_writes_and_reads(void **state)
{
	const char *const *names = file_format_names(FILE_FORMATS_WRITTEN);

	for (guint i = 0; names[i]; i++) {
		g_autoptr(VipsImage) image = picture(64, 48, 3, 8);
		g_autoptr(VipsImage) again = NULL;
		if (g_str_equal(names[i], "dz"))
			continue; /* a folder: test_pyramid.c */
		g_autofree char *path = saved("any", names[i], image);
		if (file_format_find(names[i])->untrusted)
			continue; /* written for others; their loaders are blocked */
		assert_true(format_open(path, NULL, true, NULL, &again, NULL));
		assert_int_equal(again->Xsize, 64);
		assert_string_equal(format_of_image(again), names[i]);
	}
}

static void test_strip_removes_metadata(void **state)
{
	for (int strip = 0; strip < 2; strip++) {
		g_autoptr(VipsImage) image = picture(30, 20, 3, 8);
		g_autoptr(VipsImage) again = NULL;
		g_autoptr(JsonObject) save = options(strip ? "{\"strip\":true}" : "{}");
		g_autofree char *path = path_of("meta.jpg");
		vips_image_set_int(image, VIPS_META_ORIENTATION, 6);
		assert_true(format_save(image, path, "jpeg", save, NULL));
		assert_true(format_open(path, NULL, false, NULL, &again, NULL));
		assert_int_equal(vips_image_get_orientation(again), strip ? 1 : 6);
	}
}

static void test_save_errors(void **state)
{
	g_autoptr(VipsImage) image = picture(30, 20, 3, 8);
	g_autoptr(JsonObject) wrong = options("{\"quality\":\"x\"}");
	g_autoptr(GError) error = NULL, second = NULL, third = NULL;

	assert_false(format_save(image, "/nonexistent/a.jpg", "jpeg", NULL, &error));
	assert_non_null(strstr(error->message, "No such file"));
	assert_false(format_save(image, "/dev/full", "jpeg", NULL, &second));
	assert_non_null(strstr(second->message, "No space left"));
	assert_int_equal(second->code, ERROR_RETRY);
	assert_false(format_save(image, "/dev/null", "jpeg", wrong, &third));
	assert_string_equal(third->message, "jpeg: quality: 'x' is of the wrong type");
	assert_false(format_save(image, "/dev/null", "bmp", NULL, NULL));
}

/* libvips passes fail_on to the loader for file names only, so a thumbnail of a source needs more to see the cut. */
static void test_truncated_thumbnails_are_errors(void **state)
{
	static const char *const formats[] = {"jpeg", "png", "webp", "tiff", "gif"};
	g_autoptr(JsonObject) params = options("{\"width\":90,\"height\":70,\"fit\":\"cover\"}");

	for (size_t f = 0; f < G_N_ELEMENTS(formats); f++) {
		g_autoptr(VipsImage) image = picture(320, 240, 3, 8);
		g_autoptr(GBytes) whole = NULL;
		assert_true(format_save_memory(image, formats[f], NULL, &whole, NULL));
		for (int cut = 0; cut < 2; cut++) {
			gsize length = g_bytes_get_size(whole);
			g_autoptr(GBytes) part = g_bytes_new_from_bytes(whole, 0, cut ? length / 2 : length);
			struct build_context context = {.source_bytes = part};
			g_autoptr(VipsImage) small = NULL;
			gsize size;
			bool loaded =
				operation_find("thumbnail")
					->load(&context, &(struct args){operation_find("thumbnail")->params, params},
						&small, NULL);
			g_autofree void *pixels = loaded ? vips_image_write_to_memory(small, &size) : NULL;
			if ((pixels == NULL) != (cut == 1))
				fail_msg("%s, %s: %s", formats[f], cut ? "cut" : "whole", pixels ? "read" : "not read");
			vips_error_clear();
		}
	}
}

static void test_reasons_are_true(void **state)
{
	g_autoptr(VipsImage) image = picture(320, 240, 3, 8);
	g_autofree char *path = saved("cut.jpg", "jpeg", image);
	g_autofree char *tiff = saved("cut.tif", "tiff", image);
	g_autoptr(VipsImage) opened = NULL;
	g_autoptr(GBytes) bytes = NULL;
	g_autoptr(GError) error = NULL;
	GStatBuf status;

	assert_int_equal(g_stat(path, &status), 0);
	assert_int_equal(truncate(path, status.st_size / 2), 0);
	assert_true(format_open(path, NULL, true, NULL, &opened, NULL));
	assert_false(format_save_memory(opened, "png", NULL, &bytes, &error));
	assert_string_equal(error->message,
		vips_version(1) < 15
			? "damaged image: the JPEG ends too early (VipsJpeg: Premature end of input file)"
			: "damaged image: the JPEG ends too early (VipsJpeg: premature end of JPEG image)");
	assert_int_equal(error->code, ERROR_INPUT);
	assert_int_equal(truncate(tiff, 1000), 0);
	assert_refused(tiff, NULL, "damaged tiff file: its header cannot be read (is it truncated?)");
}

/* A thumbnail as first step reads the file itself, just as vips_thumbnail() does. */
static void test_thumbnail_loads(void **state)
{
	g_autoptr(VipsImage) image = picture(800, 600, 3, 8);
	vips_image_set_int(image, VIPS_META_ORIENTATION, 6);
	g_autofree char *path = saved("photo.jpg", "jpeg", image);
	g_autofree char *data = NULL;
	gsize length;
	assert_true(g_file_get_contents(path, &data, &length, NULL));
	g_autoptr(GBytes) bytes = g_bytes_new(data, length);
	g_autoptr(JsonObject) params = options("{\"width\":90,\"height\":70}");
	const struct operation *thumbnail = operation_find("thumbnail");

	for (int from_bytes = 0; from_bytes < 2; from_bytes++) {
		struct build_context context = {
			.source_path = from_bytes ? NULL : path, .source_bytes = from_bytes ? bytes : NULL};
		g_autoptr(VipsImage) got = NULL, wanted = NULL;
		assert_true(thumbnail->load(&context, &(struct args){thumbnail->params, params}, &got, NULL));
		assert_int_equal(vips_thumbnail(path, &wanted, 90, "height", 70, NULL), 0);
		assert_int_equal(got->Ysize, 70);
		assert_same_picture(got, wanted);
	}
}

static void test_formats_of_loaders(void **state)
{
	assert_string_equal(format_of_loader("jpegload"), "jpeg");
	assert_string_equal(format_of_loader("jpegload_source"), "jpeg");
	assert_string_equal(format_of_loader("tiffload_buffer"), "tiff");
	assert_string_equal(format_of_loader("svgload"), "svg");
	assert_string_equal(format_of_loader("openslideload_source"), "tiff");
	assert_string_equal(format_of_loader("magickload"), "png");
	assert_string_equal(format_of_loader(NULL), "png");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_is_no_image),
		cmocka_unit_test(test_truncated_files_are_errors),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_any_file_name),
		cmocka_unit_test(test_bytes_live_as_long_as_the_image),
		cmocka_unit_test(test_save_options_reach_libvips),
		cmocka_unit_test(test_every_format_writes_and_reads),
		cmocka_unit_test(test_strip_removes_metadata),
		cmocka_unit_test(test_save_errors),
		cmocka_unit_test(test_truncated_thumbnails_are_errors),
		cmocka_unit_test(test_reasons_are_true),
		cmocka_unit_test(test_thumbnail_loads),
		cmocka_unit_test(test_formats_of_loaders),
	};

	return cmocka_run_group_tests(tests, make_folder, drop_folder);
}

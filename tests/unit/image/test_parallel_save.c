/* SPDX-License-Identifier: GPL-2.0-or-later
 * Pictures encoded in strips: JPEG and TIFF as libvips writes them, PNG with the same pixels and metadata, in any order of strips. */
#include "support.h"

#include "base/disk/files.h"
#include "base/json.h"
#include "image/encode/format_prepare.h"
#include "image/encode/format_saver.h"
#include "image/quirks/quirks.h"
#include "image/write/format_save.h"
#include "image/write/parallel/parallel_save.h"

/* Rows that come band by band, and no more at once than there is room for. */
struct feed {
	GMutex lock;
	int room, band, height;
	int taken, asked;
	bool stopped;
	int end; /* stops there; 0: never */
};

static bool feed_wait(void *user, int until)
{
	struct feed *feed = user;
	int complete = MIN((until + feed->band - 1) / feed->band * feed->band, feed->height);

	for (;;) {
		g_mutex_lock(&feed->lock);
		bool there = complete <= feed->taken + feed->room, stopped = feed->stopped;
		g_mutex_unlock(&feed->lock);
		if (stopped || (feed->end && until > feed->end))
			return false;
		if (there)
			return true;
		g_usleep(100);
	}
}

static void feed_taken(void *user, int until)
{
	struct feed *feed = user;

	g_mutex_lock(&feed->lock);
	assert_true(until > feed->taken);
	feed->taken = until;
	g_mutex_unlock(&feed->lock);
}

static void feed_stop(void *user)
{
	struct feed *feed = user;

	g_mutex_lock(&feed->lock);
	feed->stopped = true;
	g_mutex_unlock(&feed->lock);
}

static struct parallel_save_flow flow_of(struct feed *feed, int height, int band, int bands)
{
	*feed = (struct feed){.room = band * bands, .band = band, .height = height};
	g_mutex_init(&feed->lock);
	return (struct parallel_save_flow){feed_wait, feed_taken, feed_stop, feed, band, band * bands};
}

static void same_file(const char *one, const char *other)
{
	g_autofree char *a = NULL, *b = NULL;
	gsize an = 0, bn = 0;

	assert_true(g_file_get_contents(one, &a, &an, NULL) && g_file_get_contents(other, &b, &bn, NULL));
	assert_int_equal(an, bn);
	assert_memory_equal(a, b, an);
}

static VipsImage *opened(const char *path)
{
	g_autoptr(GError) error = NULL;
	const struct image_limits none = {0};
	VipsImage *image = NULL;

	if (!format_open(path, NULL, false, &none, &image, &error))
		fail_msg("%s: %s", path, error->message);
	return image;
}

static void same_metadata(VipsImage *one, VipsImage *other)
{
	g_auto(GStrv) fields = vips_image_get_fields(one);
	g_auto(GStrv) others = vips_image_get_fields(other);

	assert_int_equal(g_strv_length(fields), g_strv_length(others));
	for (char **field = fields; *field; field++) {
		char *a = NULL, *b = NULL;
		if (g_str_equal(*field, "filename"))
			continue;
		if (vips_image_get_as_string(one, *field, &a) || vips_image_get_as_string(other, *field, &b))
			fail_msg("%s: %s", *field, vips_error_buffer());
		assert_string_equal(a, b);
		g_free(a);
		g_free(b);
	}
}

static void same_picture(const char *one, const char *other)
{
	g_autoptr(VipsImage) a = opened(one);
	g_autoptr(VipsImage) b = opened(other);
	size_t an, bn;

	same_metadata(a, b);
	g_autofree char *pa = vips_image_write_to_memory(a, &an), *pb = vips_image_write_to_memory(b, &bn);
	assert_non_null(pa);
	assert_non_null(pb);
	assert_int_equal(an, bn);
	assert_memory_equal(pa, pb, an);
}

static void add_metadata(VipsImage *image)
{
	static const char text[] = "<x:xmpmeta xmlns:x=\"adobe:ns:meta/\"/>";
	/* One entry: the camera's maker, "Nikon", which lies behind the directory. */
	static const char exif[] = "Exif\0\0II*\0\x08\0\0\0\x01\0\x0f\x01\x02\0\x06\0\0\0\x1a\0\0\0\0\0\0\0Nikon";
	VipsBlob *profile = NULL;

	vips_image_set_blob_copy(image, VIPS_META_EXIF_NAME, exif, sizeof(exif));
	vips_image_set_blob_copy(image, VIPS_META_XMP_NAME, text, sizeof(text) - 1);
	vips_image_set_blob_copy(image, VIPS_META_IPTC_NAME, text, 12);
	vips_image_set_string(image, "exif-ifd0-Artist", "A. Nother (A. Nother, ASCII, 11 components, 11 bytes)");
	vips_image_set_int(image, VIPS_META_ORIENTATION, 3);
	image->Xres = 11.811;
	image->Yres = 5.9;
	if (image->Bands > 2 && vips_profile_load("srgb", &profile, NULL) == 0) {
		size_t length;
		const void *bytes = vips_blob_get(profile, &length);
		vips_image_set_blob_copy(image, VIPS_META_ICC_NAME, bytes, length);
		vips_area_unref(VIPS_AREA(profile));
	}
}

/* Its pixels and metadata are those that libvips' own saver writes; so is what comes in memory. */
static void check_png(VipsImage *image, JsonObject *save, const char *folder, const char *ours)
{
	g_autofree char *theirs = g_build_filename(folder, "theirs.png", NULL);
	g_autoptr(VipsImage) ready = NULL;
	g_autoptr(GBytes) memory = NULL;
	g_autofree char *bytes = NULL;
	gsize length;

	assert_true(format_prepare(image, format_find("png"), save, &ready, NULL));
	assert_true(format_run_saver(ready, format_find("png"), theirs, NULL, save, NULL));
	same_picture(ours, theirs);
	assert_true(format_save_memory(image, "png", save, &memory, NULL));
	assert_true(g_file_get_contents(ours, &bytes, &length, NULL));
	assert_int_equal(g_bytes_get_size(memory), length);
	assert_memory_equal(g_bytes_get_data(memory, NULL), bytes, length);
}

struct wish {
	const char *format, *save;
	int width, height, bands, depth;
	int band, bands_room;
};

/* Both ways; the result is compared. */
static void check(const struct wish *wish)
{
	g_autoptr(VipsImage) image = picture(wish->width, wish->height, wish->bands, wish->depth);
	g_autoptr(JsonObject) save = json_parse_object(wish->save, -1, NULL);
	g_autofree char *folder = scratch_folder();
	g_autofree char *one = g_build_filename(folder, "one", NULL),
			*strips = g_build_filename(folder, "strips", NULL);
	g_autoptr(GError) error = NULL;
	struct feed feed;
	const struct parallel_save_flow flow = flow_of(&feed, wish->height, wish->band, wish->bands_room);

	add_metadata(image);
	if (!format_save(image, one, wish->format, save, &error))
		fail_msg("%s %s: %s", wish->format, wish->save, error->message);
	auto_struct(parallel_save) all = parallel_save_new(image, wish->format, save, 4, &flow, &error);
	if (!all)
		fail_msg("%s %s %d x %d x %d: not in strips: %s", wish->format, wish->save, wish->width, wish->height,
			wish->bands, error ? error->message : "");
	if (!parallel_save_run(all, strips, &error))
		fail_msg("%s %s: %s", wish->format, wish->save, error ? error->message : "stopped");
	assert_int_equal(feed.taken, wish->height);
	same_file(strips, one);
	if (g_str_equal(wish->format, "png"))
		check_png(image, save, folder, one);
	g_mutex_clear(&feed.lock);
	files_remove_tree(folder);
}

static void test_jpeg_is_the_one_that_one_thread_writes(void **state)
{
	static const char *const saves[] = {"{}", "{\"quality\":95}", "{\"quality\":20}",
		"{\"quality\":100,\"subsampling\":\"on\"}", "{\"subsampling\":\"off\"}", "{\"strip\":true}",
		"{\"keep\":[\"icc\"]}", "{\"thumbnail\":\"fresh\"}", "{\"thumbnail\":\"fresh\",\"strip\":true}"};
	static const int sizes[][2] = {{1, 65}, {7, 200}, {16, 129}, {301, 257}, {640, 333}, {1283, 700}};

	for (guint i = 0; i < G_N_ELEMENTS(saves); i++)
		for (guint s = 0; s < G_N_ELEMENTS(sizes); s++)
			for (int bands = 1; bands <= 3; bands += 2)
				check(&(struct wish){
					"jpeg", saves[i], sizes[s][0], sizes[s][1], bands, 8, 64, 1 + (int)s % 3});
}

/* Strips that end in the midst of bands, and MCUs that are cut off on the right and below. */
static void test_jpeg_of_all_shapes(void **state)
{
	for (int i = 0; i < 60; i++)
		check(&(struct wish){"jpeg", i % 3 ? "{}" : "{\"quality\":92}", 50 + i * 37 % 300, 340 + i * 53 % 600,
			i % 2 ? 1 : 3, 8, 33 + i % 70, 2 + i % 3});
}

static void test_png_has_the_same_pixels(void **state)
{
	static const char *const saves[] = {"{}", "{\"compression\":1}", "{\"compression\":9,\"filter\":\"sub\"}",
		"{\"filter\":\"up\"}", "{\"filter\":\"avg\",\"strip\":true}", "{\"filter\":\"paeth\"}",
		"{\"compression\":3,\"filter\":\"all\",\"keep\":[\"xmp\",\"exif\"]}"};
	/* Of more than a megapixel, so that there are several strips: 666 rows of 1500 pixels, 416 of 2400, 9 of 110,000. */
	for (int i = 0; i < (int)G_N_ELEMENTS(saves); i++) {
		check(&(struct wish){"png", saves[i], 1500, 700, 1 + i % 4, i % 2 ? 16 : 8, 64, 16});
		check(&(struct wish){"png", saves[i], 2400, 850, 1 + (i + 1) % 4, i % 2 ? 8 : 16, 128, 8});
	}
	check(&(struct wish){"png", "{}", 110000, 20, 1, 8, 8, 3});
}

static void test_tiff_is_the_one_that_one_thread_writes(void **state)
{
	static const char *const saves[] = {"{\"compression\":\"deflate\"}",
		"{\"compression\":\"lzw\",\"predictor\":\"none\",\"tile_height\":64}",
		"{\"compression\":\"zstd\",\"level\":3,\"tiled\":true,\"tile_width\":64,\"tile_height\":32}",
		"{\"compression\":\"packbits\",\"strip\":true}", "{\"compression\":\"deflate\",\"bigtiff\":true}",
		"{\"compression\":\"deflate\",\"tiled\":true,\"bigtiff\":true}",
		"{\"compression\":\"deflate\",\"keep\":[\"icc\"]}"};
	static const char *const shallow[] = {"{\"compression\":\"jpeg\",\"quality\":60}",
		"{\"compression\":\"jpeg\",\"quality\":92,\"tiled\":true}",
		"{\"compression\":\"webp\",\"lossless\":true,\"tiled\":true}"};

	for (guint i = 0; i < G_N_ELEMENTS(saves); i++)
		for (int bands = 1; bands <= 4; bands++)
			for (int depth = 8; depth <= 16; depth += 8)
				check(&(struct wish){"tiff", saves[i], 300, 700, bands, depth, 128, 2});
	for (guint i = 0; i < G_N_ELEMENTS(shallow); i++)
		for (int bands = 1; bands <= 3; bands += 2) {
			bool random = strstr(shallow[i], "jpeg") && strstr(shallow[i], "tiled") &&
				      quirk(QUIRK_TIFF_JPEG_EDGES);
			/* webp in TIFF takes colour alone. */
			if (bands == 3 || !strstr(shallow[i], "webp"))
				check(&(struct wish){
					"tiff", shallow[i], random ? 384 : 301, random ? 640 : 650, bands, 8, 128, 3});
		}
	check(&(struct wish){"tiff", "{\"compression\":\"deflate\",\"predictor\":\"none\",\"bitdepth\":\"1\"}", 301,
		650, 1, 8, 128, 2});
	check(&(struct wish){"tiff", "{\"compression\":\"deflate\",\"miniswhite\":true}", 301, 650, 1, 8, 128, 2});
	check(&(struct wish){"tiff", "{\"compression\":\"ccittfax4\",\"bitdepth\":\"1\"}", 301, 650, 1, 8, 128, 2});
}

/* What one thread has to write. */
static void test_others_are_left_to_one_thread(void **state)
{
	static const struct wish wishes[] = {
		{"jpeg", "{}", 300, 300, 4, 8, 64, 4},  /* the saver lays it on black */
		{"jpeg", "{}", 300, 300, 3, 16, 64, 4}, /* the saver makes it 8 bits deep */
		{"jpeg", "{\"progressive\":true}", 300, 300, 3, 8, 64, 4},
		{"jpeg", "{\"optimise\":true}", 300, 300, 3, 8, 64, 4},
		{"jpeg", "{\"restart_interval\":8}", 300, 300, 3, 8, 64, 4},
		{"jpeg", "{}", 300, 64, 3, 8, 64, 4},   /* one strip */
		{"jpeg", "{}", 300, 300, 3, 8, 40, 1},  /* no strip of whole MCU rows fits between the bands */
		{"png", "{}", 300, 300, 3, 8, 64, 4},   /* one strip */
		{"png", "{}", 1500, 1300, 3, 8, 64, 4}, /* its strips are higher than what is there */
		{"png", "{\"compression\":0}", 1500, 1300, 3, 8, 64, 32},
		{"png", "{\"interlace\":true}", 1500, 1300, 3, 8, 64, 32},
		{"png", "{\"palette\":true}", 1500, 1300, 3, 8, 64, 32},
		{"png", "{\"bitdepth\":\"4\"}", 1500, 1300, 1, 8, 64, 32},
		{"tiff", "{}", 300, 300, 3, 8, 128, 4},
		{"tiff", "{\"compression\":\"deflate\",\"pyramid\":true}", 300, 300, 3, 8, 128, 4},
		{"tiff", "{\"compression\":\"deflate\"}", 300, 300, 3, 8, 64, 1}, /* its strips are higher */
		{"webp", "{}", 300, 300, 3, 8, 64, 4},
	};

	for (guint i = 0; i < G_N_ELEMENTS(wishes); i++) {
		const struct wish *wish = &wishes[i];
		g_autoptr(VipsImage) image = picture(wish->width, wish->height, wish->bands, wish->depth);
		g_autoptr(JsonObject) save = json_parse_object(wish->save, -1, NULL);
		g_autoptr(GError) error = NULL;
		struct feed feed;
		const struct parallel_save_flow flow = flow_of(&feed, wish->height, wish->band, wish->bands_room);
		auto_struct(parallel_save) strips = parallel_save_new(image, wish->format, save, 4, &flow, &error);
		if (strips || error)
			fail_msg("%s %s: %s", wish->format, wish->save, error ? error->message : "in strips");
		g_mutex_clear(&feed.lock);
	}
}

/* A picture that ends in the midst, as one does whose tile failed. Of noise: what is made of a strip until then takes more memory than a
 * library begins with. */
static int broken(VipsRegion *out, void *sequence, void *a, void *b, gboolean *stop)
{
	(void)sequence;
	(void)b;
	(void)stop;
	if (VIPS_RECT_BOTTOM(&out->valid) > GPOINTER_TO_INT(a)) {
		vips_error("test", "the picture ends here");
		return -1;
	}
	for (int y = out->valid.top; y < VIPS_RECT_BOTTOM(&out->valid); y++)
		for (int x = 0; x < out->valid.width * out->im->Bands; x++)
			VIPS_REGION_ADDR(out, out->valid.left, y)[x] = (VipsPel)((x * 40503u + y * 65599u) >> 7);
	return 0;
}

static const struct wish three[] = {
	{"jpeg", "{}", 400, 700, 3, 8, 128, 2},
	{"png", "{\"compression\":1}", 1500, 1400, 3, 8, 128, 8},
	{"tiff", "{\"compression\":\"deflate\"}", 400, 700, 3, 8, 128, 2},
};

/* Number i of the three, about to be saved. */
static struct parallel_save *strips_of(guint i, VipsImage *image, struct feed *feed)
{
	g_autoptr(JsonObject) save = json_parse_object(three[i].save, -1, NULL);
	const struct parallel_save_flow flow = flow_of(feed, three[i].height, 128, three[i].bands_room);
	struct parallel_save *strips = parallel_save_new(image, three[i].format, save, 3, &flow, NULL);

	assert_non_null(strips);
	return strips;
}

static void test_a_picture_that_ends_is_an_error(void **state)
{
	for (guint i = 0; i < G_N_ELEMENTS(three); i++) {
		g_autoptr(VipsImage) like = picture(three[i].width, three[i].height, 3, 8);
		g_autoptr(VipsImage) image = vips_image_new();
		g_autofree char *folder = scratch_folder();
		g_autofree char *place = g_build_filename(folder, "p", NULL);
		g_autoptr(GError) error = NULL;
		struct feed feed;
		assert_int_equal(vips_image_pipelinev(image, VIPS_DEMAND_STYLE_THINSTRIP, like, NULL), 0);
		assert_int_equal(vips_image_generate(image, NULL, broken, NULL, GINT_TO_POINTER(300), NULL), 0);
		auto_struct(parallel_save) strips = strips_of(i, image, &feed);
		assert_false(parallel_save_run(strips, place, &error));
		assert_non_null(error);
		assert_non_null(strstr(error->message, "the picture ends here"));
		g_mutex_clear(&feed.lock);
		files_remove_tree(folder);
	}
}

static void test_one_that_is_stopped_says_nothing(void **state)
{
	for (guint i = 0; i < G_N_ELEMENTS(three); i++) {
		g_autoptr(VipsImage) image = picture(three[i].width, three[i].height, 3, 8);
		g_autofree char *folder = scratch_folder();
		g_autofree char *place = g_build_filename(folder, "p", NULL);
		g_autoptr(GError) error = NULL;
		struct feed feed;
		auto_struct(parallel_save) strips = strips_of(i, image, &feed);
		feed.end = 300;
		assert_false(parallel_save_run(strips, place, &error));
		assert_null(error);
		g_mutex_clear(&feed.lock);
		files_remove_tree(folder);
	}
}

static void test_no_place_for_the_file(void **state)
{
	g_autoptr(VipsImage) image = picture(400, 700, 3, 8);
	g_autoptr(GError) error = NULL;
	struct feed feed;
	const struct parallel_save_flow flow = flow_of(&feed, 700, 128, 2);
	auto_struct(parallel_save) strips = parallel_save_new(image, "jpeg", NULL, 3, &flow, &error);

	assert_non_null(strips);
	assert_false(parallel_save_run(strips, "/nonexistent/p", &error));
	assert_non_null(strstr(error->message, "/nonexistent/p"));
	g_mutex_clear(&feed.lock);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_jpeg_is_the_one_that_one_thread_writes),
		cmocka_unit_test(test_jpeg_of_all_shapes),
		cmocka_unit_test(test_png_has_the_same_pixels),
		cmocka_unit_test(test_tiff_is_the_one_that_one_thread_writes),
		cmocka_unit_test(test_others_are_left_to_one_thread),
		cmocka_unit_test(test_a_picture_that_ends_is_an_error),
		cmocka_unit_test(test_one_that_is_stopped_says_nothing),
		cmocka_unit_test(test_no_place_for_the_file),
	};

	return cmocka_run_group_tests(tests, start_vips, NULL);
}

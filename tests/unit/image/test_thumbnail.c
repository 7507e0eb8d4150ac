/* SPDX-License-Identifier: GPL-2.0-or-later
 * A fresh thumbnail in a JPEG's EXIF: it shows the finished picture, and nothing else of the file is different. */
#include "profile_support.h"

#include <libexif/exif-data.h>

#include "base/json.h"
#include "image/write/format_changes.h"
#include "image/write/format_save.h"

#define NEAR 3 /* levels, in the mean */

/* No two corners alike, and without the hard edges of colour that JPEG loses. */
static VipsImage *soft(int width, int height, int bands)
{
	VipsImage *image = picture(width, height, bands, 8);

	for (int y = 0; y < height; y++)
		for (int x = 0; x < width * bands; x++) {
			int across = x / bands * 200 / width, down = y * 200 / height, band = x % bands;
			(VIPS_IMAGE_ADDR(image, 0, y))[x] = (VipsPel)(20 + (band == 0          ? (across + 2 * down) / 3
										   : band == 1 ? down
											       : 200 - across));
		}
	return image;
}

/* From a camera: orientation, a text, and so many bytes of a maker's note. */
static void add_exif(VipsImage *image, gsize note)
{
	g_autofree char *text = g_strnfill(note, 'n');
	g_autofree char *field =
		g_strdup_printf("%s (%s, Undefined, %zu components, %zu bytes)", text, text, note, note);
	g_autoptr(VipsImage) plain = picture(64, 48, 3, 8);
	g_autoptr(VipsImage) loaded = NULL;
	const void *block;
	void *bytes;
	size_t length;

	vips_image_set_string(plain, "exif-ifd0-Make", "Acme (Acme, ASCII, 5 components, 5 bytes)");
	if (note)
		vips_image_set_string(plain, "exif-ifd0-ImageDescription", field);
	vips_image_set_blob_copy(plain, "jpeg-thumbnail-data", "old", 4);
	assert_int_equal(vips_jpegsave_buffer(plain, &bytes, &length, NULL), 0);
	g_autoptr(GBytes) file = g_bytes_new_take(bytes, length);
	assert_true(format_open(NULL, file, false, NULL, &loaded, NULL));
	assert_int_equal(vips_image_get_blob(loaded, VIPS_META_EXIF_NAME, &block, &length), 0);
	assert_true(length > note);
	vips_image_set_blob_copy(image, VIPS_META_EXIF_NAME, block, length);
	vips_image_set_int(image, VIPS_META_ORIENTATION, 6);
}

static GBytes *saved(VipsImage *image, const char *options)
{
	g_autofree char *text = g_strdelimit(g_strdup(options), "'", '"');
	g_autoptr(JsonObject) save = json_parse_object(text, -1, NULL);
	GBytes *bytes = NULL;
	g_autoptr(GError) error = NULL;

	assert_non_null(save);
	if (!format_save_memory(image, "jpeg", save, &bytes, &error))
		fail_msg("%s: %s", options, error->message);
	return bytes;
}

static bool is_lost(VipsImage *image, const char *options)
{
	g_autofree char *text = g_strdelimit(g_strdup(options), "'", '"');
	g_autoptr(JsonObject) save = json_parse_object(text, -1, NULL);
	g_autoptr(JsonObject) entry = json_object_new();

	format_tell_lost(image, "jpeg", save, entry);
	JsonArray *lost = json_array(entry, "lost");
	return lost && g_str_equal(json_array_get_string_element(lost, 0), "thumbnail");
}

static ExifData *exif_of(GBytes *jpeg)
{
	gsize length;
	const guint8 *data = g_bytes_get_data(jpeg, &length);

	return exif_data_new_from_data(data, (guint)length);
}

static VipsImage *decoded(const void *data, gsize length)
{
	g_autoptr(VipsImage) image =
		vips_image_new_from_buffer(data, length, "", "fail_on", VIPS_FAIL_ON_WARNING, NULL);

	if (!image)
		fail_msg("%s", vips_error_buffer());
	VipsImage *memory = vips_image_copy_memory(image);
	if (!memory)
		fail_msg("%s", vips_error_buffer());
	return memory;
}

/* The mean difference of a level. */
static double difference(VipsImage *one, VipsImage *other)
{
	g_autoptr(VipsImage) apart = NULL, level = NULL;
	double mean;

	assert_int_equal(one->Xsize, other->Xsize);
	assert_int_equal(one->Ysize, other->Ysize);
	assert_int_equal(one->Bands, other->Bands);
	assert_int_equal(vips_subtract(one, other, &apart, NULL), 0);
	assert_int_equal(vips_abs(apart, &level, NULL), 0);
	assert_int_equal(vips_avg(level, &mean, NULL), 0);
	return mean;
}

/* Behind the pixels come fill bytes, and the end. Soft pictures leave much room. */
static void assert_filled(const guint8 *jpeg, gsize length)
{
	gsize fill = 0;

	assert_memory_equal(jpeg + length - 2, "\xff\xd9", 2);
	while (jpeg[length - 3 - fill] == 0xff)
		fill++;
	assert_true(fill > 500);
	assert_non_null(memmem(jpeg, length - 2 - fill, "\xff\xda", 2));
}

/* The thumbnail of this file: a sound JPEG of sRGB that shows the file's picture, not turned. */
static void assert_shows(GBytes *jpeg)
{
	gsize length;
	const void *data = g_bytes_get_data(jpeg, &length);
	ExifData *exif = exif_of(jpeg);
	g_autoptr(VipsImage) small = NULL, colours = NULL;

	assert_non_null(exif);
	ExifEntry *packed = exif_content_get_entry(exif->ifd[EXIF_IFD_1], EXIF_TAG_COMPRESSION);
	assert_non_null(packed);
	assert_int_equal(exif_get_short(packed->data, exif_data_get_byte_order(exif)), 6);
	assert_non_null(exif_content_get_entry(exif->ifd[EXIF_IFD_1], EXIF_TAG_X_RESOLUTION));
	assert_non_null(exif->data);
	assert_true(exif->size == 8192 || exif->size == 4096);
	assert_filled(exif->data, exif->size);
	g_autoptr(VipsImage) thumbnail = decoded(exif->data, exif->size);
	assert_false(has_profile(thumbnail));
	assert_int_equal(vips_thumbnail_buffer((void *)data, length, &small, 160, "height", 160, "size", VIPS_SIZE_DOWN,
				 "no_rotate", TRUE, NULL),
		0);
	assert_int_equal(has_profile(small) ? vips_icc_transform(small, &colours, "srgb", "embedded", TRUE, "intent",
						      VIPS_INTENT_RELATIVE, "depth", 8, NULL)
					    : vips_colourspace(small, &colours, VIPS_INTERPRETATION_sRGB, NULL),
		0);
	assert_true(MAX(thumbnail->Xsize, thumbnail->Ysize) <= 160);
	double apart = difference(thumbnail, colours);
	if (apart > NEAR)
		fail_msg("%d x %d: the thumbnail is %g levels from the picture", thumbnail->Xsize, thumbnail->Ysize,
			apart);
	exif_data_unref(exif);
}

/* Everything but EXIF. */
static GByteArray *without_exif(GBytes *jpeg)
{
	gsize length, at = 2;
	const guint8 *data = g_bytes_get_data(jpeg, &length);
	GByteArray *rest = g_byte_array_append(g_byte_array_new(), data, 2);

	while (data[at + 1] != 0xda) {
		guint size = 2 + (guint)(data[at + 2] << 8 | data[at + 3]);
		if (data[at + 1] != 0xe1 || memcmp(data + at + 4, "Exif", 5) != 0)
			g_byte_array_append(rest, data + at, size);
		at += size;
	}
	return g_byte_array_append(rest, data + at, (guint)(length - at));
}

static void assert_same_otherwise(GBytes *one, GBytes *other)
{
	g_autoptr(GByteArray) a = without_exif(one);
	g_autoptr(GByteArray) b = without_exif(other);

	assert_int_equal(a->len, b->len);
	assert_memory_equal(a->data, b->data, a->len);
}

/* The options are without the braces' end. In a file and in memory. */
static void check(VipsImage *image, const char *options)
{
	g_autofree char *folder = scratch_folder();
	g_autofree char *path = g_build_filename(folder, "a.jpg", NULL);
	g_autofree char *without = g_strconcat(options, "}", NULL);
	g_autofree char *with = g_strconcat(options, *(options + 1) ? ", " : "", "'thumbnail': 'fresh'}", NULL);
	g_autofree char *text = g_strdelimit(g_strdup(with), "'", '"');
	g_autoptr(JsonObject) save = json_parse_object(text, -1, NULL);
	g_autoptr(GBytes) plain = saved(image, without);
	g_autoptr(GBytes) memory = saved(image, with);
	g_autofree char *contents = NULL;
	gsize length;

	assert_true(format_save(image, path, "jpeg", save, NULL));
	assert_true(g_file_get_contents(path, &contents, &length, NULL));
	assert_int_equal(length, g_bytes_get_size(memory));
	assert_memory_equal(contents, g_bytes_get_data(memory, NULL), length);
	assert_shows(memory);
	assert_same_otherwise(memory, plain);
	assert_false(is_lost(image, with));
	ExifData *none = exif_of(plain);
	assert_true(!none || !none->data);
	if (none)
		exif_data_unref(none);
	remove_scratch(folder);
}

static void test_it_shows_the_finished_picture(void **state)
{
	static const char *const kinds[] = {"{", "{'quality': 95", "{'progressive': true",
		"{'optimise': true, 'quality': 30", "{'restart_interval': 3", "{'strip': true", "{'keep': []",
		"{'keep': ['icc']", "{'keep': ['exif']"};
	static const int sizes[][2] = {{1, 1}, {1, 700}, {160, 160}, {161, 50}, {640, 333}, {333, 640}, {3000, 400}};
	for (guint i = 0; i < G_N_ELEMENTS(kinds); i++)
		for (guint s = 0; s < G_N_ELEMENTS(sizes); s++)
			for (int bands = 1; bands <= 3; bands += 2) {
				g_autoptr(VipsImage) image = soft(sizes[s][0], sizes[s][1], bands);
				if (s % 2)
					add_exif(image, s * 1000);
				check(image, kinds[i]);
			}
}

static void test_colours_are_those_of_a_picture_without_a_profile(void **state)
{
	g_autoptr(VipsImage) wide = embed_made(soft(400, 300, 3), &adobe_rgb);
	g_autoptr(VipsImage) ink = soft(400, 300, 4);
	g_autoptr(VipsImage) grey = embed_made(soft(400, 300, 1), &grey_gamma);
	g_autoptr(VipsImage) alien = embed(soft(400, 300, 3), "no profile", 10);
	check(wide, "{");
	check(wide, "{'strip': true, 'keep_colours': 'raw'");
	check(grey, "{");
	ink->Type = VIPS_INTERPRETATION_CMYK;
	check(ink, "{");
	/* libvips alone refuses to convert by it. */
	g_autoptr(GBytes) jpeg = saved(alien, "{'thumbnail': 'fresh'}");
	assert_non_null(jpeg);
}

static const char *text_of(ExifData *exif, ExifTag tag)
{
	ExifEntry *entry = exif_content_get_entry(exif->ifd[EXIF_IFD_0], tag);

	return entry ? (const char *)entry->data : NULL;
}

static void test_the_rest_of_exif_stays(void **state)
{
	static const struct {
		const char *options;
		bool stays;
	} kinds[] = {{"{'thumbnail': 'fresh'}", true}, {"{'thumbnail': 'fresh', 'keep': ['exif']}", true},
		{"{'thumbnail': 'fresh', 'strip': true}", false}, {"{'thumbnail': 'fresh', 'keep': ['icc']}", false}};
	for (guint i = 0; i < G_N_ELEMENTS(kinds); i++) {
		g_autoptr(VipsImage) image = soft(300, 200, 3);
		add_exif(image, 100);
		g_autoptr(GBytes) jpeg = saved(image, kinds[i].options);
		ExifData *exif = exif_of(jpeg);
		ExifEntry *turned = exif_content_get_entry(exif->ifd[EXIF_IFD_0], EXIF_TAG_ORIENTATION);
		assert_int_equal(text_of(exif, EXIF_TAG_MAKE) != NULL, kinds[i].stays);
		assert_int_equal(text_of(exif, EXIF_TAG_IMAGE_DESCRIPTION) != NULL, kinds[i].stays);
		if (kinds[i].stays)
			assert_string_equal(text_of(exif, EXIF_TAG_MAKE), "Acme");
		assert_int_equal(exif_get_short(turned->data, exif_data_get_byte_order(exif)), kinds[i].stays ? 6 : 1);
		exif_data_unref(exif);
	}
}

/* The size of its thumbnail. The rest of EXIF is written, whatever there is. */
static gsize thumbnail_beside(gsize note)
{
	g_autoptr(VipsImage) image = soft(300, 200, 3);

	add_exif(image, note);
	g_autoptr(GBytes) jpeg = saved(image, "{'thumbnail': 'fresh'}");
	ExifData *exif = exif_of(jpeg);
	assert_non_null(exif);
	ExifEntry *entry = exif_content_get_entry(exif->ifd[EXIF_IFD_0], EXIF_TAG_IMAGE_DESCRIPTION);
	gsize size = exif->size;
	assert_true(entry && entry->components >= note);
	assert_int_equal(is_lost(image, "{'thumbnail': 'fresh'}"), size == 0);
	assert_false(is_lost(image, "{}"));
	assert_false(is_lost(image, "{'thumbnail': 'fresh', 'strip': true}"));
	if (size)
		assert_shows(jpeg);
	else
		assert_null(exif_content_get_entry(exif->ifd[EXIF_IFD_1], EXIF_TAG_COMPRESSION));
	exif_data_unref(exif);
	return size;
}

/* EXIF takes 65,533 bytes: the larger room as long as it goes, then the smaller one, then none. */
static void test_exif_that_is_large(void **state)
{
	gsize last = 8192;
	guint changes = 0;
	for (gsize note = 56500; note < 62000; note += note < 57500 || note > 60500 ? 10 : 500) {
		gsize size = thumbnail_beside(note);
		assert_true(size <= last);
		changes += size != last;
		last = size;
	}
	assert_int_equal(changes, 2);
	assert_int_equal(last, 0);
	assert_int_equal(thumbnail_beside(64500), 0);
}

/* EXIF comes from strangers: whatever its bytes say, there is a thumbnail, or it is said that there is none. */
static void test_broken_exif(void **state)
{
	g_autoptr(VipsImage) image = soft(40, 30, 3);
	g_autoptr(GRand) dice = g_rand_new_with_seed(7);
	const void *block;
	size_t length;
	guint made = 0;
	add_exif(image, 100);
	assert_int_equal(vips_image_get_blob(image, VIPS_META_EXIF_NAME, &block, &length), 0);
	g_autofree guint8 *sound = g_memdup2(block, length);
	for (int i = 0; i < 300; i++) {
		g_autofree guint8 *broken = g_memdup2(sound, length);
		g_autoptr(VipsImage) damaged = soft(40, 30, 3);
		for (int k = 0; k < 1 + i % 5; k++)
			broken[g_rand_int_range(dice, 6, (gint)length)] = (guint8)g_rand_int_range(dice, 0, 256);
		vips_image_set_blob_copy(damaged, VIPS_META_EXIF_NAME, broken,
			i % 3 ? length : (size_t)g_rand_int_range(dice, 8, (gint)length));
		g_autoptr(GBytes) jpeg = saved(damaged, "{'thumbnail': 'fresh'}");
		if (!is_lost(damaged, "{'thumbnail': 'fresh'}")) {
			assert_shows(jpeg);
			made++;
		}
	}
	assert_true(made > 250);
}

/* Nothing packs worse. */
static void test_noise_has_one(void **state)
{
	g_autoptr(VipsImage) image = picture(160, 160, 3, 8);
	guint8 *level = (guint8 *)VIPS_IMAGE_ADDR(image, 0, 0);
	guint32 noise = 1;
	for (guint i = 0; i < 160 * 160 * 3; i++, noise = noise * 1664525u + 1013904223u)
		level[i] = noise >> 31 ? 255 : 0;
	for (gsize note = 0; note <= 60000; note += 60000) {
		add_exif(image, note);
		g_autoptr(GBytes) jpeg = saved(image, "{'thumbnail': 'fresh'}");
		ExifData *exif = exif_of(jpeg);
		assert_int_equal(exif->size, note ? 4096 : 8192);
		g_autoptr(VipsImage) thumbnail = decoded(exif->data, exif->size);
		assert_int_equal(thumbnail->Xsize, 80);
		exif_data_unref(exif);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_it_shows_the_finished_picture),
		cmocka_unit_test(test_colours_are_those_of_a_picture_without_a_profile),
		cmocka_unit_test(test_the_rest_of_exif_stays),
		cmocka_unit_test(test_exif_that_is_large),
		cmocka_unit_test(test_broken_exif),
		cmocka_unit_test(test_noise_has_one),
	};

	return cmocka_run_group_tests(tests, start_vips, NULL);
}

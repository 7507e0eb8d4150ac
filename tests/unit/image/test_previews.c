/* SPDX-License-Identifier: GPL-2.0-or-later
 * The thumbnails of the original that lie in its metadata reach no output: not from EXIF, Photoshop's resources or XMP. */
#include "support.h"

#include "image/encode/format_prepare.h"
#include "image/write/format_save.h"
#include "image/write/parallel/parallel_save.h"

#define SECRET "a secret face at the left edge"
#define XMP_HEAD "<x:xmpmeta xmlns:x=\"adobe:ns:meta/\"><xmp:CreatorTool>kept</xmp:CreatorTool>"

/* EXIF of two directories: orientation 1; a thumbnail of JPEG's markers around the secret. */
static GByteArray *exif(void)
{
	static const uint8_t head[] = {'E', 'x', 'i', 'f', 0, 0, 'I', 'I', 42, 0, 8, 0, 0, 0, 1, 0, 0x12, 1, 3, 0, 1, 0,
		0, 0, 1, 0, 0, 0, 26, 0, 0, 0, 3, 0, 3, 1, 3, 0, 1, 0, 0, 0, 6, 0, 0, 0, 1, 2, 4, 0, 1, 0, 0, 0, 68, 0,
		0, 0, 2, 2, 4, 0, 1, 0, 0, 0, sizeof(SECRET) + 3, 0, 0, 0, 0, 0, 0, 0};
	GByteArray *all = g_byte_array_new();

	g_byte_array_append(all, head, sizeof(head));
	assert_int_equal(all->len, 6 + 68);
	g_byte_array_append(all, (const uint8_t *)"\xff\xd8", 2);
	g_byte_array_append(all, (const uint8_t *)SECRET, sizeof(SECRET) - 1);
	return g_byte_array_append(all, (const uint8_t *)"\xff\xd9", 2);
}

/* As a camera and an editor leave it. */
static VipsImage *original(void)
{
	static const char resources[] = "Photoshop 3.0\0"
					"8BIM\x04\x0c\0\0\0\0\0\x1e" SECRET "8BIM\x04\x04\0\0\0\0\0\x04kept";
	static const char xmp[] = XMP_HEAD "<xmp:Thumbnails><rdf:Alt>" SECRET "</rdf:Alt></xmp:Thumbnails></x:xmpmeta>";
	g_autoptr(VipsImage) plain = picture(64, 48, 3, 8);
	g_autoptr(GByteArray) block = exif();
	void *bytes;
	size_t length;

	vips_image_set_blob_copy(plain, VIPS_META_EXIF_NAME, block->data, block->len);
	vips_image_set_blob_copy(plain, VIPS_META_IPTC_NAME, resources, sizeof(resources) - 1);
	vips_image_set_blob_copy(plain, VIPS_META_XMP_NAME, xmp, sizeof(xmp) - 1);
	vips_image_set_blob_copy(plain, "jpeg-thumbnail-data", block->data + 6 + 68, block->len - 6 - 68);
	assert_int_equal(vips_jpegsave_buffer(plain, &bytes, &length, NULL), 0);
	assert_non_null(memmem(bytes, length, SECRET, sizeof(SECRET) - 1));
	g_autoptr(GBytes) file = g_bytes_new_take(bytes, length);
	VipsImage *image = NULL;
	assert_true(format_open(NULL, file, false, NULL, &image, NULL));
	assert_true(vips_image_get_typeof(image, "jpeg-thumbnail-data"));
	return image;
}

static void assert_no_secret(VipsImage *image)
{
	g_auto(GStrv) names = vips_image_get_fields(image);

	for (char **name = names; *name; name++) {
		const void *data;
		size_t length;
		assert_false(g_str_has_prefix(*name, "exif-ifd1-"));
		if (vips_image_get_typeof(image, *name) == VIPS_TYPE_BLOB &&
			!vips_image_get_blob(image, *name, &data, &length))
			assert_null(memmem(data, length, SECRET, sizeof(SECRET) - 1));
	}
}

static void test_no_format_carries_them(void **state)
{
	static const char *const names[] = {"jpeg", "png", "webp", "tiff", "avif", "gif"};
	static const char *const options[] = {"{}", "{\"keep\": [\"exif\", \"iptc\", \"xmp\"]}"};
	g_autofree char *folder = scratch_folder();

	for (guint i = 0; i < G_N_ELEMENTS(names) * G_N_ELEMENTS(options); i++) {
		const char *name = names[i / G_N_ELEMENTS(options)];
		g_autoptr(JsonNode) node = json_from_string(options[i % G_N_ELEMENTS(options)], NULL);
		g_autofree char *path = g_build_filename(folder, name, NULL);
		g_autoptr(VipsImage) image = original();
		g_autoptr(VipsImage) crop = NULL;
		g_autofree char *bytes = NULL;
		gsize length;
		assert_int_equal(vips_extract_area(image, &crop, 20, 20, 40, 20, NULL), 0);
		assert_true(format_save(crop, path, name, json_node_get_object(node), NULL));
		assert_true(g_file_get_contents(path, &bytes, &length, NULL));
		assert_null(memmem(bytes, length, SECRET, sizeof(SECRET) - 1));
		g_autoptr(VipsImage) back = vips_image_new_from_file(path, NULL);
		assert_non_null(back);
		assert_no_secret(back);
	}
	remove_scratch(folder);
}

/* Both lanes prepare alike: what else there is stays. */
static void test_the_rest_stays(void **state)
{
	g_autoptr(JsonObject) none = json_object_new();
	g_autoptr(VipsImage) image = original();
	g_autoptr(VipsImage) ready = NULL;
	const void *data;
	size_t length;

	assert_true(format_prepare(image, format_find("jpeg"), none, &ready, NULL));
	assert_no_secret(ready);
	assert_false(vips_image_get_typeof(ready, "jpeg-thumbnail-data"));
	assert_true(vips_image_get_typeof(ready, "exif-ifd0-Orientation"));
	assert_int_equal(vips_image_get_blob(ready, VIPS_META_IPTC_NAME, &data, &length), 0);
	assert_non_null(memmem(data, length, "\x04\x04\0\0\0\0\0\x04kept", 12));
	assert_int_equal(vips_image_get_blob(ready, VIPS_META_XMP_NAME, &data, &length), 0);
	assert_memory_equal(data, XMP_HEAD, sizeof(XMP_HEAD) - 1);
	/* The original's own header is as it was. */
	assert_true(vips_image_get_typeof(image, "jpeg-thumbnail-data"));
}

/* What a step has taken away or changed stays so: the orientation of a picture that was turned, another density. */
static void test_steps_have_the_last_word(void **state)
{
	static const char *const names[] = {"jpeg", "png", "webp", "tiff", "avif"};
	g_autoptr(JsonObject) none = json_object_new();
	g_autofree char *folder = scratch_folder();
	for (guint i = 0; i < G_N_ELEMENTS(names); i++)
		for (int turned = 0; turned < 2; turned++) {
			g_autofree char *path = g_build_filename(folder, names[i], NULL);
			g_autoptr(VipsImage) plain = original();
			g_autoptr(VipsImage) image = NULL, upright = NULL;
			void *bytes;
			size_t length;
			vips_image_set_int(plain, VIPS_META_ORIENTATION, 6);
			plain->Xres = plain->Yres = 4;
			assert_int_equal(vips_jpegsave_buffer(plain, &bytes, &length, NULL), 0);
			g_autoptr(GBytes) file = g_bytes_new_take(bytes, length);
			assert_true(format_open(NULL, file, false, NULL, &image, NULL));
			assert_int_equal(vips_image_get_orientation(image), 6);
			assert_int_equal(
				turned ? vips_autorot(image, &upright, NULL) : vips_copy(image, &upright, NULL), 0);
			upright->Xres = upright->Yres = 10;
			assert_true(format_save(upright, path, names[i], none, NULL));
			g_autoptr(VipsImage) back = vips_image_new_from_file(path, NULL);
			if (vips_image_get_orientation(back) != (turned ? 1 : 6) && strcmp(names[i], "avif") != 0)
				fail_msg("%s: orientation %d, turned %d", names[i], vips_image_get_orientation(back),
					turned);
			if (strcmp(names[i], "jpeg") == 0 || strcmp(names[i], "tiff") == 0)
				assert_true(back->Xres > 9.9 && back->Xres < 10.1);
		}
	remove_scratch(folder);
}

/* Any length, any pointer: nothing is read or written outside. */
static void test_broken_blocks(void **state)
{
	g_autoptr(JsonObject) none = json_object_new();
	g_autoptr(GByteArray) block = exif();
	uint32_t noise = 1;

	for (guint length = 0; length < 4 * block->len; length++) {
		g_autoptr(VipsImage) image = picture(8, 8, 3, 8);
		g_autoptr(VipsImage) ready = NULL;
		g_autofree uint8_t *own = g_memdup2(block->data, block->len);
		noise = noise * 1664525u + 1013904223u;
		if (length > block->len)
			own[noise % block->len] = (uint8_t)(noise >> 24);
		vips_image_set_blob_copy(image, VIPS_META_EXIF_NAME, own, MAX(1, MIN(length, block->len)));
		assert_true(format_prepare(image, format_find("webp"), none, &ready, NULL));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_no_format_carries_them),
		cmocka_unit_test(test_the_rest_stays),
		cmocka_unit_test(test_steps_have_the_last_word),
		cmocka_unit_test(test_broken_blocks),
	};

	return cmocka_run_group_tests(tests, start_vips, NULL);
}
